"""The line: one connection on which all open documents append, and what waits goes together.

A keystroke's way to the store is the busiest of all. So it takes no connection from the pool, and
what documents want to append while a write is under way is one statement and one commit.
"""

from __future__ import annotations

import asyncio
import logging
import os
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import psycopg
from psycopg import pq

from prdgen.errors import PrdgenError
from prdgen.store import statements
from prdgen.store.statements import Tx

_log: Final = logging.getLogger(__name__)
_PREPARE: Final = statements.load("line")["prepare"]
_NAME: Final = b"append_together"
_MOST: Final = 64
"""Documents in one statement."""
_MOST_BYTES: Final = 1 << 20
"""After so many bytes of changes no other document goes with them."""
_AGAIN_SECONDS: Final = 1.0
"""After a lost connection no new one is made for so long."""
_LOOK_SECONDS: Final = 1.0
"""How long an answer may take before the connection is looked at without being told: when a killed
PostgreSQL had not read all of what was sent, uvloop tells of its end once, and no more.
"""
_UUID, _INT4, _INT8, _BYTEA, _TEXT = 2950, 23, 20, 17, 25
"""PostgreSQL's numbers of its types."""
_BINARY: Final = (pq.Format.BINARY,) * 10
_int4: Final = struct.Struct(">i").pack
_int8: Final = struct.Struct(">q").pack
_head: Final = struct.Struct(">iiiii").pack


class ChangeLike(Protocol):
    """A change to be stored (see `changes.NewChange`)."""

    @property
    def hash(self) -> bytes:
        """Its hash."""

    @property
    def actor(self) -> bytes:
        """Who made it, for Automerge."""

    @property
    def person_id(self) -> UUID | None:
        """Who delivered it."""

    @property
    def origin(self) -> str:
        """Which way it came."""

    @property
    def data(self) -> bytes:
        """Its raw chunk."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One document's new changes, waiting for their numbers."""

    document_id: UUID
    new: Sequence[ChangeLike]
    heads: Sequence[bytes]
    known: int
    numbers: asyncio.Future[tuple[int, int] | None]

    def answer(self, numbers: tuple[int, int] | None) -> None:
        """Let who asked go on, if they still wait."""
        if not self.numbers.done():
            self.numbers.set_result(numbers)


