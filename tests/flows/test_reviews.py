"""Reviews: comments that stay at their words, suggestions, approvals, and what merging takes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from git.repos import BOB, Repo

from prdgen import settings
from prdgen.errors import Invalid
from prdgen.flows import clone, code_owners, conversation, draft_merge, drafts, reviews, suggest
from prdgen.flows.errors import (
    NoSuchDraft,
    NoSuchPage,
    NoSuchThread,
    NoSuchWords,
    NotApproved,
    NotThisCommit,
    SuggestionOutdated,
)
from prdgen.review import owners

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


async def test_a_taken_suggestion_says_nothing_of_what_others_typed(house, repo, ann, bob, name):
    """Nor of what who takes it typed before: those are versions of their own, each by whom it is."""
    review = await reviews.comment(
        house.app, name, bob, "", page_path="one.md", quote="third line", suggestion="3rd line"
    )
    (thread,) = review.threads.values()
    before = repo.tip(name)
    for who, words in (("ann", "first line"), ("carl", "second** line")):
        await house.person(who)
        editor = await house.editor(who, branch=name)
        await editor.write(f" by {who}", after=words)
    await suggest.take(house.app, name, ann, thread.id)
    made = repo.git(
        "log", "--format=%an: %s|%(trailers:key=Co-authored-by,valueonly)", f"{before}..{name}"
    )
    found = [line for line in made.splitlines() if line]
    assert found[0] == "Ann: Take a suggestion by Bob|Bob <bob@example.org>"
    assert sorted(line.partition(":")[0] for line in found[1:]) == ["Ann", "Carl"]
    assert not any("suggestion" in line or "Bob" in line for line in found[1:])
    lines = repo.git("show", "-U0", "--format=", name).splitlines()
    changed = [line for line in lines if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}]
    assert changed == ["-third line", "+3rd line"]


async def test_suggestions_taken_at_once_are_a_version_each(house, repo, ann, bob, name):
    """By two people, each of them all: none is twice, nor in another one's version."""
    before = repo.tip(name)
    for words in ("first", "third"):
        review = await reviews.comment(
            house.app,
            name,
            bob,
            "",
            page_path="one.md",
            quote=f"{words} line",
            suggestion=f"{words} row",
        )
    await asyncio.gather(*(suggest.take(house.app, name, who, id_) for id_ in review.threads for who in (ann, bob)))  # fmt: skip
    made = repo.git("log", "--format=%s", f"{before}..{name}").splitlines()
    assert made == ["Take a suggestion by Bob"] * 2
    shown = repo.git("show", f"{name}:one.md")
    assert (shown.count("first row"), shown.count("third row")) == (1, 1)


async def test_a_suggestion_about_other_words_by_now_is_not_taken(house, repo, ann, bob, name):
    """Somebody typed in them: nothing is changed or committed, and it says so."""
    review = await reviews.comment(
        house.app, name, bob, "", page_path="one.md", quote="third line", suggestion="3rd line"
    )
    (thread,) = review.threads.values()
    editor = await house.editor("ann", branch=name)
    await editor.write("X", after="thi")
    before = editor.text, repo.tip(name)
    with pytest.raises(SuggestionOutdated):
        await suggest.take(house.app, name, ann, thread.id)
    assert (editor.text, repo.tip(name)) == before


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
    eve = await house.person("eve")
    repo.put({"CODEOWNERS": "* eve@example.org\n/one.md @bob # texts\n/free.md\n"})
    repo.commit("owners")
    repo.save({"CODEOWNERS": "", "free.md": "# Free\n"}, name)
    await reviews.decide(house.app, name, eve, "approved")
    with pytest.raises(NotApproved) as refused:
        await draft_merge.merge(house.app, name, ann, "editor")
    assert "one.md takes the approval of @bob" in refused.value.message
    await reviews.decide(house.app, name, bob, "approved")
    review, _ = await draft_merge.merge(house.app, name, ann, "editor")
    assert review.state == "merged"


