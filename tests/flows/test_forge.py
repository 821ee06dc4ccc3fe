"""A review is a pull request: opened, talked about both ways, decided, merged there or here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prdgen.flows import draft_merge, drafts, forge_exchange, forge_state, reviews, suggest
from prdgen.review import posting

from .forges import PAGE, at_forge, begun, change, lines, review, said, trade

SECOND = 5
"""The line of the page that the draft changed."""


async def test_asking_for_a_review_opens_a_pull_request(both):
    """With its branch, title and description; once; and what is changed later goes there, too."""
    house, forge = both
    ann = house.people["ann"]
    branch, found, pull = await begun(house, forge)
    assert (pull.title, pull.branch, pull.base) == ("Plan", branch, "main")
    assert forge.hub.tip(branch) == house.repo.tip(branch)
    assert found.link.number == 1
    assert found.link.address.startswith(forge.address)
    await drafts.describe(house.app, branch, ann, "Plan B", "What it is *for*")
    change(house, branch, PAGE.replace("third", "last"))
    await trade(house, forge)
    await trade(house, forge)
    assert pull.title == "Plan B"
    assert posting.description_of(pull.body) == "What it is *for*"
    assert len(forge.hub.pulls) == 1
    assert forge.hub.tip(branch) == house.repo.tip(branch)


async def test_comments_go_both_ways_once(both):
    """On lines and on the whole, with answers; however often both look."""
    house, forge = both
    ann, bob, hub = house.people["ann"], house.people["bob"], forge.hub
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, bob, "Why?", page_path="one.md",
                          quote="second line, changed", line=SECOND)  # fmt: skip
    await reviews.comment(house.app, branch, bob, "As a whole: good")
    await trade(house, forge)
    on_line, whole = pull.notes
    assert (on_line.path, on_line.line, on_line.commit) == ("one.md", SECOND, hub.tip(branch))
    assert "**Bob** in prdgen:\n\nWhy?" in on_line.text
    assert whole.path is None
    hub.comment(1, "octavia", "Because", thread=on_line.thread)
    hub.comment(1, "octavia", "And here?", path="one.md", line=SECOND + 2)
    hub.comment(1, "octavia", "Hello\r\nthere")
    for _ in range(3):
        await trade(house, forge)
    found = review(house, branch)
    assert said(found) == [
        [("Bob", "Why?"), ("octavia", "Because")],
        [("Bob", "As a whole: good")],
        [("octavia", "And here?")],
        [("octavia", "Hello\nthere")],
    ]
    thread = list(found.threads.values())[2]
    assert (thread.page_path, thread.anchor.quote) == ("one.md", "The third line.")
    await reviews.reply(house.app, branch, ann, thread.id, "Here, too")
    for _ in range(3):
        await trade(house, forge)
    last = pull.notes[-1]
    assert "Here, too" in last.text
    assert (last.path, last.line, len(pull.notes)) == ("one.md", SECOND + 2, 6)
    assert len(said(review(house, branch))) == 4


async def test_decisions_go_both_ways(both):
    """Theirs count here, for the commit they saw; ours go as words and as a mark, never as the
    account's own approval.
    """
    house, forge = both
    hub, bob = forge.hub, house.people["bob"]
    branch, found, pull = await begun(house, forge)
    hub.review(1, "octavia", "CHANGES_REQUESTED", "" if forge.kind == "gitlab" else "Too long")
    await trade(house, forge)
    found = review(house, branch)
    (verdict,) = found.verdicts.values()
    assert (verdict.word, verdict.name, verdict.tip) == (
        "changes_requested", "octavia", hub.tip(branch),
    )  # fmt: skip
    assert hub.marks[hub.tip(branch)]["state"] in {"failure", "failed"}
    hub.review(1, "octavia", "APPROVED")
    await reviews.decide(house.app, branch, bob, "approved", "Fine")
    await trade(house, forge)
    await trade(house, forge)
    words = {v.name: v.word for v in review(house, branch).verdicts.values()}
    assert words == {"octavia": "approved", "Bob": "approved"}
    assert hub.marks[hub.tip(branch)]["state"] == "success"
    assert [n.text for n in pull.notes if "approved this" in n.text and "Fine" in n.text]
    assert all(r.by != "prdgen-bot" for r in pull.reviews)
    if forge.kind == "gitlab":
        pull.reviews.clear()
        hub.touch(pull)
    else:
        pull.reviews[-1].state = "DISMISSED"
        hub.touch(pull)
    await trade(house, forge)
    assert [v.name for v in review(house, branch).verdicts.values()] == ["Bob"]


async def test_an_approval_that_is_seen_late_is_of_the_commit_that_was_there_then(both):
    """Its webhook was lost, and the draft went on: the new commit is not approved; a later one is."""
    house, forge = both
    hub = forge.hub
    branch, _, _ = await begun(house, forge)
    seen = hub.tip(branch)
    hub.review(1, "octavia", "APPROVED")
    change(house, branch, PAGE.replace("third", "last"))
    await trade(house, forge)
    await trade(house, forge)
    assert hub.tip(branch) != seen
    assert [(v.word, v.tip) for v in review(house, branch).verdicts.values()] == [
        ("approved", seen)
    ]
    hub.review(1, "octavia", "APPROVED")
    for _ in range(2):
        await trade(house, forge)
        (verdict,) = review(house, branch).verdicts.values()
        assert (verdict.word, verdict.tip) == ("approved", hub.tip(branch))


async def test_an_approval_before_gitlab_noted_the_first_tip_is_of_that_one(houses, repo, tmp_path):
    """It notes a tip when it has compared it, a moment after the merge request is there."""
    async with at_forge(houses, repo, tmp_path, "gitlab") as (house, forge):
        branch, _, _ = await begun(house, forge)
        first = forge.hub.tip(branch)
        forge.hub.review(1, "octavia", "APPROVED").at -= timedelta(hours=1)
        change(house, branch, PAGE.replace("third", "last"))
        await trade(house, forge)
        (verdict,) = review(house, branch).verdicts.values()
        assert (verdict.word, verdict.tip) == ("approved", first)


async def test_words_of_somebody_who_has_no_right_do_not_count(both):
    """Anybody may approve a public project's pull request: that is a comment here."""
    house, forge = both
    if forge.kind == "gitlab":
        pytest.skip("GitLab lists only approvals that count")
    branch, _, _ = await begun(house, forge)
    forge.hub.review(1, "zoe", "APPROVED", "I like it", counts=False)
    await trade(house, forge)
    found = review(house, branch)
    assert found.verdicts == {}
    assert said(found) == [[("zoe", "I like it")]]


