"""A draft's commits are put on top of main, one by one, while people type in both."""

from __future__ import annotations

import subprocess
from datetime import datetime

import pytest
from git.repos import ANN, BOB

from prdgen.flows import draft_merge, drafts, replay
from prdgen.flows.errors import ReplayStops

from .conftest import ONE
from .harness import fsck, until


@pytest.fixture
def ann(house):
    return house.people["ann"]


@pytest.fixture
async def draft(house, repo, ann):
    """A draft of two commits, by Bob and by Ann, with messages and times of their own."""
    made = await drafts.start(house.app, ann, "Plan")
    for author, old, new, when in (
        (BOB, "second", "2nd", "2024-02-03T04:05:06+01:00"),
        (ANN, "third", "3rd", "2024-05-06T07:08:09-05:00"),
    ):
        text = (repo.opened.read(repo.tip(made.branch), "one.md") or b"").decode()
        repo.save({"one.md": text.replace(old, new)}, made.branch, author=author,
                  message=f"Say {new}\n\nBecause.\n\nSeen-by: Zoe", when=datetime.fromisoformat(when))  # fmt: skip
    return made


def told(repo, *which):
    """Author, their time, and message of commits, oldest first."""
    return repo.git("log", "--reverse", "--format=%an %ae %aI|%B", *which)


async def rebase(house, draft, ann):
    return await draft_merge.merge(house.app, draft.branch, ann, "editor", "rebase")


async def test_authors_times_and_messages_stay(house, repo, ann, draft):
    """Main moved meanwhile: one line of history, nobody's commit is anybody else's."""
    want = told(repo, f"main..{draft.branch}")
    main = repo.commit("Main", other="# Other\n\nchanged\n")
    review, landed = await rebase(house, draft, ann)
    assert (review.state, landed.commit) == ("merged", repo.tip())
    assert told(repo, f"{main}..main") == want
    assert repo.git("rev-list", "--merges", "main") == ""
    assert repo.git("log", "-1", "--format=%cn") == "prdgen"
    assert repo.git("show", "main:one.md") + "\n" == ONE.replace("second", "2nd").replace(
        "third", "3rd"
    )
    assert repo.git("show", "main:other.md") == "# Other\n\nchanged"
    assert (repo.status(), fsck(repo)) == ("", "")
    assert repo.tip(draft.branch) is None


async def test_commits_that_stand_where_they_should_stay_as_they_are(house, repo, ann, draft):
    """Main did not move: it goes to the draft's own commits, with their names."""
    tip = repo.tip(draft.branch)
    _, landed = await rebase(house, draft, ann)
    assert landed.commit == repo.tip() == tip


async def test_live_text_of_both_stays(house, repo, ann, draft):
    """What is typed in the draft is its last commit; what is typed in main is on top, uncommitted."""
    repo.commit("Main", other="# Other\n\nchanged\n")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.write(" in the draft", after="2nd line")
    main = await house.editor("ann")
    await main.write(" on main", after="first line")
    await rebase(house, draft, ann)
    committed = ONE.replace("second line", "2nd line in the draft").replace("third", "3rd")
    assert repo.git("show", "main:one.md") + "\n" == committed
    live = committed.replace("first line", "first line on main")
    await main.until(lambda: main.text == live)
    await until(lambda: (repo.path / "one.md").read_text() == live)
    await main.write(" still", after="# One")
    await house.save()
    assert repo.git("show", "main:one.md") + "\n" == live.replace("# One", "# One still")
    assert "Bob" in repo.git("blame", "--porcelain", "main", "--", "one.md")
    assert bob.text == committed


