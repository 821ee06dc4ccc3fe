"""Texts kept by their hash: what both sides had when a merge left no heads that read the same."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from prdgen.errors import NotFound
from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("texts")


async def keep(tx: Tx, text: str) -> str:
    """Keep a text; its SHA-256 (hex of its UTF-8)."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    await statements.run(tx, _SQL["keep"], hash=digest, text=text)
    return digest


async def get(tx: Tx, digest: str) -> str:
    """A kept text; raises NotFound."""
    row = await statements.row(tx, _SQL["get"], hash=digest)
    if row is None:
        raise NotFound(what="agreed text", where=digest)
    return str(row["text"])


async def note_late(tx: Tx, document_id: UUID, heads: tuple[bytes, ...]) -> None:
    """Remember how far the text of a document this store does not have was carried over."""
    await statements.run(tx, _SQL["note_late"], document_id=document_id, heads=list(heads))


async def late_heads(tx: Tx, document_id: UUID) -> tuple[bytes, ...] | None:
    """Up to which heads a late document's text was carried over; None: never."""
    row = await statements.row(tx, _SQL["late_heads"], document_id=document_id)
    return tuple(row["heads"]) if row else None


async def prune(tx: Tx) -> None:
    """Forget texts that no agreed point names any more."""
    await statements.run(tx, _SQL["prune"])
