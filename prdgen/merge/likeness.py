"""Whether two passages are one thing in two versions, or two things that stand in one place."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from prdgen.merge import tokens

_WORD: Final = re.compile(r"\w+")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])(?:\s|$)")
_KINDS: Final = re.compile(r"\s*(#{1,6}\s|\||>|<!--|`{3}|~{3}|[-*+]\s|\d+[.)]\s)")
ALIKE: Final = 0.5
"""Sentences about different things share a third of their words: the, of, must."""
_UNLIKE: Final = 0.2
_ID: Final = re.compile(_ITEM.pattern + r"\W*([A-Z][A-Z0-9]*-\d[\w-]*)")
"""What a requirement's item begins with."""
_MOST_PAIRS: Final = 10_000
"""Items are compared one by one up to so many pairs; two longer lists as a whole."""
LISTS: Final = frozenset("-*+") | {"1."}
ROWS: Final = LISTS | {"|"}
"""Kinds of lines (see `kind`) that are rows of a list or a table."""


class Place(Enum):
    """What the text around a place is made of."""

    PROSE = "prose"
    VALUES = "values"
    """Of one key of the front matter: only items of a list can stand beside each other."""
    CODE = "code"
    """Order means something, and two lines in place of one mean nothing."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where both sides wrote: in what, and between which lines of the base ("" at its ends)."""

    place: Place
    before: str = ""
    after: str = ""


def spot(text: str, start: int, end: int, where: Place) -> Spot:
    """The spot of `text[start:end]`, which is whole lines."""
    before = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]
    after = text[end : text.find("\n", end) + 1]
    return Spot(place(text, start) if where is Place.PROSE else where, before, after)


def place(text: str, position: int) -> Place:
    """Whether a position of the text is inside a code block or in prose."""
    return Place.CODE if bisect_left(_fences(text), position) % 2 else Place.PROSE


@lru_cache(maxsize=2)
def _fences(text: str) -> list[int]:
    """Where code blocks begin and end, in turn."""
    found: list[int] = []
    fence = ""
    for mark in _FENCE.finditer(text):
        if not fence:
            fence = mark[1]
            found.append(mark.start())
        elif mark[1].startswith(fence) and not mark[0].strip().strip(fence[0]):
            fence = ""
            found.append(mark.start())
    return found


def can_stand_together(ours: str, theirs: str, where: Place) -> bool:
    """Whether two additions in one place, in whole lines, are two things rather than two versions."""
    rows = [tokens.lines(text) for text in (ours, theirs)]
    if where is Place.CODE or (where is Place.VALUES and not all(map(_is_list, rows))):
        return False
    if all(map(_is_table, rows)):
        keys = [{line.split("|")[1].strip() for line in part if line.strip()} for part in rows]
        return keys[0].isdisjoint(keys[1])
    if all(map(_is_list, rows)):
        if len(rows[0]) * len(rows[1]) <= _MOST_PAIRS:
            return not any(_are_alike(mine, other) for mine in rows[0] for other in rows[1])
        ids = [{mark[1] for line in part if (mark := _ID.match(line))} for part in rows]
        if not ids[0].isdisjoint(ids[1]):
            return False
    return not _are_alike(ours, theirs)


def need_a_gap(ours: Sequence[str], theirs: Sequence[str], before: str, after: str) -> bool:
    """Whether two additions, one put behind the other, would become one paragraph.

    `before` and `after` are the lines around them.
    """
    if not ours or not theirs or not ours[-1].strip() or not theirs[0].strip():
        return False
    rows = (kind(ours[-1]) == kind(theirs[0]) != "") or "|" in (kind(ours[-1]), kind(theirs[0]))
    return not rows and _parts_blocks(before) and _parts_blocks(after)


def _parts_blocks(line: str) -> bool:
    return not line.strip() or kind(line) != ""


def is_another(old: str, new: str) -> bool:
    """Whether `new` is no rewriting of `old`, but something else that came to its place."""
    kinds = [{kind(line) for line in tokens.lines(text) if line.strip()} for text in (old, new)]
    return kinds[0].isdisjoint(kinds[1]) and share(old, new) < _UNLIKE


def _are_alike(one: str, other: str) -> bool:
    return share(one, other) >= ALIKE


def share(one: str, other: str) -> float:
    """The share of words that both have, from 0 to 1 (Dice)."""
    words, others = (Counter(_WORD.findall(text.lower())) for text in (one, other))
    count = words.total() + others.total()
    return 2 * (words & others).total() / count if count else 0.0


def item_id(line: str) -> str:
    """The id of the requirement that a line states as an item of a list; "" when it is none."""
    found = _ID.match(line)
    return found[1] if found else ""


def kind(line: str) -> str:
    """The mark a line of Markdown begins with: `#`, `|`, `-`, `1.` …; "" for plain words."""
    mark = _KINDS.match(line)
    found = mark[1].strip() if mark else ""
    return "1." if found[:1].isdigit() else found


def _is_list(lines: Sequence[str]) -> bool:
    return all(_ITEM.match(line) or not line.strip() for line in lines)


def _is_table(lines: Sequence[str]) -> bool:
    return all(line.lstrip().startswith("|") or not line.strip() for line in lines)