async def test_the_same_words_stop_it_and_nothing_moves(house, repo, ann, draft):
    """It names commit, page, line and words, and what to do; what was typed is still there."""
    old = repo.commit("French", one=ONE.replace("third", "troisième"))
    tip = repo.tip(draft.branch)
    main = await house.editor("ann")
    await main.write(" typed", after="first line")
    with pytest.raises(ReplayStops) as stopped:
        await rebase(house, draft, ann)
    message = stopped.value.message
    assert f"{tip[:10]} (Say 3rd)" in message
    assert "one.md, line 7: 'troisième line'" in message
    assert "merge commit" in stopped.value.hint
    assert (repo.tip(), repo.tip(draft.branch)) == (old, tip)
    assert "first line typed" in main.text
    assert drafts.find(house.app, draft.branch).review.state == "open"


async def test_another_files_conflict_stops_it_too(house, repo, ann):
    """It is named like a page."""
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save({"a.txt": "one\n"}, draft.branch)
    repo.put({"a.txt": "two\n"})
    old = repo.commit("Two")
    with pytest.raises(ReplayStops, match=r"a\.txt"):
        await rebase(house, draft, ann)
    assert repo.tip() == old


async def test_no_commit_is_empty(house, repo, ann, draft):
    """What main has already, and what did nothing, is left out."""
    first = repo.git("rev-list", "--reverse", f"main..{draft.branch}").split()[0]
    empty = repo.git("commit-tree", f"{draft.branch}^{{tree}}", "-p", draft.branch, "-m", "Nothing")
    repo.git("update-ref", f"refs/heads/{draft.branch}", empty)
    old = repo.commit("Picked", one=repo.git("show", f"{first}:one.md") + "\n")
    await rebase(house, draft, ann)
    assert repo.git("log", "--format=%s", f"{old}..main") == "Say 3rd"


async def test_a_draft_that_main_has_in_other_commits_is_over(house, repo, ann, draft):
    """Nothing is left to put on top: main stays, the draft is merged."""
    old = repo.commit("All of it", one=repo.git("show", f"{draft.branch}:one.md") + "\n")
    review, landed = await rebase(house, draft, ann)
    assert (review.state, landed.commit, repo.tip()) == ("merged", old, old)


async def test_what_was_done_in_a_merge_is_kept(house, repo, ann, draft):
    """Main was taken into the draft, and more was written in that very commit: it comes along, and
    what main brought to it does not come twice.
    """
    main = repo.commit("Main", other="# Other\n\nchanged\n")
    await draft_merge.bring_up_to_date(house.app, draft.branch, ann)
    repo.save({"more.md": "# More\n"}, draft.branch, message="Add more")
    text = repo.git("show", f"{draft.branch}:one.md").replace("# One", "# One, merged") + "\n"
    evil = {"one.md": text}
    tree = repo.git("rev-parse", f"{repo.save(evil, draft.branch)}^{{tree}}")
    parents = ("-p", f"{draft.branch}^", "-p", main)
    made = repo.git("commit-tree", tree, *parents, "-m", "Merge main by hand")
    repo.git("update-ref", f"refs/heads/{draft.branch}", made)
    want = repo.git("rev-parse", f"{draft.branch}^{{tree}}")
    await rebase(house, draft, ann)
    assert repo.git("rev-parse", "main^{tree}") == want
    assert repo.git("log", "--format=%s", f"{main}..main").split("\n") == [
        "Merge main by hand", "Add more", "Say 3rd", "Say 2nd",
    ]  # fmt: skip
    assert repo.git("rev-list", "--merges", "main") == ""


@pytest.fixture
def key(tmp_path):
    """An SSH key of nobody's."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


async def test_signed_ones_are_signed_again(house, repo, ann, draft, key):
    """With `commit.gpgSign` Git signs what is made here."""
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", f"{key}.pub"),
                        ("commit.gpgSign", "true")):  # fmt: skip
        repo.git("config", name, value)
    old = repo.commit("Main", other="# Other\n\nchanged\n")
    await replay.into(house.app, "main", repo.tip(draft.branch))
    for commit in repo.git("rev-list", f"{old}..main").split():
        assert "-----BEGIN SSH SIGNATURE-----" in repo.git("cat-file", "commit", commit)
