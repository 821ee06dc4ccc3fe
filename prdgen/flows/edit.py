"""document → file in the working tree → commit on the branch, under everyone's own name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from anyio import to_thread

from prdgen import logs
from prdgen.events import Event
from prdgen.files import disk, text
from prdgen.flows import pull, signatures
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, content_hash, file_path
from prdgen.git import commits, locks
from prdgen.git.errors import HookRefused, TipMoved
from prdgen.jobs.queue import HIGH
from prdgen.merge import diff, sections
from prdgen.merge.authorship import Portion
from prdgen.store import documents, event_log
from prdgen.store.statements import Tx

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Version:
    """What saving a version did: the commits, newest last; none when nothing had changed."""

    commits: tuple[str, ...]
    refused: str | None = None


async def write_file(app: App, live: Live) -> None:
    """Bring the page's file to the document's stored text. Call with `live.lock` held.

    What the file holds and nobody knew is taken in first; what a save put there while we wrote is
    found in what the swap gave back, and taken in then.
    """
    began = time.perf_counter()
    tree = await to_thread.run_sync(app.repository.work_tree_of, live.branch)
    live.paused = await to_thread.run_sync(app.repository.busy_reason)
    if tree is None or live.paused:
        return
    path = file_path(tree, live.page_path)
    state = await to_thread.run_sync(disk.read, path, tree)
    on_disk = b"" if isinstance(state, disk.Missing) else state.data
    if not isinstance(state, disk.Missing):
        await pull.file_text(app, live, text.decode(on_disk).text)
    old, new, heads = text.decode(on_disk).text, live.room.text, live.room.heads
    if old == new:
        await _file_point(app, live, heads, new)
        return
    async with app.store.transaction() as tx:
        await documents.record_intent(tx, live.id, heads, content_hash(new), live.fence)
    live.remember(new, heads)
    data = text.patch(on_disk, diff.splices(old, new))
    expected = None if isinstance(state, disk.Missing) else on_disk
    with await to_thread.run_sync(disk.exchange, path, tree, data, expected) as swapped:
        displaced, written = swapped.displaced, swapped.written
    if written:
        await _file_point(app, live, heads, new)
    logs.trace("edit.write_file", began, page=live.page_path, bytes=len(data))
    if displaced is not None and displaced != on_disk:
        await _take_displaced(app, live, old, text.decode(displaced).text)


async def _take_displaced(app: App, live: Live, base: str, theirs: str) -> None:
    """A save landed between our read and our swap: what came out is merged like any outside text."""

    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """The file holds our text; its agreed point is right already."""

    await pull.take_in(app, live, base, theirs, origin="file", move=nothing_moves)
    live.changed.set()


async def _file_point(app: App, live: Live, heads: Heads, new: str) -> None:
    row, digest = live.document, content_hash(new)
    if row.file_hash == digest and row.file_heads == heads:
        return
    async with app.store.transaction() as tx:
        await documents.move_file_point(tx, live.id, row.file_hash, heads, digest, live.fence)
    await pull.refresh(app, live)


async def commit(app: App, live: Live, message: str | None, saved_by: UUID | None) -> Version:
    """Commit the document's text, one commit per person in order. Call with `live.lock` held.

    `message` and `saved_by` are of the person who saves a version; without them the text is
    committed because it was quiet, everyone left, or the server stops.
    """
    for _ in range(_TRIES):
        await pull.tip(app, live)
        try:
            return await _commit_once(app, live, message, saved_by)
        except TipMoved:
            continue
        except HookRefused as refusal:
            live.refused = str(refusal)
            return Version((), live.refused)
    await pull.tip(app, live)
    return await _commit_once(app, live, message, saved_by)


async def _commit_once(
    app: App, live: Live, message: str | None, saved_by: UUID | None
) -> Version:
    began = time.perf_counter()
    new, heads, row = live.room.text, live.room.heads, live.document
    if content_hash(new) == row.tip_hash:
        live.uncommitted = False
        return Version(())
    live.authorship.advance(new, None)
    portions = live.authorship.commits() or [Portion(None, (), new)]
    people = await signatures.load(app, portions, saved_by)
    made = await to_thread.run_sync(
        _write_commits, app, live, portions, people, message, heads, row.tip_commit
    )
    async with app.store.transaction() as tx:
        await documents.move_tip_point(
            tx, live.id, row.tip_commit, heads, content_hash(new), made[-1], live.fence
        )
        if saved_by is not None:
            await event_log.record(tx, [_version_event(live, made[-1], message, saved_by)])
        await follow(app, live.branch, tx)
    live.remember(new, heads)
    live.refused = None
    live.authorship.rebase(new)
    live.uncommitted = live.room.text != new
    await pull.refresh(app, live)
    logs.trace("edit.commit", began, page=live.page_path, commits=len(made))
    return Version(tuple(made))


def _write_commits(
    app: App,
    live: Live,
    portions: list[Portion],
    people: signatures.People,
    message: str | None,
    heads: Heads,
    tip: str | None,
) -> list[str]:
    """In a thread: each portion's text on the one before it, by patching the bytes Git has."""
    made: list[str] = []
    with locks.branch(app.repository, live.branch):
        data = (app.repository.read(tip, live.page_path) if tip else None) or b""
        before = text.decode(data).text
        title = live.page_path.rsplit("/", 1)[-1].removesuffix(".md")
        for portion in portions:
            data = text.patch(data, diff.splices(before, portion.text))
            last = portion is portions[-1]
            tip = commits.write(
                app.repository,
                live.branch,
                tip,
                {live.page_path: data},
                message=message or sections.subject(before, portion.text, title),
                author=people.author(portion.person),
                committer=people.server,
                co_authors=people.co_authors(portion),
                trailers=_trailers(live, heads if last else None),
                hook_seconds=app.settings.commit_hook_seconds,
            )
            before = portion.text
            made.append(tip)
    return made


def _trailers(live: Live, heads: Heads | None) -> dict[str, str]:
    trailers = {"Prdgen-Document": str(live.id)}
    if heads is not None:
        trailers["Prdgen-Heads"] = " ".join(head.hex() for head in heads)
    return trailers


def _version_event(live: Live, made: str, message: str | None, person: UUID) -> Event:
    return Event(
        "prd.version.created",
        branch=live.branch,
        page_path=live.page_path,
        person_id=person,
        data={"commit": made, "message": message},
    )


async def follow(app: App, branch: str, tx: Tx) -> None:
    """Have index and site follow a branch that moved; one waiting job is enough."""
    await app.queue.defer(
        "follow_branch", {"branch": branch}, lock=f"branch:{branch}",
        queueing_lock=f"follow:{branch}", tx=tx, priority=HIGH,
    )  # fmt: skip


async def save_version(
    app: App, branch: str, page_path: str, message: str | None, person: UUID
) -> Version:
    """A person saves a version: the file and the commit are there when this returns.

    Raises NoSuchPage when nobody has the page open and NotHere when another process leases it.
    """
    assert app.keeper is not None
    live = await app.keeper.get(branch, page_path)
    async with live.lock:
        await write_file(app, live)
        return await commit(app, live, message, person)
