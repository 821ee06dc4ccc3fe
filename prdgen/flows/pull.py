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
from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import half_merged, made_from, rename, signatures, size, taken, undone
from prdgen.flows.context import App
from prdgen.flows.live import Gone, Heads, Live, Step, content_hash, file_path, heads_with_text
from prdgen.git.errors import CommitNotFound
from prdgen.intake import planning
from prdgen.merge import nearness
from prdgen.store import conflicts, documents, event_log, texts
from prdgen.store.documents import Document
from prdgen.store.statements import Tx
from prdgen.sync import ports

_BY_US = ("push", "merge by prdgen", "remote: ")
"""How the reflog tells of what a push, a draft or a remote brought (see `git.commits.advance`)."""
_RESTORE = "save a version to restore it, or close it to let it go"
_LOOKED_BACK = 30
_OLD_TIPS = 3
Move = Callable[[Tx, Heads], Awaitable[None]]


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
        theirs = decoded(app, live, state.data)
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


def decoded(app: App, live: Live, data: bytes) -> str:
    """The text in the bytes of a page's file or blob; raises NotEditable: no text, or too much."""
    if reason := size.reason(app.settings, data, now=live.room.text):
        raise NotEditable(reason=reason)
    return text.decode(data).text


def _agreed(live: Live, data: bytes) -> bool:
    return bool(data) and _reads(data, live.document.file_hash)


def _reads(data: bytes, digest: str | None) -> bool:
    """Whether these bytes are the text with this hash."""
    try:
        return content_hash(text.decode(data).text) == digest
    except NotEditable:
        return False


async def file_text(app: App, live: Live, theirs: str, *, cold: bool = False) -> None:
    """Take in `theirs`, found in the page's file, with the file's agreed point as base."""
    digest = content_hash(theirs)
    if digest == live.document.file_hash:
        return
    await tip(app, live, cold=cold)  # Git writes files first and moves the branch then
    row = live.document

    async def move(tx: Tx, heads: Heads) -> None:
        await texts.keep(tx, theirs)
        await documents.move_file_point(tx, row.id, row.file_hash, heads, digest, live.fence)

    if met := live.met(digest):
        await _only_move(app, live, met, move)
    elif cold and await _went_back(app, live, digest):
        await _only_move(app, live, None, move)
    elif heads := await to_thread.run_sync(taken.known, live, row.file_heads, theirs):
        await _only_move(app, live, heads, move)
    else:
        base = await _file_base(app, live, theirs)
        await take_in(app, live, base, theirs, origin="file", move=move, cold=cold)
        live.took(base, theirs)


async def _went_back(app: App, live: Live, digest: str) -> bool:
    """Whether a dirty file went back to a tip that has moved since, while nobody looked."""
    row = live.document
    return row.file_hash != row.tip_hash and await _was_tip(app, live, digest)


async def _was_tip(app: App, live: Live, digest: str) -> bool:
    """Whether one of the newest commits before the agreed tip has this text."""
    row = live.document

    def found() -> bool:
        versions = app.repository.history(row.tip_commit or "", row.page_path, limit=_OLD_TIPS + 1)
        older = [app.repository.read(v.commit, v.page_path) or b"" for v in versions[1:]]
        return any(_reads(data, digest) for data in older)

    return row.tip_commit is not None and await to_thread.run_sync(found)


async def tip(app: App, live: Live, *, cold: bool = False) -> None:
    """The branch's tip → the document. Call with `live.lock` held.

    A page that was renamed takes its document along; one that was deleted, alone or with its
    branch, stays open with all its text, and `live.gone` says so.
    """
    new_tip = await to_thread.run_sync(app.repository.tip, live.branch)
    if new_tip == live.document.tip_commit:
        live.gone = None
        return
    if new_tip is None:
        live.gone = Gone(None, f"the branch {live.branch} was deleted; {_RESTORE}")
        return
    for brought in await to_thread.run_sync(_brought, app, live, new_tip):
        # Before what came after it, which may not have it: a file that had not got it was committed.
        data = await to_thread.run_sync(app.repository.read, brought, live.page_path)
        if data is not None:
            await _tip_text(app, live, decoded(app, live, data), brought, cold=cold)
    data = await to_thread.run_sync(app.repository.read, new_tip, live.page_path)
    if data is None and await rename.follow(app, live, new_tip):
        data = await to_thread.run_sync(app.repository.read, new_tip, live.page_path)
    if data is None and live.document.tip_hash != content_hash(""):
        live.gone = Gone(new_tip, f"this page was deleted on {live.branch}; {_RESTORE}")
        return
    live.gone = None
    theirs = decoded(app, live, data or b"")
    back = await undone.left_in_file(app, live, new_tip, theirs)
    await _tip_text(app, live, theirs, new_tip, cold=cold, back=back)