async def test_threads_are_settled_both_ways(both):
    """Here and there, and opened again."""
    house, forge = both
    hub, bob = forge.hub, house.people["bob"]
    branch, _, pull = await begun(house, forge)
    note = hub.comment(1, "octavia", "Why?", path="one.md", line=SECOND)
    await trade(house, forge)
    (thread,) = review(house, branch).threads.values()
    await reviews.resolve(house.app, branch, bob, thread.id)
    await trade(house, forge)
    assert pull.settled == {note.id: "prdgen-bot"}
    await reviews.resolve(house.app, branch, bob, thread.id, again=True)
    await trade(house, forge)
    assert pull.settled == {}
    pull.settled[note.id] = "octavia"
    hub.touch(pull)
    await trade(house, forge)
    await trade(house, forge)
    assert review(house, branch).threads[thread.id].resolved
    kinds = lines(house, review(house, branch).id)
    assert (kinds.count("resolved"), kinds.count("unresolved")) == (2, 1)


async def test_suggestions_go_both_ways(both):
    """As the forge's own blocks for whole lines; one from there is taken here by the button."""
    house, forge = both
    hub, bob, ann = forge.hub, house.people["bob"], house.people["ann"]
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, bob, "", page_path="one.md", quote="changed",
                          line=SECOND, suggestion="altered")  # fmt: skip
    await trade(house, forge)
    info = "suggestion:-0+0" if forge.kind == "gitlab" else "suggestion"
    assert f"```{info}\nThe second line, altered.\n```" in pull.notes[0].text
    text = "Shorter:\n```suggestion\nThe 2nd line.\n```"
    hub.comment(1, "octavia", text, path="one.md", line=SECOND)
    await trade(house, forge)
    thread = list(review(house, branch).threads.values())[-1]
    assert (thread.suggestion, thread.comments[0].text) == ("The 2nd line.", "Shorter:")
    await suggest.take(house.app, branch, ann, thread.id)
    await trade(house, forge)
    assert "The 2nd line.\n" in hub.git("show", f"{branch}:one.md")
    assert "took the suggestion" in pull.notes[-1].text


async def test_merged_there(both):
    """The commit comes with the remote, and the draft is over here, by who merged it."""
    house, forge = both
    branch, found, _ = await begun(house, forge)
    made = forge.hub.merge(1, "octavia")
    await trade(house, forge)
    over = drafts.find_review(house.app, found.id)
    assert (over.state, over.made) == ("merged", made)
    assert house.repo.tip("main") == made
    assert house.repo.tip(branch) is None
    await trade(house, forge)
    assert lines(house, found.id).count("merged") == 1


