"""A CDN before the server itself hears of each publication, until it did."""

import pytest
from cdn import vendors

from prdgen import serving
from prdgen.flows import follow, purge_here, watch

FASTLY, ZONE = "SU1Z0isxPaozGVKXdv0eY", "023e105f4ecef8ad9ca31a8372d0c353"
SETTINGS = {"public_site": True, "cdn_token": vendors.TOKEN, "base_url": "https://prds.example.org"}


@pytest.fixture
def fastly():
    served = vendors.Vendor(vendors.fastly)
    yield served
    served.close()
    assert not served.problems, served.problems


@pytest.fixture
def cloudflare():
    served = vendors.Vendor(vendors.cloudflare)
    yield served
    served.close()
    assert not served.problems, served.problems


async def published(house):
    """The watcher has seen the branches, and the jobs are done."""
    await watch.branches(house.app)
    await house.work()


async def test_a_commit_is_told_by_key(houses, repo, fastly):
    """Of what it changed, and of nothing else."""
    house = await houses(repo, cdn="fastly", cdn_id=FASTLY, cdn_api=fastly.api, **SETTINGS)
    await published(house)
    fastly.forgotten.clear()
    repo.commit("edit", one="# One\n\nEdited.\n")
    await published(house)
    assert serving.key("one/index.html") in fastly.forgotten
    assert serving.key("other/index.html") not in fastly.forgotten


async def test_addresses_are_those_below_the_server(houses, repo, cloudflare):
    """For a CDN that knows no keys; a page that is gone is forgotten too."""
    house = await houses(repo, cdn="cloudflare", cdn_id=ZONE, cdn_api=cloudflare.api, **SETTINGS)
    await published(house)
    repo.git("rm", "-q", "one.md")
    repo.commit("remove")
    await published(house)
    assert "https://prds.example.org/site/one/" in cloudflare.forgotten


async def test_one_that_is_away_is_told_later(houses, repo, fastly):
    """By the job, which is tried again; the page is published all the same."""
    house = await houses(repo, cdn="fastly", cdn_id=FASTLY, cdn_api=fastly.api, **SETTINGS)
    await published(house)
    fastly.forgotten.clear()
    fastly.says = [(503, {}, b"")] * 100
    repo.commit("edit", one="# One\n\nEdited.\n")
    await published(house)
    assert not fastly.forgotten
    fastly.says = []
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await house.work()
    assert serving.key("one/index.html") in fastly.forgotten


async def test_nobody_is_told_of_a_private_site(houses, repo, fastly):
    """No cache keeps it, so there is nothing to forget."""
    more = SETTINGS | {"public_site": False}
    house = await houses(repo, cdn="fastly", cdn_id=FASTLY, cdn_api=fastly.api, **more)
    await published(house)
    assert not fastly.requests


async def test_very_many_changes_are_everything(houses, repo, fastly):
    """Also what is gone; in one request."""
    house = await houses(repo, cdn="fastly", cdn_id=FASTLY, cdn_api=fastly.api, **SETTINGS)
    await published(house)
    fastly.forgotten.clear()
    await purge_here.after_build(house.app, [f"{n}/index.html" for n in range(1_001)])
    await house.work()
    assert fastly.forgotten == [serving.EVERYTHING]


async def test_the_search_that_comes_later_is_told_too(houses, repo, fastly):
    """Else readers would search what was there an hour ago."""
    house = await houses(repo, cdn="fastly", cdn_id=FASTLY, cdn_api=fastly.api, **SETTINGS)
    await published(house)
    fastly.forgotten.clear()
    await follow.improve(house.app)
    await house.work()
    assert serving.key("pagefind/pagefind-entry.json") in fastly.forgotten
    assert serving.key("one/index.html") not in fastly.forgotten
