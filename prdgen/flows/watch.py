"""disk and Git → the open documents: what changed outside is looked at again, by content."""

from __future__ import annotations

import asyncio
import logging

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import watch
from prdgen.flows import edit, pull
from prdgen.flows.context import App
from prdgen.flows.live import Live, file_path
from prdgen.store import pages

log = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0


async def run(app: App, stop: asyncio.Event) -> None:
    """Watch the working tree and Git's refs until `stop` is set.

    An event only says where to look; what counts is what the file and the branch hold when the
    document's turn comes.
    """
    again: set[asyncio.Task[None]] = set()
    async for batch in watch.changes(app.repository.work_tree, stop):
        if not await _look(app, batch):
            task = asyncio.create_task(_look_again(app, batch), name="watch again")
            again.add(task)
            task.add_done_callback(again.discard)
    for task in again:
        task.cancel()


async def _look_again(app: App, batch: watch.Batch) -> None:
    """The store was away, or a disk was: what changed meanwhile is not forgotten."""
    while not await _look(app, batch):
        await asyncio.sleep(_RETRY_SECONDS)


async def _look(app: App, batch: watch.Batch) -> bool:
    """Whether everything the batch points to is taken in."""
    try:
        if batch.git:
            await branches(app)
    except PrdgenError as error:
        log.warning("index and site follow the branches later: %s", error)
        return False
    return await files(app, batch)


async def files(app: App, batch: watch.Batch) -> bool:
    """Take in every kept page whose file changed (all of them after a change of Git's state);
    whether that worked.
    """
    assert app.keeper is not None
    tree = app.repository.work_tree
    touched = [
        live
        for live in app.keeper.all()
        if batch.git or batch.touches(file_path(tree, live.page_path))
    ]
    return all(await asyncio.gather(*(_take_in(app, live) for live in touched)))


async def branches(app: App) -> None:
    """Let the index and the site follow every branch whose tip is not the indexed one."""
    tips = await to_thread.run_sync(app.repository.branches)
    for branch, tip in tips.items():
        async with app.store.transaction() as tx:
            if await pages.indexed_tip(tx, branch) != tip:
                await edit.follow(app, branch, tx)


async def _take_in(app: App, live: Live) -> bool:
    try:
        async with live.lock:
            await pull.tip(app, live)
            await pull.file(app, live)
    except (PrdgenError, OSError) as error:
        live.paused = str(error)
        log.warning("%s on disk is not taken in yet: %s", live.page_path, error)
        return False
    return True