class Line:
    """Appends for everybody on one connection of its own, which it opens again when it is lost.

    It waits for no lock of a document, so that no document waits for another one; and it raises no
    errors: what it could not do is to be done by `changes.append`, which can say why.
    """

    def __init__(self, connect: Callable[[], Awaitable[Tx]]) -> None:
        self._connect = connect
        self._connection: Tx | None = None
        self._socket = -1
        self._opening: asyncio.Task[None] | None = None
        self._open_after = float("-inf")
        self._waiting: deque[_Asked] = deque()
        self._under_way: list[_Asked] = []
        self._results: list[pq.abc.PGresult] = []
        self._due = False
        self._look: asyncio.TimerHandle | None = None
        self._closed = False

    async def append(
        self, document_id: UUID, new: Sequence[ChangeLike], heads: Sequence[bytes], *, known: int
    ) -> tuple[int, int] | None:
        """As `changes.append` in a transaction of its own: the first and last number.

        None: it was not done here, or nobody knows whether it was (a connection was lost).
        """
        if self._connection is None:
            self._open()
            return None
        loop = asyncio.get_running_loop()
        asked = _Asked(document_id, new, heads, known, loop.create_future())
        self._waiting.append(asked)
        if not (self._under_way or self._due):
            self._due = True
            loop.call_soon(self._begin)  # with what others ask for in this turn of the loop
        return await asked.numbers

    async def close(self) -> None:
        """Let the connection go. Whoever still waits is answered None."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        self._let_go()

    def _open(self) -> None:
        """Open a connection beside everything else."""
        now = asyncio.get_running_loop().time()
        if self._opening is None and now >= self._open_after and not self._closed:
            self._open_after = now + _AGAIN_SECONDS
            self._opening = asyncio.create_task(self._opened(), name="line to the store")

    async def _opened(self) -> None:
        try:
            connection = await self._connect()
            await connection.execute(_PREPARE)
        except (psycopg.Error, PrdgenError) as error:
            _log.debug("the line is opened again later: %s", error)
        else:
            # A lost connection closes its socket by itself, and the number goes to the next one.
            self._connection, self._socket = connection, os.dup(connection.pgconn.socket)
            asyncio.get_running_loop().add_reader(self._socket, self._read, connection.pgconn)
        finally:
            self._opening = None

    def _begin(self) -> None:
        """Send what waits."""
        self._due = False
        group, size = self._under_way, 0
        while self._waiting and len(group) < _MOST and size < _MOST_BYTES:
            asked = self._waiting.popleft()
            if not asked.numbers.done():
                group.append(asked)
                size += sum(len(change.data) for change in asked.new)
        if not group or self._connection is None:
            return
        pgconn = self._connection.pgconn
        try:
            pgconn.send_query_prepared(_NAME, _parameters(group), _BINARY, pq.Format.BINARY)
            self._flush(pgconn)
            self._look_later()
        except psycopg.Error as error:
            self._lose(error)

    def _look_later(self) -> None:
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look_now)

    def _look_now(self) -> None:
        """Read what there is, though nobody said that there is something."""
        self._look = None
        if self._under_way and self._connection is not None:
            self._read(self._connection.pgconn)
        if self._under_way:
            self._look_later()

    def _flush(self, pgconn: pq.abc.PGconn) -> None:
        if pgconn.flush():
            asyncio.get_running_loop().add_writer(self._socket, self._flush_rest, pgconn)

    def _flush_rest(self, pgconn: pq.abc.PGconn) -> None:
        try:
            if not pgconn.flush():
                asyncio.get_running_loop().remove_writer(self._socket)
        except psycopg.Error as error:
            self._lose(error)

    def _read(self, pgconn: pq.abc.PGconn) -> None:
        try:
            pgconn.consume_input()
            while self._under_way and not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:  # so it is committed
                    self._finish()
                    return
                self._results.append(result)
        except psycopg.Error as error:
            self._lose(error)

    def _finish(self) -> None:
        """Answer those whose changes were sent, and send what came in meanwhile."""
        results, self._results = self._results, []
        if len(results) != 1 or results[0].status != pq.ExecStatus.TUPLES_OK:
            self._lose(
                b"; ".join(result.error_message for result in results).decode("utf-8", "replace")
            )
            return
        group, self._under_way = self._under_way, []
        for row, asked in enumerate(group):
            first, last = results[0].get_value(row, 0), results[0].get_value(row, 1)
            numbers = (int.from_bytes(first), int.from_bytes(last)) if first and last else None
            asked.answer(numbers)
        if self._waiting:
            self._begin()

    def _lose(self, why: object) -> None:
        """Nobody knows what became of what was sent; the next one opens a new connection."""
        _log.info("documents append one by one for a moment: %s", " ".join(str(why).split()))
        self._open_after = asyncio.get_running_loop().time() + _AGAIN_SECONDS
        self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if connection is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            os.close(self._socket)
            connection.pgconn.finish()
        left = [*self._under_way, *self._waiting]
        self._under_way, self._results = [], []
        self._waiting.clear()
        for asked in left:
            asked.answer(None)


def _parameters(group: Sequence[_Asked]) -> list[bytes]:
    """The parameters of the statement, in PostgreSQL's binary format."""
    new = [change for asked in group for change in asked.new]
    persons = (None if c.person_id is None else c.person_id.bytes for c in new)
    return [
        _array(_UUID, (asked.document_id.bytes for asked in group)),
        _array(_INT8, (_int8(asked.known) for asked in group)),
        _array(_INT4, (_int4(len(asked.new)) for asked in group)),
        _array(_INT4, (_int4(len(asked.heads)) for asked in group)),
        _array(_BYTEA, (head for asked in group for head in asked.heads)),
        _array(_BYTEA, (change.hash for change in new)),
        _array(_BYTEA, (change.actor for change in new)),
        _array(_UUID, persons),
        _array(_TEXT, (change.origin.encode() for change in new)),
        _array(_BYTEA, (change.data for change in new)),
    ]


def _array(kind: int, items: Iterable[bytes | None]) -> bytes:
    """An array of one dimension: https://www.postgresql.org/docs/current/arrays.html, as
    `array_send` in PostgreSQL's source writes it.
    """
    parts: list[bytes] = []
    count = 0
    for item in items:
        count += 1
        if item is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts += (_int4(len(item)), item)
    if not count:
        return struct.pack(">iii", 0, 0, kind)
    return _head(1, 1, kind, count, 1) + b"".join(parts)
