"""The only file that knows every flow: which job runs which, and what the worker does."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from functools import partial

from anyio import to_thread

from prdgen import logs, memory
from prdgen.flows import (
    context,
    deliveries,
    draft_merge,
    draft_site,
    exchange,
    export,
    export_jobs,
    follow,
    forge_exchange,
    forge_wanted,
    purge_here,
    remote_wanted,
    review_news,
)
from prdgen.flows.context import App
from prdgen.flows.remote_state import LONGEST_PAUSE
from prdgen.git import process
from prdgen.jobs.tasks import Task
from prdgen.jobs.worker import Worker
from prdgen.settings import Settings
from prdgen.store import access, event_log, exports, notifications, texts

_EVENT_DAYS = 30
_EXPORT_DAYS = 30
_NOTIFICATION_DAYS = 180
_REMOTE_TRIES = 4_000
"""A remote, storage or a CDN may be away for weeks: with pauses of minutes, one job lasts longer."""
_LAST_SECONDS = 3.0
"""So long each command of Git has to end by itself when the worker stops; it may wait for a remote."""
_FORGE_PAUSE = 10.0
"""What fails at the forge itself is tried again by the clock."""
log = logging.getLogger(__name__)


def tasks(app: App) -> list[Task]:
    """Every background task. One lock per branch keeps the jobs of a branch in order."""

    async def follow_branch(branch: str) -> None:
        """A branch moved: its index, and for the published branch the site, follow."""
        await follow.branch(app, branch)

    async def improve_site() -> None:
        """What may come a few seconds later: full-text search and compression."""
        await follow.improve(app)

    async def deliver() -> None:
        """The public site goes to where others serve it."""
        await deliveries.publish(app)

    async def purge() -> None:
        """The CDN before that forgets what changed."""
        await deliveries.tell(app)

    async def forget_here(paths: list[str] | None) -> None:
        """The same for a CDN that takes the site from this server."""
        await purge_here.run(app, paths)

    async def tidy() -> None:
        """What nobody needs any more: spent links and sessions, old failed jobs."""
        await export_jobs.settle(app)
        async with app.store.transaction() as tx:
            await access.prune(tx)
            await texts.prune(tx)
            await event_log.prune(tx, _EVENT_DAYS)
            await exports.prune(tx, _EXPORT_DAYS)
            await notifications.prune(tx, _NOTIFICATION_DAYS)
        await app.queue.prune()
        await to_thread.run_sync(export.kept(app).tidy, _EXPORT_DAYS * 86_400.0)
        await to_thread.run_sync(draft_site.tidy, app)
        await draft_merge.tidy(app)
        await review_news.tell_missed(app)

    async def renew_exports(branch: str, page_path: str) -> None:
        """PDF and Word of a page that changed, before somebody has to wait for them."""
        await export.renew(app, branch, page_path)

    async def exchange_commits() -> None:
        """What is committed here goes to the remote, and what is there comes here."""
        await exchange.run(app)

    async def exchange_reviews() -> None:
        """What is said here goes to the forge, and what is said there comes here."""
        await forge_exchange.attempt(app)

    async def look_at_forge() -> None:
        """The same, at every review: a webhook says that something happened."""
        await forge_exchange.attempt(app, look=True)

    return [
        Task(
            remote_wanted.TASK,
            lambda **_: exchange_commits(),
            attempts=_REMOTE_TRIES,
            longest_pause=LONGEST_PAUSE,
        ),
        Task(
            forge_wanted.TASK,
            lambda **_: exchange_reviews(),
            longest_pause=_FORGE_PAUSE,
        ),
        Task(
            forge_wanted.LOOK,
            lambda **_: look_at_forge(),
            longest_pause=_FORGE_PAUSE,
        ),
        Task("follow_branch", follow_branch),
        Task(deliveries.TASK, lambda **_: deliver(), attempts=_REMOTE_TRIES),
        Task(deliveries.PURGE, lambda **_: purge(), attempts=_REMOTE_TRIES),
        Task(purge_here.TASK, forget_here, attempts=_REMOTE_TRIES),
        Task("renew_exports", renew_exports, attempts=3),
        Task(export_jobs.TASK, partial(export_jobs.run, app)),
        Task("improve_site", lambda **_: improve_site()),
        Task("tidy", lambda **_: tidy(), cron="17 * * * *"),
    ]


def work(settings: Settings, parent_pipe: int | None) -> None:
    """Run jobs until SIGTERM or SIGINT, or until the process that started this one is gone."""
    logs.configure(settings.log_level, as_json=settings.log_json, trace=settings.trace)
    asyncio.run(_work(settings, parent_pipe))


async def _work(settings: Settings, parent_pipe: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if parent_pipe is not None:
        # Nothing is ever written to it: it becomes readable when the other end closes.
        loop.add_reader(parent_pipe, stop.set)
    async with context.open_app(settings, tasks) as app:
        log.info("worker %s takes jobs", os.getpid())
        working = asyncio.create_task(Worker(app.queue, at_once=settings.workers).run())
        tidying = asyncio.create_task(memory.collect(lambda: not app.queue.busy, memory.MANY))
        await stop.wait()
        tidying.cancel()
        working.cancel()
        while (await asyncio.wait([working], timeout=_LAST_SECONDS))[1]:
            process.end_all()
