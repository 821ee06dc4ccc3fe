"""store and bus → rooms: the ports through which open documents reach what is kept and heard."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from uuid import UUID

from prdgen import background
from prdgen.bus.bus import Bus
from prdgen.bus.errors import BusUnavailable
from prdgen.flows.keep import Keeper
from prdgen.merge import three_way
from prdgen.merge.pieces import Conflict
from prdgen.store import actors, changes, documents, names
from prdgen.store.database import Store
from prdgen.sync import errors
from prdgen.sync.peer import Peer
from prdgen.sync.ports import Loaded, NewChange, RoomHooks, Stored
from prdgen.sync.room import Room
from prdgen.sync.rooms import Rooms

log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5
_MOST_FOUND = 200


class StoredChanges:
    """The rooms' ChangeStore on Postgres."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, document_id: UUID) -> Loaded:
        """Snapshot and later changes; raises NotFound."""
        async with self._store.transaction() as tx:
            found = await documents.load(tx, document_id)
        later = found.changes
        snapshot_seq = later[0].seq - 1 if later else found.document.last_seq
        return Loaded(found.snapshot, snapshot_seq, later, found.document.cold_intake)

    async def append(
        self,
        document_id: UUID,
        new: Sequence[NewChange],
        heads: tuple[bytes, ...],
        in_tx: Callable[[object], Awaitable[None]] | None,
        *,
        after: int,
        alone: bool = False,
    ) -> tuple[int, int]:
        """Append in one transaction, with what else belongs to it; nothing on a store gone back, and
        nothing beside a merge of texts that is not known.
        """
        if in_tx is not None or alone:
            async with self._store.transaction() as tx:
                numbers = await changes.append(tx, document_id, new, heads, known=after)
                _check_numbers(document_id, numbers, after)
                if alone and numbers[0] != after + 1:
                    raise errors.Overtaken(document=document_id)
                if in_tx is not None:
                    await in_tx(tx)
                return numbers
        done = await self._store.line.append(document_id, new, heads, known=after)
        first, last = done or await self._append_alone(document_id, new, heads, after)
        _check_numbers(document_id, (first, last), after)
        return first, last

    async def _append_alone(
        self, document_id: UUID, new: Sequence[NewChange], heads: tuple[bytes, ...], after: int
    ) -> tuple[int, int]:
        async with self._store.statement() as tx:
            return await changes.append(tx, document_id, new, heads, known=after)

    async def since(self, document_id: UUID, seq: int) -> Sequence[changes.StoredChange]:
        """All changes after `seq`, in order."""
        async with self._store.transaction() as tx:
            return await changes.since(tx, document_id, seq)

    async def save_snapshot(self, document_id: UUID, snapshot: bytes, seq: int) -> None:
        """Keep a snapshot that holds every change up to `seq`."""
        async with self._store.transaction() as tx:
            await documents.save_snapshot(tx, document_id, snapshot, seq)

    async def last_seqs(self, document_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """The newest seq of each document."""
        async with self._store.transaction() as tx:
            return await names.last_seqs(tx, list(document_ids))

    async def check_actor(self, document_id: UUID, actor: bytes, person_id: UUID) -> None:
        """Raises ActorTaken when an actor is bound to somebody else."""
        async with self._store.transaction() as tx:
            await actors.check(tx, document_id, actor, person_id)

    async def bind_actor(self, document_id: UUID, actor: bytes, person_id: UUID) -> None:
        """Bind an actor to the first person who delivered it; raises ActorTaken."""
        async with self._store.transaction() as tx:
            await actors.bind(tx, document_id, actor, person_id)


def _check_numbers(document_id: UUID, numbers: tuple[int, int], after: int) -> None:
    if not numbers[0]:
        raise errors.Overtaken(document=document_id)
    if numbers[0] <= after:
        raise errors.SequenceBroken(expected=after + 1, got=numbers[0])


class HeardOnBus:
    """The rooms' BusPort on Valkey: best effort, since gaps are made good from the store."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish_change(self, document_id: UUID, last_seq: int, process_id: str) -> bool:
        """Say that the store has changes up to `last_seq`; False: nobody else listens."""
        try:
            return await self._bus.publish_change(document_id, last_seq, process_id) > 1
        except BusUnavailable as error:
            log.debug("not announced, other processes will read the store: %s", error)
            return True

    async def publish_live(self, document_id: UUID, payload: bytes, process_id: str) -> None:
        """Pass a live message on; a lost one is sent again by the next heartbeat."""
        try:
            await self._bus.publish_live(document_id, payload, process_id)
        except BusUnavailable as error:
            log.debug("a live message went nowhere: %s", error)


class Hooks(RoomHooks):
    """Tells the keeper what was stored, and who came and went."""

    def __init__(self, keeper: Keeper, merging: Merging) -> None:
        self._keeper = keeper
        self._merging = merging

    def on_stored(self, room: Room, stored: Stored) -> None:
        """Lines get their authors; the file and the commit become due; conflicts are marked."""
        self._keeper.stored(room, stored)
        if found := self._merging.take(room.text):
            self._keeper.disputed(room, found)

    def on_peer_joined(self, room: Room, peer: Peer) -> None:
        """Someone opened the page."""
        self._keeper.joined(room, peer)

    def on_peer_left(self, room: Room, peer: Peer) -> None:
        """Someone closed the page; the last one's text is committed."""
        self._keeper.left(room, peer)


class Merging:
    """What a document becomes when late changes bring what it took in from disk as well.

    A room asks for the text alone, before anything is stored; where both versions had to stay is
    kept until a stored text has both.
    """

    def __init__(self) -> None:
        self._found: deque[Conflict] = deque(maxlen=_MOST_FOUND)

    def __call__(self, base: str, theirs: str, ours: str) -> str:
        """The merged text."""
        merged = three_way.merge(base, theirs, ours)
        self._found.extend(merged.conflicts)
        return merged.text

    def take(self, text: str) -> list[Conflict]:
        """The conflicts whose two versions stand in this text, each once."""
        mine = [one for one in self._found if one.ours + one.theirs in text]
        for one in mine:
            self._found.remove(one)
        return mine


async def listen(bus: Bus, rooms: Rooms, stop: asyncio.Event) -> None:
    """Hand on what other processes say, until `stop`; a lost bus is waited for."""

    async def changes_heard() -> None:
        async for notice in bus.subscribe_changes():
            rooms.heard_change(notice.document_id, notice.seq, notice.process)

    async def live_heard() -> None:
        async for notice in bus.subscribe_live():
            rooms.heard_live(notice.document_id, notice.payload, notice.process)

    tasks = [asyncio.create_task(_again(work)) for work in (changes_heard, live_heard)]
    try:
        await stop.wait()
    finally:
        await background.end(tasks)


async def _again(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except BusUnavailable as error:
            log.warning("the bus is away; documents are read from the store: %s", error)
        await asyncio.sleep(_RETRY_SECONDS)
