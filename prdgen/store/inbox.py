"""Which consumer has seen which event: delivery is at least once, effects are once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from prdgen import events
from prdgen.store import event_log, statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("event_log")


async def first_time(tx: Tx, consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those that the consumer has not taken yet: each is given once. Ask in the transaction of the effect."""
    rows = await statements.rows(
        tx, _SQL["first_time"], consumer=consumer, event_ids=list(event_ids)
    )
    return {row["event_id"] for row in rows}


async def unseen(
    tx: Tx, consumer: str, types: Iterable[str], seconds: float = 86_400.0, limit: int = 500
) -> list[tuple[int, events.Event]]:
    """Published events of these types and of the last `seconds` that this consumer has not taken, in order.

    Streams may be lost with Valkey; a consumer asks this when it starts and now and then.
    """
    rows = await statements.rows(
        tx,
        _SQL["unseen"],
        consumer=consumer,
        types=list(types),
        seconds=float(seconds),
        limit=limit,
    )
    return [(row.pop("number"), event_log.event(row)) for row in rows]
