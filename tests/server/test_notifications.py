"""What a person was told of: the bell, the list, and what is read by opening it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from prdgen.events import Event
from prdgen.flows import drafts, recovered, relay, review_news, table
from prdgen.git.values import Signature
from prdgen.review.log import Entry
from prdgen.store import notifications
from prdgen.store.errors import StoreUnavailable

from . import team
from .house import HTML

BEGAN = datetime(2026, 11, 26, 12, tzinfo=UTC)


async def tell(own, person, *titles, href="/pages?q=a", type_="git.conflict.detected"):
    """So much happened, one after the other."""
    async with own.app.store.transaction() as tx:
        for number, title in enumerate(titles):
            await notifications.notify(
                tx, [person.id], uuid4(), type=type_, title=title, href=href,
                at=BEGAN + timedelta(minutes=number),
            )  # fmt: skip


def bell(answer):
    """What the bell in the head says."""
    return re.search(r'href="/notifications" aria-label="([^"]*)"', answer.text)[1]


async def test_the_bell_counts_what_is_not_read(own):
    """On every page, for the person who looks at it only."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    assert bell(await ann.get("/")) == "Notifications"
    await tell(own, ann.person, "One <b>", "Two")
    for address in ("/", "/pages", "/drafts", "/notifications"):
        assert bell(await ann.get(address)) == "Notifications, 2 unread"
    assert bell(await ann.get("/p/main/none.md", headers=HTML)) == "Notifications, 2 unread"
    for address in ("/raw/main/none.md", "/export/main/none.md?format=pdf", "/site/none/"):
        lost = await ann.get(address, headers=HTML)
        assert lost.status_code >= 400
        assert 'class="bell"' not in lost.text, address  # nobody counted
    assert bell(await bob.get("/")) == "Notifications"
    await tell(own, ann.person, *map(str, range(120)))
    assert bell(await ann.get("/")) == "Notifications, 99+ unread"


