"""The forge fails in the middle, is away, or somebody starts again from nothing: nothing is lost or
said twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from forge.serving import Fault

from prdgen.flows import (
    draft_merge,
    drafts,
    forge_exchange,
    forge_report,
    forge_state,
    remote_wanted,
    reviews,
)
from prdgen.forge import errors
from prdgen.git import review_logs
from prdgen.review import posting

from .forges import PAGE, at_forge, begun, change, lines, review, said, trade


async def test_a_comment_whose_answer_is_lost_is_there_once(both):
    """As after `kill -9` between the posting and its note."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?")
    forge.faults = [Fault(500, "POST", done_first=True)]
    with pytest.raises(errors.ForgeAway):
        await trade(house, forge)
    assert forge_state.load(house.app).failure
    await trade(house, forge)
    await trade(house, forge)
    assert len(pull.notes) == 1
    assert said(review(house, branch)) == [[("Bob", "Why?")]]
    assert not forge_state.load(house.app).failure
    assert lines(house, found.id).count("sent") == 1


async def test_a_pull_request_whose_answer_is_lost_is_opened_once(both):
    house, forge = both
    forge.faults = [Fault(500, "POST", done_first=True)]
    with pytest.raises(errors.ForgeAway):
        await begun(house, forge)
    await trade(house, forge)
    assert len(forge.hub.pulls) == 1
    (found,) = drafts.reviews(house.app)
    assert found.link.number == 1


async def test_a_draft_without_a_change_yet(at_github):
    """Its pull request is opened by the exchange that pushes the first one, not an hour later."""
    house, forge = at_github
    ann = house.people["ann"]
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    await draft_merge.ask(house.app, draft.branch, ann)
    await house.work()
    assert forge.hub.pulls == {}
    (trouble,) = forge_state.load(house.app).troubles.values()
    assert "first change" in trouble.what
    change(house, draft.branch, PAGE.replace("first", "1st"))
    await remote_wanted.now(house.app)
    await house.work()
    assert len(forge.hub.pulls) == 1


async def test_a_comment_on_a_line_the_forge_does_not_show(both):
    """It goes as a comment on the whole that says which words it is about."""
    house, forge = both
    page = PAGE + "\nmore\n" * 20
    house.repo.save({"one.md": page})
    branch, _, pull = await begun(house, forge)
    change(house, branch, page.replace("second line", "second line, changed"))
    await trade(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Too far", page_path="one.md",
                          quote="more", line=40)  # fmt: skip
    await trade(house, forge)
    (note,) = pull.notes
    if forge.kind != "gitlab":  # which takes comments on any line
        assert note.path is None
        assert "`one.md`\n\n> more\n\nToo far" in note.text
    await trade(house, forge)
    assert len(pull.notes) == 1


async def test_one_thing_that_is_refused_keeps_nothing_else_back(at_github):
    """What is refused is told, stays here, and is tried again with the next look at everything."""
    house, forge = at_github
    bob = house.people["bob"]
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, bob, "First")
    await reviews.comment(house.app, branch, bob, "Second")
    forge.faults = [Fault(422, "POST /repos/team/prds/issues/1/comments")]
    await trade(house, forge)
    assert ["Second" in note.text for note in pull.notes] == [True]
    (why,) = forge_state.load(house.app).refused.values()
    assert "422 it went wrong" in why
    await trade(house, forge, look=False)
    assert len(pull.notes) == 1
    await trade(house, forge)
    assert len(pull.notes) == 2
    assert forge_state.load(house.app).refused == {}


async def test_a_review_that_is_gone_there_keeps_no_other_back(at_github):
    """Its trouble is told with what to do."""
    house, forge = at_github
    _, found, _ = await begun(house, forge)
    other = await drafts.start(house.app, house.people["ann"], "Other", "one.md")
    change(house, other.branch, PAGE.replace("first", "1st"))
    await draft_merge.ask(house.app, other.branch, house.people["ann"])
    forge.faults = [Fault(404, "GET /repos/team/prds/pulls/1", times=9)]
    await trade(house, forge)
    trouble = forge_state.load(house.app).troubles[found.id]
    assert "404" in trouble.what
    assert "forge_project" in trouble.hint
    assert review(house, other.branch).link.number == 2


