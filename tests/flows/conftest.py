"""A repository with two pages, and a whole house on it."""

import pytest
from git import repos

from .forges import KINDS, at_forge
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


@pytest.fixture(params=KINDS)
async def both(request, houses, repo, tmp_path):
    """A house, and a forge of each kind that its reviews are pull requests at."""
    async with at_forge(houses, repo, tmp_path, request.param) as found:
        yield found


@pytest.fixture
async def at_github(houses, repo, tmp_path):
    """The same with GitHub alone."""
    async with at_forge(houses, repo, tmp_path, "github") as found:
        yield found
