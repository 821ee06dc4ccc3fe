"""Open conflicts: places of a document where two versions stand until someone decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("changes")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two versions of the same lines; `heads` are the document's when both were in its text."""

    document_id: UUID
    ours: str
    theirs: str
    heads: tuple[bytes, ...]
    origin: str = ""
    id: UUID | None = None
    created_at: datetime | None = None
    resolved_at: datetime | None = None


async def record(tx: Tx, conflict: Conflict) -> UUID:
    """Remember a conflict and return its id; one recorded before under its id stays as it is."""
    conflict_id = conflict.id or uuid4()
    await statements.run(
        tx, _SQL["open_conflict"], id=conflict_id, document_id=conflict.document_id,
        ours=conflict.ours, theirs=conflict.theirs, heads=list(conflict.heads),
        origin=conflict.origin,
    )  # fmt: skip
    return conflict_id


async def list_open(tx: Tx, document_id: UUID) -> list[Conflict]:
    """What someone still has to decide in this document, oldest first."""
    rows = await statements.rows(tx, _SQL["open_conflicts"], document_id=document_id)
    return [Conflict(**{**row, "heads": tuple(row["heads"])}) for row in rows]


async def resolve(tx: Tx, conflict_id: UUID, person_id: UUID | None) -> bool:
    """Whether this call settled it; False when it was settled before."""
    done = await statements.run(tx, _SQL["resolve_conflict"], id=conflict_id, person_id=person_id)
    return bool(done)
