"""Words that are typed and in no commit, in a page that a commit from elsewhere came into meanwhile."""

from __future__ import annotations

import pytest

from prdgen.flows import draft_changes, draft_merge, drafts
from prdgen.flows.errors import NotSettled

from .conftest import ONE
from .harness import blame, fsck, recovered, until

TYPED = " typed"
PUSHED = ONE.replace("third line", "3rd line")
BOTH = PUSHED.replace("first line", "first line typed")


@pytest.fixture
def ann(house):
    return house.people["ann"]


async def typed_and_pushed(house, repo, branch="main", text=PUSHED):
    """Bob types, then a commit changes another line; he has both."""
    bob = await house.editor("bob", branch=branch)
    await bob.write(TYPED, after="first line")
    repo.save({"one.md": text}, branch)
    await bob.until(lambda: bob.text == BOTH)
    return bob


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
async def test_they_are_merged_with_the_draft(house, repo, ann, how):
    """The draft's page says they are there; main has both, Bob's words by Bob."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    await typed_and_pushed(house, repo, draft.branch)
    found = await draft_changes.of(house.app, drafts.find(house.app, draft.branch))
    assert found.uncommitted == ("one.md",)
    await draft_merge.merge(house.app, draft.branch, ann, "editor", how)
    assert repo.git("show", "main:one.md") + "\n" == BOTH
    assert fsck(repo) == ""


async def test_they_are_kept_with_a_draft_that_is_closed(house, repo, ann):
    """Its last commit has them."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    await typed_and_pushed(house, repo, draft.branch)
    await draft_merge.close(house.app, draft.branch, ann)
    (review,) = drafts.reviews(house.app)
    assert repo.git("show", f"refs/prdgen/drafts/{review.id}:one.md") + "\n" == BOTH


async def test_two_versions_of_a_place_are_settled_before_it_is_merged(house, repo, ann):
    """Both stand in the editor, and in no commit yet."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.replace("second", "zweite")
    repo.save({"one.md": ONE.replace("second", "deuxième")}, draft.branch)
    await bob.until(lambda: "zweite line\ndeuxième line\n" in bob.text)
    before = repo.tip()
    with pytest.raises(NotSettled):
        await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert repo.tip() == before


async def test_a_draft_of_the_page_begins_with_them(house, repo, ann):
    """What is seen on main, all of it."""
    await typed_and_pushed(house, repo)
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    assert repo.git("show", f"{draft.branch}:one.md") + "\n" == BOTH


async def test_a_killed_server_commits_them_when_it_is_back(houses, repo):
    """Nobody opens the page again; they are by whom they were."""
    house = await houses(repo)
    await typed_and_pushed(house, repo)
    await house.crash()
    await houses(repo, quiet_seconds=0.2)
    await until(lambda: repo.git("show", "main:one.md") + "\n" == BOTH)
    assert repo.git("log", "-1", "--format=%an|%(trailers:key=Co-authored-by)") == "Bob|"
    assert repo.status() == ""


async def test_they_become_a_draft_when_their_page_is_deleted(houses, repo):
    """While the server is dead."""
    house = await houses(repo)
    await typed_and_pushed(house, repo)
    await house.crash()
    await until(lambda: not (repo.path / ".git/index.lock").exists())
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-qm", "Delete")
    await houses(repo, quiet_seconds=0.2)

    def kept():
        return recovered(repo)

    (branch,) = await until(kept)
    assert repo.git("show", f"{branch}:one.md") + "\n" == BOTH
    assert repo.git("log", "-1", "--format=%an", branch) == "Bob"


@pytest.mark.parametrize("killed", [False, True])
async def test_words_in_a_line_that_a_commit_changed_are_still_by_whoever_typed_them(
    houses, repo, killed
):
    """The line is Bob's, and nobody else is named for it, also after a crash."""
    house = await houses(repo)
    bob = await house.editor("bob")
    await bob.write(TYPED, after="first line")
    repo.save({"one.md": ONE.replace("first line", "1st line")})
    await bob.until(lambda: "1st line typed\n" in bob.text)
    if killed:
        await house.crash()
        await houses(repo, quiet_seconds=0.2)
    else:
        await house.save("bob")
    await until(lambda: "1st line typed" in repo.git("show", "main:one.md"))
    assert repo.git("log", "-1", "--format=%an|%(trailers:key=Co-authored-by)") == "Bob|"
    assert ("Bob", "1st line typed") in blame(repo)
