"""a file that Git left with two versions in it → left alone until somebody has settled it.

After a merge or rebase Git says itself that it waits; after `git stash pop` or `git checkout -m` only the
index does, and after `git reset` or `git restore --staged` nothing: the file has the markers, and is not
staged so.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows.context import App
from prdgen.flows.live import Live, file_path
from prdgen.git import index
from prdgen.page import checks

_MARKERS: Final = re.compile(rb"^<{7,}[ \r\n].*^>{7,}[ \r\n]", re.DOTALL | re.MULTILINE)
REASON: Final = "Git left two versions of the same words in its file (`git stash pop`, say, or a merge that was reset); choose there, then `git add` it"


async def stands(live: Live, tree: Path, data: bytes) -> bool:
    """Whether these bytes of the page's file are such ones; then `live.paused` says so."""
    if b"<<<<<<<" not in data or not _MARKERS.search(data):
        live.half_merged = False
        return False
    if await to_thread.run_sync(index.is_unmerged, tree, live.page_path):
        live.half_merged = True
    elif not await to_thread.run_sync(_reset, live, tree, data):
        live.half_merged = False
        return False
    live.paused = REASON
    return True


def _reset(live: Live, tree: Path, data: bytes) -> bool:
    """In a thread: whether these markers are Git's, though it does not wait for anybody to settle them
    any more. In code a page may be about them, unless something was under way.
    """
    if _MARKERS.search(live.room.text.encode()) or index.is_staged(tree, live.page_path):
        return False
    try:
        found = text.decode(data).text
    except NotEditable:
        return False
    return bool(checks.conflicts(live.page_path, found, in_code=live.half_merged))


async def reason(app: App, live: Live) -> str | None:
    """Why nothing of the page may be committed now, for it would settle the index; None: it may."""
    tree = await to_thread.run_sync(app.repository.work_tree_of, live.branch)
    if tree is None:
        return None
    state = await to_thread.run_sync(disk.read, file_path(tree, live.page_path), tree)
    if isinstance(state, disk.Missing) or not await stands(live, tree, state.data):
        return None
    return REASON
