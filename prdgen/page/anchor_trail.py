"""Where the anchors lead that headings of pages had once, commit by commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

Anchors = Mapping[str, Mapping[str, str]]
"""page_path → anchor that a heading had once → the anchor it has now."""
_Ways = dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to the anchors of one page, as `moved_anchors.Moves` has it, or to its path."""

    number: int
    """Which commit of its branch, counted up."""
    before: str
    """The page's path."""
    after: str
    led: Mapping[str, str] = field(default_factory=dict)
    taken: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trail:
    """All that is known at one commit. Nothing of it changes."""

    ways: Mapping[str, _Ways] = field(default_factory=dict)
    """The same as `anchors`, each with the number of the commit in which the old anchor went."""
    anchors: Anchors = field(default_factory=dict)
    """An anchor that is here may have no heading: it was removed, and may be put back."""

    def at(self, changes: Iterable[Change], *, after: int) -> Trail:
        """The trail when these changes (the oldest first) came, too; without the anchors that went in
        the commit with the number `after` or before. What it knows already is what it would know had it
        begun there: an anchor's way depends on what came since it went.
        """
        ways = dict(self.ways)
        anchors = dict(self.anchors)
        for _, group in groupby(changes, lambda change: change.number):
            # At once: two pages may have changed places.
            together = [(change, ways.get(change.before, {})) for change in group]
            for change, _ in together:
                ways.pop(change.before, None)
                anchors.pop(change.before, None)
            for change, old in together:
                _put(ways, anchors, change.after, _moved(old, change))
        for path, each in list(ways.items()) if after > 0 else ():
            if any(number <= after for _, number in each.values()):
                kept = {old: way for old, way in each.items() if way[1] > after}
                _put(ways, anchors, path, kept)
        return Trail(ways, anchors)


def _moved(old: _Ways, change: Change) -> _Ways:
    """A used anchor leads nowhere else; every way goes on to where its end went."""
    taken = set(change.taken)
    led = ((anchor, (to, change.number)) for anchor, to in change.led.items())
    on = ((anchor, (change.led.get(to, to), number)) for anchor, (to, number) in old.items())
    return {anchor: way for anchor, way in (*on, *led) if anchor not in taken}


def _put(
    ways: dict[str, _Ways], anchors: dict[str, Mapping[str, str]], path: str, found: _Ways
) -> None:
    if found:
        ways[path] = found
        anchors[path] = {old: to for old, (to, _) in sorted(found.items())}
    else:
        ways.pop(path, None)
        anchors.pop(path, None)
