"""Who did what, kept for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from prdgen import events
from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("records")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as the audit keeps it."""

    event_id: UUID
    type: str
    person_id: UUID | None
    branch: str | None
    page_path: str | None
    data: dict[str, Any]
    at: datetime


async def record(tx: Tx, event: events.Event) -> None:
    """Keep an event; twice is once."""
    await statements.run(
        tx, _SQL["audit"], event_id=event.id, type=event.type, person_id=event.person_id,
        branch=event.branch, page_path=event.page_path, data=Jsonb(event.data), at=event.at,
    )  # fmt: skip


async def newest(tx: Tx, *, before: datetime | None = None, limit: int = 100) -> list[Entry]:
    """Entries older than `before`, newest first."""
    rows = await statements.rows(tx, _SQL["list_audit"], before=before, limit=limit)
    return [Entry(**row) for row in rows]