async def test_nobody_s_own_work_is_approved_by_themselves(house, repo, ann, bob, name):
    """Not by who started the draft, whatever they wrote, nor by who wrote all of it; others who wrote in
    it, too, may. It is said why.
    """
    repo.put({"CODEOWNERS": "/one.md @ann @bob\n"})
    repo.commit("owners")
    await reviews.decide(house.app, name, ann, "approved")
    stands = reviews.standing(house.app, drafts.find(house.app, name), repo.tip())
    assert [v.name for v in stands.approved] == ["Ann"]
    assert "Ann started this draft, so their approval does not count" in (stands.blocked or "")
    with pytest.raises(NotApproved):
        await draft_merge.merge(house.app, name, ann, "maintainer")
    repo.save({"one.md": ONE + "by Bob\n"}, name, author=BOB)
    await reviews.decide(house.app, name, bob, "approved")
    stands = reviews.standing(house.app, drafts.find(house.app, name), repo.tip())
    assert stands.blocked is None
    assert [each.given_by for each in stands.needed] == ["Bob"]


async def test_who_wrote_all_of_a_draft_approves_nothing_of_it(house, repo, ann, bob):
    """Also when somebody else started it; a co-author's lines are another's."""
    repo.put({"CODEOWNERS": "/one.md @bob\n"})
    repo.commit("owners")
    draft = await drafts.start(house.app, ann, "Plan")
    repo.save({"one.md": ONE + "by Bob\n"}, draft.branch, author=BOB)
    await reviews.decide(house.app, draft.branch, bob, "approved")
    stands = reviews.standing(house.app, drafts.find(house.app, draft.branch), repo.tip())
    assert "Bob wrote all of this draft" in (stands.blocked or "")
    repo.save({"one.md": ONE + "by both\n"}, draft.branch, author=BOB,
              message="Edit\n\nCo-authored-by: Ann <ann@example.org>")  # fmt: skip
    await reviews.decide(house.app, draft.branch, bob, "approved")
    stands = reviews.standing(house.app, drafts.find(house.app, draft.branch), repo.tip())
    assert stands.blocked is None


async def test_who_started_a_draft_made_with_git_is_who_made_its_first_commit(house, repo, bob):
    """Not who spoke of it first; of one without commits nobody knows."""
    repo.git("branch", "idea")
    repo.save({"one.md": ONE + "by Ann\n"}, "idea")
    repo.save({"one.md": ONE + "by Bob\n"}, "idea", author=BOB)
    review = await reviews.comment(house.app, "idea", bob, "Nice")
    assert (review.started_by, review.started_by_email) == ("Ann", "ann@example.org")
    assert review.begun_at <= review.started_at
    assert review.threads[next(iter(review.threads))].comments[0].name == "Bob"
    repo.git("branch", "bare")
    review = await reviews.comment(house.app, "bare", bob, "Empty")
    assert review.started_by == ""


async def test_words_that_are_nowhere_are_refused(house, repo, bob, name):
    """With the words; nothing is said then."""
    with pytest.raises(NoSuchWords) as refused:
        await reviews.comment(
            house.app, name, bob, "x", page_path="one.md", quote="never written", line=3
        )
    assert "“never written” are nowhere in one.md" in refused.value.message
    with pytest.raises(NoSuchWords):
        await reviews.quoted(house.app, name, "one.md", "never written", 1)
    assert not drafts.find(house.app, name).review.threads
    review = await reviews.comment(
        house.app, name, bob, "x", page_path="one.md", quote="THE SECOND line", line=1
    )
    (thread,) = review.threads.values()
    assert thread.anchor.quote == "the **second** line"


