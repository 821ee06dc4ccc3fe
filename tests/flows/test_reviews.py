"""Reviews: comments that stay at their words, suggestions, approvals, and what merging takes."""

from __future__ import annotations

import pytest
from git.repos import BOB

from prdgen.errors import Invalid
from prdgen.flows import draft_merge, drafts, reviews, suggest
from prdgen.flows.errors import (
    NoSuchDraft,
    NoSuchPage,
    NoSuchThread,
    NotApproved,
    NotThisCommit,
    SuggestionOutdated,
)

from .conftest import ONE


@pytest.fixture
def ann(house):
    return house.people["ann"]


@pytest.fixture
def bob(house):
    return house.people["bob"]


@pytest.fixture
async def name(house, repo, ann):
    """The branch of a draft that changes a page."""
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save({"one.md": ONE.replace("second line", "the **second** line")}, draft.branch)
    return draft.branch


def placed(house, name, thread):
    draft = drafts.find(house.app, name)
    assert draft.review
    return reviews.where(house.app, draft.review.threads[thread], draft.tip)


async def test_a_comment_stays_at_its_words(house, repo, bob, name):
    """Over edits before it and a rename with edits, until they are gone."""
    review = await reviews.comment(
        house.app, name, bob, "Which?", page_path="one.md", quote="the second line", line=5
    )
    (thread,) = review.threads.values()
    assert thread.anchor
    assert thread.anchor.quote == "the **second** line"
    text = ONE.replace("second line", "the **second** line")
    repo.save({"one.md": "New first paragraph.\n\n" + text}, name)
    page_path, place = placed(house, name, thread.id)
    assert page_path == "one.md"
    assert place
    assert place.how == "same"
    repo.save({"one.md": None, "deep/renamed.md": text + "\nmore\n"}, name)
    page_path, place = placed(house, name, thread.id)
    assert page_path == "deep/renamed.md"
    assert place
    assert (text + "\nmore\n")[place.start : place.end] == "the **second** line"
    repo.save({"deep/renamed.md": text.replace("the **second** line\n\n", "") + "\nmore\n"}, name)
    assert placed(house, name, thread.id)[1].how == "gone"
    repo.save({"deep/renamed.md": None, "x.md": "# Nothing\n"}, name)
    assert placed(house, name, thread.id) == (None, None)


async def test_comments_of_a_draft_and_its_pages(house, ann, bob, name):
    """Answers, settled and opened again; empty ones and such about nothing are refused."""
    review = await reviews.comment(house.app, name, bob, "Nice")
    review = await reviews.comment(house.app, name, bob, "All of it?", page_path="one.md")
    whole, page = review.threads.values()
    assert (whole.page_path, page.page_path, page.anchor) == (None, "one.md", None)
    await reviews.reply(house.app, name, ann, page.id, "Yes\n\nall")
    review = await reviews.resolve(house.app, name, ann, page.id)
    assert review.open_threads == [whole]
    review = await reviews.resolve(house.app, name, ann, page.id, again=True)
    assert [c.text for c in review.threads[page.id].comments] == ["All of it?", "Yes\n\nall"]
    for bad in ("", " \n", "x" * 20_001):
        with pytest.raises(Invalid):
            await reviews.comment(house.app, name, bob, bad)
    with pytest.raises(NoSuchPage):
        await reviews.comment(house.app, name, bob, "x", page_path="none.md")
    with pytest.raises(NoSuchThread):
        await reviews.reply(house.app, name, bob, "none", "x")
    with pytest.raises(NoSuchDraft):
        await reviews.comment(house.app, "none", bob, "x")


async def test_a_suggestion_is_taken_while_people_type(house, repo, ann, bob, name):
    """In the live page, as a version that names who suggested it; taken twice is taken once."""
    review = await reviews.comment(
        house.app, name, bob, "", page_path="one.md", quote="third line", suggestion="3rd line"
    )
    (thread,) = review.threads.values()
    editor = await house.editor("ann", branch=name)
    await editor.write(" typed", after="first line")
    review = await suggest.take(house.app, name, ann, thread.id)
    assert (review.threads[thread.id].taken_by, review.open_threads) == ("Ann", [])
    await editor.until(lambda: "3rd line" in editor.text)
    assert "first line typed" in editor.text
    shown = repo.git("show", f"{name}:one.md")
    assert "3rd line" in shown
    assert "first line typed" in shown
    assert "Co-authored-by: Bob <bob@example.org>" in repo.git("log", "-1", "--format=%B", name)
    tip = repo.tip(name)
    await suggest.take(house.app, name, ann, thread.id)
    assert repo.tip(name) == tip
    assert editor.text.count("3rd") == 1


