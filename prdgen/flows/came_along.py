"""page without a document → the document it had before it was renamed, brought here."""

from __future__ import annotations

import asyncio
from typing import Final

from anyio import to_thread

from prdgen.flows import rename
from prdgen.flows.context import App
from prdgen.git import branch_names
from prdgen.git.errors import CommitNotFound
from prdgen.store import documents
from prdgen.store.documents import Document

_WAIT_SECONDS: Final = 3.0
"""How long another server may take to follow the rename."""
_PAUSE_SECONDS: Final = 0.1


async def find(app: App, branch: str, page_path: str, tip: str) -> Document | None:
    """The live document of a page at `tip` that has none under its name yet, because nobody has
    looked into the one it had since it or its branch was renamed. It has its people, what they typed and what
    devices that are away still hold; a second one for the same page would leave that behind.
    """
    if app.keeper is None:
        return None
    formerly = await to_thread.run_sync(branch_names.formerly, app.repository, branch)
    names = dict.fromkeys(each.old for each in formerly)
    async with app.store.transaction() as tx:
        elsewhere = [
            row
            for row in await documents.list_live(tx, branch)
            if row.tip_commit not in (None, tip)
        ]
        before = [await documents.find_live(tx, name, page_path) for name in names]
    row = await to_thread.run_sync(_of_branch, app, before, branch) or await to_thread.run_sync(
        _renamed, app, elsewhere, page_path, tip
    )
    if row is None:
        return None
    until = asyncio.get_running_loop().time() + _WAIT_SECONDS
    while True:
        await app.keeper.follow(row)
        async with app.store.transaction() as tx:
            found = await documents.find_live(tx, branch, page_path)
        if found is not None or asyncio.get_running_loop().time() > until:
            return found
        await asyncio.sleep(_PAUSE_SECONDS)


def _of_branch(app: App, rows: list[Document | None], branch: str) -> Document | None:
    """In a thread: the document whose branch is called `branch` now."""
    return next((row for row in rows if row and rename.branch_now(app, row) == branch), None)


def _renamed(app: App, rows: list[Document], page_path: str, tip: str) -> Document | None:
    """In a thread: the document whose page lies at `page_path` at `tip`; newest change first."""
    was: dict[str, str | None] = {}
    for row in rows:
        if app.repository.read(tip, row.page_path) is not None:
            continue
        old = str(row.tip_commit)
        if old not in was:
            try:
                moves = app.repository.changed(old, tip)
            except CommitNotFound:
                moves = []
            was[old] = next((move.old_path for move in moves if move.path == page_path), None)
        if was[old] == row.page_path:
            return row
    return None
