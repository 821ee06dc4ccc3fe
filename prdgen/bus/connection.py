"""The two clients of one Valkey: one that gives up soon, one that waits for what may come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final, Self

import redis.asyncio as redis_asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from prdgen.bus import errors

_log = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 1.0


class Connection:
    """One Valkey, for one process and one event loop. Connects when used, and again when cut."""

    def __init__(self, url: str) -> None:
        # One more try at once: a pooled connection may have died with the last server. redis-py's
        # own default waits seconds between tries, which a person would notice.
        options: dict[str, Any] = {
            "retry": Retry(NoBackoff(), 1), "retry_on_error": [ConnectionError],
            "socket_connect_timeout": 2.0,
        }  # fmt: skip
        self.prompt = redis_asyncio.Redis.from_url(url, socket_timeout=3.0, **options)
        self.patient = redis_asyncio.Redis.from_url(url, socket_timeout=None, **options)
        number = self.prompt.connection_pool.connection_kwargs.get("db", 0)
        self._prefix = f"prdgen:{number}"

    def name(self, *parts: object) -> str:
        """A key or channel of this bus; channels would otherwise span Valkey's databases."""
        return ":".join([self._prefix, *map(str, parts)])

    async def close(self) -> None:
        """Close every connection."""
        await self.prompt.aclose()
        await self.patient.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes, None]:
        """The messages on a channel, until the caller stops; subscribes again when cut off.

        What was said meanwhile is not repeated.
        """
        pause = 0.02
        while True:
            try:
                async with aclosing(self._subscribe_once(channel)) as messages:
                    async for message in messages:
                        pause = 0.02
                        yield message
            except (RedisError, OSError) as error:
                _log.warning("Lost the channel %s: %s", channel, error)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _subscribe_once(self, channel: str) -> AsyncGenerator[bytes, None]:
        async with self.patient.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(channel)
            async for message in pubsub.listen():
                yield message["data"]


@contextmanager
def translated() -> Iterator[None]:
    """Errors of redis-py become BusUnavailable; the cause is kept."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise errors.BusUnavailable(got=str(error) or type(error).__name__) from error