async def test_a_notification_is_read_by_opening_it(own):
    """It leads to its place; who is somebody else cannot open it."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    await tell(own, ann.person, "One <b>", "Two")
    shown = (await ann.get("/notifications")).text
    assert shown.index("Two") < shown.index("One &lt;b&gt;")
    assert shown.count("until then both are kept") == 2
    first = re.findall(r'href="(/notifications/[^"]+)"', shown)[1]
    assert (await bob.get(first)).status_code == 404
    assert bell(await ann.get("/")) == "Notifications, 2 unread"
    gone = await ann.get(first, follow_redirects=False)
    assert (gone.status_code, gone.headers["location"]) == (303, "/pages?q=a")
    assert bell(await ann.get("/")) == "Notifications, 1 unread"
    assert (await ann.get("/notifications")).text.count(">unread<") == 1
    assert (await own.anyone().get(first, headers=HTML)).status_code in {302, 303, 401}
    for odd in ("x", str(uuid4())):
        assert (await ann.get(f"/notifications/{odd}")).status_code == 404
    second = re.findall(r'href="(/notifications/[^"]+)"', shown)[0]
    looked = await ann.request("HEAD", second)
    assert (looked.status_code, looked.headers["location"]) == (303, "/pages?q=a")
    assert bell(await ann.get("/")) == "Notifications, 1 unread"


async def test_all_of_it_can_be_read_at_once(own):
    """By one button, of one person."""
    ann, bob = await own.as_("editor"), await own.as_("reader")
    for each in (ann, bob):
        await tell(own, each.person, "One", "Two")
    assert (await ann.send_form("/notifications")).headers["location"] == "/notifications"
    assert bell(await ann.get("/")) == "Notifications"
    assert "Mark all" not in (await ann.get("/notifications")).text
    assert bell(await bob.get("/")) == "Notifications, 2 unread"


async def test_a_long_list_goes_on(own):
    """Each once, also those of one moment."""
    ann = await own.as_("editor")
    assert "Nothing yet" in (await ann.get("/notifications")).text
    for _ in range(2):
        await tell(own, ann.person, *(f"n{number:02}" for number in range(60)))
    found, address = [], "/notifications"
    while address:
        shown = (await ann.get(address)).text
        found += re.findall(r">(n\d\d)<", shown)
        further = re.search(r'href="([^"]*before=[^"]*)"', shown)
        address = further[1] if further else None
    assert found == sorted([f"n{number:02}" for number in range(60)] * 2, reverse=True)
    assert "Nothing earlier" in (await ann.get(f"/notifications?before={uuid4()}")).text
    api = await own.api("editor")
    assert (await api.get(f"/api/notifications?before={uuid4()}")).json()["items"] == []
    for bad in ("abc", ""):
        assert (await ann.get(f"/notifications?before={bad}", headers=HTML)).status_code == 422
        refused = await api.get(f"/api/notifications?before={bad}")
        assert refused.status_code == 422
        assert "the id of a notification" in refused.text


async def test_programs_see_and_read_them(own):
    """The same by the API; a token that only reads marks nothing."""
    await tell(own, (await own.as_("editor")).person, "One", "Two")
    api, looking = await own.api("editor"), await own.api("editor", "read")
    found = (await looking.get("/api/notifications", params={"unread": "1"})).json()
    assert ([each["title"] for each in found["items"]], found["unread"]) == (["Two", "One"], 2)
    assert found["items"][0]["read_at"] is None
    assert found["items"][0]["to_do"].startswith("Open it")
    ids = {"ids": [found["items"][0]["id"]]}
    assert (await looking.post("/api/notifications/read", json=ids)).status_code == 403
    assert (await api.post("/api/notifications/read", json=ids)).json() == {"unread": 1}
    assert [n["title"] for n in (await api.get("/api/notifications?unread=1")).json()["items"]] == [
        "One"
    ]
    for bad in ("x", ["x"], [1], {}, [str(uuid4())] * 201):
        assert (await api.post("/api/notifications/read", json={"ids": bad})).status_code == 422
    assert (await api.post("/api/notifications/read")).json() == {"unread": 0}
    assert len((await api.get("/api/notifications")).json()["items"]) == 2
    described = (await api.get("/api/openapi.json")).json()["paths"]["/api/notifications"]["get"]
    assert '"unread"' in json.dumps(described["responses"])


async def told(own, person):
    """What a person was told, oldest first; where it leads is there."""
    async with own.app.store.transaction() as tx:
        found = await notifications.newest(tx, person.id)
    browser = await own.as_(person.role)
    for each in found:
        assert (await browser.get(each.href, follow_redirects=True)).status_code == 200, each
    return [each.title for each in reversed(found)]


async def drafted(own):
    """A draft that the editor began, and its address."""
    editor = await own.as_("editor")
    answer = await editor.send_form("/drafts", title="Faster")
    return editor, answer.headers["location"]


async def test_what_people_say_of_a_draft_is_told(own):
    """Who began it hears of words and verdicts, who spoke of answers; nobody of what they did themselves."""
    editor, where = await drafted(own)
    owner, other, reader = [await own.as_(role) for role in ("owner", "commenter", "reader")]
    await editor.send_form(where, do="ask")
    assert await told(own, owner.person) == ["Editor asks for a review of Faster"]
    assert await told(own, other.person) == ["Editor asks for a review of Faster"]
    assert await told(own, reader.person) == []
    await other.send_form(where, do="comment", text="Why?")
    thread = re.search(r'name="thread" value="([^"]+)"', (await other.get(where)).text)[1]
    await editor.send_form(where, do="reply", thread=thread, text="So.")
    await owner.send_form(where, do="changes_requested", text="No.")
    await owner.send_form(where, do="approved", seen=own.app.repository.tip(where[8:]))
    assert await told(own, editor.person) == [
        "Commenter commented on Faster", "Owner asks for changes of Faster", "Owner approved Faster",
    ]  # fmt: skip
    assert (await told(own, other.person))[1:] == ["Editor answered in Faster"]
    await owner.send_form(where, do="close")
    assert (await told(own, editor.person))[-1] == "Owner closed Faster"
    assert (await told(own, other.person))[-1] == "Owner closed Faster"
    assert await told(own, owner.person) == ["Editor asks for a review of Faster"]


async def test_who_wrote_in_a_draft_hears_that_it_is_merged(own):
    """Also who never said a word of it."""
    _, where = await drafted(own)
    maintainer, owner = await own.as_("maintainer"), await own.as_("owner")
    tree = own.app.repository.work_tree
    team.git(tree, "checkout", "-q", where.removeprefix("/drafts/"))
    team.put(tree, {"site/prds/more.md": "# More\n"})
    team.git(tree, "commit", "-q", "--amend", "--no-edit", "--author=M <Maintainer@example.org>")
    team.git(tree, "checkout", "-q", "main")
    merged = await owner.send_form(where, do="squash")
    assert merged.status_code == 303
    assert await told(own, maintainer.person) == ["Owner merged Faster into main"]


async def test_a_review_is_asked_of_those_whose_approval_it_takes(own):
    """CODEOWNERS of main says who; nobody else is bothered."""
    tree = own.app.repository.work_tree
    team.put(tree, {"CODEOWNERS": "*.md @maintainer\n"})
    editor, where = await drafted(own)
    maintainer, owner = await own.as_("maintainer"), await own.as_("owner")
    team.git(tree, "checkout", "-q", where.removeprefix("/drafts/"))
    team.put(tree, {"site/prds/more.md": "# More\n"})
    team.git(tree, "checkout", "-q", "main")
    await editor.send_form(where, do="ask")
    assert await told(own, maintainer.person) == ["Editor asks for a review of Faster"]
    assert await told(own, owner.person) == []


@pytest.mark.parametrize("owner", ["@acme/product-team", "editor@example.org"])
async def test_where_no_owner_has_an_account_everybody_is_asked(own, owner):
    """A team of a forge, or nobody but who asks: a request that nobody hears is none."""
    tree = own.app.repository.work_tree
    team.put(tree, {"CODEOWNERS": f"* {owner}\n"})
    editor, where = await drafted(own)
    asked, reader = await own.as_("commenter"), await own.as_("reader")
    team.git(tree, "checkout", "-q", where.removeprefix("/drafts/"))
    team.put(tree, {"site/prds/more.md": "# More\n"})
    team.git(tree, "checkout", "-q", "main")
    await editor.send_form(where, do="ask")
    assert await told(own, asked.person) == ["Editor asks for a review of Faster"]
    assert await told(own, reader.person) == await told(own, editor.person) == []


@pytest.mark.parametrize("end", ["close", "withdraw", "ask"])
async def test_a_request_is_told_only_while_it_stands(own, end):
    """Who comes later, or is told of the end, does not hear of a request that is no more."""
    editor, where = await drafted(own)
    owner = await own.as_("owner")
    await editor.send_form(where, do="ask")
    await owner.send_form(where, do=end)
    late = await own.as_("maintainer")
    id_ = drafts.reviews(own.app)[0].id
    await review_news.tell(own.app, id_)
    again = ["Owner asks for a review of Faster"] if end == "ask" else []
    assert await told(own, late.person) == again


async def test_who_comes_later_does_not_hear_what_was_said_before(own, monkeypatch):
    """Not who answers in a thread then, nor who asks for a review, nor who writes in the draft."""
    editor, where = await drafted(own)
    owner, other, late = [await own.as_(r) for r in ("owner", "commenter", "maintainer")]
    await owner.send_form(where, do="comment", text="Why?")
    thread = re.search(r'name="thread" value="([^"]+)"', (await other.get(where)).text)[1]
    await editor.send_form(where, do="reply", thread=thread, text="So.")
    await other.send_form(where, do="reply", thread=thread, text="I agree.")
    assert await told(own, other.person) == []
    tree = own.app.repository.work_tree
    team.git(tree, "checkout", "-q", where.removeprefix("/drafts/"))
    when = f"{datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%SZ}"
    team.put(tree, {"site/prds/more.md": "# More\n"})
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", when)
        by = "--author=M <maintainer@example.org>"
        team.git(tree, "commit", "--amend", "--no-edit", by)
    team.git(tree, "checkout", "-q", "main")
    assert (await late.send_form(where, do="ask")).status_code == 303
    assert await told(own, late.person) == []
    asked = ["Maintainer asks for a review of Faster"]
    assert await told(own, other.person) == asked
    later = Entry("commented", "Owner", "owner@example.org", {"text": "Now"},
                  at=datetime.now(UTC) + timedelta(seconds=9))  # fmt: skip
    id_ = drafts.reviews(own.app)[0].id
    drafts.bring(own.app, id_, later)
    await review_news.tell(own.app, id_)
    assert await told(own, late.person) == ["Owner commented on Faster"]
    assert await told(own, other.person) == asked


async def test_words_are_told_behind_many_lines_of_which_nobody_is(own):
    """What is told is counted, not what is in the log."""
    editor, where = await drafted(own)
    id_ = drafts.find_branch(own.app, where.removeprefix("/drafts/")).review.id
    said = [Entry("commented", "Z", "z@far.example", {"text": "Hm"})]
    said += [Entry("described", "Z", "z@far.example", {"text": str(n)}) for n in range(40)]
    drafts.bring(own.app, id_, *said)
    await review_news.tell(own.app, id_)
    assert await told(own, editor.person) == ["Z commented on Faster"]


async def test_what_was_told_is_not_told_again(own):
    """What came twice is once, what was missed comes with the next line, and what is old is no news."""
    editor, where = await drafted(own)
    owner = await own.as_("owner")
    id_ = drafts.find_branch(own.app, where.removeprefix("/drafts/")).review.id
    old = Entry("commented", "Owner", "owner@example.org", {"text": "long ago"},
                at=datetime.now(UTC) - timedelta(days=8))  # fmt: skip
    drafts.bring(own.app, id_, old)
    drafts.say(own.app, id_, Entry("commented", "Owner", "owner@example.org", {"text": "killed"}))
    assert await told(own, editor.person) == []
    await owner.send_form(where, do="comment", text="again")
    await review_news.tell(own.app, id_)
    assert await told(own, editor.person) == ["Owner commented on Faster"] * 2


@contextmanager
def nobody_is_told(monkeypatch):
    """The store is away for notifications."""

    async def away(*_, **__):
        raise StoreUnavailable(where="the store")

    with monkeypatch.context() as patch:
        patch.setattr(notifications, "notify", away)
        yield


async def test_what_is_said_stays_said_while_nobody_can_be_told(own, monkeypatch):
    """The store is away: no error for who speaks, who would say it again."""
    editor, where = await drafted(own)
    owner = await own.as_("owner")
    with nobody_is_told(monkeypatch):
        assert (await owner.send_form(where, do="comment", text="Hm")).status_code == 303
    assert await told(own, editor.person) == []
    await owner.send_form(where, do="comment", text="And")
    assert await told(own, editor.person) == ["Owner commented on Faster"] * 2


async def test_an_end_that_nobody_was_told_is_told_within_the_hour(own, monkeypatch):
    """Nothing comes after it in the draft's log with which it would be told."""
    editor, where = await drafted(own)
    owner = await own.as_("owner")
    with nobody_is_told(monkeypatch):
        assert (await owner.send_form(where, do="close")).status_code == 303
    assert await told(own, editor.person) == []
    tidy = next(task for task in table.tasks(own.app) if task.name == "tidy")
    for _ in range(2):
        await tidy.run()
        assert await told(own, editor.person) == ["Owner closed Faster"]


