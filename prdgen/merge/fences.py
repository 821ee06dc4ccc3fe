"""Lines that are something only together: a code block with its fences, a heading with its underline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_FENCE: Final = re.compile(r"\s*(`{3,}|~{3,})")
_UNDERLINE: Final = re.compile(r" {0,3}(?:=+|-+)\s*$")
_PLAIN: Final = re.compile(r" {0,3}(?![#|>\s]|<!--|[-*+]\s|\d+[.)]\s)\S")


def whole(lines: Sequence[str], *, inside: bool = False) -> list[str]:
    """The lines, with each closed code block, and each underlined heading, as one. With `inside`, the
    first of them is in a code block; of one that is not closed each line stays alone.
    """
    return list(_whole(lines, inside=inside))


def _whole(lines: Sequence[str], *, inside: bool) -> Iterator[str]:
    at = _closing(lines, 0, "") if inside else 0
    yield from lines[:at]
    while at < len(lines):
        mark = _FENCE.match(lines[at])
        end = at + 1
        if mark:
            end = _closing(lines, end, mark[1])
        elif _PLAIN.match(lines[at]) and end < len(lines) and _UNDERLINE.match(lines[end]):
            end += 1
        if mark and not closes(lines[end - 1], mark[1]):
            yield from lines[at:end]
        else:
            yield "".join(lines[at:end])
        at = end


def _closing(lines: Sequence[str], start: int, fence: str) -> int:
    """After the line that closes the fence; after the last line when none does."""
    return next((n + 1 for n in range(start, len(lines)) if closes(lines[n], fence)), len(lines))


def closes(line: str, fence: str) -> bool:
    """Whether the line closes a code block that `fence` opened; any code block, when that is empty."""
    mark = _FENCE.match(line)
    return mark is not None and mark[1].startswith(fence) and not line[mark.end() :].strip()
