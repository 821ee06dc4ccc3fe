"""What the storms of one run have in common: services that are started once, and a database each."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from chaos import clock
from prdgen.embedded.services import Services
from prdgen.store.database import Store

_FAST = {"fsync": "off", "full_page_writes": "off"}
"""No storm cuts the power: what a killed PostgreSQL wrote is in the system's cache."""
_TEMPLATE = "storm_template"


class Ground:
    """PostgreSQL and Valkey as a team's own, beside the servers; `kill` and `mend` them."""

    def __init__(self, folder: Path) -> None:
        self._services = Services(folder / "services", options=_FAST)
        self._services.start()
        self._prepared = folder / "prepared"
        self._count = 0
        self.clock = clock.build(folder)
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        asyncio.run(_migrate(self._url(_TEMPLATE)))
        self._prepare()

    def _prepare(self) -> None:
        """A state folder whose embedded database is made already, for storms to begin with."""
        services = Services(self._prepared, valkey_too=False, options=_FAST)
        services.start()
        assert services.postgres
        asyncio.run(_migrate(services.postgres.url))
        services.stop()

    def lay_state(self, state: Path) -> None:
        """Give a clone the embedded database it would make at its first start."""
        state.mkdir(parents=True)
        shutil.copytree(self._prepared / "postgres", state / "postgres")

    def new_database(self) -> str:
        """An empty, migrated database, and an empty Valkey; the URL."""
        self._count += 1
        name = f"storm_{self._count}"
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
        with redis.Redis.from_url(self._valkey_url) as valkey:
            valkey.flushall()
        return self._url(name)

    def drop_database(self) -> None:
        """Drop the newest one."""
        with self._admin() as connection:
            connection.execute(f"DROP DATABASE storm_{self._count} WITH (FORCE)")

    @property
    def valkey_socket(self) -> Path:
        """Where Valkey listens."""
        return Path(urlsplit(self._valkey_url).path)

    @property
    def postgres_pid(self) -> int | None:
        """The postmaster."""
        assert self._services.postgres
        return self._services.postgres.pid

    @property
    def valkey_pid(self) -> int | None:
        """Valkey's process."""
        assert self._services.valkey
        return self._services.valkey.pid

    def mend(self) -> None:
        """Start what ended."""
        self._services.start()

    def stop(self) -> None:
        """End both."""
        pid = self.postgres_pid
        if pid is not None:
            os.kill(pid, signal.SIGCONT)
        self._services.stop()

    @property
    def _valkey_url(self) -> str:
        assert self._services.valkey
        return self._services.valkey.url

    def _url(self, name: str) -> str:
        assert self._services.postgres
        return self._services.postgres.url.replace("@/prdgen?", f"@/{name}?")

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url("postgres"), autocommit=True)


async def _migrate(url: str) -> None:
    store = await Store.open(url, min_size=1, max_size=1)
    await store.migrate()
    await store.close()