async def test_a_block_stays_with_the_commits(house, repo, ann, bob, name):
    """A branch that is renamed keeps its review; one beside it with the same commits is blocked as well,
    until who asked for changes approves, or the review is closed.
    """
    await reviews.decide(house.app, name, bob, "changes_requested", "Too long")
    id_ = drafts.find(house.app, name).review.id
    repo.git("branch", "-m", name, "other")
    draft = drafts.find(house.app, "other")
    assert draft.review.id == id_
    assert [each.branch for each in drafts.every(house.app, drafts.reviews(house.app))] == ["other"]
    with pytest.raises(NotApproved):
        await draft_merge.merge(house.app, "other", ann, "maintainer")
    repo.git("branch", "copy", "other")
    repo.save({"one.md": ONE + "more\n"}, "copy")
    with pytest.raises(NotApproved) as refused:
        await draft_merge.merge(house.app, "copy", ann, "maintainer")
    assert "Bob asked for changes of its commits in the review of Plan" in refused.value.message
    await reviews.comment(house.app, "other", ann, "Shorter now")
    assert repo.git("show", f"refs/prdgen/reviews/{id_}:log.jsonl").count('"branch":"other"') == 1
    await reviews.decide(house.app, "other", bob, "approved")
    review, _ = await draft_merge.merge(house.app, "copy", ann, "maintainer")
    assert review.state == "merged"


def test_many_files_of_one_owner_are_not_compared_with_each_other(monkeypatch):
    """Each is looked up once: a draft may have 10,000 of them."""

    class Path(str):
        __slots__ = ()
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other):
            Path.compared += 1
            return str.__eq__(self, other)

    paths = [Path(f"{number % 500}.md") for number in range(1000)]
    changes = [SimpleNamespace(old_path=None, path=path) for path in paths]
    clone = SimpleNamespace(repository=SimpleNamespace(changed=lambda *_: changes))
    monkeypatch.setattr(code_owners, "_rules", lambda _: owners.parse(b"* @ada"))
    monkeypatch.setattr(code_owners.owners, "of", lambda *_: ("@ada",))
    found = code_owners.by_owners(clone, SimpleNamespace(tip="x"), None)
    assert [*map(str, found["@ada",])] == [f"{number}.md" for number in range(500)]
    assert Path.compared < 5000


async def test_a_branch_that_is_called_like_a_review_hides_nothing(house, repo, ann, bob, name):
    """The id leads to the review, and the branch has an address of its own."""
    id_ = drafts.find(house.app, name).review.id
    repo.git("branch", id_, name)
    with pytest.raises(NoSuchDraft):
        drafts.find(house.app, id_)
    assert drafts.find_review(house.app, id_).branch == name
    both = {
        each.address: each.branch for each in drafts.every(house.app, drafts.reviews(house.app))
    }
    assert both == {f"/drafts/{name}": name, f"/drafts/refs/heads/{id_}": id_}
    assert drafts.find(house.app, f"refs/heads/{id_}").branch == id_
    await reviews.comment(house.app, f"refs/heads/{id_}", bob, "Odd name")
    assert not drafts.find_review(house.app, id_).threads


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


async def test_what_was_said_of_a_merged_draft_is_read_in_a_clone(
    house, repo, ann, bob, name, tmp_path
):
    """Without any database: the logs say what was said, and of which words."""
    await reviews.comment(house.app, name, bob, "Why?", page_path="one.md", quote="third line")
    review, _ = await draft_merge.merge(house.app, name, ann, "owner", "squash")
    repo.git("clone", "--quiet", "--no-local", str(repo.path), str(tmp_path / "clone"))
    copy = Repo(tmp_path / "clone")
    copy.git("fetch", "--quiet", "origin", "refs/prdgen/reviews/*:refs/prdgen/reviews/*")
    there = clone.open_clone(settings.load(copy.path))
    (found,) = drafts.reviews(there)
    assert (found.id, found.state) == (review.id, "merged")
    (said,) = conversation.placed(there, found, found.tip)
    assert said.thread.comments[0].text == "Why?"
    assert said.thread.anchor.quote == "third line"
    assert said.how == "unknown"  # The squashed commits are not in the clone.
