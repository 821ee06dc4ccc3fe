"""a page that a push, a draft or a remote took away → the file that we wrote goes along."""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread

from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows.context import App
from prdgen.flows.live import Live, content_hash, file_path


async def remove(app: App, live: Live) -> None:
    """Remove it, also with words that are in no commit, which the document has. What somebody else wrote there stays."""
    tree = await to_thread.run_sync(app.repository.work_tree_of, live.branch)
    if tree is not None:
        await to_thread.run_sync(_remove, live, tree)


def _remove(live: Live, tree: Path) -> None:
    data = own_file(live, tree)
    if data is not None:
        disk.remove(file_path(tree, live.page_path), tree, data).close()


def own_file(live: Live, tree: Path) -> bytes | None:
    """In a thread: what the page's file holds, when all of it is the document's or the branch's text."""
    state = disk.read(file_path(tree, live.page_path), tree)
    if isinstance(state, disk.Missing):
        return None
    try:
        digest = content_hash(text.decode(state.data).text)
    except NotEditable:
        return None
    ours = {live.document.file_hash, live.document.tip_hash, *live.written}
    return state.data if digest in ours else None
