"""Drafts: begun, written in, kept up with main, merged, set aside; nothing typed is lost."""

from __future__ import annotations

import asyncio

import pytest
from git.repos import BOB

from prdgen.errors import Invalid
from prdgen.flows import draft_changes, draft_merge, drafts, edition, gone, reviews
from prdgen.flows.errors import (
    DraftOver,
    NoSuchDraft,
    NoSuchPage,
    NothingToMerge,
    NotSettled,
    OneDeleted,
    ReplayStops,
    SameWords,
    TypedRefused,
)
from prdgen.git.errors import BranchExists
from prdgen.git.values import Signature
from prdgen.review import log, state
from prdgen.review.state import Review

from .conftest import ONE
from .harness import fsck, until


@pytest.fixture
def ann(house):
    return house.people["ann"]


async def test_a_draft_has_another_edition_when_there_is_something_new_to_see(house, repo, ann):
    """Commits here or on main, words, and its end; not by itself, and not what only the forge is told."""
    found = await drafts.start(house.app, ann, "Plan", "one.md")
    seen = [edition.of(house.app, found.branch)]
    assert edition.of(house.app, found.branch) == seen[0]

    def another(name=found.branch):
        seen.append(edition.of(house.app, name))
        return seen.count(seen[-1]) == 1

    await reviews.comment(house.app, found.branch, ann, "Good", page_path=None)
    assert another()
    review = drafts.find(house.app, found.branch).review
    drafts.say(house.app, review.id, log.Entry("sent", "x", "x@x", {"what": "y"}))
    assert not another()
    repo.save({"one.md": "# Other\n"}, found.branch)
    assert another()
    repo.save({"two.md": "# Two\n"}, "main")
    assert another()
    await draft_merge.close(house.app, found.branch, ann)
    assert another(review.id)
    with pytest.raises(NoSuchDraft):
        edition.of(house.app, "nothing")


async def test_a_draft_begins_with_what_is_seen_on_main(house, repo, ann):
    """Text that is typed and not committed is in it, under the name of who typed it."""
    bob = await house.editor("bob")
    await bob.write(" typed", after="first line")
    draft = await drafts.start(house.app, ann, "Checkout: one step!", "one.md")
    assert draft.branch == "draft/checkout-one-step"
    assert "first line typed" in repo.git("show", f"{draft.branch}:one.md")
    assert repo.git("log", "-1", "--format=%an", draft.branch) == "Bob"
    assert draft.review
    assert (draft.review.title, draft.review.started_by) == ("Checkout: one step!", "Ann")


async def test_names_are_unique_and_fit_every_host(house, ann):
    """In any script, twice, and too long."""
    titles = ["Überall", "überall", "日本", "x" * 120]
    found = [(await drafts.start(house.app, ann, title)).branch for title in titles]
    assert found == ["draft/uberall", "draft/uberall-2", "draft/page", "draft/" + "x" * 48]
    for bad in ("", "a\nb", "x" * 121):
        with pytest.raises(Invalid):
            await drafts.start(house.app, ann, bad)
    with pytest.raises(NoSuchPage):
        await drafts.start(house.app, ann, "x", "none.md")


async def test_drafts_come_back_from_a_clone(house, repo, ann, tmp_path):
    """Titles and states are in Git, not only in the database."""
    draft = await drafts.start(house.app, ann, "Plan")
    await drafts.describe(house.app, draft.branch, ann, "Plan B", "Why\n\nBecause")
    repo.git("clone", "--quiet", "--mirror", ".", str(tmp_path / "mirror"))
    shown = repo.git("--git-dir", str(tmp_path / "mirror"), "for-each-ref", "refs/prdgen/reviews/")
    assert shown.count("\n") == 0
    assert drafts.find(house.app, draft.branch).title == "Plan B"
    repo.git("fsck", "--strict")


