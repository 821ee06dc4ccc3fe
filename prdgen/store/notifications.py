"""What people are told in the application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("records")


@dataclass(frozen=True, slots=True)
class Notification:
    """One line for one person, with the place it leads to."""

    id: UUID
    person_id: UUID
    event_id: UUID
    type: str
    title: str
    href: str
    at: datetime
    read_at: datetime | None


async def notify(
    tx: Tx, person_id: UUID, event_id: UUID, *, type: str, title: str, href: str, at: datetime  # noqa: A002
) -> None:  # fmt: skip
    """Tell a person about an event; twice is once."""
    await statements.run(
        tx, _SQL["notify"], id=uuid5(event_id, str(person_id)), person_id=person_id,
        event_id=event_id, type=type, title=title, href=href, at=at,
    )  # fmt: skip


async def newest(
    tx: Tx, person_id: UUID, *, unread: bool = False, limit: int = 50
) -> list[Notification]:
    """A person's notifications, newest first."""
    rows = await statements.rows(
        tx, _SQL["list_notifications"], person_id=person_id, unread=unread, limit=limit
    )
    return [Notification(**row) for row in rows]


async def mark_read(tx: Tx, person_id: UUID, ids: Sequence[UUID] | None = None) -> None:
    """Seen: those named, or (None) all."""
    given = None if ids is None else list(ids)
    await statements.run(tx, _SQL["read_notifications"], person_id=person_id, ids=given)
