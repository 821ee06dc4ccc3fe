"""killed server → clean start: its leases, its index lock, and what lay between two names on disk."""

from __future__ import annotations

import logging
from pathlib import Path

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import disk, leftovers, text
from prdgen.files.errors import NotEditable
from prdgen.files.leftovers import Leftover
from prdgen.flows import aside, displaced, lease, merge_base
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.flows.live import Live, content_hash
from prdgen.git import index, setup
from prdgen.git.work_trees import WorkTree
from prdgen.store import documents
from prdgen.store.documents import Document

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
    for one in await to_thread.run_sync(displaced.noted, app):
        try:
            await _open(app, one.save.branch, one.save.page_path)
        except PrdgenError as error:
            log.warning("a save of %s waits to be taken in: %s", one.save.page_path, error)


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


async def _open(app: App, branch: str, page_path: str) -> None:
    """Keep the page; what is noted of it is taken in then (see `page`)."""
    opened = await open_flow.document(app, branch, page_path)
    assert app.keeper is not None
    if opened.document is not None:
        await app.keeper.hold(opened.document)


async def page(app: App, live: Live, was: Document) -> None:
    """Take in what a killed server left of this page: files between two names, merged on what both
    sides had agreed on before (`was`), and saves it had noted.

    Call with `live.lock` held, before the file is looked at: then the agreed point moves on.
    """
    tree = await to_thread.run_sync(app.repository.tree_of, live.branch)
    if tree is not None:
        async with lease.page(app, live.branch, live.page_path):
            found = await to_thread.run_sync(leftovers.of_page, tree.path, live.page_path)
        base = await merge_base.agreed_text(app, live, was.file_heads, was.file_hash)
        for leftover in found:
            await _take_in(app, live, was, base.encode(), leftover.data)
            await to_thread.run_sync(leftovers.discard, leftover, tree.path)
    for one in await to_thread.run_sync(displaced.noted, app):
        if (one.save.branch, one.save.page_path) == (live.branch, live.page_path):
            await _take_in(app, live, None, one.save.base, one.data)
            one.save.forget()


async def _take_in(app: App, live: Live, was: Document | None, base: bytes, data: bytes) -> None:
    try:
        if was is not None and _is_ours(live, was, text.decode(data).text):
            return
        if not displaced.looks_half(data, base):
            await displaced.merge(app, live, base, data)
            return
        error: Exception = ValueError("it is only the beginning of the page")
    except NotEditable as refusal:
        error = refusal
    await to_thread.run_sync(aside.put_save, app, live.page_path, data, error)


def _is_ours(live: Live, was: Document, theirs: str) -> bool:
    """Whether it is the agreed text, or what was about to be written, as far as it got."""
    if content_hash(theirs) in {was.file_hash, was.intent_hash}:
        return True
    intent = live.room.replica.text(was.intent_heads) if was.intent_heads else ""
    return content_hash(intent) == was.intent_hash and intent.startswith(theirs)


def _is_known(app: App, tree: WorkTree, leftover: Leftover) -> bool:
    """In a thread: whether the page's file or the branch's tip reads the same."""
    theirs = text.decode(leftover.data).text
    state = disk.read(tree.path / leftover.page_path, tree.path)
    found = [] if isinstance(state, disk.Missing) else [state.data]
    tip = app.repository.tip(tree.branch) if tree.branch else None
    if tip is not None and (data := app.repository.read(tip, leftover.page_path)) is not None:
        found.append(data)
    return any(text.decode(data).text == theirs for data in found)