async def test_what_a_draft_changes(house, repo, ann):
    """Pages, requirements by their ids, and other files, against the commit both have."""
    repo.commit("requirements", one=ONE + "\n- [REQ-1] Fast.\n- [REQ-2] Cheap.\n- [REQ-3] Gone.\n")
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save(
        {
            "one.md": ONE + "\n- [REQ-1] Very fast.\n",
            "two.md": "# Two\n\n- [REQ-2] Cheap.\n- [REQ-4] New.\n",
            "a.txt": "a\n",
        },
        draft.branch,
    )
    repo.commit("on main", other="# Other\n\nmain\n")
    found = await draft_changes.of(house.app, drafts.find(house.app, draft.branch))
    assert [(p.kind, p.page_path) for p in found.pages] == [
        ("modified", "one.md"), ("added", "two.md"),
    ]  # fmt: skip
    assert "<ins" in (found.pages[0].html or "")
    assert "Very" in (found.pages[0].source or "")
    assert [(r.id, r.kind, r.page_path) for r in found.requirements] == [
        ("REQ-1", "changed", "one.md"), ("REQ-2", "moved", "two.md"),
        ("REQ-3", "removed", "one.md"), ("REQ-4", "added", "two.md"),
    ]  # fmt: skip
    assert [f.path for f in found.files] == ["a.txt"]
    assert (len(found.standing.ahead), len(found.standing.behind)) == (1, 1)
    assert not found.standing.same_words


async def test_a_draft_is_merged_with_what_is_typed_in_it(house, repo, ann):
    """Two pages of it, one still open; main has it all, one merge commit, and the draft is over."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.write(" in the draft", after="second line")
    main = await house.editor("ann")
    await main.write(" on main", after="third line")
    review, landed = await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert (review.state, review.made) == ("merged", repo.tip())
    want = ONE.replace("second line", "second line in the draft")
    assert repo.git("show", "main:one.md") + "\n" == want
    want = want.replace("third line", "third line on main")
    await main.until(lambda: main.text == want)
    await until(lambda: (repo.path / "one.md").read_text() == want)
    assert repo.git("log", "-1", "--format=%s|%an", landed.commit) == f"Merge {draft.branch}|Ann"
    assert f"Prdgen-Review: {review.id}" in repo.git("log", "-1", "--format=%(trailers)")
    assert "Bob" in repo.git("blame", "--porcelain", "main", "--", "one.md")
    # Somebody is in it: the branch stays, and is no open draft any more.
    reviews = drafts.reviews(house.app)
    assert draft.branch not in {each.branch for each in drafts.every(house.app, reviews)}
    with pytest.raises(NothingToMerge):
        await draft_merge.merge(house.app, draft.branch, ann, "editor")
    await bob.write(" more", after="first line")
    await house.save("bob", branch=draft.branch)
    assert draft.branch in {each.branch for each in drafts.every(house.app, reviews)}
    repo.git("fsck", "--strict")


@pytest.mark.parametrize("end", ["merge", "close"])
async def test_nothing_ends_without_what_a_hook_refuses(house, repo, ann, end):
    """The draft stays as it is, with the reason; without the hook it ends with every word."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.write(" in the draft", after="second line")
    hook = repo.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no such words; exit 1\n")
    hook.chmod(0o755)

    async def ended():
        if end == "merge":
            await draft_merge.merge(house.app, draft.branch, ann, "editor")
        else:
            await draft_merge.close(house.app, draft.branch, ann)

    before = repo.tip()
    with pytest.raises(TypedRefused, match="no such words"):
        await ended()
    reviews = drafts.reviews(house.app)
    assert draft.branch in {each.branch for each in drafts.every(house.app, reviews)}
    assert repo.tip() == before
    hook.unlink()
    await ended()
    (review,) = drafts.reviews(house.app)
    assert "second line in the draft" in repo.git("show", f"refs/prdgen/drafts/{review.id}:one.md")


async def test_squashed_it_is_one_commit(house, repo, ann):
    """Of its title and description."""
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save({"one.md": ONE + "a\n"}, draft.branch)
    repo.save({"one.md": ONE + "a\nb\n"}, draft.branch)
    old = repo.tip()
    await drafts.describe(house.app, draft.branch, ann, "Plan", "Why")
    await draft_merge.merge(house.app, draft.branch, ann, "editor", "squash")
    assert repo.git("rev-list", "--parents", "-1", "main").split()[1:] == [old]
    assert repo.git("log", "-1", "--format=%s%n%b").startswith("Plan\nWhy\n")
    assert repo.tip(draft.branch) is None
    assert repo.status() == ""


async def test_squashed_it_is_of_whoever_wrote_it(house, repo, ann):
    """Not of whoever pressed the button: `git blame` and the log name the writers."""
    draft = await drafts.start(house.app, ann, "Plan")
    for number, who in enumerate((BOB, Signature("Eve", "eve@example.org"), BOB)):
        text = ONE + "".join(f"{n}\n" for n in range(number + 1))
        repo.save({"one.md": text}, draft.branch, author=who)
    repo.commit("main", other="# Other\n")
    await draft_merge.bring_up_to_date(house.app, draft.branch, ann)
    await draft_merge.merge(house.app, draft.branch, ann, "editor", "squash")
    printed = repo.git("log", "-1", "--format=%an|%(trailers:key=Co-authored-by,valueonly)").strip()
    assert printed == "Bob|Eve <eve@example.org>"


