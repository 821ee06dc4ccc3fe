"""The outbox: events written in the transaction of what they tell, published by a relay later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from prdgen import events
from prdgen.store import statements
from prdgen.store.statements import Tx

CHANNEL: Final = "prdgen_events"
"""`store.listen(CHANNEL)` wakes up when events were written."""

_RELAY_LOCK: Final = 0x7072_6467_0001
_SQL: Final = statements.load("event_log")


async def record(tx: Tx, happened: Sequence[events.Event]) -> None:
    """Write events; they are published after this transaction commits, and only then.

    Live-only events (cursors, selections) are never written. An id written before is left alone.
    """
    stored = [event for event in happened if event.type not in events.LIVE_ONLY]
    if not stored:
        return
    await statements.many(
        tx, _SQL["record"],
        [
            {"id": e.id, "type": e.type, "branch": e.branch, "page_path": e.page_path,
             "person_id": e.person_id, "data": Jsonb(e.data), "at": e.at}
            for e in stored
        ],
    )  # fmt: skip
    await statements.run(tx, _SQL["wake"])


async def try_lock_relay(tx: Tx) -> bool:
    """Whether this transaction is the only relay at work until it ends."""
    row = await statements.row(tx, _SQL["lock_relay"], key=_RELAY_LOCK)
    return bool(row and row["locked"])


async def unpublished(tx: Tx, limit: int = 500) -> list[events.Event]:
    """Events no relay has published yet, oldest first. Take `try_lock_relay` before."""
    rows = await statements.rows(tx, _SQL["unpublished"], limit=limit)
    return [event(row) for row in rows]


async def mark_published(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Number events in the order given, without gaps; their numbers by id.

    Call it before publishing, in the same transaction: a crash in between publishes them again
    under the same numbers, and consumers know them by id.
    """
    rows = await statements.rows(tx, _SQL["mark_published"], ids=list(ids))
    return {row["id"]: row["number"] for row in rows}


async def recent(tx: Tx, after_number: int, limit: int = 500) -> list[tuple[int, events.Event]]:
    """Published events numbered above `after_number`, in order."""
    rows = await statements.rows(tx, _SQL["recent"], after=after_number, limit=limit)
    return [(row.pop("number"), event(row)) for row in rows]


async def newest_number(tx: Tx) -> int:
    """The number of the newest published event; 0 before the first."""
    row = await statements.row(tx, _SQL["newest_number"])
    return int(row["number"]) if row else 0


async def prune(tx: Tx, days: int) -> None:
    """Forget published events (and inbox entries) older than so many days."""
    await statements.run(tx, _SQL["prune"], days=days)


def event(row: dict[str, Any]) -> events.Event:
    """A row of the log as the event it is."""
    return events.Event(**row)
