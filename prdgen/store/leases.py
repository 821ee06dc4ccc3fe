"""Who works with this database: leases that are asked for, and the one clone it belongs to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prdgen.store import statements
from prdgen.store.database import Store
from prdgen.store.statements import Tx

_SQL: Final = statements.load("leases")
_CHANNEL: Final = "prdgen_leases"
_FREE: Final = "free "
_KEY: Final = 0x7072_6467


@dataclass(frozen=True, slots=True)
class Heard:
    """News of the leases."""

    wanted: UUID | None
    """A document whose lease somebody asks for."""
    freed: UUID | None
    """A document whose lease its server gave back; both None: the connection is new."""
    other_clones: int
    """How many other clones worked with this database when it was made."""


async def ask(tx: Tx, document_id: UUID) -> None:
    """Ask whoever has the lease on a document for it. It may not be heard: ask again."""
    await statements.run(tx, _SQL["wanted"], id=document_id)


async def tell_freed(tx: Tx, document_id: UUID) -> None:
    """Tell all servers that a lease was given back, for whoever has people in the page."""
    await statements.run(tx, _SQL["freed"], id=document_id)


async def free(tx: Tx, document_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the documents that are edited and whose lease nobody has."""
    return [row["id"] for row in await statements.rows(tx, _SQL["free"], ids=list(document_ids))]


async def take_over(tx: Tx, clone: str, alive: Sequence[str]) -> int:
    """End the leases of all processes of this clone but those `alive`; how many there were."""
    return await statements.run(tx, _SQL["take_over"], clone=clone, alive=list(alive))


async def listen(store: Store, clone: str) -> AsyncGenerator[Heard, None]:
    """What is asked for, until the caller stops; and for so long the database is this clone's.

    The first news, and those after each lost connection, say how many others there are.
    """
    facts: dict[str, Any] = {"key": _KEY, "clone": int(clone[:7], 16)}
    others = 0

    async def begin(session: Tx) -> None:
        nonlocal others
        await session.execute(_SQL["hold_clone"], facts)
        found = await (await session.execute(_SQL["other_clones"], facts)).fetchone()
        others = found[0] if found else 0

    async with aclosing(store.listen(_CHANNEL, begin)) as payloads:
        async for payload in payloads:
            document_id = UUID(payload.removeprefix(_FREE)) if payload else None
            free_ = payload.startswith(_FREE)
            yield Heard(None if free_ else document_id, document_id if free_ else None, others)