async def test_a_busy_forge_is_left_in_peace(at_github):
    """Until the time it says, also by a webhook's look; what is said meanwhile waits here."""
    house, forge = at_github
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?")
    forge.faults = [Fault(429, "GET", headers={"retry-after": "600"})]
    with pytest.raises(errors.ForgeBusy):
        await trade(house, forge)
    asked = len(forge.asked)
    await trade(house, forge)
    assert len(forge.asked) == asked
    state = forge_state.load(house.app)
    assert "no more requests for 600 s" in state.failure
    state.put_off(-1)
    forge_state.save(house.app, state)
    await trade(house, forge)
    assert len(pull.notes) == 1
    assert not forge_state.load(house.app).failure


async def failing(house, forge, *faults: Fault, look: bool = False) -> None:
    """The forge fails over what is sent in one exchange after the other."""
    for fault in faults:
        forge.faults = [fault]
        with pytest.raises(errors.ForgeAway):
            await trade(house, forge, look=look)
        assert not forge.faults


async def test_a_comment_over_which_the_forge_fails_keeps_nothing_back(both):
    """It goes without its line at last; where that fails, too, it is told, and the rest goes on."""
    house, forge = both
    bob = house.people["bob"]
    branch, _, pull = await begun(house, forge)
    await reviews.comment(
        house.app, branch, bob, "Why?", page_path="one.md", quote="changed", line=5
    )
    await reviews.comment(house.app, branch, bob, "And this")
    await failing(house, forge, Fault(500, "POST"), Fault(502, "POST"), look=True)
    await trade(house, forge)
    assert [(n.path, n.text.count("> changed")) for n in pull.notes] == [(None, 1), (None, 0)]
    await reviews.comment(house.app, branch, bob, "Never")
    await failing(house, forge, Fault(500, "POST"), Fault(500, "POST"))
    forge.faults = [Fault(500, "POST")]
    await trade(house, forge, look=False)
    (refused,) = forge_state.load(house.app).refused.values()
    assert "500" in refused


CUT_OFF = {"headers": {"content-length": "500"}, "body": b'{"id": 1'}


async def test_one_bad_moment_takes_no_comments_line_away(both):
    """Nor does a forge that does not answer, however often: that is not over the line."""
    house, forge = both
    bob = house.people["bob"]
    branch, _, pull = await begun(house, forge)
    where = {"page_path": "one.md", "quote": "changed", "line": 5}
    await reviews.comment(house.app, branch, bob, "Why?", **where)
    await failing(house, forge, Fault(502, "POST"))
    await trade(house, forge)
    assert [(n.path, n.line) for n in pull.notes] == [("one.md", 5)]
    await reviews.comment(house.app, branch, bob, "Why two?", **where)
    await failing(house, forge, Fault(200, "POST", **CUT_OFF), Fault(200, "POST", **CUT_OFF))
    await trade(house, forge)
    assert [(n.path, n.line) for n in pull.notes] == [("one.md", 5)] * 2
    state = forge_state.load(house.app)
    assert (state.stuck, state.answered, state.refused) == ({}, {}, {})


async def test_a_forge_that_is_only_read_for_a_while(both):
    """As in maintenance: every comment is tried in vain, and goes with its line when that is over."""
    house, forge = both
    branch, _, pull = await begun(house, forge)
    for number in range(3):
        await reviews.comment(
            house.app, branch, house.people["bob"], f"Why {number}?", page_path="one.md",
            quote="changed", line=5,
        )  # fmt: skip
    forge.faults = [Fault(503, "POST", times=9)]
    for _ in range(6):
        with pytest.raises(errors.ForgeAway):
            await trade(house, forge)
    await trade(house, forge)
    assert (len(forge_state.load(house.app).refused), forge.faults) == (3, [])
    await trade(house, forge)
    assert [(n.path, n.line) for n in pull.notes] == [("one.md", 5)] * 3
    assert forge_state.load(house.app).refused == {}


