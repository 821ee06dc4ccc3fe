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
    had = [frozenset(text.split("\n")) for text in (theirs, ours)] if endings else []
    endings = [line for line in endings if _is_gone(line[0], had)]
    if not endings:
        return base
    sides = [
        (text, diff.line_spans(base, text, Effort.lasting(limit_ms))) for text in (theirs, ours)
    ]
    made, at = [], 0
    for line in endings:
        one, other = (_lines(text, spans, line.start(), line.end()) for text, spans in sides)
        bare = line[0].rstrip(" \t")
        if _written_on(bare, one, other) or _written_on(bare, other, one):
            made += [base[at : line.start()], bare]
            at = line.end()
    return "".join([*made, base[at:]])


def _is_gone(line: str, had: Sequence[frozenset[str]]) -> bool:
    """Whether no side has the line any more, and one has it without its blanks: few lines are so."""
    bare = line.rstrip(" \t")
    return not any(line in side for side in had) and any(bare in side for side in had)


def _lines(text: str, spans: Sequence[Span], start: int, end: int) -> list[str]:
    """The lines a side has where a line of the base was changed; none where it was not."""
    for span in spans:
        if span.start <= start and end <= span.end:
            return text[span.new_start : span.new_end].split("\n")
    return []


def _written_on(bare: str, trimmed: Sequence[str], longer: Sequence[str]) -> bool:
    """Whether the one side has the bare line, and the other has it with more."""
    if bare not in trimmed or bare in longer:
        return False
    return sum(each.startswith(bare) for each in longer) == 1
