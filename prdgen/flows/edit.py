"""document → file in the working tree → commit on the branch, under everyone's own name."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from anyio import to_thread

from prdgen import logs, trace
from prdgen.events import Event
from prdgen.files import disk, text
from prdgen.flows import (
    astray,
    displaced,
    glance,
    half_merged,
    hooked,
    lease,
    merge_base,
    pull,
    remote_wanted,
    signatures,
)
from prdgen.flows.context import App
from prdgen.flows.errors import WorkTreePaused
from prdgen.flows.live import COMMIT, Heads, Live, content_hash, file_path
from prdgen.git import commits, index, locks
from prdgen.git.errors import HookRefused, HookTooSlow, Locked, TipMoved
from prdgen.jobs.queue import HIGH
from prdgen.merge import diff, sections
from prdgen.merge.authorship import Portion
from prdgen.store import documents, event_log, texts
from prdgen.store.documents import Document
from prdgen.store.errors import AgreedPointMoved
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
_TRIES = 5
_TELL_SECONDS = 5.0
"""While people type, `content.changed` is told so often at most."""


@dataclass(frozen=True, slots=True)
class Version:
    """What saving a version did: the commits, newest last; none when nothing had changed."""

    commits: tuple[str, ...]
    refused: str | None = None


async def write_file(app: App, live: Live) -> None:
    """Bring the page's file to the document's stored text. Call with `live.lock` held.

    What the file holds and nobody knew is taken in first, once it stood still; what a save put
    there while we wrote is found in what the swap gave back, and taken in after that. A file that
    somebody removed comes back with the next edit only, or when a person restores the page.
    """
    began = time.perf_counter()
    found = await glance.look(app, live) or await _look_closely(app, live)
    if found is None:
        return
    path, expected = file_path(found.tree, live.page_path), found.data
    on_disk = expected or b""
    old, new, heads = text.decode(on_disk).text, live.room.text, live.room.heads
    if expected is None and content_hash(new) == live.document.file_hash and not live.restored:
        return
    live.restored = live.restored and expected is None
    if old == new and expected is not None:
        await _file_point(app, live, heads, new)
        return
    data = text.patch(on_disk, diff.splices(old, new))
    await _record_intent(app, live, heads, new)
    save = displaced.watch(app, live, on_disk)
    async with lease.writing(app, live):
        swapped = await to_thread.run_sync(
            partial(disk.exchange, path, found.tree, data, expected, keep=save.keep)
        )
    live.wrote(old, new)
    displaced.follow(app, live, swapped, save)
    if swapped.written:
        live.restored = False
        live.put_away = None  # with this in the file Git does not put it back
        await _file_point(app, live, heads, new)
        if live.behind(content_hash(old)) is not None:
            await to_thread.run_sync(_index_too, app, live)
    else:
        live.changed.set()
    logs.trace("edit.write_file", began, page=live.page_path, bytes=len(data))
    if trace.on:
        trace.in_file(live.id, live.page_path)


def _index_too(app: App, live: Live) -> None:
    """In a thread: what left the file behind may have left Git's index behind, too."""
    try:
        index.catch_up(app.repository, live.branch, live.page_path)
    except Locked as error:
        log.info("Git may show %s as changed: %s", live.page_path, error)


async def _look_closely(app: App, live: Live) -> glance.Seen | glance.Gone | None:
    """Take in what branch and file have that nobody knew; what the file holds then, None: not now."""
    await pull.tip(app, live)  # a file is made from a commit as often as a commit from the file
    tree = await pull.file_side(app, live)
    if tree is None:
        return None
    state = await pull.settled(app, live, file_path(tree, live.page_path), tree)
    if await pull.file_side(app, live) != tree:
        return None
    if isinstance(state, disk.Missing):
        return glance.Gone(tree)
    if await half_merged.stands(live, tree, state.data):
        return None
    await pull.file_text(app, live, merge_base.decoded(app, live, state.data))
    return glance.Seen(tree, state.data)


async def _record_intent(app: App, live: Live, heads: Heads, new: str) -> None:
    digest, now = content_hash(new), time.monotonic()
    telling = now >= live.told_at + _TELL_SECONDS
    async with app.store.transaction() if telling else app.store.statement() as tx:
        await documents.record_intent(tx, live.id, heads, digest, live.fence)
        if telling:
            changed = Event(
                "content.changed", live.branch, live.page_path, data={"origin": "editor"}
            )
            await event_log.record(tx, [changed])
            live.told_at = now
    live.document = replace(live.document, intent_heads=heads, intent_hash=digest)
    live.remember(new, heads)


async def _file_point(app: App, live: Live, heads: Heads, new: str) -> None:
    row, digest = live.document, content_hash(new)
    if row.file_hash == digest and row.file_heads == heads:
        return
    async with app.store.statement() as tx:
        live.document = await documents.move_file_point(
            tx, live.id, row.file_hash, heads, digest, live.fence
        )


async def commit(
    app: App, live: Live, message: str | None, saved_by: UUID | None, *, own: bool = False
) -> Version:
    """Commit the document's text, one commit per person in order. Call with `live.lock` held.

    `message` and `saved_by` are of the person who saves a version; without them the text is
    committed because it was quiet, everyone left, or the server stops. Only a person's version
    restores a page that was deleted. With `own` the message is said of their own part alone, not
    of what others typed. Raises WorkTreePaused to the person.
    """
    for _ in range(_TRIES):
        met = live.document.tip_commit
        await pull.tip(app, live)
        if live.document.tip_commit != met:
            await pull.file(app, live)  # with our commit on top nobody would know it for the same
        if saved_by is None and live.gone is not None:
            return Version(())
        under_way = await to_thread.run_sync(app.repository.under_way, live.branch)
        if under_way := under_way or await half_merged.reason(app, live):
            if saved_by is None:
                return Version(())
            raise WorkTreePaused(reason=under_way)
        try:
            return await _commit_once(app, live, message, saved_by, own=own)
        except TipMoved as error:
            moved = error
        except (HookRefused, HookTooSlow) as refusal:
            live.refused = str(refusal)
            return Version((), live.refused)
    raise moved


