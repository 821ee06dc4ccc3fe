"""Blanks that one side took off the end of a line in which the other wrote on: no change of the line.

Editors do so whenever they save, and whoever types has a blank at the end of a line after every word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from prdgen.merge import diff
from prdgen.merge.alignment import Effort, Span

_ENDING: Final = re.compile(r"^.*\S[ \t]+$", re.MULTILINE)


def base(base: str, theirs: str, ours: str, limit_ms: int) -> str:
    """The base without the blanks at the ends of such lines: the one side has left them as they were then,
    and the other has only written on.
    """
    endings = list(_ENDING.finditer(base))
    if not endings:
        return base
    sides = [
        (text, diff.line_spans(base, text, Effort.lasting(limit_ms))) for text in (theirs, ours)
    ]
    made, at = [], 0
    for line in endings:
        one, other = (_lines(text, spans, line.start(), line.end()) for text, spans in sides)
        bare = line[0].rstrip(" \t")
        if _written_on(line[0], bare, one, other) or _written_on(line[0], bare, other, one):
            made += [base[at : line.start()], bare]
            at = line.end()
    return "".join([*made, base[at:]])


def _lines(text: str, spans: Sequence[Span], start: int, end: int) -> list[str]:
    """The lines a side has where a line of the base was changed; none where it was not."""
    for span in spans:
        if span.start <= start and end <= span.end:
            return text[span.new_start : span.new_end].split("\n")
    return []


def _written_on(line: str, bare: str, trimmed: Sequence[str], longer: Sequence[str]) -> bool:
    """Whether the one side has the bare line, and the other has it with more."""
    if bare not in trimmed or line in trimmed or line in longer or bare in longer:
        return False
    return sum(each.startswith(bare) for each in longer) == 1
