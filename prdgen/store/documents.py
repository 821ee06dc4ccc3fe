"""Live documents: their rows, snapshots, agreed points and leases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from prdgen.store import changes, errors, statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("documents")

Heads = tuple[bytes, ...]
_HEADS: Final = (
    "heads", "file_heads", "tip_heads", "intent_heads", "carried_heads", "committed_heads",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """One live document's row: its place, its agreed points, its lease."""

    id: UUID
    branch: str
    page_path: str
    base_commit: str
    n: int
    status: Literal["live", "retired"] = "live"
    successor: UUID | None = None
    last_seq: int = 0
    heads: Heads = ()
    """The stored heads as its last writer knew them."""
    file_heads: Heads = ()
    """The agreed point with the file: fork heads; empty while there is none."""
    file_hash: str | None = None
    """SHA-256 of the text at `file_heads`."""
    tip_heads: Heads = ()
    """The agreed point with the branch's tip: all of the tip is in it, and what was typed before it came."""
    tip_hash: str | None = None
    tip_commit: str | None = None
    intent_heads: Heads = ()
    """What the lease holder was about to write: a file equal to it is ours."""
    intent_hash: str | None = None
    lease_holder: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    cold_intake: bytes | None = None
    created_at: datetime | None = None
    changed_at: datetime | None = None
    carried_seq: int | None = None
    """Of a retired document: the number of the last change its successor has."""
    carried_heads: Heads = ()
    """The heads of what its successor has of it."""
    committed_heads: Heads = ()
    """The last heads at which the text was the tip's, word for word."""

    @property
    def uncommitted(self) -> bool:
        """Whether something was typed since the text was the tip's."""
        return self.heads != self.committed_heads


@dataclass(frozen=True, slots=True)
class Loaded:
    """All it takes to open a document: a whole state and what came after it."""

    document: Document
    snapshot: bytes
    changes: list[changes.StoredChange]


async def find_live(tx: Tx, branch: str, page_path: str) -> Document | None:
    """The document people edit now at this place, if there is one."""
    row = await statements.row(tx, _SQL["find_live"], branch=branch, page_path=page_path)
    return _document(row) if row else None


async def find(tx: Tx, document_id: UUID) -> Document | None:
    """One document by id, live or retired."""
    row = await statements.row(tx, _SQL["get"], id=document_id)
    return _document(row) if row else None


async def get(tx: Tx, document_id: UUID) -> Document:
    """One document by id, live or retired; raises DocumentMissing."""
    document = await find(tx, document_id)
    if document is None:
        raise errors.DocumentMissing(document=document_id)
    return document


async def list_live(tx: Tx, branch: str | None = None) -> list[Document]:
    """Every live document (of one branch), newest change first."""
    return [_document(row) for row in await statements.rows(tx, _SQL["list_live"], branch=branch)]


async def leased(tx: Tx, branch: str) -> frozenset[str]:
    """The pages of a branch whose documents a process has the right to write now."""
    rows = await statements.rows(tx, _SQL["leased"], branch=branch)
    return frozenset(row["page_path"] for row in rows)


async def list_orphans(tx: Tx) -> list[Document]:
    """Live documents nobody holds a lease on whose file or tip lags behind, or may: a dead lease's work."""
    return [_document(row) for row in await statements.rows(tx, _SQL["orphans"])]


async def create(tx: Tx, document: Document, snapshot: bytes) -> Document:
    """Store a new document with its seed (`snapshot`, at seq 0) and its first agreed points.

    If someone else created one at the same place first: theirs. Raises DocumentRetired when the
    id was used up by a retired document: take the next n.
    """
    row = await statements.row(
        tx, _SQL["create"], id=document.id, branch=document.branch, page_path=document.page_path,
        base_commit=document.base_commit, n=document.n, heads=list(document.heads),
        file_heads=_heads(document.file_heads), file_hash=document.file_hash,
        tip_heads=_heads(document.tip_heads), tip_hash=document.tip_hash,
        tip_commit=document.tip_commit,
    )  # fmt: skip
    if row is not None:
        await save_snapshot(tx, document.id, snapshot, 0)
        return _document(row)
    theirs = await find_live(tx, document.branch, document.page_path)
    if theirs is not None:
        return theirs
    used = await get(tx, document.id)
    if used.status == "retired":
        raise errors.DocumentRetired(document=used.id, successor=used.successor)
    return used


