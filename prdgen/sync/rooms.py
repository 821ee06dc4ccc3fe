"""All open documents of this process: opened once, parked when quiet, closed in order."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prdgen import background, memory
from prdgen.crdt import guard as crdt_guard
from prdgen.errors import PrdgenError
from prdgen.sync import errors
from prdgen.sync.connection import Connection, Opener
from prdgen.sync.outside import Outside
from prdgen.sync.peer import Who
from prdgen.sync.ports import BusPort, ChangeStore, Limits, Loaded, MergeTexts, RoomHooks
from prdgen.sync.room import Room

_log: Final = logging.getLogger(__name__)
_CHECK_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Parked:
    saved: bytes
    last_seq: int
    cold_intake: bytes | None


class Rooms:
    """The rooms of one process. Opening is single-flight; the store is read when the bus was
    silent, so nothing depends on the bus.
    """

    def __init__(
        self,
        changes: ChangeStore,
        bus: BusPort,
        hooks: RoomHooks | None = None,
        *,
        merge_texts: MergeTexts,
        process_id: str,
        storage_id: str = "prdgen",
        limits: Limits | None = None,
        guard: crdt_guard.Limits = crdt_guard.DEFAULT,
    ) -> None:
        self._outside = Outside(
            changes,
            bus,
            merge_texts,
            process_id,
            storage_id,
            hooks or RoomHooks(),
            limits or Limits(),
            guard=guard,
        )
        self._rooms: dict[UUID, Room] = {}
        self._opening: dict[UUID, asyncio.Task[Room]] = {}
        self._parked: OrderedDict[UUID, _Parked] = OrderedDict()
        self._compared = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def open(self) -> tuple[Room, ...]:
        """The rooms that are open now."""
        return tuple(self._rooms.values())

    @property
    def parked(self) -> int:
        """How many documents are kept as saved bytes."""
        return len(self._parked)

    def quiet(self, now: float) -> bool:
        """Whether nobody has typed, come or gone within the last moment."""
        last = max((room.touched for room in self.open), default=float("-inf"))
        return not self._opening and now - last >= _QUIET_SECONDS

    def find(self, document_id: UUID) -> Room | None:
        """The room of a document that is open now."""
        return self._rooms.get(document_id)

    async def get(self, document_id: UUID) -> Room:
        """The document's room, opened when needed, once however many ask.

        Raises what the store says when there is no such document, and RoomClosed at the end.
        """
        self._start()
        room = self._rooms.get(document_id)
        if room is not None and room.open:
            room.touch()
            return room
        task = self._opening.get(document_id)
        if task is None:
            task = asyncio.create_task(self._open(document_id), name=f"open {document_id}")
            self._opening[document_id] = task
            task.add_done_callback(lambda _: self._opening.pop(document_id, None))
        return await asyncio.shield(task)

    def connect(self, who: Who, opener: Opener, claim: Any = None) -> Connection:
        """A new connection of `who`; `opener` finds and judges the documents it asks for."""
        return Connection(self._outside, who, opener, claim)

    def heard_change(self, document_id: UUID, last_seq: int, process_id: str) -> None:
        """The bus says that the store has changes up to `last_seq`."""
        room = self._rooms.get(document_id)
        if room is not None and process_id != self._outside.process_id:
            room.heard(last_seq)

    def heard_live(self, document_id: UUID, payload: bytes, process_id: str) -> None:
        """The bus brings a live message of another process."""
        room = self._rooms.get(document_id)
        if room is not None and process_id != self._outside.process_id:
            room.presence.heard(process_id, payload, _now())

    async def check(self, now: float) -> None:
        """What is done every second: slow readers, presence, silence, parking."""
        limits = self._outside.limits
        for room in self.open:
            for peer in room.peers:
                peer.check(now, limits.slow_seconds)
            room.presence.check(now)
        if now - self._compared >= limits.silence_seconds:
            self._compared = now
            await self._compare()
        freed = False
        for room in self.open:
            if now - room.touched < limits.quiet_seconds or not room.open or room.saving:
                continue
            freed = freed or not room.asleep
            if room.peers:
                room.sleep()
            else:
                await self._park(room)
        if freed:
            await asyncio.to_thread(memory.give_back)

    async def close(self, why: str = "the server is stopping; it is back in a moment") -> None:
        """Store what is pending in every room, close all connections, and end."""
        self._closing = True
        await background.end(self._tasks)
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        await asyncio.gather(*(room.close(why) for room in self.open))

    def _start(self) -> None:
        if self._closing:
            raise errors.RoomClosed(document="", why="the server is stopping")
        if not self._tasks:
            outside = self._outside
            pause = outside.limits.news_seconds
            publish = outside.news.publish(outside.bus, outside.process_id, pause)
            self._tasks = [asyncio.create_task(publish), asyncio.create_task(self._tend())]

    async def _open(self, document_id: UUID) -> Room:
        parked = self._parked.pop(document_id, None)
        if parked is None:
            loaded = await self._outside.changes.load(document_id)
        else:
            since = await self._outside.changes.since(document_id, parked.last_seq)
            loaded = Loaded(parked.saved, parked.last_seq, since, parked.cold_intake)
        if self._closing:
            raise errors.RoomClosed(document=document_id, why="the server is stopping")
        room = Room(document_id, loaded, self._outside, self._ended)
        self._rooms[document_id] = room
        return room

    def _ended(self, room: Room) -> None:
        if self._rooms.get(room.document_id) is room:
            del self._rooms[room.document_id]

    async def _park(self, room: Room) -> None:
        await room.close("parked")
        if room.clean:
            parked = _Parked(room.save(), room.last_seq, room.cold_intake)
            self._parked[room.document_id] = parked
            while len(self._parked) > self._outside.limits.parked_rooms:
                self._parked.popitem(last=False)

    async def _compare(self) -> None:
        """One query: where the store is ahead of a room, the room reads it."""
        rooms = {room.document_id: (room, room.last_seq) for room in self.open}
        if rooms:
            newest = await self._outside.changes.last_seqs(rooms)
            for document_id, (room, was) in rooms.items():
                now = newest.get(document_id, 0)
                if now < was:
                    room.doubt(errors.SequenceBroken(expected=was, got=now))
                room.heard(now)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            try:
                await self.check(_now())
            except PrdgenError as error:
                _log.warning("rooms are checked again in %s s: %s", _CHECK_SECONDS, error)
            except Exception:
                _log.exception("checking the rooms failed")


def _now() -> float:
    return asyncio.get_running_loop().time()