async def test_the_same_words_are_settled_in_the_draft(house, repo, ann):
    """Merging says so and does nothing; taking main in marks both; then it merges."""
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save({"one.md": ONE.replace("second", "zweite")}, draft.branch)
    old = repo.commit("main", one=ONE.replace("second", "deuxième"))
    found = draft_changes.standing(house.app, drafts.find(house.app, draft.branch))
    assert found.same_words == ("one.md",)
    with pytest.raises(SameWords):
        await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert repo.tip() == old
    await draft_merge.bring_up_to_date(house.app, draft.branch, ann)
    editor = await house.editor("ann", branch=draft.branch)
    assert "zweite line\ndeuxième line\n" in editor.text
    for how in ("merge", "squash", "rebase"):
        with pytest.raises(NotSettled, match=r"one\.md"):
            await draft_merge.merge(house.app, draft.branch, ann, "owner", how)
    assert repo.tip() == old
    await editor.replace("deuxième line\n", "")
    review, _ = await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert review.state == "merged"
    assert repo.git("show", "main:one.md") + "\n" == ONE.replace("second", "zweite")


@pytest.mark.parametrize("edited_in", ["draft", "main"])
@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
async def test_a_page_one_deleted_and_the_other_edited_is_settled_in_the_draft(
    house, repo, ann, edited_in, how
):
    """Nothing moves on main; taking main in keeps the edited page in the draft, and says so."""
    draft = await drafts.start(house.app, ann, "Plan")
    edited = ONE.replace("second", "zweite")
    if edited_in == "draft":
        repo.save({"one.md": edited}, draft.branch)
        repo.git("rm", "-q", "one.md")
        old = repo.commit("gone")
        names = ("main", "the draft")
    else:
        repo.save({"one.md": None}, draft.branch)
        old = repo.commit("main", one=edited)
        names = ("the draft", "main")
    place = f"one.md (deleted in {names[0]}, edited in {names[1]})"
    found = draft_changes.standing(house.app, drafts.find(house.app, draft.branch))
    assert found.one_deleted == (place,)
    with pytest.raises((OneDeleted, ReplayStops)) as refused:
        await draft_merge.merge(house.app, draft.branch, ann, "editor", how)
    assert place in refused.value.message
    assert repo.tip() == old
    landed = await draft_merge.bring_up_to_date(house.app, draft.branch, ann)
    assert [path for path, _ in landed.revived] == ["one.md"]
    assert repo.git("show", f"{draft.branch}:one.md") + "\n" == edited
    assert ("git.conflict.detected", "one.md") in await house.events("git.conflict.detected")
    if edited_in == "main":
        repo.save({"one.md": None}, draft.branch)
    await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert ("one.md" in repo.git("ls-tree", "--name-only", "main")) == (edited_in == "draft")


