"""a document the server no longer has, with changes of its own → the live text, or a recovered draft.

The base is found, not assumed: the newest heads inside the late document whose text is known as
agreed, from a commit's `Prdgen-Heads` or because a version of the page reads the same.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from anyio import to_thread

from prdgen import ids
from prdgen.crdt import chunks, guard
from prdgen.crdt.errors import ChangeRefused
from prdgen.crdt.replica import Change, Replica
from prdgen.files.text import readable
from prdgen.flows import pages_of, pull, read, recovered, signatures
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage, NotAsChanges, NotHere, NotRolled
from prdgen.git.values import Version
from prdgen.store import actors, changes, documents, texts
from prdgen.store.documents import Document
from prdgen.store.errors import ActorTaken, AgreedPointMoved
from prdgen.store.statements import Tx
from prdgen.sync import cold, ports, written_from
from prdgen.sync.errors import Refusal
from prdgen.sync.room import Room

log = logging.getLogger(__name__)
ORIGIN = "late"
_HEAD = re.compile(r"[0-9a-f]{64}")
_VERSIONS = 200
_TRIES = 5
Heads = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """Where late text went: into the live document, or into a draft of its own (`recovered`)."""

    document_id: UUID | None
    edit: str
    recovered: str | None = None
    heads: Heads = ()
    """The live document's stored heads with the text."""
    taken: int = 0
    """How many of the changes were new to the server, where they came as changes."""


async def carry(
    app: App, document_id: UUID, data: bytes, branch: str, page_path: str, person: UUID
) -> Carried:
    """Merge the text of a late document (`data`: its saved bytes) into the page as it is now.

    Doing it twice is the same as once. When no base is found nothing is merged silently: the text
    becomes the branch `recovered/…`. Raises BadPagePath, ChangeRefused, NoSuchBranch.
    """
    ids.check_branch(branch)
    ids.check_page_path(page_path)
    if not pages_of.globs(app).match(page_path):
        raise NoSuchPage(page_path=page_path, branch=branch)
    assert app.keeper is not None
    late = await to_thread.run_sync(_open, data, app.change_limits)
    theirs = late.text()
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
    retired = known if known is not None and known.status == "retired" else None
    raw = [change.data for change in late.changes_since(())]
    if retired and await _deliver(app, retired, raw, person, whole=True) is not None:
        return await _followed(app, retired)
    async with app.store.transaction() as tx:
        reached = await texts.late_heads(tx, document_id)
    if reached is not None and all(map(late.knows, reached)):
        base: Heads | None = reached
    else:
        base = await to_thread.run_sync(_base, app, late, branch, page_path)
    if base is None:
        branch = await _recover(app, page_path, theirs, person)
        return Carried(None, read.address("edit", branch, page_path), branch)

    async def move(tx: Tx, _heads: Heads) -> None:
        await texts.note_late(tx, document_id, late.heads)

    async with app.keeper.locked(await app.keeper.get(branch, page_path)) as live:
        since = late.changes_since(base)
        # The file has more of it than Git, as a rule: the base is as new as the page lets it be.
        found = await to_thread.run_sync(written_from.closest, late, since, live.room.text, base)
        await pull.take_in(app, live, found.text, theirs, origin=ORIGIN, move=move, person=person)
    return Carried(live.id, read.address("edit", branch, page_path), heads=live.room.heads)


async def deliver(app: App, document_id: UUID, data: bytes, person: UUID) -> Carried:
    """Changes of a document that its editor could not send, into that very document, as changes.

    For what comes without its editor, which sends the same again when it is opened next: what is
    taken is what its own connection would take, and nothing becomes a draft here. Raises
    ChangeRefused and NotADocument for bytes that are none, NotAsChanges for what is left to it.
    `data`: the document's bytes, changes alone that build on what the server has, or both.
    """
    raw = await to_thread.run_sync(_changes, data, app.change_limits)
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
        reached = await texts.late_heads(tx, document_id)
    if known is None:
        raise NotAsChanges(why="the server has this document no longer")
    if reached is not None:  # Its changes would bring the same once more.
        raise NotAsChanges(why="text of this document was taken before, without its changes")
    taken = _deliver if known.status == "retired" else _take
    count = await taken(app, known, raw, person)
    if count is None:
        raise NotAsChanges(why="the document does not take them")
    return replace(await _followed(app, known), taken=count)


async def _take(app: App, row: Document, raw: Sequence[bytes], person: UUID) -> int | None:
    """Changes into a live document; how many were new, None when it does not take them."""
    assert app.rooms is not None
    assert app.keeper is not None
    # Held first: what happened in Git and on disk meanwhile is in the document by then.
    held = await app.keeper.hold(row)
    room = held.room if held else await app.rooms.get(row.id)
    theirs: set[bytes] = set()

    def apply(replica: Replica) -> list[Change]:
        new = _apply(room, replica, raw, app.change_limits)
        theirs.update(change.actor for change in new)
        return new

    async def against_owners(tx: Tx, _made: Sequence[Change]) -> None:
        # A document has other people's changes too, whose owners a lost store does not know: whoever
        # brings them owns none of them.
        for actor in theirs:
            await actors.check(tx, row.id, actor, person)

    try:
        made = await room.edit(apply, origin=ports.PEER, person_id=person, in_tx=against_owners)
    except (ChangeRefused, Refusal, ActorTaken) as error:
        log.warning("late changes of %s are not taken: %s", row.page_path, error)
        return None
    return len(made)


