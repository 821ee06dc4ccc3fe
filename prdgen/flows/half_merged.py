"""a file that Git left with two versions in it → left alone until somebody has settled it.

After a merge or rebase Git says itself that it waits; after `git stash pop` or `git checkout -m` only the
index does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen.files import disk
from prdgen.flows.context import App
from prdgen.flows.live import Live, file_path
from prdgen.git import index

_MARKERS: Final = re.compile(rb"^<{7,}[ \r\n].*^>{7,}[ \r\n]", re.DOTALL | re.MULTILINE)
REASON: Final = "Git left two versions of the same words in its file (`git stash pop`, or `checkout -m`); choose there, then `git add` it"


async def stands(live: Live, tree: Path, data: bytes) -> bool:
    """Whether these bytes of the page's file are such ones; then `live.paused` says so."""
    if b"<<<<<<<" not in data or not _MARKERS.search(data):
        return False
    if not await to_thread.run_sync(index.is_unmerged, tree, live.page_path):
        return False
    live.paused = REASON
    return True


async def reason(app: App, live: Live) -> str | None:
    """Why nothing of the page may be committed now, for it would settle the index; None: it may."""
    tree = await to_thread.run_sync(app.repository.work_tree_of, live.branch)
    if tree is None:
        return None
    state = await to_thread.run_sync(disk.read, file_path(tree, live.page_path), tree)
    if isinstance(state, disk.Missing) or not await stands(live, tree, state.data):
        return None
    return REASON