async def test_a_busy_forge_is_asked_again_when_it_says(at_github):
    """Also when it had failed for hours before: what the page says is what is done."""
    house, forge = at_github
    forge.faults = [Fault(500, "GET", times=9)]
    with pytest.raises(errors.ForgeAway):
        await trade(house, forge)
    state = forge_state.load(house.app)
    state.failing_since = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    forge_state.save(house.app, state)
    assert not forge_exchange.is_due(house.app, state)
    forge.faults = [Fault(429, "GET", headers={"retry-after": "30"})]
    with pytest.raises(errors.ForgeBusy):
        await trade(house, forge)
    state = forge_state.load(house.app)
    assert not forge_exchange.is_due(house.app, state)
    state.put_off(-1)
    assert forge_exchange.is_due(house.app, state)
    forge_state.save(house.app, state)
    forge.faults = [Fault(500, "GET", times=9)]
    with pytest.raises(errors.ForgeAway):
        await trade(house, forge)
    assert not forge_exchange.is_due(house.app, forge_state.load(house.app))


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500])
async def test_a_merge_that_the_forge_refuses_merges_nothing(at_github, status):
    """Who pressed the button is told; the draft is as it was, and can be merged when that is over."""
    house, forge = at_github
    forge.hub.protected = True
    branch, _, pull = await begun(house, forge)
    forge.faults = [Fault(status, "/1/merge")]
    before = house.repo.tip("main")
    with pytest.raises(errors.ForgeError):
        await draft_merge.merge(house.app, branch, house.people["ann"], "owner")
    assert (house.repo.tip("main"), review(house, branch).state) == (before, "open")
    await draft_merge.merge(house.app, branch, house.people["ann"], "owner")
    assert pull.state == "merged"
    assert house.repo.tip("main") == pull.made


async def test_a_forge_that_is_away_keeps_nobody_from_merging(both):
    """Where it said before that main is free; it hears of the merge later."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    forge.faults = [Fault(503, times=99)]
    await draft_merge.merge(house.app, branch, house.people["ann"], "owner")
    assert drafts.find_review(house.app, found.id).state == "merged"
    forge.faults = []
    await trade(house, forge)
    assert pull.state == "merged"


async def test_a_merge_whose_answer_is_lost(both):
    """It is merged there, once; the button pressed again sees that."""
    house, forge = both
    forge.hub.protected = True
    branch, found, pull = await begun(house, forge)
    forge.faults = [Fault(500, "/1/merge", done_first=True)]
    with pytest.raises(errors.NotMergedThere):
        await draft_merge.merge(house.app, branch, house.people["ann"], "owner")
    await trade(house, forge)
    await trade(house, forge)
    assert pull.state == "merged"
    assert drafts.find_review(house.app, found.id).state == "merged"
    assert house.repo.tip("main") == pull.made == forge.hub.tip("main")


async def test_two_servers_write_the_same_lines(both):
    """What came from the forge is the same line, whoever brings it in: here from an earlier log."""
    house, forge = both
    hub, refs = forge.hub, house.repo
    branch, found, pull = await begun(house, forge)
    ref = f"refs/prdgen/reviews/{found.id}"
    before = refs.git("rev-parse", ref)
    note = hub.comment(1, "octavia", "Why?", path="one.md", line=5)
    hub.comment(1, "zoe", "Because", thread=note.id)
    hub.review(1, "octavia", "APPROVED")
    pull.settled[note.id] = "zoe"
    await trade(house, forge)
    first = set(review_logs.read(house.app.repository, found.id).splitlines())
    refs.git("update-ref", ref, before)
    hub.git("update-ref", "-d", ref)
    await trade(house, forge)
    second = set(review_logs.read(house.app.repository, found.id).splitlines())
    assert first == second
    assert branch


async def test_a_dropped_database_and_a_lost_state_file(both, houses):
    """The log says what was exchanged: nothing is said or opened again."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?")
    forge.hub.comment(1, "octavia", "Because")
    await trade(house, forge)
    before = house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}")
    (house.app.state_dir / "forge.json").unlink()
    house.app.forge_answers.clear()
    async with house.app.store.transaction() as tx:
        await tx.execute("TRUNCATE documents, pages CASCADE")
    await trade(house, forge)
    assert (len(forge.hub.pulls), len(pull.notes)) == (1, 2)
    assert house.repo.git("rev-parse", f"refs/prdgen/reviews/{found.id}") == before


