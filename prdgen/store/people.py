"""People with an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from prdgen import ids
from prdgen.store import errors, statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("people")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account; `role` None means: as `.prdgen/roles.yml` says."""

    id: UUID
    name: str
    email: str
    color: str
    role: str | None
    created_at: datetime


async def create(tx: Tx, name: str, email: str, color: str, role: str | None = None) -> Person:
    """A new person, whose id follows from the address. Raises EmailTaken; case does not matter."""
    row = await statements.row(
        tx, _SQL["create"], id=ids.person_id(email), name=name, email=email, color=color, role=role
    )
    if row is None:
        raise errors.EmailTaken(what="The people", expected="a new address", got=email, found=email)
    return Person(**row)


async def get(tx: Tx, person_id: UUID) -> Person | None:
    """A person by id."""
    row = await statements.row(tx, _SQL["get"], id=person_id)
    return Person(**row) if row else None


async def get_by_email(tx: Tx, email: str) -> Person | None:
    """A person by address, upper or lower case."""
    row = await statements.row(tx, _SQL["get_by_email"], email=email)
    return Person(**row) if row else None


async def list_people(tx: Tx) -> list[Person]:
    """Everybody, by name."""
    return [Person(**row) for row in await statements.rows(tx, _SQL["list"])]


async def list_some(
    tx: Tx, *, roles: Sequence[str], named: Sequence[str], besides: Sequence[str], limit: int
) -> list[Person]:
    """The first few, by name, who are made as owners, have one of the addresses `named`, or have one
    of these roles (none counts as editor) and none of the addresses `besides`. Addresses are in lower
    case.
    """
    rows = await statements.rows(
        tx, _SQL["list_some"], roles=list(roles), named=list(named), besides=list(besides),
        limit=limit,
    )  # fmt: skip
    return [Person(**row) for row in rows]


async def alone(tx: Tx) -> None:
    """Until `tx` ends nobody else changes who may do what."""
    await statements.run(tx, _SQL["alone"])


async def update(
    tx: Tx, person_id: UUID, *, name: str | None = None, color: str | None = None,
    role: str | None = None,
) -> Person | None:  # fmt: skip
    """Change what is given; the person as they are now."""
    row = await statements.row(tx, _SQL["update"], id=person_id, name=name, color=color, role=role)
    return Person(**row) if row else None