async def test_a_closed_draft_can_be_opened_again(house, repo, ann):
    """With what was typed in it; Git keeps it meanwhile, and its name may be taken."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.write(" typed", after="first line")
    await bob.leave()
    review = await draft_merge.close(house.app, draft.branch, ann)
    assert repo.tip(draft.branch) is None
    repo.git("gc", "--quiet", "--prune=now")
    other = await drafts.start(house.app, ann, "Plan")
    assert other.branch == draft.branch
    with pytest.raises(BranchExists):
        await draft_merge.reopen(house.app, review.id, ann)
    await draft_merge.close(house.app, other.branch, ann)
    again = await draft_merge.reopen(house.app, review.id, ann)
    assert "first line typed" in repo.git("show", f"{again.branch}:one.md")
    assert again.review
    assert (again.review.id, again.review.state) == (review.id, "open")
    with pytest.raises(DraftOver):
        await draft_merge.reopen(house.app, review.id, ann)
    for name in ("main", "none", "../x"):
        with pytest.raises(NoSuchDraft):
            await draft_merge.close(house.app, name, ann)


async def test_a_branch_made_with_git_is_a_draft(house, repo, ann):
    """It has no title of its own until somebody gives it one; it merges like any other."""
    repo.git("branch", "feature/x")
    repo.save({"one.md": ONE + "x\n"}, "feature/x")
    (found,) = drafts.every(house.app, drafts.reviews(house.app))
    assert (found.title, found.review) == ("feature/x", None)
    review, _ = await draft_merge.merge(house.app, "feature/x", ann, "editor")
    assert review.state == "merged"


async def test_a_checked_out_draft_keeps_its_branch(house, repo, ann, tmp_path):
    """`git worktree` has it: it is merged, and the folder stays as it is."""
    draft = await drafts.start(house.app, ann, "Plan")
    repo.git("worktree", "add", "-q", str(tmp_path / "wt"), draft.branch)
    repo.save({"one.md": ONE + "x\n"}, draft.branch)
    await draft_merge.merge(house.app, draft.branch, ann, "editor")
    assert repo.tip(draft.branch) is not None


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "update"])
async def test_a_page_both_renamed_has_mains_name_and_all_words(house, repo, ann, how):
    """Nothing is blocked: what both wrote is in it, whoever is in it goes on, and it is said."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    repo.save({"one.md": None, "two.md": ONE + "\nIn the draft.\n"}, draft.branch)
    await bob.until(lambda: "In the draft." in bob.text)
    repo.git("mv", "one.md", "three.md")
    repo.put({"three.md": "# Main\n\n" + ONE})
    repo.git("commit", "-qam", "Rename on main")
    draft = drafts.find(house.app, draft.branch)
    stands = draft_changes.standing(house.app, draft)
    assert (stands.two_names, stands.blocked) == ((("three.md", "two.md"),), None)
    await bob.write(" typed", after="first line")
    if how == "update":
        landed = await draft_merge.bring_up_to_date(house.app, draft.branch, ann)
        assert landed.renamed == (("three.md", "two.md"),)
        branch = draft.branch
    else:
        _, landed = await draft_merge.merge(house.app, draft.branch, ann, "owner", how)
        branch = "main"
    want = "# Main\n\n" + ONE.replace("first line", "first line typed") + "\nIn the draft.\n"
    assert repo.git("show", f"{branch}:three.md") + "\n" == want
    files = repo.git("ls-tree", "--name-only", branch).split()
    assert not {"one.md", "two.md"} & set(files)
    if how in {"merge", "squash", "update"}:
        assert "it is three.md, and no longer two.md" in repo.git(
            "log", "-1", "--format=%B", branch
        )
    if how == "merge":
        assert "Prdgen-Review" in repo.git("log", "-1", "--format=%(trailers)", branch)
    if how == "update":
        await until(lambda: house.live("three.md", branch))
        await bob.until(lambda: bob.text == want)


async def test_a_branch_goes_when_the_last_one_has_left_its_draft(houses, repo):
    """Kept for who was in it when it was merged; then removed, unless they wrote on."""
    house = await houses(repo, quiet_seconds=0.1)
    ann, found = house.people["ann"], {}
    for name in ("quiet", "busy"):
        draft = await drafts.start(house.app, ann, name, "one.md")
        found[name] = await house.editor("bob", branch=draft.branch)
        await found[name].write(f" {name}", after="first line" if name == "busy" else "third line")
        await draft_merge.merge(house.app, draft.branch, ann, "owner")
    await found["busy"].write(" and on", after="busy")
    assert await draft_merge.tidy(house.app) == []
    for bob in found.values():
        await bob.leave()
    async with asyncio.timeout(30):  # until their leases are given back
        while not (removed := await draft_merge.tidy(house.app)):
            await asyncio.sleep(0.1)
    assert removed == ["draft/quiet"]
    assert set(repo.opened.branches()) == {"main", "draft/busy"}
    assert "busy and on" in repo.git("show", "draft/busy:one.md")
    assert await draft_merge.tidy(house.app) == []


@pytest.mark.parametrize("reviewed", [True, False], ids=["started here", "git branch"])
@pytest.mark.parametrize(
    "hows", [("squash", "merge"), ("merge", "rebase"), ("close", "squash"), ("merge", "close")]
)
async def test_of_two_who_end_a_draft_at_once_one_does(house, repo, ann, hows, reviewed):
    """The other is told what became of it; main has it once, or not at all."""
    bob = house.people["bob"]
    if reviewed:
        draft = await drafts.start(house.app, ann, "Plan")
    else:
        repo.git("branch", "plan")
        draft = drafts.find_branch(house.app, "plan")
    repo.save({"one.md": ONE.replace("second line", "second line of the draft")}, draft.branch)
    repo.commit("on main", other="# Other\n\nmain\n")
    before = repo.tip()

    async def end(how, person):
        if how == "close":
            return await draft_merge.close(house.app, draft.branch, person)
        return (await draft_merge.merge(house.app, draft.branch, person, "editor", how))[0]

    found = await asyncio.gather(*map(end, hows, (ann, bob)), return_exceptions=True)
    done = [each for each in found if isinstance(each, Review)]
    assert [type(each) for each in found if each not in done] in (
        [DraftOver], [NothingToMerge], [NoSuchDraft],
    )  # fmt: skip
    (now,) = drafts.reviews(house.app)
    assert (now.state, now.made, now.ended_by) == (done[0].state, done[0].made, done[0].ended_by)
    made = repo.git("rev-list", "--count", "--first-parent", f"{before}..main")
    assert made == ("1" if now.state == "merged" else "0")
    assert fsck(repo) == ""


