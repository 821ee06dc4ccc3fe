"""The ports, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from prdgen.crdt.replica import Replica
from prdgen.errors import Conflict, NotFound, Unavailable
from prdgen.sync import errors, ports
from prdgen.sync.ports import Loaded, NewChange, RoomHooks


@dataclass(frozen=True)
class Row:
    seq: int
    hash: bytes
    actor: bytes
    person_id: UUID | None
    origin: str
    data: bytes


@dataclass
class MemoryStore:
    """A ChangeStore. `away` makes it refuse; `before_append` runs inside a write under way."""

    snapshots: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)
    owners: dict = field(default_factory=dict)
    cold: dict = field(default_factory=dict)
    hashes: set = field(default_factory=set)
    away: bool = False
    appends: int = 0
    loads: int = 0
    before_append: object = None

    def seed(self, document_id, text):
        self.snapshots[document_id], self.rows[document_id] = (Replica.seed(text).save(), 0), []

    def _check(self):
        if self.away:
            raise Unavailable(what="the store", got="it is away")

    async def load(self, document_id):
        self._check()
        self.loads += 1
        if document_id not in self.snapshots:
            raise NotFound(what="document", where=document_id)
        snapshot, seq = self.snapshots[document_id]
        changes = [row for row in self.rows[document_id] if row.seq > seq]
        return Loaded(snapshot, seq, changes, self.cold.get(document_id))

    async def append(
        self, document_id, changes: list[NewChange], heads, in_tx, *, after, alone=False
    ):
        if self.before_append is not None:
            await self.before_append()
        self._check()
        rows = self.rows[document_id]
        new = [change for change in changes if change.hash not in self.hashes]
        if len(rows) < after:
            raise errors.SequenceBroken(expected=after + 1, got=len(rows) + 1)
        unread = [row.origin for row in rows[after:]]
        if (alone and unread) or {ports.COLD_INTAKE, ports.MERGED} & {*unread}:
            raise errors.Overtaken(document=document_id)
        if in_tx is not None:
            await in_tx("transaction")
        self.appends += 1
        first = len(rows) + 1
        for c in new:
            rows.append(Row(len(rows) + 1, c.hash, c.actor, c.person_id, c.origin, c.data))
            self.hashes.add(c.hash)
        return first, len(rows)

    async def since(self, document_id, seq):
        self._check()
        return self.rows[document_id][seq:]

    async def save_snapshot(self, document_id, snapshot, seq):
        self._check()
        self.snapshots[document_id] = (snapshot, seq)

    async def last_seqs(self, document_ids):
        self._check()
        return {i: len(self.rows[i]) for i in document_ids}

    async def check_actor(self, document_id, actor, person_id):
        self._check()
        if self.owners.get((document_id, actor), person_id) != person_id:
            raise Conflict(what="The actor", expected=person_id, got="someone else's")

    async def bind_actor(self, document_id, actor, person_id):
        self._check()
        if self.owners.setdefault((document_id, actor), person_id) != person_id:
            raise Conflict(what="The actor", expected=person_id, got="someone else's")


@dataclass
class Bus:
    """Carries messages between the Rooms in `listeners`, unless `away`."""

    listeners: list = field(default_factory=list)
    away: bool = False

    async def publish_change(self, document_id, last_seq, process_id):
        for rooms in [] if self.away else self.listeners:
            rooms.heard_change(document_id, last_seq, process_id)
        return True

    async def publish_live(self, document_id, payload, process_id):
        for rooms in [] if self.away else self.listeners:
            rooms.heard_live(document_id, payload, process_id)


@dataclass
class Seen(RoomHooks):
    """Hooks that remember."""

    stored: list = field(default_factory=list)
    came: list = field(default_factory=list)
    went: list = field(default_factory=list)

    def on_stored(self, room, stored):
        self.stored.append(stored)

    def on_peer_joined(self, room, peer):
        self.came.append(peer.who.name)

    def on_peer_left(self, room, peer):
        self.went.append(peer.who.name)
