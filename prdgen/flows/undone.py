"""commits that were taken back with their text left in the file → the page keeps it, uncommitted.

`git reset --soft` and `--mixed` move the branch only: what the commits had said is in the folder, to
be committed again. `--hard` and `--keep` put the files back before they move the branch.
"""

from __future__ import annotations

from anyio import to_thread

from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import authors
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, file_path, heads_with_text

_BY_RESET = "reset: moving to"
"""How Git's reflog tells of a reset."""
_LOOKS = 5


async def left_in_file(app: App, live: Live, new_tip: str, theirs: str) -> Heads | None:
    """The heads the branch's agreed point moves to when it only went back to `theirs`, the page's text
    at `new_tip`, and the page's file did not. None: it is something else.
    """
    return await to_thread.run_sync(_left, app, live, new_tip, theirs)


async def authors_again(app: App, live: Live, theirs: str) -> None:
    """The words are uncommitted once more, and by whom they were. Call when the point has moved."""
    for _ in range(_LOOKS):
        found = await authors.since_tip(app, live.room, live.document)
        if found.text == live.authorship.text:  # else somebody types, and it is not stored yet
            live.authorship = found
            return
    live.authorship.rebase(theirs)


def _left(app: App, live: Live, new_tip: str, theirs: str) -> Heads | None:
    repository, old_tip = app.repository, live.document.tip_commit
    tree = repository.work_tree_of(live.branch)
    if old_tip is None or tree is None or not repository.is_ancestor(new_tip, old_tip):
        return None
    if not repository.came_by(live.branch, new_tip).startswith(_BY_RESET):
        return None
    state = disk.read(file_path(tree, live.page_path), tree)
    try:
        if isinstance(state, disk.Missing) or text.decode(state.data).text == theirs:
            return None
    except NotEditable:
        return None
    return heads_with_text(live.room.replica, (), theirs) or live.room.heads
