"""Which text of a browser's history the file was written from, when nobody remembers it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prdgen.crdt import actors
from prdgen.crdt.replica import Change, Replica
from prdgen.merge import nearness
from prdgen.sync.ports import Heads

_SAMPLES: Final = 8
_NEAREST: Final = 16
_ROUNDS: Final = 3
_LETTERS: Final = 200_000_000
"""How many letters are read at most for `closest`: about half a second's work."""
_BY_NAME: Final = 300
"""What it costs to read a text letter by letter with their names, in texts."""
_WORD: Final = re.compile(r"\S+|\s")
_A_CHANGE: Final = 4_000
"""What it costs to apply one change, in letters."""


_Put = tuple[bytes, bytes, str]
"""The name of the letter before one that a correction put in, its name, and the letter."""


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
    clean = Corrected(replica, changes)
    differing = _differing(clean, changes, prefixes, agreed)
    same = [index for index, letters in differing.items() if not letters]
    if same:
        return Found(agreed, frozenset(change.hash for change in changes[: same[-1]]))
    first = clean.text(since)
    known: dict[frozenset[bytes], float] = {}

    def distance(heads: frozenset[bytes]) -> float:
        if heads not in known:
            text = clean.text(heads)
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
    beside = _Lanes(clean, changes, agreed, since).best(had)
    if distance(_heads(changes, since, beside)) < distance(prefixes[best]):
        had = beside
    return Found(clean.text(_heads(changes, since, had)), had)


class Corrected:
    """Texts at heads as if every correction among the changes had been made at once.

    Until it was, a document had one text twice, and no file was ever written from that.
    """

    def __init__(self, replica: Replica, changes: Sequence[Change]) -> None:
        self.replica = replica
        self._gone: set[bytes] = set()
        self._put: list[tuple[bytes, Sequence[_Put]]] = []
        corrections = [change for change in changes if actors.is_correction(change.actor)]
        for change in corrections[-_NEAREST:]:
            before = set(replica.letters(tuple(sorted(change.deps))))
            text, names = replica.text((change.hash,)), replica.letters((change.hash,))
            if len(text) != len(names):
                continue  # letters of another program, of more than a code point
            self._gone |= before.difference(names)
            put = [
                (names[at - 1] if at else b"", name, text[at])
                for at, name in enumerate(names)
                if actors.of_letter(name) == change.actor
            ]
            self._put.append((change.hash, put))

    def cost(self, letters: int) -> int:
        """What it costs to apply a change and to read so many letters, in letters."""
        return _A_CHANGE + letters * (_BY_NAME if self._put else 1)

    def text(self, heads: Iterable[bytes], replica: Replica | None = None) -> str:
        """The text at `heads`, or at those of a fork of the replica."""
        at = tuple(sorted(heads))
        here = replica or self.replica
        text = here.text() if replica is not None else here.text(at)
        if not self._put:
            return text
        names = here.letters(at)
        if len(names) != len(text):
            return text
        letters = dict(zip(names, text, strict=True))
        order = [name for name in names if name not in self._gone]
        missing = self.replica.missing_from(at)
        for change, put in self._put:
            if change in missing:
                order = _with_put(order, letters, put)
        return "".join(letters[name] for name in order)


def _with_put(
    order: Sequence[bytes], letters: dict[bytes, str], put: Sequence[_Put]
) -> list[bytes]:
    """The names with those that a correction put in, each behind the one it was put behind, if that is there."""
    behind: dict[bytes, list[bytes]] = {}
    for before, name, letter in put:
        letters[name] = letter
        behind.setdefault(before, []).append(name)
    made: list[bytes] = []
    waiting = [*reversed(order), b""]
    while waiting:
        made.append(waiting.pop())
        waiting += reversed(behind.pop(made[-1], []))
    return made[1:]


class _Lanes:
    """Each writer's changes in their order, beside those of the others."""

    def __init__(
        self, clean: Corrected, changes: Sequence[Change], agreed: str, since: Heads
    ) -> None:
        self._clean, self._changes, self._agreed, self._since = clean, changes, agreed, since
        self._inner = {change.hash for change in changes}

    def best(self, had: frozenset[bytes]) -> frozenset[bytes]:
        """The changes whose text is nearest to `agreed`, when each writer's are tried in turn."""
        actors = list(dict.fromkeys(change.actor for change in reversed(self._changes)))
        rounds = _ROUNDS if len(actors) > 1 else 0
        cost = len(actors) * len(self._changes) * self._clean.cost(len(self._agreed))
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
        growing = self._clean.replica.fork(tuple(sorted(_heads(self._changes, self._since, here))))
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
            letters = _between(self._clean.text(growing.heads, growing), self._agreed)
            if letters < found[0]:
                found = letters, frozenset(here)
        return found

    def _text(self, had: Iterable[bytes]) -> str:
        return self._clean.text(_heads(self._changes, self._since, had))


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
    clean: Corrected,
    changes: Sequence[Change],
    prefixes: Sequence[frozenset[bytes]],
    agreed: str,
) -> dict[int, int]:
    """How far from `agreed` the text at each of the newest `prefixes` is (`_between`); 0 for the same
    text, and then no further.
    """
    most = _LETTERS // clean.cost(len(agreed))
    start = max(0, len(changes) - most)
    growing = clean.replica.fork(tuple(sorted(prefixes[start])))
    found = {start: _between(clean.text(growing.heads, growing), agreed)}
    for index, change in enumerate(changes[start:], start + 1):
        if found[index - 1] == 0:
            break
        growing.apply([change.data], stored=True)
        found[index] = _between(clean.text(growing.heads, growing), agreed)
    return found


def _between(text: str, other: str) -> int:
    """How many letters are in words, and how many blanks, that only one of the two has, between what they
    begin and end with alike; 0: they are the same.
    """
    if text == other:
        return 0
    most = min(len(text), len(other))
    head = _alike(most, lambda size: text[:size] == other[:size])
    tail = _alike(most - head, lambda size: text[-size:] == other[-size:])
    words = Counter(_WORD.findall(text[head : len(text) - tail]))
    words.subtract(_WORD.findall(other[head : len(other) - tail]))
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
