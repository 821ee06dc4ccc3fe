"""Small tables a rendering asks for: titles of pages, homes of requirements, dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("texts")


async def titles(tx: Tx, branch: str) -> dict[str, str]:
    """page_path → title of every page of a branch."""
    rows = await statements.rows(tx, _SQL["titles"], branch=branch)
    return {row["page_path"]: row["title"] for row in rows}


async def definitions(tx: Tx, branch: str) -> dict[str, str]:
    """Requirement id → page_path of the page that defines it."""
    rows = await statements.rows(tx, _SQL["definitions"], branch=branch)
    return {row["req_id"]: row["page_path"] for row in rows}


async def stamps(tx: Tx, branch: str) -> dict[str, tuple[datetime, str]]:
    """page_path → when it last changed, and by whom."""
    rows = await statements.rows(tx, _SQL["stamps"], branch=branch)
    return {row["page_path"]: (row["updated_at"], row["updated_by"] or "") for row in rows}


async def last_seqs(tx: Tx, document_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Document id → number of its newest change, in one query."""
    rows = await statements.rows(tx, _SQL["last_seqs"], ids=list(document_ids))
    return {row["id"]: row["last_seq"] for row in rows}
