"""The pool of connections: opened at a door, passed down, healthy again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from prdgen.store import errors, schema_migrations, statements
from prdgen.store.line import Line
from prdgen.store.statements import Tx

_log = logging.getLogger(__name__)

_OLDEST: Final = 150_000
_WAIT_SECONDS: Final = 2.0
"""How long a call waits for a connection before it says StoreUnavailable."""
_TURN_SECONDS: Final = 20.0
"""How long a call waits for others to give a connection back."""
_IDLE_SECONDS: Final = 10.0
"""How long a transaction may stand without a statement. A server that was stopped in the middle of
one (a laptop that sleeps, SIGSTOP) would keep its rows from every other server for as long.
"""
_KWARGS: Final[dict[str, Any]] = {
    "connect_timeout": 2, "application_name": "prdgen", "client_encoding": "utf-8",
    "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 8000,
}  # fmt: skip


class Store:
    """PostgreSQL, for one process and one event loop.

    When the server dies, calls fail with StoreUnavailable within 3 s; when it is back, they work
    again, without anyone's doing.
    """

    def __init__(self, url: str, pool: AsyncConnectionPool[Tx]) -> None:
        self.url = url
        self._pool = pool
        self.line = Line(self._connect)
        self._healing: asyncio.Task[None] | None = None
        # A crowd waits here, not at the pool, which would call the server away after two seconds.
        self._turns = asyncio.Semaphore(pool.max_size)
        self._failures = 0

    @classmethod
    async def open(
        cls, url: str, *, min_size: int = 2, max_size: int = 10, idle_seconds: float = _IDLE_SECONDS
    ) -> Self:
        """Connect. A transaction of this store is rolled back when it does nothing for
        `idle_seconds`; its next statement raises StoreUnavailable. Raises StoreUnavailable,
        PostgresTooOld.
        """

        async def configure(connection: Tx) -> None:
            await connection.set_autocommit(True)
            await connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, false)",
                [f"{round(idle_seconds * 1000)}ms"],
            )
            await connection.set_autocommit(False)

        # A failed connection is given up soon: waiting longer would double the pause each time,
        # and the next call for one tries at once anyway.
        pool = AsyncConnectionPool(
            url, kwargs=_KWARGS, min_size=min_size, max_size=max_size, open=False,
            timeout=_WAIT_SECONDS, reconnect_timeout=1.0, num_workers=2, name="prdgen",
            connection_class=psycopg.AsyncConnection[TupleRow], configure=configure,
        )  # fmt: skip
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        try:
            await pool.open(wait=True, timeout=5.0)
        except PoolTimeout as error:
            await pool.close()
            raise errors.StoreUnavailable(got=await _why(url)) from error
        store = cls(url, pool)
        async with store.transaction() as tx:
            version = tx.info.server_version
        if version < _OLDEST:
            await store.close()
            raise errors.PostgresTooOld(got=version // 10_000, expected=_OLDEST // 10_000)
        return store

    async def close(self) -> None:
        """Close every connection."""
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.wait([self._healing])
        await self.line.close()
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """One transaction: committed at the end of the block, rolled back if it raises.

        It begins with the first statement. Raises StoreUnavailable when the server does not answer;
        when that happens at the commit, it may or may not have been done. Raises StoreBusy when no
        connection came free in time.
        """
        await self._take_turn()
        try:
            with statements.translated():
                async with self._pool.connection() as connection:
                    yield connection
        except errors.StoreUnavailable:
            self._failures += 1
            self._heal()
            raise
        finally:
            self._turns.release()

    async def _take_turn(self) -> None:
        """Wait for one of the connections; what makes the ones before fail makes this one fail."""
        failures = self._failures
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise errors.StoreBusy(got=f"every connection in use for {_TURN_SECONDS} s") from error
        if self._failures != failures and self._turns.locked():
            self._turns.release()
            raise errors.StoreUnavailable(got="it did not answer those who asked before")

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Tx]:
        """For statements that are each a transaction of their own: one round trip instead of three.

        Raises StoreUnavailable as `transaction` does.
        """
        async with self.transaction() as connection:
            await connection.set_autocommit(True)
            try:
                yield connection
            finally:
                if connection.info.transaction_status is TransactionStatus.IDLE:
                    await connection.set_autocommit(False)
                else:  # Given back as it is, it would commit the next one's work too early.
                    await connection.close()

    async def migrate(self) -> None:
        """Bring the schema up to date; any number of processes may do so at once."""
        async with self.transaction() as tx:
            await schema_migrations.apply(tx)

    async def ping(self) -> None:
        """Return if PostgreSQL answers, raise StoreUnavailable if not."""
        async with self.transaction() as tx:
            await statements.run(tx, "SELECT 1")

    async def listen(
        self, channel: str, begin: Callable[[Tx], Awaitable[None]] | None = None
    ) -> AsyncGenerator[str, None]:
        """The payloads of notifications on `channel`, until the caller stops.

        An empty one comes first, and again after each lost connection: something may have been
        missed, look for yourself. Before it `begin` is called with the connection, which serves
        nothing else and lasts until it is lost: for locks that are to end with this process.
        """
        pause = 0.1
        while True:
            try:
                async for payload in self._listen_once(channel, begin):
                    pause = 0.1
                    yield payload
            except psycopg.OperationalError as error:
                _log.warning("Lost the notifications of %s: %s", channel, error)
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

    async def _listen_once(
        self, channel: str, begin: Callable[[Tx], Awaitable[None]] | None
    ) -> AsyncIterator[str]:
        connection = await self._connect()
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            if begin is not None:
                await begin(connection)
            yield ""
            async for notification in connection.notifies():
                yield notification.payload

    async def _connect(self) -> Tx:
        """A connection that is in no pool, and on which each statement is a transaction."""
        return await psycopg.AsyncConnection.connect(self.url, autocommit=True, **_KWARGS)

    def _heal(self) -> None:
        """Have every idle connection looked at: a dead server costs one failed call, not one for
        each connection.
        """
        if self._healing is None or self._healing.done():
            self._healing = asyncio.create_task(self._check())

    async def _check(self) -> None:
        with contextlib.suppress(psycopg.Error):
            await self._pool.check()


async def _why(url: str) -> str:
    try:
        connection = await psycopg.AsyncConnection.connect(url, **_KWARGS)
    except psycopg.Error as error:
        return " ".join(str(error).split())
    await connection.close()
    return "it took too long"
