"""Two servers of two clones, one remote, one forge: each thing is there once, whoever takes it there."""

from __future__ import annotations

import pytest
from git.repos import Repo

from prdgen.flows import drafts, exchange, forge_exchange, reviews

from .forges import KINDS, at_forge, begun, review, said, settings_for, trade
from .harness import House
from .remotes import FAR, clone_of


@pytest.fixture(params=KINDS)
async def all_three(request, houses, repo, tmp_path, own_servers):
    """Two servers, each with everything of its own, and the forge between them."""
    async with at_forge(houses, repo, tmp_path, request.param) as (house, forge):
        far = clone_of(Repo(forge.hub.repository), tmp_path / "far")
        other = await House(
            far, own_servers.postgres.url, own_servers.valkey.url, **FAR, **settings_for(forge)
        ).open()
        yield house, other, forge
        await other.close()


async def test_a_review_on_two_servers_and_at_the_forge(all_three):
    """Opened by one, answered on the other, decided at the forge, merged on the other."""
    house, other, forge = all_three
    branch, found, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?", page_path="one.md",
                          quote="changed", line=5)  # fmt: skip
    await trade(house, forge)
    await exchange.run(house.app)
    for _ in range(2):
        await trade(other, forge)
    assert review(other, branch).link.number == 1
    thread = next(iter(review(other, branch).threads))
    await reviews.reply(other.app, branch, other.people["ann"], thread, "Because")
    forge.hub.comment(1, "octavia", "I see")
    # Both hear of it from the forge before they hear of each other.
    await forge_exchange.run(other.app, look=True)
    await forge_exchange.run(house.app, look=True)
    for each in (house, other, house, other):
        await trade(each, forge)
    assert len(pull.notes) == 3
    assert len(forge.hub.pulls) == 1
    wanted = [[("Bob", "Why?"), ("Ann", "Because")], [("octavia", "I see")]]
    assert said(review(house, branch)) == said(review(other, branch)) == wanted
    made = forge.hub.merge(1, "octavia")
    for each in (house, other, house, other):
        await trade(each, forge)
    for each in (house, other):
        assert drafts.find_review(each.app, found.id).state == "merged"
        assert each.repo.tip("main") == made
    ref = f"refs/prdgen/reviews/{found.id}"
    before = other.repo.git("rev-parse", ref)
    for each in (house, other):
        await trade(each, forge)
    assert before == other.repo.git("rev-parse", ref)
    assert house.repo.git("rev-parse", ref) == other.repo.git("rev-parse", ref)