async def _tip_text(
    app: App, live: Live, theirs: str, new_tip: str, *, cold: bool, back: Heads | None = None
) -> None:
    row, digest = live.document, content_hash(theirs)

    async def move(tx: Tx, heads: Heads) -> None:
        await texts.keep(tx, theirs)
        await documents.move_tip_point(
            tx, row.id, row.tip_commit, heads, digest, new_tip, live.fence
        )

    if digest == row.tip_hash:
        await _only_move(app, live, row.tip_heads, move)
        return
    known = back or await _known_heads(live, digest, theirs)
    if known is not None:
        await _only_move(app, live, known, move)
    else:
        base = await _commit_base(app, live, new_tip, theirs)
        await take_in(app, live, base, theirs, origin="commit", move=move, cold=cold)
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
    cold: bool = False, person: UUID | None = None,
) -> None:  # fmt: skip
    """Merge `theirs` into the document and store changes, agreed point and events as one."""
    plans: list[planning.Plan] = []

    def make(replica: Replica) -> Sequence[Change]:
        planned = planning.plan(replica, base_text=base, theirs=theirs)
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
    events = [
        Event("git.conflict.detected", branch, page_path, data={"start": c.start, "end": c.end})
        for c in planned.conflicts
    ]
    if made:
        events.append(Event("content.changed", branch, page_path, data={"origin": origin}))
    return events


async def _only_move(app: App, live: Live, heads: Heads | None, move: Move) -> None:
    """Move an agreed point to heads the document already has; nothing is taken in."""
    async with app.store.transaction() as tx:
        await move(tx, heads or live.room.heads)
    await refresh(app, live)


async def _tip_base(app: App, live: Live, new_tip: str) -> str:
    """The newest text on the way to `new_tip` that the document had: several commits may be new at
    once, and the first of them be our own text (committed in a terminal, or by a server that was
    killed then). Else the agreed text of the old tip.
    """
    row = live.document
    for commit in await to_thread.run_sync(_between, app, live, new_tip):
        data = await to_thread.run_sync(app.repository.read, commit, live.page_path)
        try:
            found = decoded(app, live, data or b"")
        except NotEditable:
            continue
        if found and await _known_heads(live, content_hash(found), found) is not None:
            return found
    return await agreed_text(app, live, row.tip_heads, row.tip_hash)


async def _commit_base(app: App, live: Live, new_tip: str, theirs: str) -> str:
    """The text a commit was made from: what the branch's tip had or, when somebody committed the
    file of a working tree, what the file had as it was read, which may be older than what it has.
    Going back to a text of an older commit is meant.
    """
    row, steps, replica = live.document, live.lately_written(), live.room.replica
    last = base = await _tip_base(app, live, new_tip)
    file_ = await agreed_text(app, live, row.file_heads, row.file_hash)
    in_tip = taken.is_since(replica, row.file_heads, row.tip_heads)
    in_file = taken.is_since(replica, row.tip_heads, row.file_heads)
    if in_tip and not in_file and await to_thread.run_sync(_is_ours, app, row):
        # What we committed was not in the file yet: who commits the file has not seen it.
        on_top = app.repository.is_ancestor
        if theirs == file_ and await to_thread.run_sync(on_top, row.tip_commit or "", new_tip):
            return file_
        tip_text = await agreed_text(app, live, row.tip_heads, row.tip_hash)
        steps.append(Step(time.monotonic(), file_, tip_text))
    elif in_file:
        read = await to_thread.run_sync(made_from.text, file_, steps, theirs)
        base = await to_thread.run_sync(nearness.nearer, base, read, theirs)
    base = await to_thread.run_sync(made_from.text, base, steps, theirs)
    digest, left = content_hash(theirs), live.old_tips.get(content_hash(theirs))
    # The file still had the older commit's text when ours was on top of it.
    stayed = left is not None and any(step.at > left[0] and step.old == theirs for step in steps)
    if base == last or stayed or not await _was_tip(app, live, digest):
        return base
    return last


