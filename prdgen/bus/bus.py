"""The bus as the rest of prdgen sees it: one object, opened at a door and passed down."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from prdgen.bus import connection, limits, presence, streams
from prdgen.bus.connection import translated

_CACHE_LONGEST: Final = 86_400


class ChangeNotice(NamedTuple):
    """A document has changes up to `seq` in the store, put there by `process`."""

    document_id: UUID
    seq: int
    process: str


class LiveNotice(NamedTuple):
    """Something fleeting about a document (a cursor), from an editor connected to `process`."""

    document_id: UUID
    payload: bytes
    process: str


class Bus:
    """Valkey, for one process and one event loop.

    Calls raise BusUnavailable within seconds while it is away and work again when it is back;
    subscriptions renew themselves. A notice can be lost: readers compare numbers with the store.
    """

    def __init__(self, to: connection.Connection) -> None:
        self._to = to
        self.presence = presence.Presence(to)
        self.streams = streams.Streams(to)
        self._limits = limits.Limits(to)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to `unix://…` or `redis://…`; raises BusUnavailable."""
        bus = cls(connection.Connection(url))
        try:
            await bus.ping()
        except BaseException:
            await bus.close()
            raise
        return bus

    async def close(self) -> None:
        """Close every connection."""
        await self._to.close()

    async def ping(self) -> None:
        """Return if Valkey answers, raise BusUnavailable if not."""
        with translated():
            await self._to.prompt.ping()

    async def publish_change(self, document_id: UUID, last_seq: int, process: str) -> int:
        """Tell every process that the store has changes up to `last_seq`; how many listen."""
        message = document_id.bytes + last_seq.to_bytes(8, "big") + process.encode()
        return await self._publish("changes", message)

    async def subscribe_changes(self) -> AsyncGenerator[ChangeNotice, None]:
        """What `publish_change` says, from every process, this one too."""
        async with aclosing(self._to.subscribe(self._to.name("changes"))) as messages:
            async for message in messages:
                seq = int.from_bytes(message[16:24], "big")
                yield ChangeNotice(UUID(bytes=message[:16]), seq, message[24:].decode())

    async def publish_live(self, document_id: UUID, payload: bytes, process: str) -> None:
        """Tell the other processes' editors something fleeting; at most 255 bytes of `process`."""
        name = process.encode()
        await self._publish("live", document_id.bytes + bytes([len(name)]) + name + payload)

    async def subscribe_live(self) -> AsyncGenerator[LiveNotice, None]:
        """What `publish_live` says, from every process, this one too."""
        async with aclosing(self._to.subscribe(self._to.name("live"))) as messages:
            async for message in messages:
                end = 17 + message[16]
                yield LiveNotice(UUID(bytes=message[:16]), message[end:], message[17:end].decode())

    async def publish_site(self, paths: list[str] | None) -> None:
        """Tell every process at which public paths the site is another one now; None: everywhere."""
        await self._publish("site", json.dumps(paths).encode())

    async def subscribe_site(self) -> AsyncGenerator[list[str] | None, None]:
        """What `publish_site` says, from every process, this one too."""
        async with aclosing(self._to.subscribe(self._to.name("site"))) as messages:
            async for message in messages:
                yield json.loads(message)

    async def presence_set(self, document_id: UUID, peer_id: str, facts: dict[str, Any]) -> None:
        """A peer is in a document, for the next 10 s; see `presence.Presence`."""
        await self.presence.set(document_id, peer_id, facts)

    async def presence_clear(self, document_id: UUID, peer_id: str) -> None:
        """A peer has left."""
        await self.presence.clear(document_id, peer_id)

    async def presence_list(self, document_id: UUID) -> dict[str, dict[str, Any]]:
        """Who is in a document, by peer."""
        return (await self.presence.list([document_id]))[document_id]

    async def append_event(self, cloud_event: dict[str, Any]) -> str:
        """Put an event on the stream; its id there. See `streams.Streams`."""
        return await self.streams.append(cloud_event)

    async def read_events(
        self, after: str = "$", *, block: float | None = None, count: int = 100
    ) -> list[tuple[str, dict[str, Any]]]:
        """Events after a stream id; see `streams.Streams.read`."""
        return await self.streams.read(after, block=block, count=count)

    async def allow(self, key: str, rate: float, burst: int) -> bool:
        """Whether `key` may do one more: `rate` a second in the long run, `burst` at once."""
        return await self._limits.allow(key, rate, burst)

    async def cache_get(self, key: str) -> bytes | None:
        """A cached value."""
        with translated():
            found: Any = await self._to.prompt.get(self._to.name("cache", key))
        return None if found is None else bytes(found)

    async def cache_set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for at most `seconds` (a day at the longest); memory may run out earlier."""
        milliseconds = max(1, int(min(seconds, _CACHE_LONGEST) * 1000))
        with translated():
            await self._to.prompt.set(self._to.name("cache", key), value, px=milliseconds)

    async def cache_delete(self, *keys: str) -> None:
        """Forget cached values."""
        if keys:
            with translated():
                await self._to.prompt.unlink(*(self._to.name("cache", key) for key in keys))

    async def _publish(self, channel: str, message: bytes) -> int:
        with translated():
            return int(await self._to.prompt.publish(self._to.name(channel), message))