async def _commit_once(
    app: App, live: Live, message: str | None, saved_by: UUID | None, *, own: bool
) -> Version:
    began = time.perf_counter()
    new, heads, row = live.room.text, live.room.heads, live.document
    if content_hash(new) == row.tip_hash and live.gone is None:
        live.uncommitted = False
        return Version(())
    live.authorship.advance(new, None)
    portions = live.authorship.commits() or [Portion(None, (), new)]
    people = await signatures.load(app, portions, saved_by)
    said = [message if not own or each.person == saved_by else None for each in portions]
    async with lease.writing(app, live):
        made, committed = await to_thread.run_sync(
            _write_commits, app, live, portions, people, said, heads
        )

    async def move(tx: Tx, heads_now: Heads) -> Document:
        await texts.keep(tx, committed)
        moved = await documents.move_tip_point(
            tx, live.id, row.tip_commit, heads_now, content_hash(committed), made[-1], live.fence,
            committed=committed == new or live.room.replica.text(heads_now) == committed,
        )  # fmt: skip
        if saved_by is not None:
            await event_log.record(tx, [_version_event(live, made[-1], message, saved_by)])
        await follow(app, live.branch, tx)
        return moved

    if committed == new:
        async with app.store.transaction() as tx:
            moved = await move(tx, heads)
        live.document = moved
    else:  # a commit hook rewrote the page
        await pull.take_in(app, live, new, committed, origin=COMMIT, move=move)
    _restored(live)
    live.leave_tip(row.tip_hash, row.tip_heads)
    live.overlooked = live.put_away = None
    live.written.clear()
    live.refused = None
    live.authorship.rebase(committed)
    live.uncommitted = live.room.text != committed
    logs.trace("edit.commit", began, page=live.page_path, commits=len(made))
    if trace.on:
        trace.committed(live.id, live.page_path, made)
    return Version(tuple(made))


def _restored(live: Live) -> None:
    if live.gone is not None:
        live.gone = live.paused = None
        live.restored = True
        live.dirty_since = time.monotonic()
        live.changed.set()


def _write_commits(
    app: App,
    live: Live,
    portions: list[Portion],
    people: signatures.People,
    said: list[str | None],
    heads: Heads,
) -> tuple[list[str], str]:
    """In a thread: each portion's text on the one before it, by patching the bytes there were.

    Returns the commits, and the text the last one has: hooks may have made another of it.
    """
    with locks.branch(app.repository, live.branch):
        tip, data = _parent(app, live)
        before = text.decode(data).text
        title = live.page_path.rsplit("/", 1)[-1].removesuffix(".md")
        wanted: list[commits.Wanted] = []
        for portion, message in zip(portions, said, strict=True):
            data = text.patch(data, diff.splices(before, portion.text))
            wanted.append(
                commits.Wanted(
                    {live.page_path: data},
                    message or sections.subject(before, portion.text, title),
                    people.author(portion.person),
                    tuple(people.co_authors(portion)),
                    _trailers(live, heads if portion is portions[-1] else None),
                )
            )
            before = portion.text
        try:
            made = commits.write_several(
                app.repository, live.branch, tip, wanted, committer=people.server,
                hook_seconds=app.settings.commit_hook_seconds,
            )  # fmt: skip
        finally:  # the first of them may be there when the next one is refused
            hooked.note(app, live.branch, live.page_path, tip)
    return made, text.decode(app.repository.read(made[-1], live.page_path) or b"").text


def _parent(app: App, live: Live) -> tuple[str | None, bytes]:
    """The commit to build on and the page's bytes as they were last: in Git, else on disk."""
    repository, was = app.repository, live.document.tip_commit
    tip = was
    if live.gone is not None and live.gone.tip is None and was is not None:
        repository.create_branch(live.branch, was)
    elif live.gone is not None:
        tip = live.gone.tip
    data = repository.read(was, live.page_path) if was else None
    tree = repository.work_tree_of(live.branch)
    if data is None and tree is not None:
        state = disk.read(file_path(tree, live.page_path), tree)
        data = None if isinstance(state, disk.Missing) else state.data
    return tip, data or b""


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
    await remote_wanted.after_commit(app, tx)


async def save_version(
    app: App, branch: str, page_path: str, message: str | None, person: UUID, *, own: bool = False
) -> Version:
    """A person saves a version: the file and the commit are there when this returns; `own` as in `commit`.

    Raises NoSuchPage when nobody has the page open and NotHere when another process leases it.
    """
    assert app.keeper is not None
    async with app.keeper.locked(await app.keeper.get(branch, page_path)) as live:
        return await save(app, live, message, person, own=own)


async def save(
    app: App, live: Live, message: str | None = None, person: UUID | None = None, *,
    own: bool = False,
) -> Version:  # fmt: skip
    """The page's file, then its commit. Call with `live.lock` held; raises as `commit` does."""
    try:
        await write_file(app, live)
        return await commit(app, live, message, person, own=own)
    except AgreedPointMoved:
        await astray.heal(app, live)
        await write_file(app, live)
        return await commit(app, live, message, person, own=own)
