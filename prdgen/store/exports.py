"""Documents of several pages that people asked for: how far each is, and who waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("exports")


@dataclass(frozen=True, slots=True)
class Export:
    """One document that somebody asked for."""

    id: str
    branch: str
    commit: str
    format: str
    paths: list[str]
    """Pages and folders; none of them: the whole site."""
    title: str
    state: str
    """`waiting`, `doing`, `done`, `failed` or `cancelled`."""
    turn: int
    """How often it was begun; a job of an earlier turn has nothing to say."""
    job: int | None
    pages_done: int
    pages: int
    """How many it has; 0 until that is known."""
    error: str
    hint: str
    askers: list[UUID]
    asked_at: datetime
    before: int = 0
    """How many are made before it, while it waits."""

    @property
    def on_its_way(self) -> bool:
        """Whether it is still to be made."""
        return self.state in {"waiting", "doing"}


async def ask(
    tx: Tx, export_id: str, person_id: UUID, *, branch: str, commit: str, kind: str,
    paths: list[str], title: str,
) -> Export:  # fmt: skip
    """Note that a person wants it; it stays locked until `tx` ends. Turn 0: nobody did before."""
    facts = {"branch": branch, "commit": commit, "format": kind, "paths": paths, "title": title}
    return await _one(tx, "ask", id=export_id, person=person_id, **facts)


async def begin(tx: Tx, export_id: str, person_id: UUID) -> Export:
    """It is to be made, in a new turn, for one person so far."""
    return await _one(tx, "begin", id=export_id, person=person_id)


async def set_job(tx: Tx, export_id: str, job: int | None) -> None:
    """Note which job makes it."""
    await statements.run(tx, _SQL["set_job"], id=export_id, job=job)


async def take(tx: Tx, export_id: str, turn: int) -> Export | None:
    """Begin to make it; None when nobody wants that any more."""
    row = await statements.row(tx, _SQL["take"], id=export_id, turn=turn)
    return Export(**row) if row else None


async def advance(tx: Tx, export_id: str, turn: int, done: int, pages: int) -> bool:
    """Note how far it is; False when nobody wants it any more."""
    facts = {"id": export_id, "turn": turn, "done": done, "pages": pages}
    return await statements.run(tx, _SQL["advance"], **facts) > 0


async def finish(tx: Tx, export_id: str, turn: int, *, error: str = "", hint: str = "") -> bool:
    """Note that it is made or, with an `error`, that it cannot be; False when that no longer counts."""
    facts = {"state": "failed" if error else "done", "error": error, "hint": hint}
    return await statements.run(tx, _SQL["finish"], id=export_id, turn=turn, **facts) > 0


async def leave(tx: Tx, export_id: str, person_id: UUID) -> Export | None:
    """A person wants it no more: it is cancelled when nobody does. None: they did not ask for it."""
    row = await statements.row(tx, _SQL["leave"], id=export_id, person=person_id)
    return Export(**row) if row else None


async def stop(tx: Tx, export_id: str) -> None:
    """Cancel it, whoever waits for it; what is over stays as it is."""
    await statements.run(tx, _SQL["stop"], id=export_id)


async def find(tx: Tx, export_id: str) -> Export | None:
    """One of them."""
    row = await statements.row(tx, _SQL["get"], id=export_id)
    return Export(**row) if row else None


async def waiting(tx: Tx, person_id: UUID) -> tuple[int, int]:
    """How many are on their way: of this person, and of everybody."""
    row = await statements.row(tx, _SQL["waiting"], person=person_id)
    return (row["own"], row["everyones"]) if row else (0, 0)


async def on_their_way(tx: Tx) -> list[tuple[str, int, int]]:
    """(id, turn, job) of all that are still to be made by a job."""
    rows = await statements.rows(tx, _SQL["on_their_way"])
    return [(row["id"], row["turn"], row["job"]) for row in rows]


async def prune(tx: Tx, days: int) -> None:
    """Forget those that are over and that nobody asked for in so many days."""
    await statements.run(tx, _SQL["prune"], days=days)


async def _one(tx: Tx, name: str, **facts: Any) -> Export:
    (row,) = await statements.rows(tx, _SQL[name], **facts)
    return Export(**row)
