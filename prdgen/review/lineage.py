"""Which line of a later text is what became of an earlier one: by its words, and by the requirement it states."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from prdgen.merge import likeness

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
    middle = there.start if there else ours.start
    new = sorted(
        _new_lines(text, old.count("\n") + 1, before), key=lambda lines: abs(lines.start - middle)
    )[:_MOST_LINES]
    # Of those that are as much alike, the first one: the nearest.
    likest = sorted(new, key=lambda lines: -_alike(old, lines.of(text)))
    likest = [lines for lines in likest if _alike(old, lines.of(text)) >= likeness.ALIKE]
    others = _gone_beside(was, ours, text) if likest else []
    ours_first = (
        (lines, alike)
        for lines in likest
        for alike in [_alike(old, lines.of(text))]
        if not any(_alike(other, lines.of(text)) > alike for other in others)
    )
    found, alike = next(ours_first, (None, 0.0))
    if found is None:
        return None
    now = _alike(old, there.of(text)) if there else 0.0
    if there and there.of(text).count("\n") > old.count("\n"):
        now = 0.0  # what is said of one line is not said of two
    return found if alike > now + _CLEARLY else None


def states_another(was: str, before: int, text: str, after: int) -> bool:
    """Whether a place of `text` is in another requirement of `was` than the one that a place of `was` is in."""
    old, new = (
        likeness.item_id(around(whole, place, place).of(whole))
        for whole, place in ((was, before), (text, after))
    )
    return old != new != "" and any(likeness.item_id(line) == new for line in was.split("\n"))


def _gone_beside(was: str, ours: Lines, text: str) -> list[str]:
    """The other lines of `was` that are not there any more, as many next to each other as `ours`: what is more
    like them became of them. The nearest ones.
    """
    now = Counter(text.split("\n"))
    gone = _new_lines(was, ours.of(was).count("\n") + 1, now)
    gone = [lines for lines in gone if lines.end < ours.start or ours.end < lines.start]
    gone.sort(key=lambda lines: abs(lines.start - ours.start))
    return [lines.of(was) for lines in gone[:_MOST_LINES]]


def _alike(one: str, other: str) -> float:
    """How much two lines say the same, from 0 to 1; a requirement's id is as much as all words."""
    share, ids = likeness.share(one, other), (likeness.item_id(one), likeness.item_id(other))
    return (share + (ids[0] == ids[1])) / 2 if all(ids) else share


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
