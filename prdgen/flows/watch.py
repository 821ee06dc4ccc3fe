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


async def run(app: App, stop: asyncio.Event) -> None:
    """Watch the working tree and Git's refs until `stop` is set.

    An event only says where to look; what counts is what the file and the branch hold when the
    document's turn comes.
    """
    async for batch in watch.changes(app.repository.work_tree, stop):
        if batch.git:
            await branches(app)
        await files(app, batch)


async def files(app: App, batch: watch.Batch) -> None:
    """Take in every kept page whose file changed (all of them after a change of Git's state)."""
    assert app.keeper is not None
    tree = app.repository.work_tree
    touched = [
        live
        for live in app.keeper.all()
        if batch.git or batch.touches(file_path(tree, live.page_path))
    ]
    await asyncio.gather(*(_take_in(app, live) for live in touched))


async def branches(app: App) -> None:
    """Let the index and the site follow every branch whose tip is not the indexed one."""
    tips = await to_thread.run_sync(app.repository.branches)
    for branch, tip in tips.items():
        async with app.store.transaction() as tx:
            if await pages.indexed_tip(tx, branch) != tip:
                await edit.follow(app, branch, tx)


async def _take_in(app: App, live: Live) -> None:
    try:
        async with live.lock:
            await pull.tip(app, live)
            await pull.file(app, live)
    except (PrdgenError, OSError) as error:
        live.paused = str(error)
        log.warning("%s on disk is not taken in yet: %s", live.page_path, error)
