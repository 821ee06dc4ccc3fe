"""What is known of a document's changes without asking the engine, and whether the next ones fit.

A change from outside can be well formed in itself and still break the document: take a number
twice, build on less than its own past, or point to letters that are not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from prdgen.crdt import chunks, operations
from prdgen.crdt.elements import Element, Elements
from prdgen.crdt.errors import ChangeRefused
from prdgen.crdt.guard import Checked, ObjectId
from prdgen.crdt.operations import Rows

_MOST_SKIPPED = 1 << 20
"""How far a peer's operation counter may be ahead of everything known."""

IsAncestor = Callable[[bytes, Iterable[bytes]], bool]
"""(a known change's hash, some known hashes) → whether they build on it."""


class Entry(NamedTuple):
    """One change, as far as the next ones are judged by it."""

    hash: bytes
    actor: bytes
    seq: int
    start_op: int
    max_op: int
    data: bytes
    inserted: int | None = None
    """How many letters, when it does nothing but insert them, as far as that was looked at."""


class History:
    """The changes of one document, or of a batch that stands `upon` a document's."""

    def __init__(self, content: ObjectId, upon: History | None = None) -> None:
        self.max_op: int = upon.max_op if upon else 0
        self._upon = upon
        self._content = content
        self._max_ops: dict[bytes, int] = {}
        self._last: dict[bytes, tuple[int, bytes]] = {}
        self._elements = Elements(content)

    def __contains__(self, change_hash: object) -> bool:
        return change_hash in self._max_ops or (
            self._upon is not None and change_hash in self._upon
        )

    @property
    def known(self) -> Callable[[bytes], bool]:
        """Whether a change is part of the document itself, whatever this stands upon; the quick way."""
        return self._max_ops.__contains__

    def add(self, entry: Entry) -> None:
        """Remember a change that is part of the document."""
        self._max_ops[entry.hash] = entry.max_op
        self.max_op = max(self.max_op, entry.max_op)
        self._last[entry.actor] = (entry.seq, entry.hash)
        self._elements.add(entry.actor, entry.start_op, entry.data, entry.inserted)

    def last_of(self, actor: bytes) -> tuple[int, bytes]:
        """The actor's newest change: (seq, hash); seq 0 when there is none."""
        found = self._last.get(actor)
        if found is None and self._upon is not None:
            return self._upon.last_of(actor)
        return found or (0, b"")

    def continues(self, change: Checked) -> bool:
        """Whether the change is known, or the next one of its actor."""
        body = change.body
        return body.hash in self or body.seq == self.last_of(body.actor)[0] + 1

    def sort(self, changes: Iterable[Checked]) -> tuple[list[Checked], dict[bytes, Checked]]:
        """Those of the unknown `changes` that can be applied, in order; and those that cannot."""
        waiting = {c.body.hash: c for c in changes if c.body.hash not in self}
        ready: dict[bytes, Checked] = {}
        blocked: defaultdict[bytes, list[Checked]] = defaultdict(list)
        stack = list(reversed(waiting.values()))
        while stack:
            change = stack.pop()
            missing = next((d for d in change.body.deps if d not in self and d not in ready), None)
            if missing is not None:
                blocked[missing].append(change)
                continue
            ready[change.body.hash] = change
            stack.extend(reversed(blocked.pop(change.body.hash, [])))
        for change_hash in ready:
            del waiting[change_hash]
        return list(ready.values()), waiting

    def check(self, ready: list[Checked], is_ancestor: IsAncestor) -> None:
        """Judge changes from outside, each after those it builds on; raises ChangeRefused."""
        if len(ready) == 1:  # nearly always: nothing else stands upon it
            self._check_one(ready[0], {}, is_ancestor)
            return
        batch = History(self._content, upon=self)
        parents: dict[bytes, tuple[bytes, ...]] = {}
        for change in ready:
            batch._check_one(change, parents, is_ancestor)
            parents[change.body.hash] = change.body.deps
            batch.add(entry(change))

    def _check_one(
        self, change: Checked, parents: dict[bytes, tuple[bytes, ...]], is_ancestor: IsAncestor
    ) -> None:
        self._check_place(change)
        last = self.last_of(change.body.actor)
        if last[0] and not _descends(change.body.deps, last[1], parents, is_ancestor):
            raise ChangeRefused(why="it does not build on its actor's last change")
        if change.rows is not None:
            self._check_elements(change, change.rows)

    def element(self, counter: int, actor: bytes) -> Element | None:
        """The letter an operation inserted or replaced; None when it did neither."""
        found = self._elements.of(counter, actor)
        if found is None and self._upon is not None:
            return self._upon.element(counter, actor)
        return found

    def _max_op_of(self, change_hash: bytes) -> int:
        found = self._max_ops.get(change_hash)
        if found is None and self._upon is not None:
            return self._upon._max_op_of(change_hash)
        return found or 0

    def _check_place(self, change: Checked) -> None:
        body = change.body
        if body.seq != self.last_of(body.actor)[0] + 1:
            raise ChangeRefused(
                why=f"its actor's change {body.seq} is there already or comes too early"
            )
        before = max((self._max_op_of(dep) for dep in body.deps), default=0)
        if not before < body.start_op <= self.max_op + _MOST_SKIPPED:
            raise ChangeRefused(why="its operations have numbers that do not follow")

    def _check_elements(self, change: Checked, rows: Rows) -> None:
        """Every letter the change points to is there, and replaced where it stands."""
        body = change.body
        own: dict[int, Element] = {}
        position = 0
        pairs = zip(rows.key_counter, rows.key_actor, rows.insert, rows.pred, strict=True)
        for counter, (key_counter, key_actor, insert, pred) in enumerate(pairs, body.start_op):
            key: Element | None = None
            if key_actor is not None:
                key = self._point(own, key_counter or 0, body.actors[key_actor], body.actor)
                if key is None or key.counter != key_counter:
                    raise ChangeRefused(why="it points to a letter that is not in the document")
            for at in range(position, position + (pred or 0)):
                actor = body.actors[rows.pred_actor[at] or 0]
                if self._point(own, rows.pred_counter[at] or 0, actor, body.actor) != key:
                    raise ChangeRefused(why="it replaces something that is not in the document")
            position += pred or 0
            if insert:
                own[counter] = Element(counter, body.actor)
            elif key is not None and rows.value_meta[counter - body.start_op]:
                own[counter] = key

    def _point(
        self, own: dict[int, Element], counter: int, actor: bytes, own_actor: bytes
    ) -> Element | None:
        if actor == own_actor and counter in own:
            return own[counter]
        return self.element(counter, actor)


def entry(change: Checked) -> Entry:
    """What to remember of a change that was judged."""
    body, rows = change.body, change.rows
    inserted = change.operations if rows is not None and all(rows.insert) else None
    return Entry(body.hash, body.actor, body.seq, body.start_op, change.max_op, body.data, inserted)


def trusted(chunk: chunks.Chunk) -> Checked:
    """A change that was let in before: read, not judged."""
    body = chunks.change(chunk)
    return Checked(body, operations.count(body))


def _descends(
    deps: tuple[bytes, ...],
    ancestor: bytes,
    parents: dict[bytes, tuple[bytes, ...]],
    is_ancestor: IsAncestor,
) -> bool:
    """Whether `deps` build on `ancestor`, through the batch's `parents` and the document."""
    stack, seen = list(deps), set[bytes]()
    outside: set[bytes] = set()
    while stack:
        dep = stack.pop()
        if dep == ancestor:
            return True
        if dep not in parents:
            outside.add(dep)
        elif dep not in seen:
            seen.add(dep)
            stack.extend(parents[dep])
    return ancestor not in parents and bool(outside) and is_ancestor(ancestor, outside)
