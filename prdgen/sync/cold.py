"""Cold intake: late changes of a browser meet a document that was rebuilt from Git and file.

When a database is lost, a document is seeded again and its file's text is taken in as one change,
the mark. A browser that still has the original changes brings the same text a second time, and
the CRDT would keep both. So what was made without the mark is merged as text.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Final

from prdgen.crdt.replica import Change, Replica
from prdgen.merge import diff, nearness
from prdgen.sync.ports import Heads, MergeTexts

_SAMPLES: Final = 8
_BESIDE: Final = 32


class Mark:
    """The change that took the file's text in, and what is known to come after it.

    It moves to each correction made for it: who typed without knowing a correction is merged as
    text too, for what they typed may stand in the copy that was removed.
    """

    def __init__(self, change_hash: bytes) -> None:
        self._hash = change_hash
        self._after = {change_hash}
        self._without: set[bytes] = set()

    @property
    def hash(self) -> bytes:
        """The mark's change hash."""
        return self._hash

    def late(self, replica: Replica, changes: Sequence[Change]) -> list[Change]:
        """Those of `changes` (causal order, applied) that do not have the mark among their
        ancestors; remembers the others.
        """
        without = []
        for change in changes:
            if change.hash == self._hash or any(self._is_after(replica, d) for d in change.deps):
                self._after.add(change.hash)
            else:
                self._without.add(change.hash)
                without.append(change)
        return without

    def _is_after(self, replica: Replica, change_hash: bytes) -> bool:
        if change_hash in self._after:
            return True
        if change_hash in self._without:
            return False
        before = self._hash in replica.missing_from((change_hash,))
        (self._without if before else self._after).add(change_hash)
        return not before


def correct(
    replica: Replica,
    before: Heads,
    changes: Sequence[Change],
    late: Sequence[Change],
    merge_texts: MergeTexts,
    *,
    agreed: str,
) -> list[Change]:
    """Turn the CRDT's text into the merged one; `late` are the late ones of `changes`.

    `before` are the heads without `changes`, `agreed` is the text at the mark. Returns the changes
    made for it; none when the CRDT came to the same text. The actor is a hash of heads and edit,
    so that two processes which correct the same thing make the same change.
    """
    late_hashes = {change.hash for change in late}
    rest = [change for change in changes if change.hash not in late_hashes]
    _, theirs = ends(replica, late)
    base = closest(replica, late, agreed, _before(late))
    merged = merge_texts(base, theirs, replica.text(before))
    if rest:
        base, theirs = ends(replica, rest)
        merged = merge_texts(base, theirs, merged)
    splices = diff.splices(replica.text(), merged)
    if not splices:
        return []
    return replica.edit(splices, actor=_actor(replica.heads, splices))


def ends(replica: Replica, changes: Sequence[Change]) -> tuple[str, str]:
    """The text without `changes` and with them, in their own history alone."""
    hashes = {change.hash for change in changes}
    deps = {dep for change in changes for dep in change.deps}
    base, theirs = tuple(sorted(deps - hashes)), tuple(sorted(hashes - deps))
    return replica.text(base), replica.text(theirs)


def closest(replica: Replica, changes: Sequence[Change], agreed: str, since: Heads) -> str:
    """The text at `since`, or after some of `changes` (what came then, in causal order), that
    comes closest to `agreed`.

    The file was written from a version that the browser had too, as a rule, and that is the base
    to merge from: what came after it was typed since, what is not in it was done to the file.
    A text in which something was typed that `agreed` lacks is no base: it would count as deleted.
    """
    first = replica.text(since)
    prefixes = list(_prefixes(changes, since))
    known: dict[frozenset[bytes], float] = {}

    def distance(heads: frozenset[bytes]) -> float:
        if heads not in known:
            text = replica.text(tuple(sorted(heads)))
            stands = nearness.stands(first, text, agreed)
            known[heads] = nearness.distance(text, agreed) if stands else math.inf
        return known[heads]

    low, high, best = 0, len(prefixes) - 1, len(prefixes) - 1
    step = len(prefixes)
    while step > 1 and distance(prefixes[best]):
        step = max(1, (high - low) // _SAMPLES)
        asked = {*range(low, high + 1, step), high}
        best = min(asked, key=lambda index: (distance(prefixes[index]), -index))
        low, high = max(0, best - step), min(len(prefixes) - 1, best + step)
    heads, had = prefixes[best], {change.hash for change in changes[:best]}
    foreign = set(_before(changes))
    for change in changes[best : best + _BESIDE]:  # typed at the same time, by someone else
        more = (heads - set(change.deps)) | {change.hash}
        if had | foreign >= set(change.deps) and distance(more) < distance(heads):
            heads, had = more, had | {change.hash}
    return replica.text(tuple(sorted(heads)))


def _before(changes: Sequence[Change]) -> Heads:
    """What `changes` build on that is not among them."""
    deps = {dep for change in changes for dep in change.deps}
    return tuple(sorted(deps - {change.hash for change in changes}))


def _prefixes(changes: Sequence[Change], since: Heads) -> Iterator[frozenset[bytes]]:
    """The heads before the first change, after it, after the second, and so on."""
    heads = set(since)
    yield frozenset(heads)
    for change in changes:
        heads = (heads - set(change.deps)) | {change.hash}
        yield frozenset(heads)


def _actor(heads: Heads, splices: Sequence[diff.Splice]) -> bytes:
    digest = hashlib.sha256(b"prdgen correction 1\0" + b"".join(heads))
    for splice in splices:
        digest.update(f"{splice.position}:{splice.delete}:{splice.insert}\0".encode())
    return digest.digest()[:16]
