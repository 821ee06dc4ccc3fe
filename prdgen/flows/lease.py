"""lease → the right to write: one process at a time, also when one slept while its lease moved."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from pathlib import Path
from uuid import UUID

from prdgen.flows import servers
from prdgen.flows.context import App
from prdgen.flows.errors import OtherClone
from prdgen.flows.live import Live
from prdgen.git import locks
from prdgen.git.errors import Locked
from prdgen.store import documents, leases
from prdgen.store.documents import Document

log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.01
_CLAIM_SECONDS = 1.0
_LINGER_SECONDS = 5.0
"""How long the database may take to see that another server was killed."""
News = AsyncGenerator[leases.Heard, None]


class Note:
    """Who writes a page now, beside its lock: so that looking costs no question to the store."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self, document_id: UUID, fence: int) -> bool:
        """Whether it is the holder of this lease."""
        try:
            return self._path.read_text("ascii") == _noted(document_id, fence)
        except FileNotFoundError:
            return False

    def write(self, document_id: UUID, fence: int) -> None:
        """From now on it is the holder of this lease. Call with the page's lock held."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(_noted(document_id, fence), "ascii")
        fresh.replace(self._path)


def _noted(document_id: UUID, fence: int) -> str:
    return f"{document_id} {fence}\n"


@asynccontextmanager
async def page(
    app: App, branch: str, page_path: str, *, seconds: float = 10.0
) -> AsyncIterator[Note]:
    """Hold the lock of a page's file and commits, among all processes of the clone.

    A lease is claimed and a page is written under it only. So a process that was stopped in the
    middle of writing keeps its lease until it has gone on, or is dead; and one that was stopped
    before looks first whether it still is the writer. Nobody writes during a push to the branch.
    Not re-entrant. Raises Locked after `seconds`.
    """
    name = "page-" + hashlib.sha256(f"{branch}\0{page_path}".encode()).hexdigest()[:16]
    until = time.monotonic() + seconds
    with ExitStack() as stack:
        while True:
            try:
                path = _turn(app, stack, branch, name)
                break
            except Locked:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)
        yield Note(path.with_suffix(".writer"))


def _turn(app: App, stack: ExitStack, branch: str, name: str) -> Path:
    """The page's lock file, locked until `stack` closes. Raises Locked, also during a push."""
    with ExitStack() as taken:
        taken.enter_context(locks.among_writers(app.repository, branch))
        path = taken.enter_context(locks.held(app.repository, name, seconds=0))
        stack.push(taken.pop_all())
    return path


async def claim(app: App, row: Document) -> tuple[Document, int] | None:
    """Take the lease on a document: its row as it is now, and the fence. None: somebody else has
    it, or had it and is still writing.
    """
    async with app.store.transaction() as tx:
        row = await documents.get(tx, row.id)
        if row.lease_holder != app.process_id and not await leases.free(tx, [row.id]):
            return None
    try:
        async with page(app, row.branch, row.page_path, seconds=_CLAIM_SECONDS) as note:
            async with app.store.transaction() as tx:
                fence = await documents.claim_lease(
                    tx, row.id, app.process_id, app.settings.lease_seconds
                )
                row = await documents.get(tx, row.id)
            if fence is None:
                return None
            note.write(row.id, fence)
            return row, fence
    except Locked as error:
        log.info("%s is kept by a process that is still writing it: %s", row.page_path, error)
        return None


@asynccontextmanager
async def writing(app: App, live: Live) -> AsyncIterator[None]:
    """The right to write the page's file and commits inside this block; raises LeaseLost."""
    async with page(app, live.branch, live.page_path) as note:
        if not note.names(live.id, live.fence):
            async with app.store.transaction() as tx:
                await documents.check_fence(tx, live.id, live.fence)
            note.write(live.id, live.fence)
        yield


async def enter(app: App) -> News:
    """Have the database to this clone; gives the news of its leases, for `run`. Raises OtherClone."""
    until = time.monotonic() + _LINGER_SECONDS
    while True:
        news = leases.listen(app.store, app.clone_id)
        if not (await anext(news)).other_clones:
            return news
        await news.aclose()
        if time.monotonic() > until:
            raise OtherClone
        await asyncio.sleep(0.2)


async def check(app: App) -> None:
    """Raises OtherClone when servers of another clone work with this database."""
    await (await enter(app)).aclose()


async def run(app: App, news: News) -> None:
    """Give leases that other servers ask for, and take those they gave back of pages people have
    open here, as long as the database is this clone's.
    """
    assert app.keeper is not None
    async with aclosing(news):
        async for heard in news:
            if heard.wanted is not None:
                app.keeper.give(heard.wanted)
            elif heard.freed is not None:
                app.keeper.adopter.freed(heard.freed)
            elif heard.other_clones:
                # It was away, and somebody began to serve another clone from it meanwhile.
                log.error("this server stops: %s %s", OtherClone().message, OtherClone.cure)
                os.kill(os.getpid(), signal.SIGTERM)


async def take_over(app: App) -> int:
    """End the leases of servers of this clone that are dead; how many there were."""
    alive = [server.process_id for server in servers.alive(app.state_dir)]
    async with app.store.transaction() as tx:
        return await leases.take_over(tx, app.clone_id, [*alive, app.process_id])
