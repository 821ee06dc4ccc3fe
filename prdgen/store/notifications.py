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
    tx: Tx, people: Sequence[UUID], event_id: UUID, *, type: str, title: str, href: str, at: datetime  # noqa: A002
) -> None:  # fmt: skip
    """Tell people about an event, in one statement; twice is once."""
    if people:
        await statements.run(
            tx, _SQL["notify"], ids=[uuid5(event_id, str(each)) for each in people],
            people=list(people), event_id=event_id, type=type, title=title, href=href, at=at,
        )  # fmt: skip


async def newest(
    tx: Tx, person_id: UUID, *, unread: bool = False, limit: int = 50, before: UUID | None = None
) -> list[Notification]:
    """A person's notifications, newest first; those `before` that one, when it is given."""
    rows = await statements.rows(
        tx, _SQL["list_notifications"], person_id=person_id, unread=unread, limit=limit,
        before=before,
    )  # fmt: skip
    return [Notification(**row) for row in rows]


async def count_unread(tx: Tx, person_id: UUID, most: int) -> int:
    """How many a person has not read, counted up to `most`."""
    row = await statements.row(tx, _SQL["count_unread"], person_id=person_id, most=most)
    return int(row["count"]) if row else 0


async def open_(tx: Tx, person_id: UUID, notification_id: UUID, *, read: bool = True) -> str | None:
    """Where one of a person's notifications leads; with `read` it is read now. None: they have none by
    that id.
    """
    row = await statements.row(
        tx, _SQL["open_notification"], person_id=person_id, id=notification_id, read=read
    )
    return str(row["href"]) if row else None


async def prune(tx: Tx, days: int) -> None:
    """Forget what is older."""
    await statements.run(tx, _SQL["prune_notifications"], days=days)


async def mark_read(tx: Tx, person_id: UUID, ids: Sequence[UUID] | None = None) -> None:
    """Seen: those named, or (None) all."""
    given = None if ids is None else list(ids)
    await statements.run(tx, _SQL["read_notifications"], person_id=person_id, ids=given)
