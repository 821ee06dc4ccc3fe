"""*Merge*, where main may be changed at the forge by pull requests only: nothing is said to be merged that
main has not.
"""

from __future__ import annotations

import pytest
from forge.serving import Fault

from prdgen.flows import draft_merge, drafts, exchange
from prdgen.flows.errors import NewerThere, NotHereYet, PullUnfit
from prdgen.forge.errors import NotMergedThere
from prdgen.git.errors import RemoteAway

from .forges import KINDS, PAGE, at_forge, begun, change, review, trade


@pytest.fixture(params=KINDS)
async def both(request, houses, repo, tmp_path):
    async with at_forge(houses, repo, tmp_path, request.param) as found:
        found[1].hub.protected = True
        found[1].hub.git("branch", "next", "main")
        yield found


async def press(house, branch: str):
    return await draft_merge.merge(house.app, branch, house.people["ann"], "owner")


async def refused(house, forge, branch: str) -> PullUnfit:
    """Merging it is refused: the draft is open, its branch and the forge's are as they were."""
    before = forge.hub.tip("main"), forge.hub.tip("next"), house.repo.tip(branch)
    with pytest.raises(PullUnfit) as caught:
        await press(house, branch)
    assert review(house, branch).state == "open"
    assert (forge.hub.tip("main"), forge.hub.tip("next"), house.repo.tip(branch)) == before
    assert house.repo.tip("main") == before[0]
    return caught.value


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(("status", "headers"), [(500, {}), (429, {"retry-after": "1000"})])
async def test_a_merge_that_the_forge_does_not_answer_is_said_as_such(both, status, headers, done):
    """It is asked once only: whoever pressed it is told to look, and to press it again if it was not done."""
    house, forge = both
    branch, found, _ = await begun(house, forge)
    forge.faults = [
        Fault(status, "/1/merge", headers=headers, done_first=done, times=1 if done else 9)
    ]
    with pytest.raises(NotMergedThere) as caught:
        await press(house, branch)
    assert "merge once more" in caught.value.hint
    forge.faults = []
    if done:
        await trade(house, forge)
        assert drafts.find_review(house.app, found.id).state == "merged"
    else:
        _, landed = await press(house, branch)
        assert house.repo.tip("main") == landed.commit == forge.hub.tip("main")


async def test_one_that_is_aimed_at_another_branch(both):
    """It is not merged into that one; aimed at main again, it is merged."""
    house, forge = both
    branch, _, pull = await begun(house, forge)
    pull.base = "next"
    forge.hub.touch(pull)
    error = await refused(house, forge, branch)
    assert "it leads into next, expected one into main" in error.message
    assert "Aim it at main" in error.hint
    assert pull.state == "open"
    pull.base = "main"
    _, landed = await press(house, branch)
    assert house.repo.tip("main") == landed.commit == forge.hub.tip("main")


async def test_one_that_was_merged_into_another_branch(both):
    """Not looked at yet; then the draft is closed, as that look says."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    pull.base = "next"
    forge.hub.merge(1, "octavia")
    error = await refused(house, forge, branch)
    assert "it was merged into next, expected one into main" in error.message
    await house.work()
    assert drafts.find_review(house.app, found.id).state == "closed"


async def test_one_that_was_merged_into_another_branch_and_opened_again_here(both):
    """What the error says to do helps: another pull request into main becomes the draft's."""
    house, forge = both
    hub = forge.hub
    branch, found, pull = await begun(house, forge)
    pull.base = "next"
    hub.merge(1, "octavia")
    await trade(house, forge)
    await draft_merge.reopen(house.app, found.id, house.people["ann"])
    await trade(house, forge)
    error = await refused(house, forge, branch)
    assert f"from {branch} into main" in error.hint
    other = hub.open(branch, "main", "Plan", "", "octavia")
    await trade(house, forge)
    _, landed = await press(house, branch)
    assert (other.state, other.made) == ("merged", landed.commit)
    assert "second line, changed" in house.repo.git("show", "main:one.md")


