"""page → document: find the live document of a page on a branch, or seed one from its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from anyio import to_thread

from prdgen import ids
from prdgen.crdt.replica import Replica
from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import came_along, next_id, pages_of, recovered, size
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, NoSuchPage, PageRecovered
from prdgen.flows.live import content_hash, file_path
from prdgen.git import attributes
from prdgen.store import documents
from prdgen.store.documents import Document

NAME_CURE: Final = "rename it with `git mv`, and it can be edited here"


@dataclass(frozen=True, slots=True)
class Claim:
    """What an editor says of the document it holds; the id proves it (UUIDv5)."""

    branch: str
    page_path: str
    base_commit: str
    n: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A page ready to be edited (`document`), or only to be read, with the reason."""

    document: Document | None
    text: str
    read_only_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A page's text at a commit; `text` is empty when it is not in Git yet."""

    commit: str
    text: str
    read_only_reason: str | None


async def document(app: App, branch: str, page_path: str) -> Opened:
    """The live document of a page, seeded from the branch's tip when there is none yet.

    Raises NoSuchBranch, NoSuchPage (PageRecovered) and BadPagePath. A page that cannot be live comes back with its
    readable text and the reason instead of a document.
    """
    ids.check_branch(branch)
    ids.check_path_to_read(page_path)
    try:
        source = await to_thread.run_sync(_source_at_tip, app, branch, page_path)
    except (NoSuchBranch, NoSuchPage):
        if (deleted := await _deleted(app, branch, page_path)) is not None:
            return deleted
        if draft := await to_thread.run_sync(recovered.find, app, page_path):
            raise PageRecovered(page_path=page_path, branch=branch, draft=draft) from None
        raise
    if source.read_only_reason:
        return Opened(None, source.text, source.read_only_reason)
    async with app.store.transaction() as tx:
        found = await documents.find_live(tx, branch, page_path)
    found = found or await came_along.find(app, branch, page_path, source.commit)
    if found is None:
        async with app.store.transaction() as tx:
            n = await next_id.n(app, tx, branch, page_path, source.commit)
        found = await _create(app, Claim(branch, page_path, source.commit, n), source.text)
    return Opened(found, source.text)


async def _deleted(app: App, branch: str, page_path: str) -> Opened | None:
    """A page that is gone from its branch, but people are in it or it has uncommitted text."""
    async with app.store.transaction() as tx:
        found = await documents.find_live(tx, branch, page_path)
    kept = app.keeper.find(found.id) if found and app.keeper else None
    if found is None or (kept is None and not found.uncommitted):
        return None
    return Opened(found, kept.room.text if kept else "")


async def claimed(app: App, document_id: UUID, claim: Claim | None) -> Document | None:
    """The document an editor asks for by id.

    An id this store does not know is believed when it is the UUIDv5 of the claim and no other
    document of that page is live: then it is seeded again from the claimed commit, the same bytes
    as the first time, and what Git and the disk have since is taken in before the editor's own
    changes arrive. A retired one comes back as it is. None: it is not here.
    """
    async with app.store.statement() as tx:
        known = await documents.find(tx, document_id)
    if known is not None or claim is None or not _proves(app, document_id, claim):
        return known
    async with app.store.transaction() as tx:
        if await documents.find_live(tx, claim.branch, claim.page_path):
            return None
    base = await to_thread.run_sync(_claimed_base, app, claim)
    if base is None:
        return None
    made = await _create(app, claim, base)
    # Someone may have opened the page meanwhile: their document is not the one asked for.
    return made if made.id == document_id else None


async def _create(app: App, claim: Claim, text_: str) -> Document:
    """Seed the document; its row, its snapshot and both agreed points are written as one."""
    replica = await to_thread.run_sync(Replica.seed, text_)
    digest = content_hash(text_)
    row = Document(
        id=ids.document_id(app.repository_id, claim.branch, claim.page_path, claim.base_commit, claim.n),
        branch=claim.branch,
        page_path=claim.page_path,
        base_commit=claim.base_commit,
        n=claim.n,
        heads=replica.heads,
        file_heads=replica.heads,
        file_hash=digest,
        tip_heads=replica.heads,
        tip_hash=digest,
        tip_commit=claim.base_commit,
    )  # fmt: skip
    async with app.store.transaction() as tx:
        return await documents.create(tx, row, replica.save())


def _proves(app: App, document_id: UUID, claim: Claim) -> bool:
    ids.check_branch(claim.branch)
    ids.check_page_path(claim.page_path)
    made = ids.document_id(
        app.repository_id, claim.branch, claim.page_path, claim.base_commit, claim.n
    )
    return made == document_id and pages_of.globs(app).match(claim.page_path)


def _source_at_tip(app: App, branch: str, page_path: str) -> Source:
    if not pages_of.globs(app).match(page_path):
        # Everyone who may write opens pages; configuration and roles take more than that.
        raise NoSuchPage(page_path=page_path, branch=branch)
    repository = app.repository
    tip = repository.tip(branch)
    if tip is None:
        raise NoSuchBranch(branch=branch)
    data = repository.read(tip, page_path)
    if data is None:
        ids.check_page_path(page_path)  # on disk, another name may be the same file
        tree = repository.work_tree_of(branch)
        if tree is None or not _is_file(tree, page_path):
            raise NoSuchPage(page_path=page_path, branch=branch)
        state = disk.read(file_path(tree, page_path), tree)
        if isinstance(state, disk.Missing):
            raise NoSuchPage(page_path=page_path, branch=branch)
        data = state.data
        reason = attributes.folder_reason(repository, tip, page_path)
        reason = reason or _read_only_reason(app, page_path, data)
        return Source(tip, "" if reason is None else _readable(data), reason)
    reason = _read_only_reason(app, page_path, data)
    return Source(tip, _readable(data) if reason else text.decode(data).text, reason)


def _claimed_base(app: App, claim: Claim) -> str | None:
    """The text a claimed document was seeded from, if its commit still belongs to the branch."""
    repository = app.repository
    tip = repository.tip(claim.branch)
    if tip is None or not repository.is_ancestor(claim.base_commit, tip):
        return None
    data = repository.read(claim.base_commit, claim.page_path)
    if data is None:
        return "" if attributes.folder_reason(repository, tip, claim.page_path) is None else None
    return None if _read_only_reason(app, claim.page_path, data) else text.decode(data).text


def _read_only_reason(app: App, page_path: str, data: bytes) -> str | None:
    if reason := size.reason(app.settings, data):
        return reason
    if why := ids.name_problem(page_path):
        return f"of its name: {why}; {NAME_CURE}"
    if reason := attributes.read_only_reason(app.repository, page_path, data):
        return reason
    try:
        text.decode(data)
    except NotEditable as error:
        return str(error.facts.get("reason", error))
    return None


def _readable(data: bytes) -> str:
    """Text of a page that cannot be live, good enough to be read."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def _is_file(tree: Path, page_path: str) -> bool:
    path = file_path(tree, page_path)
    return path.is_file() and not path.is_symlink()
