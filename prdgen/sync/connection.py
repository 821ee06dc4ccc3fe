"""One WebSocket, without the WebSocket: automerge-repo's protocol for several documents."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from prdgen import ids
from prdgen.crdt import errors as crdt_errors
from prdgen.crdt import wire
from prdgen.errors import PrdgenError
from prdgen.sync import errors
from prdgen.sync.outside import Outside
from prdgen.sync.peer import Closing, Peer, Who
from prdgen.sync.rates import Rate
from prdgen.sync.room import Room

_log: Final = logging.getLogger(__name__)
_NORMAL: Final = 1000
_TOO_LARGE: Final = 413
_MOST_SUBSCRIPTIONS: Final = 256
_ECHOES: Final = 10
"""Messages of any kind a connection may send, in multiples of its sync messages: a client sends
every live message it hears back to us."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A room someone may enter; without `can_write` as a follower."""

    room: Room
    can_write: bool


class Opener(Protocol):
    """Finds the document an editor asks for, and what this person may do there."""

    async def __call__(self, document_id: UUID, claim: Any) -> Admitted | None:
        """None: there is no such document, for this person."""
        ...


class Frames(Protocol):
    """A socket that hands on each message as it comes, and sends without waiting."""

    deliver: Callable[[bytes], bool] | None
    """Takes a message at once; of one it does not take (False), and while it is None, reading goes
    the usual way.
    """

    def write(self, data: bytes) -> bool:
        """Send a message now; False when it has to wait."""
        ...


