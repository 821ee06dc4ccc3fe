"""The stream of published events, read by position or by a group that shares the work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from prdgen.bus import connection
from prdgen.bus.connection import translated

KEPT: Final = 10_000
"""About so many events stay on the stream; older ones are in the store."""
_RECLAIM_MS: Final = 30_000

Entry = tuple[str, dict[str, Any]]
"""An event's id on the stream, and the CloudEvent."""


class Streams:
    """Delivery is at least once; consumers know an event by its id (`store.inbox`).

    The stream is lost with Valkey; `store.inbox.unseen` has what a consumer then misses.
    """

    def __init__(self, to: connection.Connection) -> None:
        self._to = to
        self._key = to.name("events")

    async def append(self, cloud_event: dict[str, Any]) -> str:
        """Put an event on the stream; its id there."""
        fields: dict[Any, Any] = {"event": json.dumps(cloud_event, ensure_ascii=False)}
        with translated():
            found = await self._to.prompt.xadd(self._key, fields, maxlen=KEPT, approximate=True)
        return _text(found)

    async def read(
        self, after: str = "$", *, block: float | None = None, count: int = 100
    ) -> list[Entry]:
        """Events after a stream id: `0` from the oldest kept, `$` only what comes.

        `block`: wait so many seconds for one when there is none.
        """
        milliseconds = None if block is None else max(1, int(block * 1000))
        with translated():
            found = await self._to.patient.xread({self._key: after}, count, milliseconds)
        return _entries(found)

    async def newest(self) -> str:
        """The id of the newest event on the stream, for `read` to go on from; `0` when it is empty."""
        with translated():
            found = await self._to.prompt.xrevrange(self._key, count=1)
        return _text(found[0][0]) if found else "0"

    async def read_group(
        self, group: str, consumer: str, *, block: float | None = None, count: int = 100
    ) -> list[Entry]:
        """Events for one of a group's consumers: first what a dead one left for 30 s, then new
        ones. Each stays with the consumer until `ack`.
        """
        milliseconds = None if block is None else max(1, int(block * 1000))
        with translated():
            try:
                return await self._read_group(group, consumer, milliseconds, count)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
            # New, or Valkey came back empty.
            await self._make_group(group)
            return await self._read_group(group, consumer, milliseconds, count)

    async def ack(self, group: str, ids: Sequence[str]) -> None:
        """These are done; the group does not get them again."""
        if ids:
            with translated():
                await self._to.prompt.xack(self._key, group, *ids)

    async def _read_group(
        self, group: str, consumer: str, milliseconds: int | None, count: int
    ) -> list[Entry]:
        left = await self._to.prompt.xautoclaim(
            self._key, group, consumer, min_idle_time=_RECLAIM_MS, count=count
        )
        if left[1]:
            return [(_text(key), _event(fields)) for key, fields in left[1]]
        found = await self._to.patient.xreadgroup(
            group, consumer, {self._key: ">"}, count, milliseconds
        )
        return _entries(found)

    async def _make_group(self, group: str) -> None:
        try:
            await self._to.prompt.xgroup_create(self._key, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def _entries(found: Any) -> list[Entry]:
    # redis-py answers with a dict under RESP3, with pairs under RESP2; entries come once wrapped.
    streams = found.values() if isinstance(found, dict) else [pair[1] for pair in found or ()]
    entries: list[Entry] = []
    for stream in streams:
        batches = stream if stream and isinstance(stream[0], list) else [stream]
        entries += [(_text(key), _event(fields)) for batch in batches for key, fields in batch]
    return entries


def _event(fields: dict[Any, Any]) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(fields[b"event"])
    return event


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