async def next_n(tx: Tx, branch: str, page_path: str, base_commit: str) -> int:
    """The n of the next document at this place and commit."""
    row = await statements.row(
        tx, _SQL["next_n"], branch=branch, page_path=page_path, base_commit=base_commit
    )
    return int(row["n"]) if row else 0


async def move(
    tx: Tx, document_id: UUID, branch: str, page_path: str, fence: int | None = None
) -> None:
    """The page or its branch was renamed; the document goes along. Raises DocumentMissing if it is not live,
    LeaseLost unless `fence` is the document's (None: not asked).
    """
    await check_fence(tx, document_id, fence)
    if not await statements.run(
        tx, _SQL["move"], id=document_id, branch=branch, page_path=page_path
    ):
        raise errors.DocumentMissing(document=document_id)


async def retire(
    tx: Tx, document_id: UUID, successor: UUID | None, last_seq: int | None = None,
    fence: int | None = None,
) -> bool:  # fmt: skip
    """End the document's epoch; its leases and fences end with it, its conflicts go along.

    False, and nothing happens, when it is retired already or `last_seq` is not its last number:
    then the successor does not have everything. Raises LeaseLost unless `fence` is the document's
    (None: not asked).
    """
    done = await statements.run(
        tx, _SQL["retire"], id=document_id, successor=successor, last_seq=last_seq, fence=fence
    )
    if not done:
        await check_fence(tx, document_id, fence)
    return bool(done)


async def hand_over_conflicts(tx: Tx, document_id: UUID, successor: UUID) -> None:
    """Open conflicts belong to the document that follows."""
    await statements.run(tx, _SQL["hand_over_conflicts"], id=document_id, successor=successor)


async def newest(tx: Tx, document_id: UUID) -> Document:
    """The last of the documents that follow each other from this one; raises DocumentMissing."""
    row = await statements.row(tx, _SQL["newest"], id=document_id)
    if row is None:
        raise errors.DocumentMissing(document=document_id)
    return _document(row)


async def predecessor(tx: Tx, document: Document) -> Document | None:
    """The document that this one follows; None for a first one, and when the page was renamed since."""
    row = await statements.row(
        tx, _SQL["predecessor"], id=document.id, branch=document.branch,
        page_path=document.page_path,
    )  # fmt: skip
    return _document(row) if row else None


async def list_late(tx: Tx) -> list[Document]:
    """Retired documents with changes their successors do not have yet."""
    return [_document(row) for row in await statements.rows(tx, _SQL["late"])]


async def move_carried(tx: Tx, document_id: UUID, expected: int, seq: int, heads: Heads) -> None:
    """Note, in the transaction that takes them in, that changes up to `seq` were carried over.

    Raises AgreedPointMoved unless it stood at `expected`: somebody else carried them.
    """
    done = await statements.run(
        tx, _SQL["carried"], id=document_id, expected=expected, seq=seq, heads=list(heads)
    )
    if not done:
        found = await get(tx, document_id)
        raise errors.AgreedPointMoved(
            document=document_id, what="successor", expected=expected, got=found.carried_seq
        )


async def load(tx: Tx, document_id: UUID) -> Loaded:
    """The document, its newest snapshot and the changes after it; raises DocumentMissing."""
    document = await get(tx, document_id)
    row = await statements.row(tx, _SQL["snapshot"], id=document_id)
    if row is None:
        raise errors.DocumentMissing(document=document_id)
    later = await changes.since(tx, document_id, row["seq"])
    return Loaded(document, row["data"], later)


async def save_snapshot(tx: Tx, document_id: UUID, snapshot: bytes, seq: int) -> None:
    """Keep a whole state that holds every change up to `seq`; an older one changes nothing."""
    await statements.run(tx, _SQL["save_snapshot"], id=document_id, data=snapshot, seq=seq)


