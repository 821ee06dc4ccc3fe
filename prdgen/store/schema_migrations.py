"""Forward-only migrations: numbered files, applied once each, by one process at a time."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

from prdgen.store import errors, statements
from prdgen.store.statements import Tx

_LOCK: Final = 0x7072_6467_656E
_SQL: Final = statements.load("migrations")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`."""

    number: int
    name: str
    text: str


def known() -> list[Migration]:
    """Every migration this prdgen has, in order."""
    folder = resources.files("prdgen.store").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [
        Migration(int(name[:4]), name[:-4], folder.joinpath(name).read_text("utf-8"))
        for name in names
    ]


async def apply(tx: Tx, *, one_by_one: bool = False) -> list[str]:
    """Bring the schema up to date; the names of what was applied.

    An empty database gets `schema.sql` at once (unless `one_by_one`). Raises SchemaTooNew.
    """
    await statements.run(tx, _SQL["lock"], key=_LOCK)
    await statements.run(tx, _SQL["create_table"])
    done = {found["number"] for found in await statements.rows(tx, _SQL["applied"])}
    migrations = known()
    if done and max(done) > migrations[-1].number:
        raise errors.SchemaTooNew(got=max(done), expected=migrations[-1].number)
    pending = [migration for migration in migrations if migration.number not in done]
    if not done and not one_by_one:
        whole = resources.files("prdgen.store").joinpath("schema.sql").read_text("utf-8")
        await _execute(tx, whole)
    else:
        for migration in pending:
            await _execute(tx, migration.text)
    for migration in pending:
        await statements.run(tx, _SQL["record"], number=migration.number, name=migration.name)
    return [migration.name for migration in pending]


async def _execute(tx: Tx, text: str) -> None:
    with statements.translated():
        await tx.execute(text.encode())