def _apply(
    room: Room, replica: Replica, raw: Sequence[bytes], limits: guard.Limits
) -> list[Change]:
    """Changes that came by themselves, all of them or none; raises ChangeRefused.

    What was made without a cold intake that the document has may hold the same text once more.
    That is merged with all an editor has, which comes in one piece; parts of it would not do.
    """
    new = replica.apply(raw, limits=limits)
    if replica.waiting:
        raise ChangeRefused(why="what it builds on is missing")
    if room.cold_intake and cold.Mark(room.cold_intake).late(replica, new):
        raise ChangeRefused(why="it was made before the page was taken in anew")
    return new


async def _deliver(
    app: App, retired: Document, raw: Sequence[bytes], person: UUID, *, whole: bool = False
) -> int | None:
    """Late changes into the retired document they belong to, and over to the one that follows;
    how many were new, None when they cannot be taken as changes. `whole`: all an editor has.
    """
    assert app.rooms is not None
    room = await app.rooms.get(retired.id)

    def apply(replica: Replica) -> list[Change]:
        if whole:
            return replica.apply(raw, limits=app.change_limits)
        return _apply(room, replica, raw, app.change_limits)

    try:
        made = await room.edit(apply, origin=ports.PEER, person_id=person)
    except (ChangeRefused, Refusal) as error:
        log.warning("late changes of %s are not taken as such: %s", retired.page_path, error)
        return None
    for _ in range(_TRIES):
        try:
            await carry_over(app, retired.id)
            break
        except AgreedPointMoved:
            continue  # somebody else carried some of it just now
    return len(made)


async def _followed(app: App, retired: Document) -> Carried:
    """Where the text of a retired document is now."""
    assert app.keeper is not None
    async with app.store.transaction() as tx:
        target = await documents.newest(tx, retired.id)
    live = app.keeper.find(target.id)
    where = read.address("edit", target.branch, target.page_path)
    return Carried(target.id, where, heads=live.room.heads if live else target.heads)


async def carry_over(app: App, document_id: UUID) -> None:
    """What a retired document got since → the document that follows it, exactly once.

    Base is the text the successor has of it; with each carry that point moves on, in the same
    transaction. Text of a page that has no live document any more becomes a draft.
    """
    assert app.keeper is not None
    assert app.rooms is not None
    async with app.store.transaction() as tx:
        old = await documents.get(tx, document_id)
        target = await documents.newest(tx, document_id)
    done = old.carried_seq
    if done is None or old.last_seq <= done:
        return
    room = await app.rooms.get(document_id)
    if room.last_seq < old.last_seq:
        room.heard(old.last_seq)
        raise NotRolled(page_path=old.page_path)
    seq, heads = room.last_seq, room.heads
    base, theirs = room.replica.text(old.carried_heads), room.replica.text(heads)
    async with app.store.transaction() as tx:
        writers = await changes.writers(tx, document_id, done)

    async def move(tx: Tx, _heads: Heads) -> None:
        await documents.move_carried(tx, document_id, done, seq, heads)

    person = writers[0] if writers else None
    if target.status != "live":
        await _recover(app, old.page_path, theirs, person)
        async with app.store.transaction() as tx:
            await move(tx, heads)
        return
    held = await app.keeper.hold(target)
    if held is None:
        raise NotHere(page_path=target.page_path)
    async with app.keeper.locked(held) as live:
        await pull.take_in(app, live, base, theirs, origin=ORIGIN, move=move, person=person)


def _open(data: bytes, limits: guard.Limits) -> Replica:
    guard.count_operations(data, limits)
    return Replica.load(data)


def _changes(data: bytes, limits: guard.Limits) -> list[bytes]:
    """The raw changes in what was delivered; raises ChangeRefused and NotADocument."""
    guard.count_operations(data, limits)
    found = list(chunks.split(data, limits.inflated_bytes))
    if not found or any(chunk.kind == chunks.DOCUMENT for chunk in found):
        return [change.data for change in Replica.load(data).changes_since(())]
    return [chunk.data for chunk in found]


def _base(app: App, late: Replica, branch: str, page_path: str) -> Heads | None:
    """In a thread: the newest heads inside the late document whose text Git knows as agreed."""
    tip = app.repository.tip(branch)
    versions: Sequence[Version] = (
        () if tip is None else app.repository.history(tip, page_path, limit=_VERSIONS)
    )
    for version in versions:
        for heads in _trailer_heads(app, version.commit):
            if all(late.knows(head) for head in heads):
                return heads
    first = tuple(change.hash for change in late.changes_since(())[:1])
    seed = late.text(first) if first else ""
    for version in versions:
        data = app.repository.read(version.commit, version.page_path)
        if data is not None and readable(data) == seed:
            return first
    return None


def _trailer_heads(app: App, commit: str) -> list[tuple[bytes, ...]]:
    """The heads that `Prdgen-Heads` of a commit names."""
    found = app.repository.commit_info(commit).trailers.get("prdgen-heads", ())
    # Anyone can write a trailer by hand; one that is none names nothing.
    lines = [line.split() for line in found]
    return [
        tuple(sorted(map(bytes.fromhex, heads)))
        for heads in lines
        if heads and all(_HEAD.fullmatch(head) for head in heads)
    ]


async def _recover(app: App, page_path: str, theirs: str, person: UUID | None) -> str:
    people = await signatures.load(app, (), person)
    return await recovered.keep(app, page_path, theirs, theirs.encode(), people.author(person))
