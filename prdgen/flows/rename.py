"""renamed page or branch → its document goes along: same document, same people in it, another place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen.files import disk
from prdgen.flows import taken_away
from prdgen.flows.context import App
from prdgen.flows.live import Live, file_path
from prdgen.git import branch_names, history, refs, review_logs
from prdgen.git.branch_names import Renamed
from prdgen.git.errors import CommitNotFound
from prdgen.git.repository import Repository
from prdgen.review import log
from prdgen.review.state import fold
from prdgen.store import documents
from prdgen.store.documents import Document

_KEPT: Final = "drafts/"


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
    branch = await to_thread.run_sync(renamed_to, app, live.document)
    if branch is None:
        return False
    async with app.store.transaction() as tx:
        there = await documents.find_live(tx, branch, live.page_path)
    if there is not None and there.id != live.id:
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


def branch_now(app: App, row: Document) -> str | None:
    """In a thread: another name of a document's branch that is gone, by Git's own word (`git branch -m`
    here, or a push of both names). A copy of it is another branch; main always has its own name.

    Only for a document that was there before the branch was renamed, and not for one of a draft that
    took the old name since, and is over.
    """
    return renamed_to(app, row) if app.repository.tip(row.branch) is None else None


def renamed_to(app: App, row: Document) -> str | None:
    """In a thread: the same, whether another branch has the old name by now or not."""
    repository, old = app.repository, row.branch
    if old == app.main_branch or row.created_at is None:
        return None
    found = branch_names.now_called(repository, old, row.created_at)
    return None if found is None or _over(repository, row, found) else found.now


def _over(repository: Repository, row: Document, renamed: Renamed) -> bool:
    """Whether a draft that is over had the document: begun under the name after it was free again."""
    for name, kept in refs.every(repository, _KEPT).items():
        if row.tip_commit is None or not repository.is_ancestor(row.tip_commit, kept):
            continue
        id_ = name.removeprefix(_KEPT)
        review = fold(id_, log.entries(review_logs.read(repository, id_) or b""))
        if review is None or review.state == "open" or review.branch != row.branch:
            continue
        if not renamed.had(review.started_at):
            return True
    return False


def _renamed_to(app: App, live: Live, new_tip: str) -> str | None:
    """In a thread: the page's path at `new_tip`, if it was renamed since the agreed tip: by a commit that
    has it so. A page that is like one that was deleted before (made of the same template, say) is another.
    """
    old_tip = live.document.tip_commit
    if old_tip is None:
        return None
    try:
        changed = app.repository.changed(old_tip, new_tip)
    except CommitNotFound:
        return None
    found = next((c.path for c in changed if c.old_path == live.page_path), None)
    if found is None:
        return None
    return found if _followed(app.repository, live.page_path, old_tip, new_tip) == found else None


def _followed(repository: Repository, path: str, since: str, tip: str) -> str | None:
    """Where the commits from `since` to `tip` renamed it to, one after the other; None: nowhere."""
    for commit in history.removals(repository.work_tree, since, tip, path):
        for parent in repository.commit_info(commit).parents:
            for change in repository.changed(parent, commit):
                if change.old_path == path:
                    return _followed(repository, change.path, commit, tip) or change.path
    return None


def _move_own(live: Live, tree: Path, new_path: str) -> None:
    """In a thread: the file goes along, unless Git has made the new one: what the document agreed
    on with the old one holds for the new one then, and a file that is nowhere would be taken for one
    that somebody deleted.

    Between `git mv` and its commit the old file may have been written once more; what is only ours
    there goes away.
    """
    old, new = file_path(tree, live.page_path), file_path(tree, new_path)
    data = taken_away.own_file(live, tree)
    if data is None:
        return
    if isinstance(disk.read(new, tree), disk.Missing):
        _make(new, tree, data)
    elif old.samefile(new):
        return  # where upper and lower case are one name
    disk.remove(old, tree, data).close()


def _make(path: Path, tree: Path, data: bytes) -> None:
    """Write a file that is not there; one that came just now stays as it is."""
    made = disk.exchange(path, tree, data, None)
    made.close()
    if made.displaced is not None:
        disk.exchange(path, tree, made.displaced, data).close()
