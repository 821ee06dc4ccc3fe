"""The worker: does jobs until told to stop, through the death of Postgres and of its fellows."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from procrastinate import exceptions

from prdgen.jobs import errors, queue

_log = logging.getLogger(__name__)

_HEARTBEAT: Final = 2.0
SILENCE: Final = 12.0
"""A worker silent for so long is dead, and its jobs are to be done again."""
_LONGEST_PAUSE: Final = 5.0


class Worker:
    """Does jobs of one queue; any number of workers may, on any number of machines."""

    def __init__(
        self, of: queue.Queue, *, at_once: int = 2, grace: float = 20.0, silence: float = SILENCE
    ) -> None:
        self._queue = of
        self._at_once = at_once
        self._grace = grace
        self._silence = silence

    async def run(self) -> None:
        """Work until cancelled; jobs under way then have `grace` seconds to end, after which they
        are cut off and come back later.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work())
            group.create_task(self._revive())

    async def run_until_idle(self) -> None:
        """Do what is due now and return; for tests and one-off commands.

        The worker of procrastinate also leaves when the next job's lock is held by one it is just
        finishing, so it is called until nothing due is left that can be done.
        """
        before, due = set[int](), await self._due()
        while due and due != before:
            await self._once(wait=False)
            before, due = due, await self._due()

    async def _due(self) -> set[int]:
        return {row["id"] for row in await self._queue.rows("due")}

    async def _work(self) -> None:
        pause = 0.2
        while True:
            try:
                await self._once(wait=True)
                pause = 0.2
            except (exceptions.ProcrastinateException, OSError) as error:
                _log.warning("The worker lost PostgreSQL: %s", error.__cause__ or error)
            # procrastinate also returns when one of its side tasks failed.
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)

    async def _once(self, *, wait: bool) -> None:
        await self._queue.app.run_worker_async(
            wait=wait, concurrency=self._at_once, fetch_job_polling_interval=1.0,
            abort_job_polling_interval=5.0, delete_jobs="successful", listen_notify=wait,
            install_signal_handlers=False, shutdown_graceful_timeout=self._grace,
            update_heartbeat_interval=_HEARTBEAT, stalled_worker_timeout=self._silence,
        )  # fmt: skip

    async def _revive(self) -> None:
        while True:
            try:
                await self._queue.revive(self._silence)
            except errors.QueueUnavailable as error:
                _log.info("Looking for lost jobs failed: %s", error)
            await asyncio.sleep(self._silence / 3)
