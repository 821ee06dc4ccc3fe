"""Lists and tables, row by row: which row became which, so that each is compared with its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final

from prdgen.merge import likeness, tokens
from prdgen.merge.alignment import Effort, Span

_MOST: Final = 4_000
"""Pairs of rows that are looked at; a longer stretch is compared by word."""
_STEPS: Final = 1_500
"""What looking at one pair takes (see `Effort`)."""
_SAME: Final = 1.0
_SAME_KEY: Final = 0.6
_NUMBERED: Final = re.compile(r"\[([A-Z][A-Z0-9]*-\d+)\]")


@dataclass(frozen=True, slots=True)
class _Row:
    """A list item with the lines below it, or one line; `key` tells it from its neighbours."""

    text: str
    key: str
    weight: frozenset[str]


def spans(old: str, new: str, lines: Span, effort: Effort) -> list[Span] | None:
    """A changed stretch of two texts as spans of one row each, at most one row on either side.

    None when the stretch is not of rows, is too long, or has one row only.
    """
    texts = old[lines.start : lines.end], new[lines.new_start : lines.new_end]
    rows, new_rows = map(_rows, texts)
    if not rows or not new_rows or len(rows) == len(new_rows) == 1:
        return None
    pairs = len(rows) * len(new_rows)
    if pairs > _MOST or not effort.spend(isqrt(pairs * _STEPS)):
        return None
    return list(_cut(lines, rows, new_rows, _pairs(rows, new_rows)))


def _rows(text: str) -> list[_Row]:
    """The rows of a text; none when it is something else than a list or a table."""
    found: list[str] = []
    for line in tokens.lines(text):
        kind = likeness.kind(line)
        if kind in likeness.ROWS:
            found.append(line)
        elif kind == "" and found and likeness.kind(found[-1]) in likeness.LISTS:
            found[-1] += line
        else:
            return []
    return [_row(each) for each in found]


def _row(text: str) -> _Row:
    numbered = _NUMBERED.search(text)
    key = text.split("|")[1].strip() if likeness.kind(text) == "|" else ""
    words = frozenset(word for word in tokens.words(text.lower()) if tokens.has_words(word))
    return _Row(text, numbered[1] if numbered else key, words)


def _pairs(old: Sequence[_Row], new: Sequence[_Row]) -> list[tuple[int, int]]:
    """Rows that are versions of each other, in order; as alike as can be in all."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike = [[_alike(row, other) for other in new] for row in old]
    for a in range(len(old) - 1, -1, -1):
        for b in range(len(new) - 1, -1, -1):
            paired = alike[a][b] + best[a + 1][b + 1] if alike[a][b] else 0.0
            best[a][b] = max(paired, best[a + 1][b], best[a][b + 1])
    found: list[tuple[int, int]] = []
    a = b = 0
    while a < len(old) and b < len(new):
        if alike[a][b] and best[a][b] == alike[a][b] + best[a + 1][b + 1]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return found


def _alike(row: _Row, other: _Row) -> float:
    """How alike two rows are; 0 when they are two different ones."""
    if row.text == other.text:
        return _SAME
    count = len(row.weight) + len(other.weight)
    share = 2 * len(row.weight & other.weight) / count if count else 0.0
    if row.key and other.key:
        return max(share, _SAME_KEY) if row.key == other.key else share * (share > _SAME_KEY)
    return share if share >= likeness.ALIKE else 0.0


def _cut(
    lines: Span, old: Sequence[_Row], new: Sequence[_Row], pairs: Sequence[tuple[int, int]]
) -> Iterator[Span]:
    """Spans of pairs, and between them one span of what went and one of what came."""
    at, new_at = (tokens.starts(row.text for row in rows) for rows in (old, new))
    was = became = 0
    for a, b in (*pairs, (len(old), len(new))):
        start, new_start = lines.start + at[was], lines.new_start + new_at[became]
        end, new_end = lines.start + at[a], lines.new_start + new_at[b]
        if start < end:
            yield Span(start, end, new_start, new_start)
        if new_start < new_end:
            yield Span(end, end, new_start, new_end)
        if a < len(old) and old[a].text != new[b].text:
            yield Span(end, lines.start + at[a + 1], new_end, lines.new_start + new_at[b + 1])
        was, became = a + 1, b + 1
