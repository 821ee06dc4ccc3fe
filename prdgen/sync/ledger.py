"""The replica of a room beside what of it is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID

from prdgen.crdt.replica import Change, Replica
from prdgen.errors import PrdgenError
from prdgen.sync import cold, errors, ports
from prdgen.sync.outside import Outside
from prdgen.sync.ports import Delivery, Heads, Loaded, NewChange, Stored, StoredChange


class Ledger:
    """Knows the stored `heads`, `text` and `last_seq`; the replica may be ahead of them.

    A store that is away raises its own retryable error from every method that needs it.
    """

    def __init__(self, document_id: UUID, loaded: Loaded, outside: Outside) -> None:
        self.document_id = document_id
        self._outside = outside
        self._stored: list[Stored] = []
        self._actors: dict[bytes, UUID] = {}
        self.mark: cold.Mark | None = None
        self.behind = False
        """Whether the store has changes that are not here."""
        self._replica: Replica | None = None
        self._bytes = b""
        """The document while it is asleep, at `heads`."""
        self._woken = False
        self.last_seq: int
        self._snapshot_bytes: int
        self._loose_bytes: int
        self._open(loaded)
        self.heads: Heads = self.replica.heads
        self.text: str = self.replica.text()

    @property
    def replica(self) -> Replica:
        """The open document; loaded again when it was asleep."""
        if self._replica is None:
            self._replica, self._bytes = Replica.load(self._bytes), b""
            self._woken = True
        return self._replica

    def sleep(self) -> bool:
        """Keep only the document's bytes until someone needs it. Not while a turn is under way.

        False when it was woken since the last call: who needed it will soon need it again.
        """
        woken, self._woken = self._woken, False
        if woken:
            return False
        if self._replica is not None and self._replica.heads == self.heads:
            self._bytes, self._replica = self._replica.save(), None
        return True

    @property
    def asleep(self) -> bool:
        """Whether only the document's bytes are kept."""
        return self._replica is None

    @property
    def agrees(self) -> bool:
        """Whether the document holds what is stored, and nothing else."""
        return self._replica is None or self._replica.heads == self.heads

    def save(self) -> bytes:
        """The document's bytes, asleep or not."""
        return self._bytes if self._replica is None else self._replica.save()

    def told(self) -> list[Stored]:
        """What was stored since the last call."""
        stored, self._stored = self._stored, []
        return stored

    async def bind(self, actor: bytes, person_id: UUID | None, *, carried: bool) -> None:
        """See to it that `actor` is this person's; raises ActorRefused.

        What is `carried` by a peer that has just come may be by others, whose store is lost: it
        is held against known owners, but makes nobody an owner.
        """
        # Not the person in whose name a change is stored, who may have brought it for another.
        owner = self._actors.get(actor)
        if person_id is None or (owner is not None and owner != person_id):
            raise errors.ActorRefused(why="it is someone else's")
        if owner == person_id:
            return
        store = self._outside.changes
        ask = store.check_actor if carried else store.bind_actor
        try:
            await ask(self.document_id, actor, person_id)
        except PrdgenError as error:
            if error.retryable:
                raise
            raise errors.ActorRefused(why=str(error)) from error
        if not carried:
            self._actors[actor] = person_id

    async def append(
        self,
        changes: Sequence[NewChange],
        in_tx: Callable[[Any], Awaitable[None]] | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """Append in one transaction with `in_tx`; `settle` follows.

        When other processes have written in between, or wrote some of the same, the ledger is
        `behind` and their changes are read after that; it raises Overtaken when they have to be read
        first (`alone`: always).
        """
        store = self._outside.changes
        first, last = await store.append(
            self.document_id, changes, self.replica.heads, in_tx, after=self.last_seq, alone=alone
        )
        if first == self.last_seq + 1 and last - first + 1 == len(changes):
            self.last_seq = last
            self._loose_bytes += sum(len(change.data) for change in changes)
        else:
            self.behind = self.behind or bool(changes)
        if last >= first:
            self._outside.news.stored(self.document_id, last)

    def settle(self, deliveries: Sequence[Delivery], *, foreign: bool = False) -> None:
        """What the replica holds now is what is stored; the last delivery says its text."""
        self.heads = self.replica.heads
        self.text = deliveries[-1].after
        stored = Stored(tuple(deliveries), self.heads, self.last_seq, foreign)
        self._stored.append(stored)

    async def catch_up(self) -> None:
        """Read and apply what other processes stored."""
        self.behind = False
        self._catch_up(await self._outside.changes.since(self.document_id, self.last_seq))

    def _catch_up(self, rows: Sequence[StoredChange]) -> None:
        self._count(rows)
        deliveries: list[Delivery] = []
        news = [row for row in rows if not self.replica.knows(row.hash)]
        for (person_id, origin), group in groupby(news, lambda row: (row.person_id, row.origin)):
            some = list(group)
            before = deliveries[-1].after if deliveries else self.text
            new = self.replica.apply([row.data for row in some], stored=True)
            self._follow(some)
            after = self.replica.text()
            deliveries.append(Delivery(person_id, origin, tuple(new), before, after))
        if deliveries:
            self.settle(deliveries, foreign=True)

    async def restore(self) -> None:
        """Load the document again; what was not stored is gone from the replica."""
        had, seq = self.heads, self.last_seq
        loaded = await self._outside.changes.load(self.document_id)
        later = [row for row in loaded.changes if row.seq > seq]
        if loaded.snapshot_seq <= seq:
            self._open(replace(loaded, changes=loaded.changes[: len(loaded.changes) - len(later)]))
            self._catch_up(later)
            return
        self._open(loaded)
        if self.last_seq > seq:
            new = tuple(self.replica.changes_since(had))
            text = self.replica.text()
            foreign = Delivery(None, ports.UNKNOWN, new, self.text, text)
            self.settle([foreign], foreign=True)

    async def compact(self) -> None:
        """Save a snapshot when the changes since the last one have outgrown it."""
        if self._loose_bytes > max(2 * self._snapshot_bytes, self._outside.limits.loose_bytes):
            snapshot = self.replica.save()
            await self._outside.changes.save_snapshot(self.document_id, snapshot, self.last_seq)
            self._snapshot_bytes, self._loose_bytes = len(snapshot), 0

    def _open(self, loaded: Loaded) -> None:
        self._snapshot_bytes, self._loose_bytes = len(loaded.snapshot), 0
        self._replica = Replica.load(loaded.snapshot, [row.data for row in loaded.changes])
        if self._replica.waiting:
            raise errors.RoomClosed(document=self.document_id, why="changes are missing")
        self.last_seq = loaded.snapshot_seq
        self._count(loaded.changes)
        self.mark = cold.Mark(loaded.cold_intake) if loaded.cold_intake else None
        self._follow(loaded.changes)

    def _count(self, rows: Sequence[StoredChange]) -> None:
        for row in rows:
            if row.seq != self.last_seq + 1:
                raise errors.SequenceBroken(expected=self.last_seq + 1, got=row.seq)
            self.last_seq = row.seq
            self._loose_bytes += len(row.data)

    def _follow(self, rows: Sequence[StoredChange]) -> None:
        for row in rows:
            if row.origin == ports.COLD_INTAKE:
                self.mark = cold.Mark(row.hash)
            elif (
                row.origin == ports.MERGED
            ):  # what was typed since the mark before is not known here
                self.mark = cold.Mark(row.hash, first=self.mark.first if self.mark else None)


def new_change(change: Change, person_id: UUID | None, origin: str) -> NewChange:
    """`change` on its way to the store."""
    return NewChange(change.hash, change.actor, person_id, origin, change.data)