@pytest.mark.parametrize("how", ["merge", "squash"])
async def test_merged_here(both, how):
    """Pushed, and the pull request is over: as merged where the forge can see or take that."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    await draft_merge.merge(house.app, branch, house.people["ann"], "owner", how)
    await trade(house, forge)
    await trade(house, forge)
    assert forge.hub.tip("main") == house.repo.tip("main")
    is_seen = how == "merge" or forge.kind == "gitea"
    assert pull.state == ("merged" if is_seen else "closed")
    assert is_seen or f"Merged as {house.repo.tip('main')}" in pull.notes[-1].text
    assert lines(house, found.id).count("merged") == 1


async def test_merged_by_the_forge_where_main_is_protected(both):
    """prdgen's button asks the forge; main comes back with its commit."""
    house, forge = both
    forge.hub.protected = True
    branch, found, pull = await begun(house, forge)
    over, landed = await draft_merge.merge(
        house.app, branch, house.people["ann"], "owner", "squash"
    )
    assert pull.state == "merged"
    assert (over.state, over.made) == ("merged", pull.made)
    assert house.repo.tip("main") == forge.hub.tip("main") == landed.commit
    assert f"Prdgen-Review: {found.id}" in forge.hub.git("log", "-1", "--format=%B", "main")
    await trade(house, forge)
    assert lines(house, found.id).count("merged") == 1


async def test_closed_and_opened_again_both_ways(both):
    """Here, there, and each answered by the other."""
    house, forge = both
    ann, hub = house.people["ann"], forge.hub
    branch, found, pull = await begun(house, forge)
    await draft_merge.close(house.app, branch, ann)
    await trade(house, forge)
    assert pull.state == "closed"
    await draft_merge.reopen(house.app, found.id, ann)
    await trade(house, forge)
    assert pull.state == "open"
    hub.end(1, "octavia")
    await trade(house, forge)
    assert review(house, branch).state == "closed"
    assert house.repo.tip(branch) is None
    hub.end(1, "octavia", "open")
    await trade(house, forge)
    assert review(house, branch).state == "open"
    assert house.repo.tip(branch) == hub.tip(branch)
    kinds = [kind for kind in lines(house, found.id) if kind in {"closed", "reopened"}]
    assert kinds == ["closed", "reopened", "closed", "reopened"]


async def test_a_pull_request_that_somebody_opened_there(both):
    """Its branch comes, and it is a draft here with a review; one of a fork is left alone."""
    house, forge = both
    hub = forge.hub
    house.repo.git("branch", "theirs")
    change(house, "theirs", PAGE.replace("first", "1st"))
    house.repo.git("push", "-q", "origin", "theirs")
    house.repo.git("branch", "-D", "theirs")
    hub.open("theirs", "main", "From there", "Why", "octavia")
    hub.open("main", "main", "A fork's", "", "zoe").is_foreign = True
    await trade(house, forge)
    await trade(house, forge)
    (found,) = drafts.reviews(house.app)
    assert (found.title, found.description, found.started_by) == ("From there", "Why", "octavia")
    assert house.repo.tip("theirs") == hub.tip("theirs")
    hub.pulls[1].title, hub.pulls[1].body = "Another title", "Another why"
    hub.touch(hub.pulls[1])
    await trade(house, forge)
    found = review(house, "theirs")
    assert (found.title, found.description) == ("Another title", "Another why")


async def test_the_branch_of_a_new_pull_request_is_asked_for(both):
    """One webhook says that it was opened: nobody waits for the next look at the remote."""
    house, forge = both
    house.repo.git("branch", "theirs")
    change(house, "theirs", PAGE.replace("first", "1st"))
    house.repo.git("push", "-q", "origin", "theirs")
    house.repo.git("branch", "-D", "theirs")
    await house.work()
    forge.hub.open("theirs", "main", "From there", "Why", "octavia")
    await forge_exchange.run(house.app, look=True)
    await house.work()
    assert house.repo.tip("theirs") == forge.hub.tip("theirs")


