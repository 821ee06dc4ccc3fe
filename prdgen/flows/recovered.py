"""text that has no page any more → a draft `recovered/…`; whoever asks for the page is told where.

A page was deleted, alone or with its branch, with words in it that were in no commit; or a device
brought text that nobody can place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from anyio import to_thread

from prdgen.events import Event
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import edit, merge_base, naming, news, signatures
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.flows.live import Live, content_hash
from prdgen.git import commits, locks
from prdgen.git.errors import CommitNotFound
from prdgen.git.values import Signature
from prdgen.merge import diff
from prdgen.store import documents, event_log, texts

log = logging.getLogger(__name__)
PREFIX: Final = "recovered/"


def find(clone: Clone, page_path: str) -> str | None:
    """In a thread: the newest draft that keeps text of a page that is gone; None: there is none."""
    start = _start(page_path)
    found = [
        (clone.repository.commit_info(tip).at, branch)
        for branch, tip in clone.repository.branches().items()
        if branch.startswith(start) and clone.repository.read(tip, page_path) is not None
    ]
    return max(found)[1] if found else None


async def keep(
    app: App, page_path: str, text_: str, data: bytes, author: Signature,
    co_authors: Sequence[Signature] = (),
) -> str:  # fmt: skip
    """Keep text nobody has a place for, and its bytes, as a branch of its own; returns the branch's
    name, which is the same for the same text. Twice is the same as once.
    """
    branch = f"{_start(page_path)}{content_hash(text_)[:10]}"

    def write() -> None:
        repository = app.repository
        tip = repository.tip(app.main_branch)
        if tip is None:
            raise NoSuchPage(page_path=page_path, branch=app.main_branch)
        with locks.branch(repository, branch):
            if (begun := repository.tip(branch)) is None:
                repository.create_branch(branch, tip)
                begun = tip
            elif not repository.is_ancestor(begun, tip):
                return  # else it was left by a server that was killed just now, without the text
            commits.write(
                repository, branch, begun, {page_path: data},
                message=f"Recover text of {page_path}", author=author,
                committer=signatures.SERVER, co_authors=co_authors,
            )  # fmt: skip

    await to_thread.run_sync(write)
    async with app.store.transaction() as tx:
        await edit.follow(app, branch, tx)
        href = f"/drafts/{quote(branch)}"
        await news.of_recovered(app, tx, branch, href, page_path, (author, *co_authors))
    return branch


def _start(page_path: str) -> str:
    name = naming.file_name(page_path.rsplit("/", 1)[-1].removesuffix(".md"))
    return f"{PREFIX}{name.removesuffix('.md')}-"


async def tend(app: App, live: Live) -> None:
    """When the page is gone, or nobody can edit what became of it, and everybody who could restore it
    has left for a while: keep what it has and no commit. It can still be restored: when the page comes
    back, these words are on top of it.
    """
    quiet = time.monotonic() >= live.last_change + app.settings.quiet_seconds
    homeless = live.gone is not None or live.shut is not None
    if homeless and live.uncommitted and quiet and not live.room.peers:
        async with live.lock:
            await _leave(app, live)


async def last_save(app: App, live: Live) -> None:
    """Before the process ends: the page's file and commit, or a draft where nobody can edit the page.
    Call with `live.lock` held; raises as `edit.save` does.
    """
    try:
        await edit.save(app, live)
    except NotEditable:
        if not live.shut or not live.uncommitted:
            raise
        await _leave(app, live)


async def _leave(app: App, live: Live) -> None:
    row, heads, new = live.document, live.room.heads, live.room.text
    agreed = await merge_base.agreed_text(app, live, row.tip_heads, row.tip_hash)
    if new == agreed:
        live.uncommitted = False
        return
    portions = live.authorship.commits()
    people = await signatures.load(app, portions, None)
    names = [people.author(portion.person) for portion in reversed(portions)] or [people.server]
    data = await to_thread.run_sync(_bytes, app, live, new)
    branch = await keep(app, live.page_path, new, data, names[0], names[1:])
    event = Event("git.conflict.detected", live.branch, live.page_path, data={"kept_as": branch})
    on_disk = await merge_base.agreed_text(app, live, row.file_heads, row.file_hash)
    async with app.store.transaction() as tx:
        for known in (agreed, on_disk):
            await texts.keep(tx, known)
        digest = content_hash(on_disk)
        await documents.move_file_point(tx, live.id, row.file_hash, heads, digest, live.fence)
        await documents.move_tip_point(
            tx, live.id, row.tip_commit, heads, content_hash(agreed), row.tip_commit or "",
            live.fence, committed=True,
        )  # fmt: skip
        await event_log.record(tx, [event])
    live.document = replace(row, tip_heads=heads, file_heads=heads, committed_heads=heads)
    live.uncommitted, live.dirty_since = False, None
    became = "cannot be edited on" if live.shut else "is gone from"
    log.warning(
        "%s %s %s; its text is in the draft %s", live.page_path, became, live.branch, branch
    )


def _bytes(app: App, live: Live, new: str) -> bytes:
    """In a thread: the text with the line endings the page had."""
    try:
        before = app.repository.read(live.document.tip_commit or "", live.page_path) or b""
        return text.patch(before, diff.splices(text.decode(before).text, new))
    except (CommitNotFound, NotEditable):
        return new.encode()