class Connection:
    """Bytes in through `receive`, bytes out through `peer.outgoing`; `leave` at the end.

    What a peer does wrong closes its own connection, with a reason, and nothing else.
    """

    def __init__(self, outside: Outside, who: Who, opener: Opener, claim: Any = None) -> None:
        self._outside = outside
        self._opener = opener
        self._claim = claim
        self._rooms: dict[str, Room] = {}
        self._reader = wire.Reader()
        self._joined = False
        self._under_way = False
        """Whether a message is being taken that has to wait for something."""
        limits = outside.limits
        self._rate = Rate(limits.messages_per_second, 2 * limits.messages_per_second)
        self._any_rate = Rate(_ECHOES * limits.messages_per_second)
        self._live_rate = Rate(limits.live_per_second)
        self.peer = Peer("", who, limits)

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The documents this connection has open."""
        return tuple(self._rooms.values())

    async def run(
        self,
        read: Callable[[], Awaitable[bytes | None]],
        write: Callable[[bytes], Awaitable[None]],
        frames: Frames | None = None,
    ) -> Closing:
        """Serve until the peer goes (`read` gives None) or is closed; says how to close.

        What `frames` can take and hand on at once does not wait for a task of its own.
        """
        if frames is not None:
            frames.deliver, self.peer.direct = self.deliver, frames.write
        reader = asyncio.create_task(self._read(read))
        writer = asyncio.create_task(self._write(write))
        ended = asyncio.create_task(self.peer.closed.wait())
        try:
            await asyncio.wait({reader, ended}, return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            await asyncio.wait({writer}, timeout=self._outside.limits.goodbye_seconds)
        finally:
            if frames is not None:
                frames.deliver = self.peer.direct = None
            for task in (reader, writer, ended):
                task.cancel()
            await asyncio.gather(reader, writer, ended, return_exceptions=True)
            self.leave()
        return self.peer.closing or Closing(_NORMAL, "")

    def leave(self) -> None:
        """The peer is gone: give its seats back."""
        self.peer.close(_NORMAL, "")
        for room in self.rooms:
            room.leave(self.peer)
        self._rooms.clear()

    async def receive(self, data: bytes) -> None:
        """Take one WebSocket message. Never raises for what the peer sends."""
        if self.peer.closing is None:
            self._under_way = True
            try:
                await self._take(self._decoded(data))
            except Exception as error:
                self._end(error)
            finally:
                self._under_way = False

    def deliver(self, data: bytes) -> bool:
        """Take one message at once, as `receive` does; False when it has to wait: for one that is
        under way, or for the document it is about, which is still to be opened.
        """
        if self._under_way or not self._rooms:
            return False
        if self.peer.closing is None:
            try:
                message = self._decoded(data)
                if isinstance(message, wire.Sync) and message.document_id not in self._rooms:
                    return False
                self._take_now(message)
            except Exception as error:
                self._end(error)
        return True

    def _decoded(self, data: bytes) -> wire.Message:
        limit = self._outside.limits.message_bytes
        if len(data) > limit:
            raise errors.MessageTooLarge(got=len(data), expected=limit)
        if not self._any_rate.allow(asyncio.get_running_loop().time()):
            raise errors.TooManyMessages(expected=self._outside.limits.messages_per_second)
        return self._reader.decode(data)

    def _end(self, error: Exception) -> None:
        """Close the connection because of what became of a message."""
        if isinstance(error, crdt_errors.BadMessage):
            self._refuse(errors.BadProtocol(why=error.facts.get("why", "it cannot be read")))
        elif isinstance(error, errors.Refusal):
            self._refuse(error)
        elif isinstance(error, PrdgenError):
            self.peer.close(errors.TRY_AGAIN_LATER, str(error))
        elif isinstance(error, OSError):
            why = error.strerror or type(error).__name__
            self.peer.close(errors.TRY_AGAIN_LATER, f"The server cannot use its disk: {why}")
        else:
            _log.error("a message of %s was not taken", self.peer.who.name, exc_info=error)
            self.peer.close(errors.TRY_AGAIN_LATER, f"{type(error).__name__} in the server")

    async def _read(self, read: Callable[[], Awaitable[bytes | None]]) -> None:
        while self.peer.closing is None and (data := await read()) is not None:
            await self.receive(data)
        self.peer.close(_NORMAL, "")

    async def _write(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        async for data in self.peer.outgoing():
            await write(data)

    async def _take(self, message: wire.Message) -> None:
        if self._joined and isinstance(message, wire.Sync):
            self._check_ends(message)
            if message.document_id not in self._rooms:
                await self._open(message.document_id)
        self._take_now(message)

    def _take_now(self, message: wire.Message) -> None:
        """Take a message; one about a document that could not be opened is passed over."""
        if not self._joined:
            self._join(message)
            return
        if isinstance(message, wire.Join):
            raise errors.BadProtocol(why="a second join")
        if isinstance(message, wire.Ephemeral):
            self._relay(message)
            return
        self._check_rate()
        if isinstance(message, wire.Sync):
            self._check_ends(message)
            if room := self._rooms.get(message.document_id):
                room.receive(self.peer, message.data)
        elif isinstance(message, wire.RemoteSubscriptionChange):
            self._subscribe(message)
        elif isinstance(message, wire.Leave):
            self.peer.close(_NORMAL, "")
        elif isinstance(message, wire.ErrorMessage):
            self.peer.close(_NORMAL, "the peer reported an error")

    def _check_ends(self, message: wire.Sync) -> None:
        if message.sender_id != self.peer.peer_id or message.target_id != self._outside.peer_id:
            raise errors.BadProtocol(why="a sync message with another sender or target")

    def _join(self, message: wire.Message) -> None:
        if not isinstance(message, wire.Join):
            raise errors.BadProtocol(why="the first message must be a join")
        if wire.PROTOCOL_VERSION not in message.versions:
            raise errors.BadProtocol(why="only protocol version 1 is spoken here")
        if not message.sender_id or message.sender_id == self._outside.peer_id:
            raise errors.BadProtocol(why="a peer needs a name of its own")
        self._joined = True
        self.peer.peer_id = message.sender_id
        storage_id = message.metadata.storage_id
        self.peer.storage_id = storage_id if storage_id != self._outside.storage_id else None
        metadata = wire.Metadata(self._outside.storage_id, is_ephemeral=False)
        answer = wire.Peer(self._outside.peer_id, message.sender_id, metadata=metadata)
        self.peer.send(wire.encode(answer))

    async def _open(self, name: str) -> None:
        """Enter the document's room; without one the peer is told that there is none."""
        if len(self._rooms) >= self._outside.limits.documents:
            raise errors.BadProtocol(why=f"more than {self._outside.limits.documents} documents")
        try:
            admitted = await self._opener(ids.parse_document_name(name), self._claim)
        except ids.BadDocumentId:
            admitted = None
        except PrdgenError as error:
            if error.retryable:
                raise
            _log.warning("document %s could not be opened: %s", name, error)
            self._unavailable(name)
            if error.status == _TOO_LARGE:
                self.peer.close(errors.PageTooLarge.close_code, str(error))
            return
        if admitted is None:
            _log.info("%s asks for %s, which is not here", self.peer.who.name, name)
            self._unavailable(name)
            return
        if self.peer.closing is not None:
            return
        self._rooms[name] = admitted.room
        can_write = admitted.can_write and self.peer.who.person_id is not None
        admitted.room.join(self.peer, can_write=can_write)

    def _unavailable(self, name: str) -> None:
        message = wire.Unavailable(self._outside.peer_id, self.peer.peer_id, name)
        self.peer.send(wire.encode(message))

    def _relay(self, message: wire.Ephemeral) -> None:
        # A client sends what it hears back to all its peers, us included: those have another
        # sender. Cursors over the rate are dropped; a newer one follows.
        room = self._rooms.get(message.document_id)
        if room is None or message.sender_id != self.peer.peer_id:
            return
        if self._live_rate.allow(asyncio.get_running_loop().time()):
            room.presence.relay(self.peer, message)

    def _subscribe(self, message: wire.RemoteSubscriptionChange) -> None:
        wanted = self.peer.subscriptions
        wanted -= set(message.remove)
        added = set(message.add) - wanted
        wanted |= added
        if len(wanted) > _MOST_SUBSCRIPTIONS:
            raise errors.BadProtocol(why=f"more than {_MOST_SUBSCRIPTIONS} subscriptions")
        if added:
            for room in self.rooms:
                room.subscribed(self.peer)

    def _check_rate(self) -> None:
        if not self._rate.allow(asyncio.get_running_loop().time()):
            raise errors.TooManyMessages(expected=self._outside.limits.messages_per_second)

    def _refuse(self, refusal: errors.Refusal) -> None:
        self.peer.send(wire.encode(wire.ErrorMessage(str(refusal))))
        self.peer.refuse(refusal)
