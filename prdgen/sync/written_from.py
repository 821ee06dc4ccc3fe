"""Which text of a browser's history the file was written from, when nobody remembers it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prdgen.crdt.replica import Change, Replica
from prdgen.merge import nearness
from prdgen.sync.ports import Heads

_SAMPLES: Final = 8
_NEAREST: Final = 16
_ROUNDS: Final = 3
_LETTERS: Final = 200_000_000
"""How many letters are read at most for `closest`: about half a second's work."""
_A_CHANGE: Final = 4_000
"""What it costs to apply one change, in letters."""


@dataclass(frozen=True, slots=True)
class Found:
    """The version found: its text, and the hashes of the changes that it has."""

    text: str
    had: frozenset[bytes]


def closest(replica: Replica, changes: Sequence[Change], agreed: str, since: Heads) -> Found:
    """The text at `since`, or after some of `changes` (what came then, in causal order), that
    comes closest to `agreed`.

    The file was written from a version that the browser had too, as a rule, and that is the base
    to merge from: what came after it was typed since, what is not in it was done to the file. So
    every version is looked at, as far back as `_LETTERS` allow; where people mistype, delete and
    move text, the distance does not fall steadily towards the one. What several people typed at once came in
    an order of its own: each one's changes are tried beside those of the others.
    A text in which something was typed that `agreed` lacks is no base: it would count as deleted.
    """
    prefixes = list(_prefixes(changes, since))
    differing = _differing(replica, changes, prefixes, agreed)
    same = [index for index, letters in differing.items() if not letters]
    if same:
        return Found(agreed, frozenset(change.hash for change in changes[: same[-1]]))
    first = replica.text(since)
    known: dict[frozenset[bytes], float] = {}

    def distance(heads: frozenset[bytes]) -> float:
        if heads not in known:
            text = replica.text(tuple(sorted(heads)))
            stands = nearness.stands(first, text, agreed, letters=True)
            known[heads] = nearness.distance(text, agreed) if stands else math.inf
        return known[heads]

    low, high = 0, len(prefixes) - 1
    best, step = high, len(prefixes)
    likely = sorted(differing, key=lambda index: (differing[index], -index))[:_NEAREST]
    while step > 1 and distance(prefixes[best]):
        step = max(1, (high - low) // _SAMPLES)
        asked = {*range(low, high + 1, step), high, best, *likely}
        best = min(asked, key=lambda index: (distance(prefixes[index]), -index))
        low, high = max(0, best - step), min(len(prefixes) - 1, best + step)
    had = frozenset(change.hash for change in changes[:best])
    beside = _Lanes(replica, changes, agreed, since).best(had)
    if distance(_heads(changes, since, beside)) < distance(prefixes[best]):
        had = beside
    return Found(replica.text(tuple(sorted(_heads(changes, since, had)))), had)


class _Lanes:
    """Each writer's changes in their order, beside those of the others."""

    def __init__(
        self, replica: Replica, changes: Sequence[Change], agreed: str, since: Heads
    ) -> None:
        self._replica, self._changes, self._agreed, self._since = replica, changes, agreed, since
        self._inner = {change.hash for change in changes}

    def best(self, had: frozenset[bytes]) -> frozenset[bytes]:
        """The changes whose text is nearest to `agreed`, when each writer's are tried in turn."""
        actors = list(dict.fromkeys(change.actor for change in reversed(self._changes)))
        rounds = _ROUNDS if len(actors) > 1 else 0
        cost = len(actors) * len(self._changes) * (len(self._agreed) + _A_CHANGE)
        rounds = min(rounds, _LETTERS // max(1, cost))
        nearest = _between(self._text(had), self._agreed)
        for _ in range(rounds):
            was = had
            for actor in actors:
                nearest, had = self._without_and_with(actor, had, nearest)
            if not nearest or had == was:
                break
        return had

    def _without_and_with(
        self, actor: bytes, had: frozenset[bytes], nearest: int
    ) -> tuple[int, frozenset[bytes]]:
        """As many changes of this writer as are best, with what `had` has of the others, as far as that builds
        on none that are left out.
        """
        mine = [change for change in self._changes if change.actor == actor]
        here = set(had)
        for change in self._changes:  # in causal order: what builds on one left out goes with it
            if change.actor == actor or any(
                dep in self._inner and dep not in here for dep in change.deps
            ):
                here.discard(change.hash)
        growing = self._replica.fork(tuple(sorted(_heads(self._changes, self._since, here))))
        found = nearest, had

        def added(change: Change) -> bool:
            if any(dep in self._inner and dep not in here for dep in change.deps):
                return False
            growing.apply([change.data], stored=True)
            here.add(change.hash)
            return True

        others = [c for c in self._changes if c.hash in had - here and c.actor != actor]
        for number in range(len(mine) + 1):
            if number and not added(mine[number - 1]):
                break  # it builds on others' that are not among these
            others = [each for each in others if not added(each)]
            letters = _between(growing.text(), self._agreed)
            if letters < found[0]:
                found = letters, frozenset(here)
        return found

    def _text(self, had: Iterable[bytes]) -> str:
        return self._replica.text(tuple(sorted(_heads(self._changes, self._since, had))))


def _heads(changes: Sequence[Change], since: Heads, had: Iterable[bytes]) -> frozenset[bytes]:
    """The heads of `since` with those of `changes` that are among `had`."""
    heads, some = set(since), set(had)
    for change in changes:
        if change.hash in some:
            heads = (heads - set(change.deps)) | {change.hash}
    return frozenset(heads)


def before(changes: Sequence[Change]) -> Heads:
    """What `changes` build on that is not among them."""
    deps = {dep for change in changes for dep in change.deps}
    return tuple(sorted(deps - {change.hash for change in changes}))


def _differing(
    replica: Replica,
    changes: Sequence[Change],
    prefixes: Sequence[frozenset[bytes]],
    agreed: str,
) -> dict[int, int]:
    """How far from `agreed` the text at each of the newest `prefixes` is (`_between`); 0 for the same
    text, and then no further.
    """
    most = _LETTERS // (len(agreed) + _A_CHANGE)
    start = max(0, len(changes) - most)
    growing = replica.fork(tuple(sorted(prefixes[start])))
    found = {start: _between(growing.text(), agreed)}
    for index, change in enumerate(changes[start:], start + 1):
        if found[index - 1] == 0:
            break
        growing.apply([change.data], stored=True)
        found[index] = _between(growing.text(), agreed)
    return found


def _between(text: str, other: str) -> int:
    """How many letters are in words that only one of the two has, between what they begin and end with
    alike; 0: they are the same.
    """
    if text == other:
        return 0
    most = min(len(text), len(other))
    head = _alike(most, lambda size: text[:size] == other[:size])
    tail = _alike(most - head, lambda size: text[-size:] == other[-size:])
    words = Counter(text[head : len(text) - tail].split())
    words.subtract(other[head : len(other) - tail].split())
    return max(1, sum(abs(count) * len(word) for word, count in words.items()))


def _alike(most: int, holds: Callable[[int], bool]) -> int:
    """The greatest size up to `most` for which it holds, as it does for every smaller one."""
    low, high = 0, most
    while low < high:
        size = (low + high + 1) // 2
        low, high = (size, high) if holds(size) else (low, size - 1)
    return low


def _prefixes(changes: Sequence[Change], since: Heads) -> Iterator[frozenset[bytes]]:
    """The heads before the first change, after it, after the second, and so on."""
    heads = set(since)
    yield frozenset(heads)
    for change in changes:
        heads = (heads - set(change.deps)) | {change.hash}
        yield frozenset(heads)
