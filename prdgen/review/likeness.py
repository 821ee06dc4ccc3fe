"""Which line of a later text is what became of an earlier one: by its words, and by the requirement it states."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[\w-]+")
_ID: Final = re.compile(r"\b[A-Z]{2,10}-[\w-]*\d\b")
_ALIKE: Final = 0.5
"""Two lines with fewer of their words in common say different things."""
_CLEARLY: Final = 0.1
_MOST_LINES: Final = 400
"""So many new lines are compared, the nearest ones: a page may be rewritten whole."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines next to each other, without the last one's end: `start` and `end` in code points."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Their text."""
        return text[self.start : self.end]


def around(text: str, start: int, end: int) -> Lines:
    """The whole lines that a stretch of `text` is on."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(end - 1, first) if end > start else end)
    return Lines(first, len(text) if last < 0 else last)


def became(was: str, ours: Lines, text: str, there: Lines | None) -> Lines | None:
    """The lines of `text` that `ours` in `was` became, when they are clearly more like them than those
    that stand `there`. Lines that stood elsewhere in `was` are none.
    """
    old = ours.of(was)
    before = Counter(was.split("\n"))
    before.subtract(old.split("\n"))
    found: tuple[float, int, Lines] | None = None
    middle = there.start if there else ours.start
    new = _new_lines(text, old.count("\n") + 1, before)
    for each in sorted(new, key=lambda lines: abs(lines.start - middle))[:_MOST_LINES]:
        alike = likeness(old, each.of(text))
        nearness = -abs(each.start - middle)
        if alike >= _ALIKE and (found is None or (alike, nearness) > found[:2]):
            found = alike, nearness, each
    if found is None:
        return None
    now = likeness(old, there.of(text)) if there else 0.0
    if there and there.of(text).count("\n") > old.count("\n"):
        now = 0.0  # what is said of one line is not said of two
    return found[2] if found[0] > now + _CLEARLY else None


def likeness(one: str, other: str) -> float:
    """How much two texts say the same: the share of their words, from 0 to 1; a requirement's id is as
    much as half of all words.
    """
    ids, other_ids = set(_ID.findall(one)), set(_ID.findall(other))
    words, other_words = Counter(_WORD.findall(one)), Counter(_WORD.findall(other))
    total = words.total() + other_words.total()
    share = 2 * (words & other_words).total() / total if total else 0.0
    if ids and other_ids:
        return (share + bool(ids & other_ids)) / 2
    return share


def _new_lines(text: str, lines: int, before: Counter[str]) -> list[Lines]:
    """Every so many lines next to each other of which one has words and was not there `before`."""
    places, start = list[Lines](), 0
    for line in text.split("\n"):
        places.append(Lines(start, start + len(line)))
        start += len(line) + 1
    new = []
    for place in places:
        line = place.of(text)
        new.append(bool(line.strip()) and before[line] <= 0)
        before[line] -= 1
    return [
        Lines(places[n].start, places[n + lines - 1].end)
        for n in range(len(places) - lines + 1)
        if any(new[n : n + lines])
    ]
