"""One open document: everything that changes it happens in one task, one turn after the other.

A turn applies what came in, stores it in one transaction, and only then tells the peers: no
message is ever made from a state that is not in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from prdgen import ids, trace
from prdgen.crdt import errors as crdt_errors
from prdgen.crdt.message import Message
from prdgen.crdt.replica import Change, Replica
from prdgen.errors import PrdgenError
from prdgen.sync import errors
from prdgen.sync.ledger import Ledger
from prdgen.sync.outside import Outside
from prdgen.sync.peer import Peer
from prdgen.sync.ports import Heads, InTransaction, Loaded, Make
from prdgen.sync.presence import Presence
from prdgen.sync.seat import Seat
from prdgen.sync.seats import Seats
from prdgen.sync.turn import Edit, Turn

_log: Final = logging.getLogger(__name__)
_MESSAGES_A_TURN: Final = 64


@dataclass(slots=True, eq=False)
class _Message:
    seat: Seat
    data: bytes | Message
    """Read already, if it could be."""
    size: int
    came_in: float


class Room:
    """An open document with its peers. `text`, `heads` and `last_seq` are the stored state."""

    def __init__(
        self, document_id: UUID, loaded: Loaded, outside: Outside, ended: Callable[[Room], None]
    ) -> None:
        self.document_id = document_id
        self.name = ids.document_name(document_id)
        self.touched = asyncio.get_running_loop().time()
        """When something last happened here, on the event loop's clock."""
        self._outside = outside
        self._ended = ended
        self._wake = asyncio.Event()
        self._inbox: deque[_Message | Edit] = deque()
        self._why_closed: str | None = None
        self._given_up = False
        self._turning = False
        self._hurried = False
        self._alarm: asyncio.TimerHandle | None = None
        self._doubt: PrdgenError | None = None
        self._seats = Seats(self.name, outside, self._wake.set)
        self._ledger = Ledger(document_id, loaded, outside)
        self._work = Turn(self._ledger, outside)
        self.presence = Presence(document_id, self.name, self._seats, outside)
        self._task = asyncio.create_task(self._run(), name=f"room {document_id}")

    @property
    def text(self) -> str:
        """The stored text."""
        return self._ledger.text

    @property
    def heads(self) -> Heads:
        """The stored heads."""
        return self._ledger.heads

    @property
    def last_seq(self) -> int:
        """The number of the last stored change."""
        return self._ledger.last_seq

    @property
    def replica(self) -> Replica:
        """The open document, for reading. It may be ahead of `heads` while a write is under way:
        read it at `heads`.
        """
        return self._ledger.replica

    @property
    def cold_intake(self) -> bytes | None:
        """The change that later ones must build on, or be merged as text (see `cold`)."""
        return self._ledger.mark.hash if self._ledger.mark else None

    @property
    def clean(self) -> bool:
        """Whether the room ended with everything stored."""
        return not self.saving and self._ledger.agrees and not self._given_up

    @property
    def asleep(self) -> bool:
        """Whether the document is kept as bytes only."""
        return self._ledger.asleep

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Who has the document open here."""
        return self._seats.peers

    @property
    def open(self) -> bool:
        """Whether the room takes anything; one that was closed or lost its store does not."""
        return self._why_closed is None

    @property
    def saving(self) -> bool:
        """Whether something came in that is not in the store yet."""
        return bool(self._inbox) or self._work.pending

    def join(self, peer: Peer, *, can_write: bool) -> None:
        """Give `peer` a seat and begin to synchronise; raises RoomClosed."""
        self._check_open()
        self.touch()
        if self._seats.add(peer, can_write=can_write):
            self._wake.set()
            self.presence.changed()
            self._outside.call(self._outside.hooks.on_peer_joined, self, peer)

    def leave(self, peer: Peer) -> None:
        """Take the peer's seat away; what it sent before is still applied."""
        self.touch()
        if self._seats.remove(peer):
            self.presence.changed()
            self._outside.call(self._outside.hooks.on_peer_left, self, peer)

    def receive(self, peer: Peer, data: bytes) -> None:
        """Take one sync message of a peer that joined; raises RoomClosed and TooManyMessages."""
        self._check_open()
        seat = self._seats.find(peer)
        if seat is None:
            raise errors.BadProtocol(why="a sync message for a document that is not open")
        if seat.waiting_bytes + len(data) > self._outside.limits.waiting_bytes:
            raise errors.TooManyMessages(expected=self._outside.limits.messages_per_second)
        seat.waiting_bytes += len(data)
        said: bytes | Message = data
        with suppress(crdt_errors.SyncRefused):  # in its turn, with its reason
            said = seat.session.read(data)
        self._inbox.append(_Message(seat, said, len(data), trace.came_in()))
        patience = self._outside.limits.agreed_seconds
        if patience and not self.asleep and self._only_agrees(seat, said):
            if self._alarm is None:
                self._alarm = asyncio.get_running_loop().call_later(patience, self._hurry)
        else:
            self._hurry()

    def _only_agrees(self, seat: Seat, said: bytes | Message) -> bool:
        return not isinstance(said, bytes) and seat.session.only_agrees(self.replica, said)

    def _hurry(self) -> None:
        """What is in the inbox is worth a turn of its own."""
        self._hurried = True
        self._wake.set()

    def heard(self, last_seq: int) -> None:
        """Another process says the store has changes up to `last_seq`: read them if they are new."""
        if last_seq > self.last_seq and self.open:
            self._ledger.behind = True
            self._wake.set()

    def doubt(self, error: PrdgenError) -> None:
        """The store has gone back behind this room: give it up, and let the peers sync again."""
        self._doubt = error
        self._wake.set()

    def subscribed(self, peer: Peer) -> None:
        """`peer` changed the storages it wants to hear of."""
        if self._seats.find(peer) is not None:
            self._seats.known_heads(peer, self.heads)

    async def edit(
        self,
        make: Make,
        *,
        origin: str,
        person_id: UUID | None = None,
        in_tx: InTransaction | None = None,
    ) -> list[Change]:
        """Change the document from the server's side, between two turns; returns the changes.

        `in_tx` runs in the transaction that appends them. What it or `make` raises undoes the
        edit, and reaches the caller. Raises RoomClosed when the room ends before.
        """
        self._check_open()
        edit = Edit(make, origin, person_id, in_tx, asyncio.get_running_loop().create_future())
        self._inbox.append(edit)
        self._hurry()
        return await edit.done

    def touch(self) -> None:
        """Note that something happened, so that the room is not parked."""
        self.touched = asyncio.get_running_loop().time()

    def sleep(self) -> None:
        """Keep the document as bytes until someone needs it; its peers notice nothing."""
        if not self.saving and not self._turning and not self._ledger.sleep():
            self.touch()

    def save(self) -> bytes:
        """The document's bytes; only for a room with nothing under way (see Rooms)."""
        return self._ledger.save()

    async def close(self, why: str, code: int = errors.GOING_AWAY) -> None:
        """Store what came in, close the connections and end."""
        if self.open:
            self._why_closed = why
            self._wake.set()
        done, _ = await asyncio.wait({self._task}, timeout=self._outside.limits.closing_seconds)
        if not done:
            _log.error("room %s did not get everything stored in time", self.document_id)
            self._task.cancel()
        self._empty(code, why)

    def _check_open(self) -> None:
        if self._why_closed is not None:
            raise errors.RoomClosed(document=self.name, why=self._why_closed)

    async def _run(self) -> None:
        try:
            while self.open or self._inbox:
                self._wake.clear()
                if self._doubt is not None:
                    raise self._doubt
                if not self._anything_due():
                    await self._wake.wait()
                    continue
                self._turning = True
                await self._turn()
                self._turning = False
        except PrdgenError as error:
            _log.warning("room %s is given up: %s", self.document_id, error)
            self._give_up(str(error), errors.TRY_AGAIN_LATER)
        except Exception as error:
            _log.exception("room %s failed", self.document_id)
            self._give_up(f"{type(error).__name__} in the server", errors.TRY_AGAIN_LATER)

    def _anything_due(self) -> bool:
        if self._ledger.behind or (self._inbox and (self._hurried or not self.open)):
            return True
        return any(seat.due and seat.peer.has_room for seat in self._seats)

    async def _turn(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        before = self.heads
        if self._ledger.behind:
            await self._ledger.catch_up()
        if self._inbox and isinstance(self._inbox[0], Edit):
            edit = self._inbox.popleft()
            assert isinstance(edit, Edit)
            await self._work.run(edit)
        else:
            await self._take_messages()
        changed = self.heads != before
        # Who has text from before a cold intake would see it doubled until it is merged.
        cold = self._ledger.mark is not None
        self._seats.tell(self._ledger.replica, changed=changed, theirs_first=cold)
        if trace.on:
            trace.told(self.document_id)
        if changed:
            self.touch()
        self._say_stored()
        await self._ledger.compact()

    def _say_stored(self) -> None:
        for stored in self._ledger.told():
            self._outside.call(self._outside.hooks.on_stored, self, stored)

    async def _take_messages(self) -> None:
        for _ in range(_MESSAGES_A_TURN):
            if not self._inbox or isinstance(self._inbox[0], Edit):
                break
            message = self._inbox.popleft()
            assert isinstance(message, _Message)
            message.seat.waiting_bytes -= message.size
            if not message.seat.peer.refused:
                message.seat.due = True
                if trace.on:
                    trace.begin(message.came_in)
                await self._work.take(message.seat, message.data)
                self._seats.heard_heads(message.seat)
        self._hurried = self._hurried and bool(self._inbox)
        await self._work.store()

    def _give_up(self, why: str, code: int) -> None:
        """The store is away or the state is lost: nothing half-applied stays anywhere."""
        self._why_closed, self._given_up = why, True
        for item in self._inbox:
            if isinstance(item, Edit):
                item.fail(errors.RoomClosed(document=self.name, why=why))
        self._inbox.clear()
        self._say_stored()
        self._empty(code, why)

    def _empty(self, code: int, why: str) -> None:
        for peer in self.peers:
            peer.close(code, why)
            self.leave(peer)
        self._ended(self)