async def test_a_branch_that_stays_after_its_squash_is_not_merged_again(house, repo, ann):
    """Somebody is in a page of it; who presses the button of an old page hears that it is over."""
    repo.git("branch", "plan")
    repo.save({"one.md": ONE.replace("second line", "second line of the draft")}, "plan")
    await house.editor("bob", branch="plan")
    await draft_merge.merge(house.app, "plan", ann, "editor", "squash")
    tip = repo.tip()
    assert "plan" in house.app.repository.branches()
    for how in ("squash", "merge"):
        with pytest.raises((DraftOver, NoSuchDraft)):
            await draft_merge.merge(house.app, "plan", ann, "editor", how)
    with pytest.raises((DraftOver, NoSuchDraft)):
        await draft_merge.close(house.app, "plan", ann)
    assert repo.tip() == tip


def test_what_two_servers_said_of_one_draft():
    """It was closed on one and merged on the other: main has it."""

    def entry(kind, **facts):
        return log.Entry(kind, "Ann", "ann@example.org", facts)

    begun = entry("started", branch="draft/plan", base="main", title="Plan", tip="a")
    merged, closed = entry("merged", tip="b", made="c", how="merge"), entry("closed", tip="b")
    assert state.fold("x", [begun, merged, closed]).made == "c"
    assert state.fold("x", [begun, closed, merged]).state == "merged"
    assert state.fold("x", [begun, closed, merged, entry("reopened")]).state == "merged"
    again = entry("merged", tip="b", made="d", how="squash")
    assert state.fold("x", [begun, merged, again]).made == "c"


async def test_who_is_in_a_draft_that_main_moved_to_is_told(house, repo, ann):
    """Merged without a merge commit, main has its very last commit; a later branch by that name is another."""
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    bob = await house.editor("bob", branch=draft.branch)
    await bob.write(" in the draft", after="second line")
    review, _ = await draft_merge.merge(house.app, draft.branch, ann, "editor", "rebase")
    assert review.made == review.tip
    row = house.live(branch=draft.branch).document
    assert (await gone.end(house.app, row)).state == "merged"
    await bob.write(" and more", after="third line")
    await house.save("bob", branch=draft.branch)
    assert (await gone.end(house.app, row)).state == "merged"
    repo.commit("on main", other="# Other\n\nmain\n")
    assert (await gone.end(house.app, row)).state == "merged"
    repo.git("branch", "--force", draft.branch, "main")
    assert await gone.end(house.app, row) is None


async def test_two_branches_that_swap_their_names(house, repo, ann):
    """In one go, or seen in between: every word is there once, whatever is typed."""
    one, two = [await drafts.start(house.app, ann, title, "one.md") for title in ("One", "Two")]
    repo.save({"one.md": ONE.replace("second line", "second of one")}, one.branch)
    repo.save({"one.md": ONE.replace("third line", "third of two")}, two.branch)
    editor, other = [
        await house.editor(who, branch=draft.branch) for who, draft in (("ann", one), ("bob", two))
    ]
    await editor.write(" typed in one", after="first line")
    await other.write(" typed in two", after="first line")
    await editor.until(lambda: "second of one" in editor.text)
    await other.until(lambda: "third of two" in other.text)
    for old, new in ((one.branch, "aside"), (two.branch, one.branch), ("aside", two.branch)):
        repo.git("branch", "-m", old, new)
    words = ["typed in one", "typed in two", "second of one", "third of two"]

    def settled():
        texts = editor.text + other.text
        files = [repo.git("show", f"{each.branch}:one.md") for each in (one, two)]
        return (
            [texts.count(each) for each in words] == [1] * 4
            and "third of two" in files[0]
            and "second of one" in files[1]
        )

    await until(settled)
    assert fsck(repo) == ""
