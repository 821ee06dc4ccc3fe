"""renamed page or branch → its document goes along: same document, same people in it, another place."""

from __future__ import annotations

import time
from pathlib import Path

from anyio import to_thread

from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows.context import App
from prdgen.flows.live import Live, content_hash, file_path
from prdgen.git import branch_names, refs
from prdgen.git.errors import CommitNotFound
from prdgen.store import documents


async def follow(app: App, live: Live, new_tip: str) -> bool:
    """Move the document to where the commits up to `new_tip` renamed its page; whether they did.

    Not to a place where another document is being edited. Call with `live.lock` held.
    """
    new_path = await to_thread.run_sync(_renamed_to, app, live, new_tip)
    if new_path is None:
        return False
    async with app.store.transaction() as tx:
        if await documents.find_live(tx, live.branch, new_path) is not None:
            return False
    tree = await to_thread.run_sync(app.repository.work_tree_of, live.branch)
    if tree is not None:
        await to_thread.run_sync(_move_own, live, tree, new_path)
    await _go(app, live, live.branch, new_path)
    return True


async def follow_branch(app: App, live: Live) -> bool:
    """Move the document of a branch that is gone to the name which the branch has now; whether it did.

    Not to a place where another document is being edited. Call with `live.lock` held.
    """
    branch = await to_thread.run_sync(_branch_now, app, live)
    if branch is None:
        return False
    async with app.store.transaction() as tx:
        if await documents.find_live(tx, branch, live.page_path) is not None:
            return False
    await _go(app, live, branch, live.page_path)
    return True


async def _go(app: App, live: Live, branch: str, page_path: str) -> None:
    async with app.store.transaction() as tx:
        await documents.move(tx, live.id, branch, page_path, live.fence)
    async with app.store.transaction() as tx:
        live.document = await documents.get(tx, live.id)
    live.dirty_since = time.monotonic()
    live.changed.set()


def _branch_now(app: App, live: Live) -> str | None:
    """In a thread: another name of a branch that is gone. Git's own word for it (`git branch -m` here),
    or the one branch that ends with the same commit, which main has not (a push of the new name and
    of the old one's deletion). A draft that is over has no other name; main always has its own.
    """
    repository, old, tip = app.repository, live.branch, live.document.tip_commit
    if old == app.main_branch:
        return None
    if now := branch_names.now_called(repository, old):
        return now if now != app.main_branch else None
    if tip is None or tip in refs.every(repository, "drafts/").values():
        return None
    same = [name for name, other in repository.branches().items() if other == tip]
    main = repository.tip(app.main_branch)
    if len(same) != 1 or (main is not None and repository.is_ancestor(tip, main)):
        return None
    return same[0]


def _renamed_to(app: App, live: Live, new_tip: str) -> str | None:
    """In a thread: the page's path at `new_tip`, if it was renamed since the agreed tip."""
    old_tip = live.document.tip_commit
    if old_tip is None:
        return None
    try:
        changed = app.repository.changed(old_tip, new_tip)
    except CommitNotFound:
        return None
    return next((c.path for c in changed if c.old_path == live.page_path), None)


def _move_own(live: Live, tree: Path, new_path: str) -> None:
    """In a thread: the file goes along, unless Git has made the new one: what the document agreed
    on with the old one holds for the new one then, and a file that is nowhere would be taken for one
    that somebody deleted.

    Between `git mv` and its commit the old file may have been written once more; what is only ours
    there goes away.
    """
    old, new = file_path(tree, live.page_path), file_path(tree, new_path)
    state = disk.read(old, tree)
    if isinstance(state, disk.Missing):
        return
    try:
        digest = content_hash(text.decode(state.data).text)
    except NotEditable:
        return
    if digest not in {live.document.file_hash, live.document.tip_hash, *live.written}:
        return
    if isinstance(disk.read(new, tree), disk.Missing):
        _make(new, tree, state.data)
    elif old.samefile(new):
        return  # where upper and lower case are one name
    disk.remove(old, tree, state.data).close()


def _make(path: Path, tree: Path, data: bytes) -> None:
    """Write a file that is not there; one that came just now stays as it is."""
    made = disk.exchange(path, tree, data, None)
    made.close()
    if made.displaced is not None:
        disk.exchange(path, tree, made.displaced, data).close()
