"""What was built: one row for each rendering of a commit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from prdgen.store import statements
from prdgen.store.statements import Tx

_SQL: Final = statements.load("records")


@dataclass(frozen=True, slots=True)
class Build:
    """One build: `manifest` is artifact path → content hash, `status` `done` or `failed`."""

    id: UUID
    branch: str
    commit: str
    status: str
    pages: int
    seconds: float
    manifest: dict[str, str]
    problems: list[dict[str, Any]] = field(default_factory=list)
    at: datetime | None = None


async def record(tx: Tx, build: Build, *, keep: int = 50) -> None:
    """Remember a build (twice is once) and forget all but the newest `keep` of its branch."""
    facts = asdict(build) | {
        "manifest": Jsonb(build.manifest), "problems": Jsonb(build.problems)
    }  # fmt: skip
    await statements.run(tx, _SQL["record_build"], **facts)
    await statements.run(tx, _SQL["prune_builds"], branch=build.branch, keep=keep)


async def latest(tx: Tx, branch: str, status: str | None = "done") -> Build | None:
    """The newest build of a branch, of one status or (None) any."""
    row = await statements.row(tx, _SQL["latest_build"], branch=branch, status=status)
    return Build(**row) if row else None