async def move_file_point(
    tx: Tx, document_id: UUID, expected_hash: str | None, heads: Heads, text_hash: str,
    fence: int | None,
) -> Document:  # fmt: skip
    """Move the agreed point with the file, in the transaction that stores the change it explains.

    Clears the intention; the document as it is then. Raises AgreedPointMoved unless it stood at `expected_hash`, LeaseLost
    unless `fence` is the document's (None: not asked).
    """
    moved = await statements.row(
        tx, _SQL["move_file_point"], id=document_id, expected=expected_hash,
        heads=_heads(heads), hash=text_hash, fence=fence,
    )  # fmt: skip
    if moved is None:
        found = await check_fence(tx, document_id, fence)
        raise errors.AgreedPointMoved(
            document=document_id, what="file", expected=expected_hash, got=found.file_hash
        )
    return _document(moved)


async def move_tip_point(
    tx: Tx, document_id: UUID, expected_commit: str | None, heads: Heads, text_hash: str,
    commit: str, fence: int | None, *, committed: bool,
) -> Document:  # fmt: skip
    """Move the agreed point with the branch's tip; the document as it is then. `committed`: the text at
    `heads` is the tip's, word for word.

    Raises AgreedPointMoved unless it stood at `expected_commit`, LeaseLost unless `fence` is the
    document's (None: not asked).
    """
    moved = await statements.row(
        tx, _SQL["move_tip_point"], id=document_id, expected=expected_commit,
        heads=_heads(heads), hash=text_hash, commit=commit, fence=fence, committed=committed,
    )  # fmt: skip
    if moved is None:
        found = await check_fence(tx, document_id, fence)
        raise errors.AgreedPointMoved(
            document=document_id, what="tip", expected=expected_commit, got=found.tip_commit
        )
    return _document(moved)


async def move_tips(
    tx: Tx, fences: Mapping[UUID, int], expected_commit: str, commit: str
) -> list[Document]:
    """The same for documents (by id, with their fences) whose text is not another one at `commit`; those
    that moved. One whose tip is elsewhere or whose lease went stays as it is.
    """
    moved = await statements.rows(
        tx, _SQL["move_tips"], ids=list(fences), fences=list(fences.values()),
        expected=expected_commit, commit=commit,
    )  # fmt: skip
    return [_document(row) for row in moved]


async def record_intent(
    tx: Tx, document_id: UUID, heads: Heads, text_hash: str, fence: int
) -> None:
    """Say what is about to be written to the file, before it is. Raises LeaseLost."""
    done = await statements.run(
        tx, _SQL["record_intent"], id=document_id, heads=_heads(heads), hash=text_hash, fence=fence
    )
    if not done:
        await check_fence(tx, document_id, fence)


async def set_cold_intake(tx: Tx, document_id: UUID, change_hash: bytes | None) -> None:
    """Remember (or forget) the change of an intake nobody had the document open for."""
    await statements.run(tx, _SQL["set_cold_intake"], id=document_id, hash=change_hash)


async def claim_lease(tx: Tx, document_id: UUID, holder: str, seconds: float) -> int | None:
    """The fence of a lease for `holder`, or None while another process has one.

    Claimed again by its holder it is renewed with the same fence; taken over after it ran out, the
    fence grows, and every write with the old one raises LeaseLost.
    """
    row = await statements.row(
        tx, _SQL["claim_lease"], id=document_id, holder=holder, seconds=float(seconds)
    )
    return int(row["fence"]) if row else None


async def renew_lease(tx: Tx, document_id: UUID, holder: str, fence: int, seconds: float) -> bool:
    """Whether the lease still was `holder`'s; then it lasts `seconds` from now."""
    params = {"holder": holder, "fence": fence, "seconds": float(seconds)}
    return bool(await statements.run(tx, _SQL["renew_lease"], id=document_id, **params))


async def release_lease(tx: Tx, document_id: UUID, holder: str, fence: int) -> None:
    """Give the lease back; nothing happens if it is no longer `holder`'s."""
    await statements.run(tx, _SQL["release_lease"], id=document_id, holder=holder, fence=fence)


async def check_fence(tx: Tx, document_id: UUID, fence: int | None) -> Document:
    """The document, if `fence` is still its lease's (None: not asked); raises LeaseLost."""
    found = await get(tx, document_id)
    if fence is not None and found.fence != fence:
        raise errors.LeaseLost(document=document_id, expected=fence, got=found.fence)
    return found


def _heads(heads: Heads) -> list[bytes] | None:
    return list(heads) or None


def _document(row: dict[str, Any]) -> Document:
    for name in _HEADS:
        row[name] = tuple(row[name] or ())
    return Document(**row)
