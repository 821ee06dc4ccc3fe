"""Drafts and branches at the forge: names used again, and branches that stay after the end."""

from __future__ import annotations

from functools import partial

import pytest

from prdgen.flows import draft_merge, drafts, forge_report, remote_state, reviews
from prdgen.flows.errors import DraftOver

from .forges import PAGE, begun, change, review, trade


async def again(house, forge):
    """A second draft with the title of the first, and another change; its branch."""
    ann = house.people["ann"]
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    change(house, draft.branch, PAGE.replace("third line", "third line, changed"))
    await draft_merge.ask(house.app, draft.branch, ann)
    await trade(house, forge)
    return draft.branch


async def test_a_title_used_again_while_the_first_branch_is_there(both):
    """The remote keeps the squashed draft's branch, which is no ancestor of the second one."""
    house, forge = both
    first, _, _ = await begun(house, forge)
    await draft_merge.merge(house.app, first, house.people["ann"], "owner", "squash")
    await trade(house, forge)
    assert house.repo.tip(first) is None
    assert forge.hub.tip(first)
    second = await again(house, forge)
    assert forge.hub.pulls[2].branch == second
    assert forge.hub.tip(second) == house.repo.tip(second)


async def test_a_title_used_again_after_the_forge_deleted_the_branch(both):
    """Both sides had a branch of that name once, and neither has it: it is a new one."""
    house, forge = both
    first, _, _ = await begun(house, forge)
    forge.hub.merge(1, "octavia")
    forge.hub.git("branch", "-D", first)
    await trade(house, forge)
    await trade(house, forge)
    assert house.repo.tip(first) is None
    assert first not in remote_state.known(house.app)
    assert await again(house, forge) == first
    assert forge.hub.pulls[2].branch == first


async def test_the_draft_says_why_the_forge_has_not_its_commits(at_github):
    """A person has to do something about its branch at the remote: what, stands on its page."""
    house, forge = at_github
    branch, found, _ = await begun(house, forge)
    house.repo.git("branch", "-f", branch, house.repo.save({"one.md": PAGE + "x\n"}, branch="x"))
    await trade(house, forge)
    told = forge_report.exchange(house.app, drafts.find_review(house.app, found.id))
    assert f"The branch {branch}" in told.failure
    assert "--force-with-lease" in told.hint


async def test_a_branch_goes_when_it_is_over_there_and_everybody_has_left(at_github):
    """A page of it was open before."""
    house, forge = at_github
    branch, found, _ = await begun(house, forge)
    bob = await house.editor("bob", branch=branch)
    await bob.leave()
    await house.app.keeper.close()
    forge.hub.end(1, "octavia")
    await trade(house, forge)
    assert drafts.find_review(house.app, found.id).state == "closed"
    assert house.repo.tip(branch) is None


async def test_what_is_left_of_a_branch_begins_no_review(at_github):
    """It stays while somebody is in it: nothing said of it makes another draft, nor a pull request."""
    house, forge = at_github
    ann = house.people["ann"]
    branch, _, _ = await begun(house, forge)
    await house.editor("bob", branch=branch)
    forge.hub.end(1, "octavia")
    await trade(house, forge)
    assert house.repo.tip(branch)
    for do in (
        partial(draft_merge.ask, house.app, branch, ann),
        partial(drafts.describe, house.app, branch, ann, "Another", ""),
        partial(draft_merge.close, house.app, branch, ann),
    ):
        with pytest.raises(DraftOver):
            await do()
    await trade(house, forge)
    assert [each.state for each in drafts.reviews(house.app)] == ["closed"]
    assert len(forge.hub.pulls) == 1
    assert review(house, branch).state == "closed"


async def test_a_renamed_draft_is_told_that_its_pull_request_is_for_the_old_branch(both):
    """With what to do; the pull request that is opened there then is the draft's, with what was said."""
    house, forge = both
    old, found, _ = await begun(house, forge)
    house.repo.git("branch", "-m", old, "draft/other")
    change(house, "draft/other", PAGE.replace("third line", "third line, changed"))
    await trade(house, forge)
    told = forge_report.exchange(house.app, drafts.find_review(house.app, found.id))
    assert f"its pull request is for {old}" in told.failure
    assert "from draft/other into main" in told.hint
    await reviews.comment(house.app, "draft/other", house.people["bob"], "Why?")
    forge.hub.open("draft/other", "main", "Other", "", "octavia")
    await trade(house, forge)
    now = drafts.find_review(house.app, found.id)
    assert now.link.number == 2
    assert not forge_report.exchange(house.app, now).failure
    assert "Why?" in forge.hub.pulls[2].notes[-1].text


async def test_a_draft_opened_again_after_its_pull_request_was_merged_elsewhere(both):
    """It has no pull request that could bring it into main: its page says so, and what to do."""
    house, forge = both
    forge.hub.git("branch", "next", "main")
    branch, found, pull = await begun(house, forge)
    pull.base = "next"
    forge.hub.merge(1, "octavia")
    await trade(house, forge)
    assert drafts.find_review(house.app, found.id).state == "closed"
    await draft_merge.reopen(house.app, found.id, house.people["ann"])
    await trade(house, forge)
    told = forge_report.exchange(house.app, drafts.find_review(house.app, found.id))
    assert "was merged into next" in told.failure
    assert f"from {branch} into main" in told.hint