def _is_ours(app: App, row: Document) -> bool:
    """In a thread: whether it was us who brought the branch to the agreed tip, by a commit, a push or
    a merge: then no Git command of the folder has put the tip's text into the file.
    """
    if app.repository.came_by(row.branch, row.tip_commit or "").startswith(_BY_US):
        return True
    try:
        newest = app.repository.history(row.tip_commit or "", row.page_path, limit=1)
        found = [app.repository.commit_info(version.commit) for version in newest]
    except CommitNotFound:
        return False
    # Amended, picked or rebased in a terminal a commit keeps its trailers, and is not ours any more.
    return any(
        "prdgen-document" in each.trailers and each.committer == signatures.SERVER for each in found
    )


def _brought(app: App, live: Live, new_tip: str) -> list[str]:
    """In a thread: the commits on the way to `new_tip` that we brought the branch to, oldest first."""
    return [
        commit
        for commit in reversed(_between(app, live, new_tip))
        if app.repository.came_by(live.branch, commit).startswith(_BY_US)
    ]


def _between(app: App, live: Live, new_tip: str) -> list[str]:
    """In a thread: the commits before `new_tip`, newest first, that the agreed tip has not got."""
    repository, old_tip = app.repository, live.document.tip_commit
    if repository.commit_info(new_tip).parents == (old_tip,):
        return []
    versions = repository.history(new_tip, live.page_path, limit=_LOOKED_BACK)
    return [
        version.commit
        for version in versions
        if version.commit != new_tip
        and not (old_tip and repository.is_ancestor(version.commit, old_tip))
    ]


async def _known_heads(live: Live, digest: str, theirs: str) -> Heads | None:
    """Heads since the last tip at which the document read `theirs`: from memory, the row, or its
    history. A text from before that (a `git revert`) is news.
    """
    row, replica = live.document, live.room.replica
    if digest in live.written:
        return live.written[digest]
    for point_hash, heads in (
        (row.file_hash, row.file_heads),
        (row.intent_hash, row.intent_heads),
    ):
        if digest == point_hash and heads and taken.is_since(replica, row.tip_heads, heads):
            return heads
    if came := await to_thread.run_sync(taken.known, live, row.tip_heads, theirs):
        return came
    return await to_thread.run_sync(heads_with_text, replica, row.tip_heads, theirs)


async def agreed_text(app: App, live: Live, heads: Heads, digest: str | None) -> str:
    """The text both sides had: the document at `heads`, or the kept text when a merge followed."""
    at_heads = live.room.replica.text(heads)
    if content_hash(at_heads) == digest:
        return at_heads
    async with app.store.transaction() as tx:
        return await texts.get(tx, digest or content_hash(""))


async def _file_base(app: App, live: Live, theirs: str) -> str:
    """The text the file was changed from: its last agreed one, or one it had a moment before, or
    the branch's tip, which is what a file of a checkout was made from when this store never knew it.
    """
    row, steps = live.document, live.lately_written()
    base = await agreed_text(app, live, row.file_heads, row.file_hash)
    if row.tip_hash != row.file_hash and taken.is_since(
        live.room.replica, row.file_heads, row.tip_heads
    ):
        tip = await agreed_text(app, live, row.tip_heads, row.tip_hash)
        base = await to_thread.run_sync(nearness.nearer, base, tip, theirs)
    base = await to_thread.run_sync(taken.base, live, row.file_heads, base, theirs)
    return await to_thread.run_sync(made_from.text, base, steps, theirs)


def _last_bytes(live: Live) -> bytes:
    """What the file would begin with if someone were in the middle of rewriting it."""
    return live.room.text.encode()


async def refresh(app: App, live: Live) -> None:
    """Read the document's row again after a point moved."""
    async with app.store.statement() as tx:
        live.document = await documents.get(tx, live.id)
