"""Named SQL statements from the .sql files, and the one place where they are run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import errors as pg
from psycopg.rows import TupleRow, dict_row

from prdgen.errors import Invalid, PrdgenError
from prdgen.store import errors

Tx = psycopg.AsyncConnection[TupleRow]
"""A transaction, as `Store.transaction()` gives it; everything in the store takes one."""

_HEADING: Final = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)


def load(name: str) -> dict[str, str]:
    """The statements of `sql/<name>.sql`: each starts with a line `-- its_name: why it is`."""
    text = resources.files("prdgen.store").joinpath("sql", f"{name}.sql").read_text("utf-8")
    pieces = _HEADING.split(text)
    return dict(zip(pieces[1::3], (body.strip().rstrip(";") for body in pieces[3::3]), strict=True))


async def rows(tx: Tx, statement: str, /, **params: Any) -> list[dict[str, Any]]:
    """Run one statement and return its rows by column name."""
    async with _cursor(tx) as cursor:
        await cursor.execute(statement, params, binary=True)
        return await cursor.fetchall()


async def row(tx: Tx, statement: str, /, **params: Any) -> dict[str, Any] | None:
    """Run one statement and return its first row, or None."""
    async with _cursor(tx) as cursor:
        await cursor.execute(statement, params, binary=True)
        return await cursor.fetchone()


async def run(tx: Tx, statement: str, /, **params: Any) -> int:
    """Run one statement that returns nothing; the number of rows it changed."""
    async with _cursor(tx) as cursor:
        await cursor.execute(statement, params)
        return cursor.rowcount


async def many(tx: Tx, statement: str, params: list[dict[str, Any]]) -> None:
    """Run one statement for each of `params`, without waiting for each answer."""
    async with _cursor(tx) as cursor:
        await cursor.executemany(statement, params)


async def copy(tx: Tx, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Add many rows to a table with `COPY … FROM STDIN`: several times quicker than `many`."""
    async with _cursor(tx) as cursor, cursor.copy(statement) as into:
        for each in rows:
            await into.write_row(each)


@asynccontextmanager
async def _cursor(tx: Tx) -> AsyncIterator[psycopg.AsyncCursor[dict[str, Any]]]:
    with translated():
        try:
            async with tx.cursor(row_factory=dict_row) as cursor:
                yield cursor
        except UnicodeEncodeError as error:
            raise _invalid("a lone surrogate") from error


@contextmanager
def translated() -> Iterator[None]:
    """Errors of psycopg become the store's own; the cause is kept."""
    try:
        yield
    except psycopg.Error as error:
        raise _own(error) from error


def _own(error: psycopg.Error) -> PrdgenError:
    got = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (pg.DeadlockDetected, pg.SerializationFailure, pg.LockNotAvailable)):
        return errors.StoreBusy(got=got)
    away = (psycopg.OperationalError, psycopg.InterfaceError, pg.IdleInTransactionSessionTimeout)
    if isinstance(error, away):
        return errors.StoreUnavailable(got=got)
    if isinstance(error, pg.UntranslatableCharacter) or "NUL" in got:
        return _invalid("a NUL character")
    if isinstance(error, psycopg.DataError):
        return _invalid(got)
    return errors.StoreRefused(got=got)


def _invalid(got: str) -> Invalid:
    return Invalid(what="the text", where="the store", expected="text PostgreSQL can hold", got=got)
