"""A repository with two pages, and a whole house on it."""

import pytest
from git import repos

from .harness import House

ONE = "# One\n\nfirst line\n\nsecond line\n\nthird line\n"


@pytest.fixture
def repo(tmp_path) -> repos.Repo:
    return repos.make(tmp_path / "repo", one=ONE, other="# Other\n\nother\n")


@pytest.fixture
async def houses(database_url, redis_url):
    """`await houses(repo, **settings)` opens a house that is closed after the test."""
    opened = []

    async def make(repo, **settings):
        house = await House(repo, database_url, redis_url, **settings).open()
        opened.append(house)
        return house

    make.opened = opened
    yield make
    for house in opened:
        if house.stack is not None:
            await house.close()


@pytest.fixture
async def house(houses, repo):
    """A house on the repository: files at once, commits only on request."""
    return await houses(repo)
