"""Cold intake: late changes of a browser meet a document that was rebuilt from Git and file.

When a database is lost, a document is seeded again and its file's text is taken in as one change,
the mark. A browser that still has the original changes brings the same text a second time, and
the CRDT would keep both. So what was made without the mark is merged as text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from prdgen.crdt import actors
from prdgen.crdt.replica import Change, Replica
from prdgen.merge import diff
from prdgen.sync import settling, written_from
from prdgen.sync.ports import Heads, MergeTexts


class Mark:
    """The change that took the file's text in, and what is known to come after it.

    It moves to each correction made for it (`before` is where it was): who typed without knowing a
    correction is merged as text too, for what they typed may stand in the copy that was removed. `first`: the
    intake it began with, whose text is the file's.
    """

    def __init__(
        self, change_hash: bytes, before: Mark | None = None, *, first: bytes | None = None
    ) -> None:
        self._hash = change_hash
        self.first: bytes = before.first if before is not None else first or change_hash
        self._after = {change_hash}
        self._without: set[bytes] = set()
        self._typed_since: set[bytes] | None = None if before is None else before._typed_since

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

    def base(self, replica: Replica, late: Sequence[Change]) -> str:
        """The text that the `late` ones of a delivery were made from, as far as the text at the mark has
        it: the version the file was written from, or what an earlier delivery brought.

        What comes letter by letter was typed since, once one letter was: a letter that is deleted
        again is in no text at the mark, and its deletion is all the more to be merged.
        """
        since = written_from.before(late)
        if self._typed_since is None:  # the document was opened just now
            self._typed_since = set()
            new = {change.hash for change in late}
            known = [c for c in replica.changes_since((self._hash,)) if c.hash not in new]
            if earlier := self.late(replica, known):
                self._find(replica, earlier, written_from.before(earlier))
        unknown = []
        for change in late:
            if self._typed_since.isdisjoint(change.deps):
                unknown.append(change)
            else:
                self._typed_since.add(change.hash)
        return self._find(replica, unknown, since) if unknown else replica.text(since)

    def _find(self, replica: Replica, changes: Sequence[Change], since: Heads) -> str:
        found = written_from.closest(replica, changes, replica.text((self.first,)), since)
        assert self._typed_since is not None
        self._typed_since.update({change.hash for change in changes} - found.had)
        return found.text

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
    mark: Mark,
) -> list[Change]:
    """Turn the CRDT's text into the merged one; `late` are the late ones of `changes`.

    `before` are the heads without `changes`. Returns the changes made for it; none when the CRDT
    came to the same text. The actor is a hash of heads and edit, so that two processes which correct the same thing make the same change.
    """
    hashes = {change.hash for change in late}
    rest = [change for change in changes if change.hash not in hashes]
    if any(not hashes.isdisjoint(change.deps) for change in rest):
        # A server before made the same mark and merged them already: all of it is one history.
        late, rest = changes, []
    seen = _ends(late)[1]
    merged = merge_texts(mark.base(replica, late), replica.text(seen), replica.text(before))
    if rest:
        base, theirs = ends(replica, rest)
        merged = merge_texts(base, theirs, merged)
    if settling.same(replica.text(), merged):
        return []
    splices = settling.edits(replica, seen, merged)
    return replica.edit(splices, actor=_actor(replica.heads, splices))


def ends(replica: Replica, changes: Sequence[Change]) -> tuple[str, str]:
    """The text without `changes` and with them, in their own history alone."""
    base, theirs = _ends(changes)
    return replica.text(base), replica.text(theirs)


def _ends(changes: Sequence[Change]) -> tuple[Heads, Heads]:
    hashes = {change.hash for change in changes}
    deps = {dep for change in changes for dep in change.deps}
    return tuple(sorted(deps - hashes)), tuple(sorted(hashes - deps))


def _actor(heads: Heads, splices: Sequence[diff.Splice]) -> bytes:
    digest = hashlib.sha256(b"prdgen correction 1\0" + b"".join(heads))
    for splice in splices:
        digest.update(f"{splice.position}:{splice.delete}:{splice.insert}\0".encode())
    return actors.made(actors.CORRECTION, digest.digest())
