"""killed server → clean start: its leases, its index lock, and what lay between two names on disk."""

from __future__ import annotations

import logging
from pathlib import Path

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import disk, leftovers, text
from prdgen.files.leftovers import Leftover
from prdgen.flows import pull
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, content_hash
from prdgen.git import index, setup
from prdgen.git.work_trees import WorkTree
from prdgen.store import documents
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)


async def run(app: App) -> None:
    """Take over from a server of this clone that was killed. Call before anything is written.

    Only one server may work on a clone at a time (see `context.hold_clone`), so whatever another
    one left here is nobody's.
    """
    for done in await to_thread.run_sync(index.recover, app.repository):
        log.warning("%s", done)
    await to_thread.run_sync(_exclude, app)
    async with app.store.transaction() as tx:
        await documents.take_over(tx, app.clone_id)
    for tree in await to_thread.run_sync(app.repository.work_trees):
        for leftover in await to_thread.run_sync(leftovers.find, tree.path):
            try:
                await _take_in(app, tree, leftover)
            except PrdgenError as error:
                log.warning("%s is left by a killed server: %s", leftover.file, error)


def _exclude(app: App) -> None:
    """In a thread: Git shall not see what is only here while a file is written, nor the site."""
    site = Path(app.settings.public_dir)
    public = [] if site.is_absolute() else [f"/{site.as_posix()}"]
    setup.exclude(app.repository, [disk.IGNORE_PATTERN, *public])


async def _take_in(app: App, tree: WorkTree, leftover: Leftover) -> None:
    """A file that a killed write left: our own new text, or what our swap took out just then."""
    theirs = text.decode(leftover.data).text
    if not await to_thread.run_sync(_is_known, app, tree, leftover, theirs):
        live = await _holder(app, tree, leftover, theirs)
        if live is None:
            log.warning("%s may hold a save nobody has; it is kept", leftover.file)
            return
    await to_thread.run_sync(leftovers.discard, leftover, tree.path)


def _is_known(app: App, tree: WorkTree, leftover: Leftover, theirs: str) -> bool:
    """In a thread: whether the page's file or the branch's tip reads the same."""
    state = disk.read(tree.path / leftover.page_path, tree.path)
    found = [] if isinstance(state, disk.Missing) else [state.data]
    tip = app.repository.tip(tree.branch) if tree.branch else None
    if tip is not None and (data := app.repository.read(tip, leftover.page_path)) is not None:
        found.append(data)
    return any(text.decode(data).text == theirs for data in found)


async def _holder(app: App, tree: WorkTree, leftover: Leftover, theirs: str) -> Live | None:
    """The page's document once it has `theirs`, merged on what both sides had agreed on before."""
    assert app.keeper is not None
    if tree.branch is None:
        return None
    async with app.store.transaction() as tx:
        row = await documents.find_live(tx, tree.branch, leftover.page_path)
    live = None if row is None else await app.keeper.hold(row)
    if row is None or live is None:
        return None
    if content_hash(theirs) in {row.file_hash, row.intent_hash}:
        return live
    base = await pull.agreed_text(app, live, row.file_heads, row.file_hash)

    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """The file's agreed point is right already."""

    async with live.lock:
        await pull.take_in(app, live, base, theirs, origin="file", move=nothing_moves)
    return live