async def test_what_nobody_foresaw_in_one_review_keeps_no_other_back(
    at_github, monkeypatch, caplog
):
    """It is logged with its place, and told on that draft's page."""
    house, forge = at_github
    branch, found, _ = await begun(house, forge)
    other = await drafts.start(house.app, house.people["ann"], "Other", "one.md")
    change(house, other.branch, PAGE.replace("first", "1st"))
    await draft_merge.ask(house.app, other.branch, house.people["ann"])
    await trade(house, forge)
    exchange_one = forge_exchange._one

    async def one(app, forge, state, review, pulls, **options):
        if review.branch == branch:
            raise TypeError("not foreseen")
        await exchange_one(app, forge, state, review, pulls, **options)

    monkeypatch.setattr(forge_exchange, "_one", one)
    forge.hub.comment(2, "octavia", "Hello")
    await trade(house, forge)
    assert [("octavia", "Hello")] in said(review(house, other.branch))
    assert "TypeError" in forge_state.load(house.app).troubles[found.id].what
    assert "not foreseen" in caplog.text


async def test_somebody_copies_a_mark_of_ours(both):
    """Their words come in all the same; the mark does not show."""
    house, forge = both
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?")
    await trade(house, forge)
    mark = pull.notes[0].text[pull.notes[0].text.index("<!--") :]
    forge.hub.comment(1, "octavia", f"I know better {mark}")
    await trade(house, forge)
    await trade(house, forge)
    assert said(review(house, branch)) == [[("Bob", "Why?")], [("octavia", "I know better")]]


async def test_a_review_whose_branch_was_deleted(both):
    """Here, by Git: what is said there still comes, and what is said here goes."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    house.repo.git("branch", "-D", branch)
    forge.hub.comment(1, "octavia", "Where is it?", path="one.md", line=5)
    await trade(house, forge)
    assert said(drafts.find_review(house.app, found.id)) == [[("octavia", "Where is it?")]]
    assert pull.state == "open"


async def test_a_review_that_is_asked_for_whose_branch_is_gone(at_github):
    """Nothing waits for the remote, which will not bring it; made again, it gets its pull request."""
    house, forge = at_github
    ann = house.people["ann"]
    draft = await drafts.start(house.app, ann, "Plan", "one.md")
    tip = change(house, draft.branch, PAGE.replace("first", "1st"))
    await draft_merge.ask(house.app, draft.branch, ann)
    house.repo.git("branch", "-D", draft.branch)
    await trade(house, forge, look=False)
    assert not forge_state.load(house.app).waits_for_remote
    review_ = drafts.find_review(house.app, draft.review.id)
    shown = forge_report.exchange(house.app, review_)
    assert (shown.waits, forge.hub.pulls) == ("", {})
    assert f"the draft's branch {draft.branch} is not here" in shown.failure
    assert f"git branch {draft.branch}" in shown.hint
    await house.work()
    forge.asked.clear()
    await remote_wanted.now(house.app)
    await house.work()
    assert forge.asked == []
    house.repo.git("branch", draft.branch, tip)
    await trade(house, forge)
    assert len(forge.hub.pulls) == 1
    assert forge_state.load(house.app).troubles == {}


async def test_a_forge_whose_clock_is_behind(at_github):
    """An answer is never before what it answers."""
    house, forge = at_github
    branch, _, pull = await begun(house, forge)
    await reviews.comment(house.app, branch, house.people["bob"], "Why?", page_path="one.md",
                          quote="changed", line=5)  # fmt: skip
    await trade(house, forge)
    note = forge.hub.comment(1, "octavia", "Here?", path="one.md", line=5)
    for first in (pull.notes[0], note):
        answer = forge.hub.comment(1, "zoe", "Because", thread=first.id)
        answer.at = note.at.replace(year=2020)
    await trade(house, forge)
    assert said(review(house, branch)) == [
        [("Bob", "Why?"), ("zoe", "Because")], [("octavia", "Here?"), ("zoe", "Because")],
    ]  # fmt: skip


async def test_a_forge_whose_clock_is_ahead(at_github):
    """Who answers or settles at once is not before what they answer."""
    house, forge = at_github
    bob = house.people["bob"]
    branch, _, _ = await begun(house, forge)
    note = forge.hub.comment(1, "octavia", "Why?", path="one.md", line=5)
    note.at += timedelta(minutes=10)
    await trade(house, forge)
    (thread,) = review(house, branch).threads
    await reviews.reply(house.app, branch, bob, thread, "Because")
    await reviews.resolve(house.app, branch, bob, thread)
    assert said(review(house, branch)) == [[("octavia", "Why?"), ("Bob", "Because")]]
    assert review(house, branch).threads[thread].resolved


async def test_settings_that_cannot_be(at_github):
    """Said at the next exchange, with what to change."""
    house, _ = at_github

    house.app.settings = replace(house.app.settings, forge_project="nonsense")
    with pytest.raises(errors.BadForge) as caught:
        await forge_exchange.run(house.app)
    assert "forge_project" in caught.value.message
    assert forge_state.load(house.app).failure


async def test_a_forge_that_cannot_settle_threads_undoes_nothing(houses, repo, tmp_path):
    """Forgejo has no request for it: what was settled here stays so, and what is settled there comes."""
    async with at_forge(houses, repo, tmp_path, "gitea") as (house, forge):
        forge.hub.can_settle = False
        branch, found, pull = await begun(house, forge)
        note = forge.hub.comment(1, "octavia", "Why?", path="one.md", line=5)
        await trade(house, forge)
        (thread,) = review(house, branch).threads.values()
        await reviews.resolve(house.app, branch, house.people["bob"], thread.id)
        await trade(house, forge)
        await trade(house, forge)
        assert pull.settled == {}
        assert review(house, branch).threads[thread.id].resolved
        await reviews.resolve(house.app, branch, house.people["bob"], thread.id, again=True)
        await trade(house, forge)
        assert not review(house, branch).threads[thread.id].resolved
        assert lines(house, found.id).count("resolved") == 1
        assert note.id


async def test_a_token_that_may_not_ask_for_threads(at_github):
    """Comments come all the same."""
    house, forge = at_github
    branch, _, _ = await begun(house, forge)
    forge.hub.comment(1, "octavia", "Why?", path="one.md", line=5)
    said_no = b'{"errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}'
    forge.faults = [Fault(200, "graphql", body=said_no, times=9)]
    await trade(house, forge)
    assert said(review(house, branch)) == [[("octavia", "Why?")]]
    assert forge_state.load(house.app).troubles == {}


async def test_a_comment_of_another_server_whose_log_is_still_on_its_way(at_github):
    """It is not taken for somebody's; when the log never comes, its words come in all the same."""
    house, forge = at_github
    branch, _, pull = await begun(house, forge)
    text = posting.comment("a" * 32, "Zoe", "commented", "From afar")
    note = forge.hub.comment(1, "prdgen-bot", text)
    await trade(house, forge)
    assert said(review(house, branch)) == []
    note.at -= timedelta(hours=1)
    forge.hub.touch(pull)
    await trade(house, forge)
    ((one,),) = said(review(house, branch))
    assert "From afar" in one[1]


