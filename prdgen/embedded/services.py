"""The embedded servers together: opened, watched while prdgen runs, closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from prdgen.embedded import errors, postgres, valkey

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_LONGEST_PAUSE = 10.0


class Server(Protocol):
    """What a watched server can do."""

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""

    def start(self) -> None:
        """Start or adopt it; safe to call again."""


class Services:
    """The embedded servers this clone needs. `start` and `stop` block; `watch` does not."""

    def __init__(
        self, state_dir: Path, *, postgres_too: bool = True, valkey_too: bool = True,
        options: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.postgres = postgres.Postgres(state_dir, options) if postgres_too else None
        self.valkey = valkey.Valkey(state_dir) if valkey_too else None

    def start(self) -> None:
        """Start or adopt each server; when one fails, those started here are stopped again."""
        try:
            for server in (self.valkey, self.postgres):
                if server is not None:
                    server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Leave each server; the last process out ends them."""
        for server in (self.postgres, self.valkey):
            if server is not None:
                server.stop()

    async def watch(self) -> None:
        """Start servers again that ended, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for server in (self.postgres, self.valkey):
                if server is not None:
                    group.create_task(_watch(server))


async def _watch(server: Server) -> None:
    pause = _LOOK_SECONDS
    while True:
        await asyncio.sleep(pause)
        if server.pid is not None:
            pause = _LOOK_SECONDS
            continue
        name = type(server).__name__
        _log.warning("The embedded %s ended; starting it again.", name)
        try:
            await asyncio.to_thread(server.start)
        except (errors.EmbeddedFailed, OSError) as error:
            pause = min(_LONGEST_PAUSE, pause * 2)
            _log.error("The embedded %s does not come back: %s", name, error)
        else:
            _log.warning("The embedded %s is back.", name)


async def _start(services: Services) -> None:
    """Start them; when cancelled meanwhile (ctrl-C), wait for that and stop them again.

    A thread cannot be cancelled: left alone it would start servers that nobody stops.
    """
    starting = asyncio.create_task(asyncio.to_thread(services.start))
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if (error := starting.exception()) is not None:
            _log.warning("The embedded services did not start before the end: %s", error)
        await asyncio.to_thread(services.stop)
        raise


@asynccontextmanager
async def open_services(
    state_dir: Path, *, postgres_too: bool = True, valkey_too: bool = True
) -> AsyncIterator[Services]:
    """The embedded servers, started before and watched during the block, and left after it."""
    services = Services(state_dir, postgres_too=postgres_too, valkey_too=valkey_too)
    await _start(services)
    watching = asyncio.create_task(services.watch())
    try:
        yield services
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await asyncio.to_thread(services.stop)
