"""a document the server no longer has, with changes of its own → the live text, or a recovered draft.

The base is found, not assumed: the newest heads inside the late document whose text is known as
agreed, from a commit's `Prdgen-Heads` or because a version of the page reads the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from anyio import to_thread

from prdgen import ids
from prdgen.crdt import guard
from prdgen.crdt.replica import Replica
from prdgen.flows import edit, pull, read, signatures
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.git import commits, locks
from prdgen.git.values import Version
from prdgen.store.statements import Tx

_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class Carried:
    """Where late text went: into the live document, or into a draft of its own (`recovered`)."""

    document_id: UUID | None
    edit: str
    recovered: str | None = None


async def carry(app: App, data: bytes, branch: str, page_path: str, person: UUID) -> Carried:
    """Merge the text of a late document (`data`: its saved bytes) into the page as it is now.

    Doing it twice is the same as once. When no base is found nothing is merged silently: the text
    becomes the branch `recovered/…`. Raises BadPagePath, ChangeRefused, NoSuchBranch.
    """
    ids.check_branch(branch)
    ids.check_page_path(page_path)
    assert app.keeper is not None
    late = await to_thread.run_sync(_open, data)
    theirs = late.text()
    base = await to_thread.run_sync(_base, app, late, branch, page_path)
    if base is None:
        recovered = await _recover(app, page_path, theirs, person)
        return Carried(None, read.address("edit", recovered, page_path), recovered)
    live = await app.keeper.get(branch, page_path)

    async def nothing_moves(_tx: Tx, _heads: tuple[bytes, ...]) -> None:
        """Late text explains no agreed point."""

    async with live.lock:
        await pull.take_in(
            app, live, base, theirs, origin="late", move=nothing_moves, person=person
        )
    return Carried(live.id, read.address("edit", branch, page_path))


def _open(data: bytes) -> Replica:
    guard.count_operations(data, guard.DEFAULT)
    return Replica.load(data)


def _base(app: App, late: Replica, branch: str, page_path: str) -> str | None:
    """In a thread: the newest text inside the late document that Git knows as agreed."""
    tip = app.repository.tip(branch)
    versions: Sequence[Version] = (
        () if tip is None else app.repository.history(tip, page_path, limit=_VERSIONS)
    )
    for version in versions:
        for heads in _trailer_heads(app, version.commit):
            if all(late.knows(head) for head in heads):
                return late.text(heads)
    first = late.changes_since(())[:1]
    seed = late.text((first[0].hash,)) if first else ""
    for version in versions:
        data = app.repository.read(version.commit, version.page_path)
        if data is not None and read.readable(data) == seed:
            return seed
    return None


def _trailer_heads(app: App, commit: str) -> list[tuple[bytes, ...]]:
    """The heads that `Prdgen-Heads` of a commit names."""
    found = app.repository.commit_info(commit).trailers.get("prdgen-heads", ())
    return [tuple(sorted(bytes.fromhex(head) for head in line.split())) for line in found]


async def _recover(app: App, page_path: str, text: str, person: UUID) -> str:
    """Keep text nobody has a place for as a branch of its own; returns the branch's name."""
    people = await signatures.load(app, (), person)
    name = page_path.rsplit("/", 1)[-1].removesuffix(".md")
    branch = f"recovered/{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"

    def write() -> None:
        repository = app.repository
        tip = repository.tip(app.main_branch)
        if tip is None:
            raise NoSuchPage(page_path=page_path, branch=app.main_branch)
        with locks.branch(repository, branch):
            repository.create_branch(branch, tip)
            commits.write(
                repository, branch, tip, {page_path: text.encode()},
                message=f"Recover text of {page_path}",
                author=people.author(None), committer=people.server,
            )  # fmt: skip

    await to_thread.run_sync(write)
    async with app.store.transaction() as tx:
        await edit.follow(app, branch, tx)
    return branch
