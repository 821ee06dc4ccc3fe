"""The changes of a document: appended once each, numbered without a gap, read in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from prdgen.store import errors, statements
from prdgen.store.line import ChangeLike
from prdgen.store.statements import Tx

_SQL: Final = statements.load("changes")


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to be stored: `origin` says which way it came (editor, file, git, …)."""

    hash: bytes
    actor: bytes
    person_id: UUID | None
    origin: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change with its number in its document."""

    seq: int
    hash: bytes
    actor: bytes
    person_id: UUID | None
    origin: str
    data: bytes


class Appended(NamedTuple):
    """The numbers the new changes got; `first_seq` is `last_seq` + 1 when none was new.

    When `first_seq` is more than one past the last number you knew, another process wrote in
    between: read `since`.
    """

    first_seq: int
    last_seq: int


async def append(
    tx: Tx, document_id: UUID, new: Sequence[ChangeLike], heads: Sequence[bytes], *, known: int = 0
) -> Appended:
    """Store the changes that are not there yet (told by their hash), in the order given.

    `heads` are the document's heads with them. Numbers are given under the document's row lock, so
    they have no gaps. A retired document takes them too: they are carried over to the one that
    follows it. When the store has not got as far as `known`, it takes nothing: `first_seq` is then
    at most `known`. It takes nothing either, and `first_seq` is 0, when texts were merged for the document
    after `known` (origin "cold-intake" or "merged"): they have to be read first. Raises DocumentMissing.
    """
    row = await statements.row(
        tx, _SQL["append"], document_id=document_id, heads=list(heads),
        hashes=[change.hash for change in new], actors=[change.actor for change in new],
        persons=[change.person_id for change in new], origins=[change.origin for change in new],
        datas=[change.data for change in new], known=known,
    )  # fmt: skip
    if row is None or row["status"] is None:
        raise errors.DocumentMissing(document=document_id)
    return Appended(row["first_seq"], row["last_seq"])


async def since(tx: Tx, document_id: UUID, seq: int) -> list[StoredChange]:
    """The changes numbered above `seq`, in order."""
    rows = await statements.rows(tx, _SQL["since"], document_id=document_id, seq=seq)
    return [StoredChange(**row) for row in rows]


async def by_actors(
    tx: Tx, document_id: UUID, actors: Sequence[bytes]
) -> list[tuple[UUID | None, str]]:
    """Who made the changes of these actors (None: nobody in an editor), and their origin, each
    once, in the order of their first change.
    """
    rows = await statements.rows(
        tx, _SQL["by_actors"], document_id=document_id, actors=list(actors)
    )
    return [(row["person_id"], row["origin"]) for row in rows]


async def from_elsewhere(tx: Tx, document_id: UUID, seconds: float) -> set[bytes]:
    """The hashes of what came within the last seconds (of the newest thousand) otherwise than by the
    file: what editors delivered, what commits brought, what was carried over.
    """
    rows = await statements.rows(
        tx, _SQL["from_elsewhere"], document_id=document_id, seconds=seconds
    )
    return {row["hash"] for row in rows}


async def writers(tx: Tx, document_id: UUID, seq: int) -> list[UUID]:
    """The persons who wrote changes numbered above `seq`, in the order of their first one."""
    rows = await statements.rows(tx, _SQL["writers"], document_id=document_id, seq=seq)
    return [row["person_id"] for row in rows]
