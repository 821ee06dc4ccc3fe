"""disk and Git → the open documents: what changed outside is looked at again, by content."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen import background
from prdgen.errors import PrdgenError
from prdgen.files import watch
from prdgen.flows import along, astray, edit, glance, pull, rename_branch
from prdgen.flows.context import App
from prdgen.flows.live import Live, file_path
from prdgen.git.work_trees import WorkTree
from prdgen.store import pages
from prdgen.store.errors import AgreedPointMoved

log = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0
_FEW: Final = 50
"""Branches of one transaction: others need the connection, too."""


async def run(app: App, stop: asyncio.Event) -> None:
    """Watch every working tree and Git's refs until `stop` is set.

    An event only says where to look; what counts is what the file and the branch hold when the
    document's turn comes.
    """
    watching: dict[Path, asyncio.Task[None]] = {}
    moved = asyncio.Event()
    try:
        while not stop.is_set():
            moved.clear()
            trees = {tree.path: tree for tree in await to_thread.run_sync(_trees, app)}
            for gone in [path for path in watching if path not in trees]:
                watching.pop(gone).cancel()
            for path, tree in trees.items():
                if path not in watching or watching[path].done():
                    work = _watch(app, tree, moved, stop, resumed=path in watching)
                    watching[path] = asyncio.create_task(work, name=f"watch {path}")
            await moved.wait()
    finally:
        await background.end(watching.values())


def _trees(app: App) -> list[WorkTree]:
    """In a thread: the working tree this server was started in, and all others."""
    repository = app.repository
    here = WorkTree(repository.work_tree, repository.git_dir, repository.head_branch())
    found = [tree for tree in repository.work_trees() if tree.git_dir != here.git_dir]
    return [here, *(tree for tree in found if tree.path.resolve() != here.path.resolve())]


async def _watch(
    app: App, tree: WorkTree, moved: asyncio.Event, stop: asyncio.Event, *, resumed: bool
) -> None:
    looks: set[asyncio.Task[None]] = set()
    git_dirs = [tree.git_dir]
    if tree.path == app.repository.work_tree:
        git_dirs.append(app.repository.common_dir)
    try:
        async for batch in watch.changes(tree.path, stop, git_dirs=git_dirs, resumed=resumed):
            if batch.git:
                moved.set()
            # Beside each other: a page that somebody is long at keeps no other one waiting.
            task = asyncio.create_task(_see(app, tree.path, batch), name="watch look")
            looks.add(task)
            task.add_done_callback(looks.discard)
    except Exception:
        log.exception("changes in %s were not heard for a moment", tree.path)
        await asyncio.sleep(_RETRY_SECONDS)
    finally:
        moved.set()
        await background.end(looks)


async def _see(app: App, root: Path, batch: watch.Batch) -> None:
    """Take in what the batch points to. When the store or a disk is away it is not forgotten."""
    try:
        done = await _look(app, root, batch)
        while not done:
            await asyncio.sleep(_RETRY_SECONDS)
            done = await _look(app, root, batch)
    except Exception:
        log.exception("what changed in %s is seen later", root)


async def _look(app: App, root: Path, batch: watch.Batch) -> bool:
    """Whether everything the batch points to is taken in."""
    try:
        if batch.git:
            await branches(app)
    except PrdgenError as error:
        log.warning("index and site follow the branches later: %s", error)
        return False
    return await files(app, root, batch)


async def files(app: App, root: Path, batch: watch.Batch) -> bool:
    """Take in every kept page whose file changed (all of them after a change of Git's state);
    whether that worked.
    """
    assert app.keeper is not None
    touched = [
        live
        for live in app.keeper.all()
        if (batch.git or batch.touches(file_path(root, live.page_path)))
        and not live.look_due  # by who waits for its lock already
    ]
    if batch.git:
        touched = await _along(app, touched)
    return all(await asyncio.gather(*(_take_in(app, live) for live in touched)))


async def moved(app: App, branch: str) -> bool:
    """Take in the new tip of a branch in every page of it that is kept; whether that worked."""
    assert app.keeper is not None
    touched = [live for live in app.keeper.all() if live.branch == branch]
    touched = await _along(app, touched)
    return all(await asyncio.gather(*(_take_in(app, live) for live in touched)))


async def _along(app: App, lives: list[Live]) -> list[Live]:
    try:
        return await along.run(app, lives)
    except (PrdgenError, OSError) as error:
        log.info("open pages are brought to the new tip one by one: %s", error)
        return lives


async def branches(app: App) -> None:
    """Let index and site follow every branch whose tip is not the indexed one, or that is gone; what
    belongs to one that was renamed goes along. One look serves all who asked before it began: each
    takes a connection for as long as there are branches that moved.
    """
    turns = app.branch_turns
    turns.asked += 1
    mine = turns.asked
    async with turns.one:
        if turns.done < mine:
            began = turns.asked
            await _branches(app)
            turns.done = began


async def _branches(app: App) -> None:
    tips = await to_thread.run_sync(app.repository.branches)
    async with app.store.transaction() as tx:
        indexed = await pages.indexed_branches(tx)
    moved = [name for name in tips.keys() | indexed.keys() if tips.get(name) != indexed.get(name)]
    # Main first, and in one order: two processes that note the same jobs never wait for each other.
    moved.sort(key=lambda name: (name != app.main_branch, name))
    for first in range(0, len(moved), _FEW):
        async with app.store.transaction() as tx:
            for branch in moved[first : first + _FEW]:
                await edit.follow(app, branch, tx)
    await rename_branch.seen(app, tips.keys() - indexed.keys())


async def look(app: App, live: Live) -> None:
    """Take in what branch and file of a page have that is not known. Call with `live.lock` held."""
    seen = await glance.look(app, live)
    if seen is None:
        await pull.tip(app, live)
        await pull.file(app, live)
        seen = await glance.look(app, live)
    if seen is not None:
        glance.met(live, seen)


async def _take_in(app: App, live: Live) -> bool:
    live.look_due = True
    try:
        async with live.lock:
            live.look_due = False
            if not live.kept:
                return True  # whoever keeps the page now looks by itself as it begins
            try:
                await look(app, live)
            except AgreedPointMoved:
                await astray.heal(app, live)
                await look(app, live)
    except (PrdgenError, OSError) as error:
        live.paused = str(error)
        if live.not_taken != live.paused:  # said once, not at each of the looks that follow
            log.warning("%s on disk is not taken in yet: %s", live.page_path, error)
        live.not_taken = live.paused
        return False
    finally:
        live.look_due = False
    live.not_taken = None
    return True
