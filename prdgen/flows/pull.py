"""outside text → document: a save on disk, or a commit made elsewhere, merged into the live text.

Whatever arrives is judged by its content: a text that is an agreed one, an intended one, or one
this document had, is no news and only moves a point. All else is `base, theirs, ours`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

from anyio import to_thread

from prdgen import logs
from prdgen.crdt.replica import Change, Replica
from prdgen.events import Event
from prdgen.files import disk
from prdgen.files.errors import NotEditable
from prdgen.flows import (
    clash,
    half_merged,
    merge_base,
    rename,
    taken,
    taken_away,
    taken_out,
    undone,
)
from prdgen.flows.context import App
from prdgen.flows.live import COMMIT, Gone, Heads, Live, content_hash, file_path
from prdgen.intake import planning
from prdgen.store import conflicts, documents, event_log, texts
from prdgen.store.documents import Document
from prdgen.store.statements import Tx
from prdgen.sync import ports

_RESTORE = "save a version to restore it, or close it to let it go"
Move = Callable[[Tx, Heads], Awaitable[object]]
"""Moves an agreed point to these heads."""


async def file(app: App, live: Live, *, cold: bool = False) -> None:
    """The page's file in the working tree → the document. Call with `live.lock` held.

    The file is read now, not when an event fired, and only when it stood still. `cold` marks the
    first look after this process opened the document (see `sync.room` on cold intakes).
    """
    began = time.perf_counter()
    tree = await file_side(app, live)
    if tree is None:
        return
    state = await settled(app, live, file_path(tree, live.page_path), tree)
    # Git may have begun something, or changed the branch, before it wrote what we read.
    if isinstance(state, disk.Missing) or await file_side(app, live) != tree:
        return
    if await half_merged.stands(live, tree, state.data):
        return
    try:
        theirs = merge_base.decoded(app, live, state.data)
    except NotEditable as error:
        live.paused = f"the file on disk cannot be taken in: {error}"
        return
    await file_text(app, live, theirs, cold=cold)
    logs.trace("pull.file", began, page=live.page_path)


async def file_side(app: App, live: Live) -> Path | None:
    """The folder in which the page's file is to be read and written; None: there is none, or not
    now, and then `live.paused` says why.
    """
    repository, branch = app.repository, live.branch
    tree, busy = await to_thread.run_sync(
        lambda: (repository.work_tree_of(branch), repository.busy_reason(branch))
    )
    live.paused = live.gone.reason if live.gone else busy
    live.half_merged = live.half_merged or busy is not None
    return None if live.paused else tree


async def settled(app: App, live: Live, path: Path, tree: Path) -> disk.FileState | disk.Missing:
    """The page's file, once nobody is in the middle of writing it. What both sides know already,
    and a file that is not there, is not waited for.
    """
    state = await to_thread.run_sync(disk.read, path, tree)
    if isinstance(state, disk.Missing) or _agreed(live, state.data):
        return state
    return await disk.stood_still(
        path, tree, app.settings.settle_seconds, shorter_prefix_of=_last_bytes(live)
    )


def _agreed(live: Live, data: bytes) -> bool:
    return bool(data) and merge_base.reads(data, live.document.file_hash)


async def file_text(
    app: App, live: Live, theirs: str, *, cold: bool = False, kept: bool = False
) -> None:
    """Take in `theirs`, found in the page's file, with the file's agreed point as base. `kept`: what it
    takes out is committed already.
    """
    digest = content_hash(theirs)
    if digest == live.document.file_hash:
        return
    await tip(app, live, cold=cold)  # Git writes files first and moves the branch then
    row = live.document

    async def move(tx: Tx, heads: Heads) -> Document:
        await texts.keep(tx, theirs)
        return await documents.move_file_point(tx, row.id, row.file_hash, heads, digest, live.fence)

    if met := live.met(digest):
        if digest == row.tip_hash != row.file_hash and row.file_hash not in live.old_tips:
            live.put_away = await merge_base.agreed_text(app, live, row.file_heads, row.file_hash)
        await _only_move(app, live, met, move)
    elif cold and await _went_back(app, live, digest):
        await _only_move(app, live, None, move)
    elif heads := await to_thread.run_sync(taken.known, live, row.file_heads, theirs):
        await _only_move(app, live, heads, move)
    else:
        base = await merge_base.of_file(app, live, theirs, cold=cold)
        if not kept and await taken_out.keep(app, live, base, theirs):
            await file_text(app, live, theirs, cold=cold, kept=True)
            return
        await take_in(app, live, base, theirs, origin="file", move=move, cold=cold)
        live.took(base, theirs)


async def _went_back(app: App, live: Live, digest: str) -> bool:
    """Whether a dirty file went back to a tip that has moved since, while nobody looked."""
    row = live.document
    return row.file_hash != row.tip_hash and await merge_base.was_tip(app, live, digest)


async def tip(app: App, live: Live, *, cold: bool = False) -> None:
    """The branch's tip → the document. Call with `live.lock` held.

    A page or a branch that was renamed takes its document along; a page that was deleted, alone or
    with its branch, stays open with all its text, and `live.gone` says so.
    """
    new_tip = await to_thread.run_sync(app.repository.tip, live.branch)
    if new_tip is None and await rename.follow_branch(app, live):
        new_tip = await to_thread.run_sync(app.repository.tip, live.branch)
    if new_tip == live.document.tip_commit:
        live.gone = live.shut = None
        return
    if new_tip is None:
        live.shut = None
        live.gone = Gone(None, f"the branch {live.branch} was deleted; {_RESTORE}")
        return
    for brought in await to_thread.run_sync(merge_base.brought, app, live, new_tip):
        # Before what came after it, which may not have it: a file that had not got it was committed.
        data = await to_thread.run_sync(app.repository.read, brought, live.page_path)
        passed = None if data is None else merge_base.readable(app, live, data)
        if passed is not None:
            await _tip_text(app, live, passed, brought, cold=cold)
    data = await to_thread.run_sync(app.repository.read, new_tip, live.page_path)
    if data is None and await rename.follow(app, live, new_tip):
        data = await to_thread.run_sync(app.repository.read, new_tip, live.page_path)
    if data is None and live.document.tip_hash != content_hash(""):
        if live.gone is None and await to_thread.run_sync(
            merge_base.was_brought, app, live.branch, new_tip
        ):
            await taken_away.remove(app, live)
        live.shut = None
        live.gone = Gone(new_tip, f"this page was deleted on {live.branch}; {_RESTORE}")
        return
    live.gone = live.shut = None
    try:
        theirs = merge_base.decoded(app, live, data or b"")
    except NotEditable as error:
        live.shut = str(error)
        raise
    back = await undone.left_in_file(app, live, new_tip, theirs)
    await _tip_text(app, live, theirs, new_tip, cold=cold, back=back)


async def _tip_text(
    app: App, live: Live, theirs: str, new_tip: str, *, cold: bool, back: Heads | None = None
) -> None:
    row, digest = live.document, content_hash(theirs)

    async def move(tx: Tx, heads: Heads) -> Document:
        await texts.keep(tx, theirs)
        return await documents.move_tip_point(
            tx, row.id, row.tip_commit, heads, digest, new_tip, live.fence,
            committed=live.room.replica.text(heads) == theirs,
        )  # fmt: skip

    if digest == row.tip_hash:
        await _only_move(app, live, row.tip_heads, move)
        return
    known = back or await merge_base.known_heads(live, digest, theirs)
    if known is not None:
        await _only_move(app, live, known, move)
    else:
        base = await merge_base.of_commit(app, live, new_tip, theirs)
        # What a commit in the folder took out stayed here, and comes back there.
        once = await to_thread.run_sync(merge_base.brings_back, app, new_tip)
        await take_in(app, live, base, theirs, origin=COMMIT, move=move, cold=cold, once=once)
        live.took(base, theirs)
    live.leave_tip(row.tip_hash, row.tip_heads)
    live.forget_before(digest)
    if back:
        await undone.authors_again(app, live, theirs)
    else:
        live.authorship.rebase(theirs)
    live.uncommitted = live.room.text != theirs


async def take_in(
    app: App, live: Live, base: str, theirs: str, *, origin: str, move: Move,
    cold: bool = False, person: UUID | None = None, once: bool = False,
) -> None:  # fmt: skip
    """Merge `theirs` into the document and store changes, agreed point and events as one; `once` as in
    `three_way.merge`.
    """
    plans: list[planning.Plan] = []

    def make(replica: Replica) -> Sequence[Change]:
        planned = planning.plan(replica, base_text=base, theirs=theirs, once=once)
        plans[:] = [planned]
        return planning.apply(replica, planned)

    async def in_tx(tx: Tx, made: Sequence[Change]) -> None:
        await move(tx, live.room.replica.heads)
        if made and cold:
            await documents.set_cold_intake(tx, live.id, made[-1].hash)
        for conflict in plans[0].conflicts:
            await conflicts.record(
                tx,
                conflicts.Conflict(
                    live.id, conflict.ours, conflict.theirs, live.room.replica.heads, origin
                ),
            )
        await event_log.record(tx, _events(live, origin, plans[0], made))

    named = ports.COLD_INTAKE if cold else origin
    await live.room.edit(make, origin=named, person_id=person, in_tx=in_tx)
    await refresh(app, live)


def _events(live: Live, origin: str, planned: planning.Plan, made: Sequence[Change]) -> list[Event]:
    branch, page_path = live.branch, live.page_path
    events = [clash.event(branch, page_path, planned.text, one) for one in planned.conflicts]
    if made:
        events.append(Event("content.changed", branch, page_path, data={"origin": origin}))
    return events


async def _only_move(
    app: App, live: Live, heads: Heads | None, move: Callable[[Tx, Heads], Awaitable[Document]]
) -> None:
    """Move an agreed point to heads the document already has; nothing is taken in."""
    async with app.store.transaction() as tx:
        moved = await move(tx, heads or live.room.heads)
    live.document = moved


def _last_bytes(live: Live) -> bytes:
    """What the file would begin with if someone were in the middle of rewriting it."""
    return live.room.text.encode()


async def refresh(app: App, live: Live) -> None:
    """Read the document's row again after a point moved."""
    async with app.store.statement() as tx:
        live.document = await documents.get(tx, live.id)
