"""What a room needs from outside: where changes are kept, how processes hear of each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from uuid import UUID

from prdgen.crdt.replica import Change, Replica

if TYPE_CHECKING:
    from prdgen.sync.peer import Peer
    from prdgen.sync.room import Room

Heads = tuple[bytes, ...]

PEER: Final = "peer"
"""Origin of changes an editor delivered."""
MERGED: Final = "merged"
"""Origin of the change that turns a doubled text into the merged one."""
UNKNOWN: Final = "unknown"
"""Origin of what other processes stored, when only a snapshot of it was left to read."""
COLD_INTAKE: Final = "cold-intake"
"""Origin of the file's text taken in when a document was rebuilt from Git."""


class NewChange(NamedTuple):
    """A change on its way to the store."""

    hash: bytes
    actor: bytes
    person_id: UUID | None
    origin: str
    data: bytes


class StoredChange(Protocol):
    """A change as the store gives it back; `seq` counts up without gaps in its document."""

    @property
    def seq(self) -> int:
        """Its number in the document."""
        ...

    @property
    def hash(self) -> bytes:
        """Its hash."""
        ...

    @property
    def actor(self) -> bytes:
        """The actor that made it."""
        ...

    @property
    def person_id(self) -> UUID | None:
        """Who delivered it; None: the server."""
        ...

    @property
    def origin(self) -> str:
        """Where it came from."""
        ...

    @property
    def data(self) -> bytes:
        """Its raw chunk."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document as the store has it: a snapshot up to `snapshot_seq`, and the changes after."""

    snapshot: bytes
    snapshot_seq: int
    changes: Sequence[StoredChange]
    cold_intake: bytes | None = None
    """Hash of the change that took the file's text in when the document was rebuilt from Git."""


Transaction = Any
"""The store's open transaction; a room only passes it on."""
InTransaction = Callable[[Transaction, list[Change]], Awaitable[None]]
"""Runs inside the transaction that appends these changes; what it raises undoes the append."""
Make = Callable[[Replica], Sequence[Change] | None]
"""A server-side edit: changes the replica and returns its new changes; None: nothing to do.

An empty list still opens the transaction (an agreed point can move without a new change)."""
MergeTexts = Callable[[str, str, str], str]
"""(base, theirs, ours) → the merged text, with both versions where they really differ."""


class ChangeStore(Protocol):
    """Keeps changes. Raises a PrdgenError with `retryable` set when it is not answering."""

    async def load(self, document_id: UUID) -> Loaded:
        """Snapshot and later changes; raises when there is no such document."""
        ...

    async def append(
        self,
        document_id: UUID,
        changes: Sequence[NewChange],
        heads: Heads,
        in_tx: Callable[[Transaction], Awaitable[None]] | None,
        *,
        after: int,
        alone: bool = False,
    ) -> tuple[int, int]:
        """One transaction: append in order, skip what is there, run `in_tx`.

        Answers the first and last seq given (last < first when nothing was new). Raises, and stores nothing:
        SequenceBroken, when the store no longer has the changes up to `after`; Overtaken, when it has more and
        there is a cold intake or a correction among them (see `cold`), or anything when these are to be
        `alone`: they are of such a kind themselves, and have to know what they merge with.
        """
        ...

    async def since(self, document_id: UUID, seq: int) -> Sequence[StoredChange]:
        """All changes with a greater seq, in order."""
        ...

    async def save_snapshot(self, document_id: UUID, snapshot: bytes, seq: int) -> None:
        """Keep `snapshot`, which holds every change up to and including `seq`."""
        ...

    async def last_seqs(self, document_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """The newest seq of each document, in one query."""
        ...

    async def check_actor(self, document_id: UUID, actor: bytes, person_id: UUID) -> None:
        """Raises as `bind_actor` does, and binds nothing."""
        ...

    async def bind_actor(self, document_id: UUID, actor: bytes, person_id: UUID) -> None:
        """Bind `actor` to the first person who delivered it; a PrdgenError that is not
        retryable says that it belongs to someone else.
        """
        ...


class BusPort(Protocol):
    """Tells the other processes. Best effort: nothing depends on delivery, so it never raises
    for a bus that is away; what comes in goes to `Rooms.heard_change` and `heard_live`.
    """

    async def publish_change(self, document_id: UUID, last_seq: int, process_id: str) -> bool:
        """Say that the store has changes up to `last_seq`; False: no other process listens."""
        ...

    async def publish_live(self, document_id: UUID, payload: bytes, process_id: str) -> None:
        """Pass a live message (who is here, a cursor) to the other processes."""
        ...


class RoomHooks:
    """What the floor above wants to know; each call is short and starts no I/O itself."""

    def on_stored(self, room: Room, stored: Stored) -> None:
        """Changes are in the store and on their way to the peers."""

    def on_peer_joined(self, room: Room, peer: Peer) -> None:
        """A peer opened the document."""

    def on_peer_left(self, room: Room, peer: Peer) -> None:
        """A peer closed the document or vanished."""


class Delivery(NamedTuple):
    """Changes that came together from one person (None: the server), and what they did."""

    person_id: UUID | None
    origin: str
    changes: tuple[Change, ...]
    before: str
    after: str


class Stored(NamedTuple):
    """What one write stored, in order."""

    deliveries: tuple[Delivery, ...]
    heads: Heads
    last_seq: int
    foreign: bool
    """Whether another process wrote it and this one has read it from the store."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection and one room."""

    message_bytes: int = 4_194_304
    page_bytes: int = 262_144
    messages_per_second: float = 200
    live_per_second: float = 60
    documents: int = 32
    waiting_bytes: int = 8_388_608
    """Received and not yet applied, per peer and room."""
    queued_bytes: int = 262_144
    """Outgoing bytes above which a peer is a slow reader."""
    loose_bytes: int = 65_536
    """Changes since the last snapshot are never compacted below this size."""
    slow_seconds: float = 30
    goodbye_seconds: float = 2
    """How long a closing connection may take to get what is queued for it."""
    closing_seconds: float = 15
    """How long a closing room may take to store what came in."""
    agreed_seconds: float = 0
    """How long what only says "I have it" may wait for company, before it is looked at."""
    news_seconds: float = 0
    """Between two messages to the other processes."""
    quiet_seconds: float = 60
    silence_seconds: float = 5
    parked_rooms: int = 1000
