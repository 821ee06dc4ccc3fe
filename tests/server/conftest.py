"""One house for all tests that only read, and houses of a test's own."""

import os
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import psycopg
import pytest
import redis

from . import house as houses_module
from . import team


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The example repository, to be copied."""
    return team.make(tmp_path_factory.mktemp("example") / "shop")


@pytest.fixture(scope="session")
def odd(tmp_path_factory):
    """The example with every odd page, to be copied or only read."""
    return team.make(tmp_path_factory.mktemp("odd") / "shop", odd=True)


@pytest.fixture(scope="session")
def own_database(servers, database_template):
    """A database for the house that only reads."""
    admin, name = servers.postgres.url, f"house_{uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {database_template} STRATEGY file_copy"
        )
    yield admin.replace("@/prdgen?", f"@/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def house(own_database, servers, odd, tmp_path_factory):
    """A house on the odd repository. Tests that use it change nothing."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    redis_url = f"{servers.valkey.url}?db={15 - worker % 8}"
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
    async with houses_module.opened(odd, own_database, redis_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def own_database_of(servers, database_template):
    """`async with own_database_of(source, folder)`: a house on a copy, for a whole module."""

    @asynccontextmanager
    async def make(source, folder):
        admin, name = servers.postgres.url, f"house_{uuid4().hex}"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {database_template} STRATEGY file_copy"
            )
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        database = admin.replace("@/prdgen?", f"@/{name}?")
        redis_url = f"{servers.valkey.url}?db={15 - worker % 8}"
        copied = team.copy(source, folder / "repo")
        async with houses_module.opened(copied, database, redis_url) as opened:
            yield opened
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return make


@pytest.fixture
async def reader(house):
    """A reader's browser on the shared house."""
    return await house.as_("reader")


@pytest.fixture
async def open_house(database_url, redis_url, tmp_path):
    """`await open_house(source)`: a house on a copy of a repository, closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(source, *, copied: bool = True, **settings):
            folder = team.copy(source, tmp_path / "repo") if copied else source
            return await stack.enter_async_context(
                houses_module.opened(folder, database_url, redis_url, **settings)
            )

        yield make


@pytest.fixture
async def own(open_house, example):
    """A house of the test's own on the example."""
    return await open_house(example)
