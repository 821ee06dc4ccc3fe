"""One connected editor: who it is, and the bounded queue of what is on its way to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

from prdgen.sync import errors
from prdgen.sync.ports import Limits


@dataclass(frozen=True, slots=True)
class Who:
    """The person behind a connection, as the door knows them. `person_id` None: a guest."""

    person_id: UUID | None
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Closing:
    """How a connection ends: WebSocket close code and reason (at most 123 bytes)."""

    code: int
    reason: str


class Peer:
    """One editor's connection. Sending never waits: what does not fit is not generated, since
    sync is made from state and the newest state is what is sent when there is room again.
    """

    def __init__(
        self, peer_id: str, who: Who, limits: Limits, *, storage_id: str | None = None
    ) -> None:
        self.peer_id = peer_id
        self.who = who
        self.storage_id = storage_id
        self.subscriptions: set[str] = set()
        """Storage ids whose heads this peer wants to hear of."""
        self.refused = False
        """Whether it was closed for what it sent; what else it sent is not taken then."""
        self.closing: Closing | None = None
        self.closed = asyncio.Event()
        """Set as soon as `closing` is."""
        self.direct: Callable[[bytes], bool] | None = None
        """Sends at once, while nothing is queued; False when it has to wait its turn."""
        self._limit = limits.queued_bytes
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._in_hand = False
        """Whether one that left the queue is on its way."""
        self._wake = asyncio.Event()
        self._full_since: float | None = None
        self._starved: set[Callable[[], None]] = set()

    @property
    def has_room(self) -> bool:
        """Whether another message may be generated for this peer now."""
        return self.closing is None and self._bytes < self._limit

    def send(self, data: bytes) -> None:
        """Send or queue one message; nothing happens once the connection is closing."""
        if self.closing is None:
            if self.direct and not (self._queue or self._in_hand) and self.direct(data):
                return
            self._queue.append(data)
            self._bytes += len(data)
            self._wake.set()

    def when_drained(self, call: Callable[[], None]) -> None:
        """Call `call` once as soon as there is room again."""
        self._starved.add(call)

    def close(self, code: int, reason: str) -> None:
        """End the connection after what is queued; the first reason stands."""
        if self.closing is None:
            self.closing = Closing(code, errors.close_reason(reason))
            self._starved.clear()
            self.closed.set()
            self._wake.set()

    def refuse(self, refusal: errors.Refusal) -> None:
        """End the connection because of something its peer sent."""
        self.refused = True
        self.close(refusal.close_code, str(refusal))

    def check(self, now: float, slow_seconds: float) -> None:
        """Close the connection when it has been full since `slow_seconds`."""
        if self._bytes < self._limit or self.closing is not None:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = now
        elif now - self._full_since >= slow_seconds:
            self._queue.clear()
            self.refuse(errors.TooSlow(seconds=round(slow_seconds)))

    async def outgoing(self) -> AsyncIterator[bytes]:
        """Messages in order, until the connection is closing; then `closing` says how to end."""
        while True:
            while self._queue:
                data = self._queue.popleft()
                self._in_hand = True
                yield data
                self._in_hand = False
                self._taken(len(data))
            if self.closing is not None:
                return
            self._wake.clear()
            await self._wake.wait()

    def take(self) -> list[bytes]:
        """Everything queued, as `outgoing` would yield it, without waiting."""
        data = list(self._queue)
        self._queue.clear()
        self._taken(sum(map(len, data)))
        return data

    def _taken(self, count: int) -> None:
        self._bytes -= count
        self._full_since = None
        if self._starved and self._bytes < self._limit:
            calls, self._starved = self._starved, set()
            for call in calls:
                call()