async def test_merged_there_into_another_branch(both):
    """Somebody aimed the pull request there: the draft is closed, and nobody says that main has it."""
    house, forge = both
    hub, ann = forge.hub, house.people["ann"]
    branch, found, pull = await begun(house, forge)
    main = hub.tip("main")
    hub.git("branch", "next", "main")
    pull.base = "next"
    hub.merge(1, "octavia")
    await trade(house, forge)
    assert review(house, branch).state == "closed"
    assert house.repo.tip() == main
    await draft_merge.reopen(house.app, found.id, ann)
    for _ in range(2):
        await trade(house, forge)
    assert drafts.find_review(house.app, found.id).state == "open"
    assert house.repo.tip(branch)


async def test_what_has_no_branch_there_is_left_alone(houses, repo, tmp_path):
    """Gitea and Forgejo make a pull request of a push to `refs/for/main`, too."""
    async with at_forge(houses, repo, tmp_path, "gitea") as (house, forge):
        repo.git("branch", "idea")
        change(house, "idea", PAGE.replace("first", "1st"))
        repo.git("push", "-q", "origin", "idea")
        forge.hub.open("idea", "main", "Pushed for review", "", "zoe").ref = "refs/pull/1/head"
        await trade(house, forge)
        assert drafts.reviews(house.app) == []


async def test_a_branch_that_is_only_guessed_to_be_a_drafts_stays_its_owners(both):
    """A draft's branch was deleted, and somebody wrote on from it in another one: that one is not pushed,
    and its pull request is a review of its own.
    """
    house, forge = both
    ann, bob, hub = house.people["ann"], house.people["bob"], forge.hub
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    change(house, draft.branch, PAGE.replace("second line", "second line, changed"))
    await reviews.comment(house.app, draft.branch, bob, "Why?", page_path="one.md",
                          quote="second line, changed", line=SECOND)  # fmt: skip
    await draft_merge.ask(house.app, draft.branch, ann)
    house.repo.git("branch", "bobs", draft.branch)
    change(house, "bobs", PAGE.replace("third", "last"))
    house.repo.git("branch", "-D", draft.branch)
    assert drafts.find_review(house.app, draft.review.id).branch == "bobs"
    await trade(house, forge)
    assert hub.pulls == {}
    assert hub.tip("bobs") is None
    house.repo.git("push", "-q", "origin", "bobs")
    hub.open("bobs", "main", "Bob's own", "", "zoe")
    await trade(house, forge)
    hub.comment(1, "zoe", "Of Bob's")
    await trade(house, forge)
    found = {each.title: each for each in drafts.reviews(house.app)}
    assert found["Plan"].link is None
    assert found["Bob's own"].link.number == 1
    assert said(found["Plan"]) == [[("Bob", "Why?")]]
    assert said(found["Bob's own"]) == [[("zoe", "Of Bob's")]]


async def test_lines_wait_until_the_forge_has_compared_the_commits(houses, repo, tmp_path):
    """GitLab does that after it has opened one; without it a comment would go without its line."""
    async with at_forge(houses, repo, tmp_path, "gitlab") as (house, forge):
        forge.hub.prepares_after = 2  # what it answers to the opening, and the first look
        ann = house.people["ann"]
        draft = await drafts.start(house.app, ann, "Plan", "one.md")
        change(house, draft.branch, PAGE.replace("second line", "second line, changed"))
        await reviews.comment(house.app, draft.branch, ann, "Why?", page_path="one.md",
                              quote="second line, changed", line=SECOND)  # fmt: skip
        await draft_merge.ask(house.app, draft.branch, ann)
        await trade(house, forge)
        assert forge.hub.pulls[1].notes == []
        (trouble,) = forge_state.load(house.app).troubles.values()
        assert trouble.waits
        await trade(house, forge, look=False)
        assert [(n.path, n.line) for n in forge.hub.pulls[1].notes] == [("one.md", SECOND)]


async def test_what_is_reworded_there_is_reworded_here(both):
    """Once, however often somebody looks."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    note = forge.hub.comment(1, "octavia", "Wyh?")
    await trade(house, forge)
    note.text = "Why?"
    forge.hub.touch(pull)
    await trade(house, forge)
    await trade(house, forge)
    assert said(review(house, branch)) == [[("octavia", "Why?")]]
    assert lines(house, found.id).count("reworded") == 1


async def test_a_look_at_what_has_not_changed_is_cheap(both):
    """One request, answered with 304; nothing is written."""
    house, forge = both
    branch, found, _ = await begun(house, forge)
    await trade(house, forge, look=False)
    asked, unchanged = len(forge.asked), forge.unchanged
    before = house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}")
    await forge_exchange.run(house.app)
    assert (len(forge.asked) - asked, forge.unchanged - unchanged) == (1, 1)
    assert house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}") == before
    assert branch
