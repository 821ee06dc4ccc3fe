"""The queue: work is deferred by name, in the caller's transaction if wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, Self

import procrastinate
from procrastinate import exceptions

from prdgen.errors import PrdgenError
from prdgen.jobs import errors, tables, tasks

_log = logging.getLogger(__name__)

_PATIENCE: Final = 240
_PAUSE: Final = 0.5
_WRONG: Final = 60.0
"""Seconds by which the clocks of servers and PostgreSQL may differ."""

HIGH: Final = 10
"""Priority of what a person waits for."""
LOW: Final = -10
"""Priority of what can wait until nothing else does."""


class Transaction(Protocol):
    """The store's transaction, as far as it matters here: a block that can be undone alone."""

    def transaction(self) -> Any:
        """A savepoint."""


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that used up its tries, and why the last one failed."""

    id: int
    task: str
    args: dict[str, Any]
    lock: str | None
    attempts: int
    error: str
    hint: str
    at: datetime | None


class Queue:
    """The job queue, for one process and one event loop; `worker.Worker` does what is in it."""

    def __init__(self, app: procrastinate.App, known: Sequence[tasks.Task]) -> None:
        self.app = app
        self._connector: Any = app.connector
        self._known = {task.name: task for task in known}
        self._running: set[int | None] = set()
        self._workers: set[int] = set()
        self._idle: set[int] = set()
        for task in known:
            self._register(task)

    @classmethod
    async def open(cls, url: str, known: Sequence[tasks.Task], *, max_size: int = 4) -> Self:
        """Connect, and make or upgrade the queue's tables. Raises QueueUnavailable."""
        connector = procrastinate.PsycopgConnector(
            conninfo=url, min_size=1, max_size=max_size, timeout=3.0, reconnect_timeout=1.0,
            kwargs={"connect_timeout": 2, "application_name": "prdgen jobs"}, name="prdgen-jobs",
        )  # fmt: skip
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        logging.getLogger("procrastinate.worker").addFilter(_brief)
        app = procrastinate.App(connector=connector)
        with translated():
            await app.open_async()
            try:
                await tables.prepare(connector)
            except BaseException:
                await app.close_async()
                raise
        return cls(app, known)

    async def close(self) -> None:
        """Close every connection."""
        await self.app.close_async()

    async def defer(
        self, name: str, args: dict[str, Any] | None = None, *, lock: str | None = None,
        queueing_lock: str | None = None, tx: Transaction | None = None, priority: int = 0,
        after: float = 0.0,
    ) -> int | None:  # fmt: skip
        """Have a task done, in `after` seconds (a minute at most) at the earliest; the job's id.

        `lock`: jobs with the same one are done one after the other, in order. `queueing_lock`: None
        is returned, and nothing deferred, while a job with the same one waits to be started. `tx`:
        deferred if and when that transaction commits. Raises UnknownTask, QueueUnavailable.
        """
        if name not in self._known:
            raise errors.UnknownTask(got=name, expected=", ".join(sorted(self._known)))
        at = datetime.now(UTC) + timedelta(seconds=after) if after else None
        deferrer = self.app.configure_task(
            name, lock=lock, queueing_lock=queueing_lock, priority=priority, schedule_at=at,
            connection=tx,
        )  # fmt: skip
        with translated():
            try:
                if tx is None or queueing_lock is None:
                    return await deferrer.defer_async(**(args or {}))
                # The refusal of a second one must not spoil the caller's transaction.
                async with tx.transaction():
                    return await deferrer.defer_async(**(args or {}))
            except exceptions.AlreadyEnqueued:
                return None

    async def hurry(self, name: str, *, after: float = 0.0) -> None:
        """Have what waits to be tried again tried with the next job that is deferred, in `after` seconds at
        the earliest: one that waits keeps back every later one under its `lock`.
        """
        await self.rows("hurry", task=name, after=after)

    async def failed(self, *, limit: int = 100) -> list[FailedJob]:
        """Jobs that used up their tries, newest first."""
        rows = await self.rows("failed", limit=limit)
        return [FailedJob(**row) for row in rows]

    async def over(self, job_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Those of these jobs that nobody will do any more, failed or forgotten → (why, what to do)."""
        rows = await self.rows("over", ids=list(job_ids))
        return {row["id"]: (row["error"], row["hint"]) for row in rows}

    async def run_again(self, job_id: int) -> None:
        """Give a failed job all its tries once more; raises JobMissing."""
        if not await self.rows("run_again", id=job_id):
            raise errors.JobMissing(job=job_id, what="failed job", where=job_id)

    async def counts(self) -> dict[str, int]:
        """How many jobs are in each state: todo, doing, failed."""
        return {row["status"]: row["count"] for row in await self.rows("counts")}

    async def prune(self, days: int = 30) -> None:
        """Forget failed jobs older than so many days."""
        with translated():
            await self._connector.execute_query_async(tables.SQL["prune"], days=days)

    async def revive(self, silence: float) -> int:
        """Have jobs done again whose worker gave no sign of life for so many seconds; how many.

        A job that outlived MOST_ATTEMPTS workers is listed as failed instead. And one that a clock
        set wrongly has put off is due now.
        """
        longest = max((task.longest_pause for task in self._known.values()), default=0.0)
        await self.rows("advance", longest=longest + _WRONG)
        rows = await self.rows(
            "revive", seconds=silence, most=tasks.MOST_ATTEMPTS, dropped=await self._dropped()
        )
        for row in rows:
            _log.warning("Job %s lost its worker; it is %s.", row["id"],
                         "given up" if row["given_up"] else "to be done again")  # fmt: skip
        return len(rows)

    async def _dropped(self) -> list[int]:
        """Jobs our own workers are said to do and do not: PostgreSQL was away when they ended. Only
        those that were so at the last look too; one may just have been taken.
        """
        said = await self.rows("doing", workers=list(self._workers))
        idle = {row["id"] for row in said} - self._running
        dropped, self._idle = idle & self._idle, idle
        return sorted(dropped)

    @property
    def busy(self) -> bool:
        """Whether this process does a job right now."""
        return bool(self._running)

    async def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """Run one of the queue's own statements."""
        with translated():
            found = await self._connector.execute_query_all_async(tables.SQL[name], **params)
        return list(found)

    def _register(self, task: tasks.Task) -> None:
        async def run(context: procrastinate.JobContext, *positional: Any, **args: Any) -> None:
            if positional:  # the clock's own way of giving the time
                args["timestamp"] = positional[0]
            self._note_begin(context.job)
            try:
                await task.run(**args)
            except Exception as error:
                await self._prepare_retry(context.job.id, error)
                raise
            finally:
                self._running.discard(context.job.id)

        run.__name__ = task.name.replace(".", "_")
        registered = self.app.task(name=task.name, retry=tasks.Backoff(task), pass_context=True)(
            run
        )
        if task.cron:
            self.app.periodic(cron=task.cron, periodic_id=task.name)(registered)

    def _note_begin(self, job: procrastinate.jobs.Job) -> None:
        self._running.add(job.id)
        if job.worker_id is not None:
            self._workers.add(job.worker_id)

    async def _prepare_retry(self, job_id: int | None, error: Exception) -> None:
        """Say why, and make the job free to wait beside another that does the same.

        A PostgreSQL that is away is waited for: a job that cannot go back is nobody's.
        """
        await self._note(job_id, error)
        for _ in range(_PATIENCE):
            try:
                await self.rows("drop_queueing_lock", job_id=job_id)
                return
            except errors.QueueUnavailable as away:
                _log.info("A failed job waits for PostgreSQL: %s", away)
                await asyncio.sleep(_PAUSE)

    async def _note(self, job_id: int | None, error: Exception) -> None:
        hint = error.hint if isinstance(error, PrdgenError) else "See the worker's log for more."
        text = f"{type(error).__name__}: {error}"[:4000].replace("\0", "\ufffd")
        params = {"job_id": job_id, "error": text, "hint": hint.replace("\0", "\ufffd")}
        try:
            await self._connector.execute_query_async(tables.SQL["note_error"], **params)
        except exceptions.ConnectorException as unnoted:
            _log.warning("Job %s failed (%s); noting that failed too: %s", job_id, text, unnoted)


def _brief(record: logging.LogRecord) -> bool:
    """What a failed job says of itself is enough, when it has words of its own: no traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, PrdgenError):
        record.msg, record.args = f"{record.getMessage()}: {error} {error.hint}", ()
        record.exc_info = None
    return True


@contextmanager
def translated() -> Iterator[None]:
    """Errors of procrastinate's connection become QueueUnavailable; the cause is kept."""
    try:
        yield
    except exceptions.ConnectorException as error:
        cause = error.__cause__ or error
        raise errors.QueueUnavailable(got=str(cause) or type(cause).__name__) from error
