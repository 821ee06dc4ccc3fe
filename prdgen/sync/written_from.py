"""Which text of a browser's history the file was written from, when nobody remembers it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prdgen.crdt.replica import Change, Replica
from prdgen.merge import nearness
from prdgen.sync.ports import Heads

_SAMPLES: Final = 8
_NEAREST: Final = 16
_BESIDE: Final = 32
_LETTERS: Final = 200_000_000
"""How many letters are read at most for `closest`: about half a second's work."""
_A_CHANGE: Final = 4_000
"""What it costs to apply one change, in letters."""


def closest(replica: Replica, changes: Sequence[Change], agreed: str, since: Heads) -> str:
    """The text at `since`, or after some of `changes` (what came then, in causal order), that
    comes closest to `agreed`.

    The file was written from a version that the browser had too, as a rule, and that is the base
    to merge from: what came after it was typed since, what is not in it was done to the file. So
    every version is looked at, as far back as `_LETTERS` allow; where people mistype, delete and
    move text, the distance does not fall steadily towards the one.
    A text in which something was typed that `agreed` lacks is no base: it would count as deleted.
    """
    prefixes = list(_prefixes(changes, since))
    differing = _differing(replica, changes, prefixes, agreed)
    if 0 in differing.values():
        return agreed
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
    heads, had = prefixes[best], {change.hash for change in changes[:best]}
    foreign = set(before(changes))
    for change in changes[best : best + _BESIDE]:  # typed at the same time, by someone else
        more = (heads - set(change.deps)) | {change.hash}
        if had | foreign >= set(change.deps) and distance(more) < distance(heads):
            heads, had = more, had | {change.hash}
    return replica.text(tuple(sorted(heads)))


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
    """How many letters of both texts lie between what they begin and end with alike, for each of the
    newest `prefixes`; 0 for the same text, and then no further.
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
    if text == other:
        return 0
    most = min(len(text), len(other))
    head = _alike(most, lambda size: text[:size] == other[:size])
    tail = _alike(most - head, lambda size: text[-size:] == other[-size:])
    return len(text) + len(other) - 2 * (head + tail)


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
