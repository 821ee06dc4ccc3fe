"""Servers for the whole run: one Postgres and one Valkey, shared by every worker process."""

from __future__ import annotations

import asyncio
import faulthandler
import inspect
import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import anyio
import psycopg
import pytest
import redis
from _pytest.faulthandler import fault_handler_stderr_fd_key

from prdgen.embedded.services import Services
from prdgen.store.database import Store

# No test may depend on, or change, the Git configuration of whoever runs it.
os.environ.update(
    GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, GIT_CONFIG_NOSYSTEM="1",
    GIT_TERMINAL_PROMPT="0", GIT_EDITOR="true", LC_ALL="C.UTF-8", TZ="UTC",
)  # fmt: skip
for _name in [name for name in os.environ if name.startswith("PRDGEN_")]:
    del os.environ[_name]

# What anyio imports when it is first used, pytest would parse in the middle of some test, where Python 3.11's
# parser may fail in a deep stack ("AST constructor recursion depth mismatch").
for _name in dir(anyio):
    getattr(anyio, _name)

TEMPLATE = "prdgen_template"
AFTER_A_FAILURE = 240
"""Seconds that a failed test may take to put itself away before its process is ended."""


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector, name, obj):
    """Every `async def test_…` runs under anyio on asyncio."""
    inner = obj.hypothesis.inner_test if hasattr(obj, "hypothesis") else obj
    if collector.istestfunction(obj, name) and inspect.iscoroutinefunction(inner):
        pytest.mark.usefixtures("anyio_backend")(obj)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node):
    """A test that failed may hang in its teardown: pytest takes its own limit off then, this puts one on."""
    stderr = node.config.stash.get(fault_handler_stderr_fd_key, None)
    if stderr is not None and isinstance(node, pytest.Item):
        faulthandler.dump_traceback_later(AFTER_A_FAILURE, file=stderr, exit=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Before the time limit takes them away: where the tasks of a test that stands still wait."""
    stderr = item.config.stash.get(fault_handler_stderr_fd_key, 2)

    def say():
        os.write(stderr, f"\n{item.nodeid} stands still in:\n{waiting()}\n".encode())

    timer = threading.Timer(float(item.config.getini("timeout") or 180) * 0.9, say)
    timer.daemon = True
    timer.start()
    try:
        return (yield)
    finally:
        timer.cancel()


def waiting() -> str:
    """Where every task of asyncio waits, innermost last."""
    lines = []
    for task in list(asyncio.tasks._all_tasks):
        if task.done():
            continue
        lines.append(f"task {task.get_name()}")
        found = task.get_coro()
        while (
            frame := getattr(found, "cr_frame", None) or getattr(found, "gi_frame", None)
        ) is not None:
            code = frame.f_code
            lines.append(f"  {code.co_filename}:{frame.f_lineno} {code.co_name}")
            found = getattr(found, "cr_await", None) or getattr(found, "gi_yieldfrom", None)
    return "\n".join(lines)


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory) -> Path:
    """A folder all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def servers(run_dir):
    """Embedded Postgres and Valkey: the first worker starts them, the last one out stops them."""
    # Tests copy databases all the time, and no test cuts the power.
    options = {"fsync": "off", "full_page_writes": "off"}
    services = Services(run_dir / "servers", options=options)
    services.start()
    yield services
    services.stop()


@pytest.fixture(scope="session")
def database_template(servers) -> str:
    """A migrated database; every test's own one is a copy of it."""
    admin = servers.postgres.url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        if found.fetchone() is None:
            fresh = f"{TEMPLATE}_{uuid4().hex}"
            connection.execute(f"CREATE DATABASE {fresh}")
            asyncio.run(_migrate(named(admin, fresh)))
            connection.execute(f"ALTER DATABASE {fresh} RENAME TO {TEMPLATE}")
    return TEMPLATE


async def _migrate(url: str) -> None:
    store = await Store.open(url, min_size=1, max_size=1)
    await store.migrate()
    await store.close()


def named(url: str, database: str) -> str:
    """`url` with another database in it."""
    return url.replace("@/prdgen?", f"@/{database}?")


@pytest.fixture
def database_url(servers, database_template):
    """A migrated database of the test's own, dropped after it."""
    admin, name = servers.postgres.url, f"test_{uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {database_template} STRATEGY file_copy"
        )
    yield named(admin, name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(servers):
    """A database of the test's own with nothing in it, dropped after it."""
    admin, name = servers.postgres.url, f"empty_{uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield named(admin, name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database_url):
    """An open Store over a database of the test's own."""
    opened = await Store.open(database_url, min_size=1, max_size=8)
    yield opened
    await opened.close()


@pytest.fixture
def redis_url(servers) -> str:
    """A Valkey database of this worker's own, emptied before the test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{servers.valkey.url}?db={int(worker) % 16}"
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
    return url


@pytest.fixture
def eventually():
    """`await eventually(lambda: …, seconds)`: wait for a state, fail when it does not come."""

    async def wait(holds, seconds: float = 10.0):
        deadline = time.monotonic() + seconds
        while True:
            found = holds()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            assert time.monotonic() < deadline, f"did not come to hold in {seconds} s"
            await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def own_servers(tmp_path):
    """A Postgres and a Valkey of the test's own, to be killed at will."""
    services = Services(tmp_path / "own-servers")
    services.start()
    yield services
    services.stop()