async def test_merged_there_while_somebody_types(both):
    """What is typed and not committed stays, in the draft's branch; nothing of it is lost."""
    house, forge = both
    branch, found, pull = await begun(house, forge)
    editor = await house.editor("ann", "one.md", branch)
    await editor.write("Still typing. ")
    made = forge.hub.merge(1, "octavia")
    await trade(house, forge)
    assert drafts.find_review(house.app, found.id).state == "merged"
    assert house.repo.tip("main") == made
    assert "Still typing." in house.text("one.md", branch)
    await house.save("ann", page="one.md", branch=branch)
    assert "Still typing." in house.repo.git("show", f"{branch}:one.md")
    assert [d.branch for d in drafts.every(house.app, drafts.reviews(house.app))] == [branch]
    await trade(house, forge)
    assert pull.state == "merged"


async def test_what_prdgen_doctor_says_of_the_forge(at_github):
    """In each state, with what to do."""
    house, forge = at_github
    assert "nobody has asked it yet" in forge_report.finding(house.app).what
    branch, _, _ = await begun(house, forge)
    assert (forge_report.finding(house.app).ok, forge_report.of(house.app).state) == (True, "ok")
    await reviews.comment(house.app, branch, house.people["bob"], "Why?")
    forge.faults = [Fault(422, "POST")]
    await trade(house, forge)
    assert "422" in forge_report.finding(house.app).what
    forge.faults = [Fault(401, times=9)]
    with pytest.raises(errors.ForgeDenied):
        await trade(house, forge)
    found = forge_report.finding(house.app)
    assert (found.ok, "PRDGEN_FORGE_TOKEN_FILE" in found.cure) == (False, True)
    house.app.settings = replace(house.app.settings, forge_project="x")
    assert "forge_project" in forge_report.finding(house.app).what
    house.app.settings = replace(house.app.settings, forge="none")
    assert forge_report.finding(house.app).ok
    assert forge_report.of(house.app) is None