async def test_one_that_got_a_commit_in_the_moment_of_the_press(both):
    """Nobody has seen what it changes; pressed again, it is merged with it."""
    house, forge = both
    branch, _, _ = await begun(house, forge)
    house.repo.git("branch", "later", branch)
    change(house, "later", PAGE.replace("third", "3rd"))
    house.repo.git("push", "-q", "origin", f"later:{branch}")
    forge.hub.notice()
    with pytest.raises(NewerThere):
        await press(house, branch)
    _, landed = await press(house, branch)
    assert "3rd line" in house.repo.git("show", f"{landed.commit}:one.md")


async def test_one_that_was_closed(both):
    """Not looked at yet; opened again there, it is merged."""
    house, forge = both
    hub = forge.hub
    branch, found, pull = await begun(house, forge)
    hub.end(1, "octavia")
    error = await refused(house, forge, branch)
    assert "it was closed, expected one that is open" in error.message
    await house.work()
    assert drafts.find_review(house.app, found.id).state == "closed"
    hub.end(1, "octavia", "open")
    await trade(house, forge)
    await press(house, branch)
    assert "second line, changed" in house.repo.git("show", "main:one.md")
    assert pull.state == "merged"


async def test_one_that_was_merged_while_the_draft_went_on(both):
    """The later commits stay, and are a draft that can be merged."""
    house, forge = both
    hub = forge.hub
    branch, found, _ = await begun(house, forge)
    hub.merge(1, "octavia")
    later = change(house, branch, PAGE.replace("second line", "second line, changed, later"))
    error = await refused(house, forge, branch)
    assert f"expected the commit {later[:10]}" in error.message
    await house.work()
    assert drafts.find_review(house.app, found.id).state == "merged"
    assert house.repo.tip(branch) == later
    await draft_merge.ask(house.app, branch, house.people["ann"])
    await trade(house, forge)
    await press(house, branch)
    assert "changed, later" in house.repo.git("show", "main:one.md")


@pytest.mark.parametrize("how", ["merge", "squash"])
async def test_commits_after_a_merge_there_stay_in_the_branch(both, how):
    """They came to the branch before anybody here looked at the pull request: they are no part of what
    was merged, whatever the forge says the branch is at, and are listed as a draft of their own.
    """
    house, forge = both
    branch, found, _ = await begun(house, forge)
    merged = house.repo.tip(branch)
    forge.hub.merge(1, "octavia", how)
    later = change(house, branch, PAGE.replace("second line", "second line, changed, later"))
    await trade(house, forge)
    assert forge.hub.tip(branch) == later
    over = drafts.find_review(house.app, found.id)
    assert (over.state, over.tip) == ("merged", merged)
    assert house.repo.tip(branch) == later
    listed = drafts.every(house.app, drafts.reviews(house.app))
    assert [(each.branch, each.review) for each in listed] == [(branch, None)]


async def test_one_that_was_merged_as_it_is(both):
    """The button says merged, too, once main is here."""
    house, forge = both
    branch, _, pull = await begun(house, forge)
    forge.hub.merge(1, "octavia")
    over, landed = await press(house, branch)
    assert (over.state, over.made) == ("merged", pull.made)
    assert house.repo.tip("main") == landed.commit == pull.made


async def test_a_main_that_does_not_come(both, monkeypatch):
    """The remote is away after the forge merged: nobody says merged before main is here."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    main, run, rounds = house.repo.tip("main"), exchange.run, iter((True, False))

    async def goes_away(app):
        if not next(rounds, True):
            raise RemoteAway(where="hub", got="no answer")
        await run(app)

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "run", goes_away)
        with pytest.raises(NotHereYet):
            await press(house, branch)
    assert (house.repo.tip("main"), review(house, branch).state) == (main, "open")
    await house.work()
    await trade(house, forge)
    assert drafts.find_review(house.app, found.id).state == "merged"
    assert house.repo.tip("main") == pull.made
