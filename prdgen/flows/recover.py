"""killed server → clean start: its leases, its index lock, and what lay between two names on disk."""

from __future__ import annotations

import logging
from pathlib import Path

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import disk, leftovers, text
from prdgen.files.leftovers import Leftover
from prdgen.flows import lease, pull
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, content_hash
from prdgen.git import index, setup
from prdgen.git.work_trees import WorkTree
from prdgen.store import documents
from prdgen.store.documents import Document
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)


async def run(app: App) -> None:
    """Take over from servers of this clone that were killed; others may be at work meanwhile."""
    for done in await to_thread.run_sync(index.recover, app.repository):
        log.warning("%s", done)
    await to_thread.run_sync(_exclude, app)
    await lease.take_over(app)
    for tree in await to_thread.run_sync(app.repository.work_trees):
        for leftover in await to_thread.run_sync(leftovers.find, tree.path):
            try:
                await _settle(app, tree, leftover)
            except PrdgenError as error:
                log.warning("%s is left by a killed server: %s", leftover.file, error)


def _exclude(app: App) -> None:
    """In a thread: Git shall not see what is only here while a file is written, nor the site."""
    site = Path(app.settings.public_dir)
    public = [] if site.is_absolute() else [f"/{site.as_posix()}"]
    setup.exclude(app.repository, [disk.IGNORE_PATTERN, *public])


async def _settle(app: App, tree: WorkTree, leftover: Leftover) -> None:
    """A file that a killed write left: our own new text, or what our swap took out just then.

    With the page's lock held nobody is in the middle of a write, so it is a dead one's. What
    nobody knows is taken in as the page's document is kept (see `page`).
    """
    branch = tree.branch or ""
    async with lease.page(app, branch, leftover.page_path):
        state = await to_thread.run_sync(disk.read, leftover.file, tree.path)
        if isinstance(state, disk.Missing):
            return
        if await to_thread.run_sync(_is_known, app, tree, leftover):
            await to_thread.run_sync(leftovers.discard, leftover, tree.path)
            return
    async with app.store.transaction() as tx:
        row = await documents.find_live(tx, branch, leftover.page_path)
    assert app.keeper is not None
    if row is None or await app.keeper.hold(row) is None:
        log.warning("%s may hold a save nobody has; it is kept", leftover.file)


async def page(app: App, live: Live, was: Document) -> None:
    """Take in what a killed server left between two names of this page, merged on what both sides
    had agreed on before (`was`). Call with `live.lock` held, before anything is written.
    """
    tree = await to_thread.run_sync(app.repository.tree_of, live.branch)
    if tree is None:
        return
    async with lease.page(app, live.branch, live.page_path):
        found = await to_thread.run_sync(leftovers.of_page, tree.path, live.page_path)
    for leftover in found:
        await _take_in(app, live, was, text.decode(leftover.data).text)
        await to_thread.run_sync(leftovers.discard, leftover, tree.path)


async def _take_in(app: App, live: Live, was: Document, theirs: str) -> None:
    if content_hash(theirs) in {was.file_hash, was.intent_hash}:
        return
    base = await pull.agreed_text(app, live, was.file_heads, was.file_hash)

    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """The file's agreed point is right already."""

    await pull.take_in(app, live, base, theirs, origin="file", move=nothing_moves)


def _is_known(app: App, tree: WorkTree, leftover: Leftover) -> bool:
    """In a thread: whether the page's file or the branch's tip reads the same."""
    theirs = text.decode(leftover.data).text
    state = disk.read(tree.path / leftover.page_path, tree.path)
    found = [] if isinstance(state, disk.Missing) else [state.data]
    tip = app.repository.tip(tree.branch) if tree.branch else None
    if tip is not None and (data := app.repository.read(tip, leftover.page_path)) is not None:
        found.append(data)
    return any(text.decode(data).text == theirs for data in found)
