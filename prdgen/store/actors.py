"""Whose an Automerge actor is: the first person's who delivered it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from prdgen.store import errors, statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("changes")


async def bind(tx: Tx, document_id: UUID, actor: bytes, person_id: UUID | None) -> None:
    """Give `actor` on this document to a person (None: to the server itself).

    Twice is once; raises ActorTaken when it is somebody else's.
    """
    params = {"document_id": document_id, "actor": actor}
    if await statements.run(tx, _SQL["bind"], **params, person_id=person_id):
        return
    await check(tx, document_id, actor, person_id)


async def check(tx: Tx, document_id: UUID, actor: bytes, person_id: UUID | None) -> None:
    """Raises ActorTaken when `actor` is somebody else's; one that is nobody's stays so."""
    row = await statements.row(tx, _SQL["actor_owner"], document_id=document_id, actor=actor)
    if row is not None and row["person_id"] != person_id:
        raise errors.ActorTaken(
            actor=actor.hex(), document=document_id, who="This person",
            what=f"use actor {actor.hex()}", expected="its owner", got="another person",
        )  # fmt: skip
