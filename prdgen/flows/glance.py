"""One look at a page's branch and file: whether both are as agreed, as they nearly always are.

Each question to Git or the disk is asked in a thread, and going there costs more than the question.
So they are asked together; only what is not as agreed is looked at closely (see `pull`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows.context import App
from prdgen.flows.live import Live, content_hash, file_path


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page's file holds, in a folder where nothing is under way."""

    tree: Path
    data: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such file in the folder."""

    tree: Path
    data: None = None


async def look(app: App, live: Live) -> Seen | None:
    """The page's file, when the branch's tip and the file's text are the agreed ones; None: look
    closely. Call with `live.lock` held. Raises what reading a file raises.
    """
    found = await to_thread.run_sync(seen, app, live)
    if found is not None:
        live.gone = live.shut = live.paused = None
    return found


def met(live: Live, found: Seen) -> None:
    """The file is as agreed. When it has less than the document, and nobody is about to write it, it is to
    be written: Git took it away just as it was written, say, and put it back as it was before. Call with
    `live.lock` held.
    """
    live.gone = live.shut = live.paused = live.not_taken = None
    if live.dirty_since is None and text.decode(found.data).text != live.room.text:
        live.dirty_since = time.monotonic()
        live.changed.set()


def seen(app: App, live: Live) -> Seen | None:
    """In a thread, with `live.lock` held: the same as `look`, nothing noted."""
    row, repository = live.document, app.repository
    tree = repository.quiet_tree(live.branch)
    if tree is None or repository.tip(live.branch) != row.tip_commit:
        return None
    state = disk.read(file_path(tree, live.page_path), tree)
    if isinstance(state, disk.Missing):
        return None
    try:
        agreed = bool(state.data) and content_hash(text.decode(state.data).text) == row.file_hash
    except NotEditable:
        return None
    # Git may have begun something, or changed the branch, before it wrote what was read.
    return Seen(tree, state.data) if agreed and repository.quiet_tree(live.branch) == tree else None