async def test_recovered_words_are_told_to_those_who_wrote_them(own):
    """To who may write, when nobody here wrote them."""
    editor, reader, owner = [await own.as_(role) for role in ("editor", "reader", "owner")]
    for by in (Signature("R", "Reader@example.org"), Signature("X", "x@far.example")):
        await recovered.keep(own.app, "site/prds/a b.md", f"# {by}\n", f"# {by}\n".encode(), by)
        await recovered.keep(own.app, "site/prds/a b.md", f"# {by}\n", f"# {by}\n".encode(), by)
    mine = "Your words in site/prds/a b.md have no page any more; they are kept"
    theirs = mine.replace("Your words", "Words")
    assert await told(own, reader.person) == [mine]
    assert await told(own, editor.person) == await told(own, owner.person) == [theirs]


@pytest.mark.parametrize(
    ("data", "said", "href"),
    [
        ({"line": 3}, "Two versions of the same lines stand in site/a b.md", "/edit/main/site/a%20b.md#conflict"),
        ({"kept_as": "site/a.ours-1.md"}, "the other version is kept as site/a.ours-1.md", "/remote"),
        ({"deleted_in": "origin", "edited_in": "main"}, "edited in main: origin had deleted it", "/p/main/site/a%20b.md"),
        ({"kept_as": "recovered/a-1"}, None, None),
    ],
)  # fmt: skip
async def test_two_sides_that_met_are_told_in_words(own, data, said, href):
    """What is kept, and where."""
    reader = await own.as_("reader")
    event = Event("git.conflict.detected", "main", "site/a b.md", data=data)
    async with own.app.store.transaction() as tx:
        await relay.notify(tx, event)
        found = await notifications.newest(tx, reader.person.id)
    assert [each.href for each in found] == ([href] if href else [])
    assert all(said in each.title for each in found)