async def test_a_suggestion_about_other_words_by_now_is_not_taken(house, ann, bob, name):
    """Somebody typed in them: nothing is changed, and it says so."""
    review = await reviews.comment(
        house.app, name, bob, "", page_path="one.md", quote="third line", suggestion="3rd line"
    )
    (thread,) = review.threads.values()
    editor = await house.editor("ann", branch=name)
    await editor.write("X", after="thi")
    before = editor.text
    with pytest.raises(SuggestionOutdated):
        await suggest.take(house.app, name, ann, thread.id)
    assert editor.text == before


async def test_nobody_approves_what_they_have_not_seen(house, repo, bob, name):
    """Somebody pushed another commit since the page was shown."""
    seen = repo.tip(name)
    new = repo.save({"one.md": ONE + "more\n"}, name)
    for looked_at in (seen, ""):
        with pytest.raises(NotThisCommit):
            await reviews.decide(house.app, name, bob, "approved", seen=looked_at)
    await reviews.decide(house.app, name, bob, "approved", seen=new)
    stands = reviews.standing(house.app, drafts.find(house.app, name), repo.tip())
    assert [v.name for v in stands.approved] == ["Bob"]


async def test_an_approval_is_of_one_commit(house, repo, ann, bob, name):
    """What is typed later is not approved; an event tells of it."""
    await reviews.ask(house.app, name, ann)
    review = await reviews.decide(house.app, name, bob, "approved")
    assert review.asked_by == "Ann"
    draft = drafts.find(house.app, name)
    assert [v.name for v in reviews.standing(house.app, draft, repo.tip()).approved] == ["Bob"]
    assert await house.events("prd.approved")
    repo.save({"one.md": ONE + "more\n"}, name)
    stands = reviews.standing(house.app, drafts.find(house.app, name), repo.tip())
    assert not stands.approved
    assert [v.name for v in stands.before] == ["Bob"]


async def test_who_asks_for_changes_is_waited_for(house, ann, bob, name):
    """Until they approve; owners may go past it."""
    with pytest.raises(Invalid):
        await reviews.decide(house.app, name, bob, "changes_requested")
    await reviews.decide(house.app, name, bob, "changes_requested", "Too long")
    with pytest.raises(NotApproved) as refused:
        await draft_merge.merge(house.app, name, ann, "maintainer")
    assert "Bob asked for changes" in refused.value.message
    await reviews.decide(house.app, name, bob, "approved")
    review, _ = await draft_merge.merge(house.app, name, ann, "maintainer")
    assert review.state == "merged"


async def test_codeowners_approve_what_is_theirs(house, repo, ann, bob, name):
    """By the file on main, whatever the draft makes of it; the last rule that fits counts."""
    repo.commit("owners", one=ONE)
    repo.put({"CODEOWNERS": "* ann@example.org\n/one.md @bob # texts\n/free.md\n"})
    repo.commit("owners")
    repo.save({"CODEOWNERS": "", "free.md": "# Free\n"}, name)
    await reviews.decide(house.app, name, ann, "approved")
    with pytest.raises(NotApproved) as refused:
        await draft_merge.merge(house.app, name, ann, "editor")
    assert "one.md takes the approval of @bob" in refused.value.message
    await reviews.decide(house.app, name, bob, "approved")
    review, _ = await draft_merge.merge(house.app, name, ann, "editor")
    assert review.state == "merged"


async def test_an_owner_of_the_server_goes_past_it(house, repo, ann, name):
    """The role, not the file."""
    repo.put({"CODEOWNERS": "* nobody@example.org\n"})
    repo.commit("owners")
    review, _ = await draft_merge.merge(house.app, name, ann, "owner")
    assert review.state == "merged"


async def test_what_check_says_of_a_draft(house, repo, name):
    """Only what main does not have."""
    repo.save({"bad.md": "# Bad\n\n[x](nowhere.md)\n"}, name, author=BOB)
    draft = drafts.find(house.app, name)
    (problem,) = reviews.problems(house.app, draft, repo.tip())
    assert (problem.page_path, problem.line) == ("bad.md", 3)


async def test_everything_comes_back_from_a_clone(house, repo, bob, name, tmp_path):
    """Comments and approvals are in Git; two servers' logs of one review are merged by union."""
    await reviews.comment(house.app, name, bob, "Why?", page_path="one.md", quote="third")
    await reviews.decide(house.app, name, bob, "approved")
    shown = repo.git("for-each-ref", "--format=%(refname)", "refs/prdgen/reviews/")
    assert len(shown.splitlines()) == 1
    text = repo.git("show", f"{shown}:log.jsonl")
    assert "Why?" in text
    assert "approved" in text
    repo.git("fsck", "--strict")
