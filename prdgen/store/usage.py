"""How much is used: counts by day, kind and page; nobody's name is in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("records")


@dataclass(frozen=True, slots=True)
class Total:
    """How often something happened to a page."""

    type: str
    branch: str
    page_path: str
    count: int


async def count(
    tx: Tx, type: str, *, day: date, branch: str = "", page_path: str = "", times: int = 1  # noqa: A002
) -> None:  # fmt: skip
    """Count something that happened."""
    await statements.run(
        tx, _SQL["count_usage"], type=type, day=day, branch=branch, page_path=page_path, count=times
    )


async def totals(
    tx: Tx, since: date, *, type: str | None = None, limit: int = 100  # noqa: A002
) -> list[Total]:  # fmt: skip
    """Sums since a day, most first."""
    rows = await statements.rows(tx, _SQL["usage_totals"], since=since, type=type, limit=limit)
    return [Total(**row) for row in rows]
