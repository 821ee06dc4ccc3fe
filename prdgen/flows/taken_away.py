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
    path = file_path(tree, live.page_path)
    state = disk.read(path, tree)
    if isinstance(state, disk.Missing):
        return
    try:
        digest = content_hash(text.decode(state.data).text)
    except NotEditable:
        return
    if digest in {live.document.file_hash, live.document.tip_hash, *live.written}:
        disk.remove(path, tree, state.data).close()
