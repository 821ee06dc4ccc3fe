"""Text that has no page any more is found by those whose text it is, and by everybody who may write."""

import subprocess

import pytest

from prdgen.flows import recovered
from prdgen.git.values import Signature

from .house import HTML, Seen

PAGE = "site/prds/checkout.md"
TEXT = "# Checkout\n\nWords that were in no commit.\n"
BOB = Signature("Bob", "reader@example.org")
ADA = Signature("Ada", "ada@example.org")


def git(house, *words):
    people = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    tree = house.app.repository.work_tree
    done = subprocess.run(["git", "-C", tree, *people, *words], check=True, capture_output=True)
    return done.stdout.decode()


async def kept(house, page_path=PAGE):
    """A page is deleted, and what was typed in it is kept; the draft's name."""
    git(house, "rm", "-q", page_path)
    git(house, "commit", "-qm", "Delete")
    return await recovered.keep(house.app, page_path, TEXT, TEXT.encode(), ADA, [BOB])


@pytest.mark.parametrize("where", ["/", "/drafts"])
async def test_everybody_who_may_write_is_told_and_whose_text_it_is(own, where):
    """A reader who wrote some of it sees it, without buttons; another reader does not."""
    branch = await kept(own)
    for role, told, buttons in (("editor", 1, 2), ("reader", 1, 0), ("commenter", 0, 0)):
        page = Seen((await (await own.as_(role)).get(where, headers=HTML)).text)
        assert page.words.count("Recovered text") == told, role
        assert ("yours" in page.words) == (role == "reader")
        found = [a["value"] for a in page.all("button") if a.get("value") in {"merge", "close"}]
        assert len(found) == buttons
        if told:
            assert "by Ada, Bob" in page.words
            assert f"/drafts/{branch}" in page.links()


async def test_it_is_put_back_by_one_button(own):
    """The page is there again with these words; nothing waits any more."""
    branch = await kept(own)
    browser = await own.as_("editor")
    answer = await browser.send_form(f"/drafts/{branch}", do="merge")
    assert answer.status_code == 303, answer.text
    assert git(own, "show", f"main:{PAGE}") == TEXT
    assert (
        "Words that were in no commit" in (await browser.get(f"/p/main/{PAGE}", headers=HTML)).text
    )
    assert "Recovered text" not in (await browser.get("/", headers=HTML)).text


async def test_what_is_discarded_can_be_brought_back(own):
    branch = await kept(own)
    browser = await own.as_("editor")
    closed = await browser.send_form(f"/drafts/{branch}", do="close")
    assert "Recovered text" not in (await browser.get("/", headers=HTML)).text
    assert branch not in own.app.repository.branches()
    await browser.send_form(closed.headers["location"], do="reopen")
    assert "Recovered text" in (await browser.get("/", headers=HTML)).text


async def test_the_pages_address_says_where_its_words_are(own):
    """For `/p/` and the API as for the editor: the draft, instead of a bare 404."""
    branch = await kept(own)
    browser = await own.as_("reader")
    for kind in "p", "edit", "blame", "raw":
        answer = await browser.get(f"/{kind}/main/{PAGE}", headers=HTML)
        assert answer.status_code == 404
        page = Seen(answer.text)
        assert f"kept in the draft {branch}" in page.words, kind
        assert f"/drafts/{branch}" in page.links()
    told = (await (await own.api("reader")).get(f"/api/pages/main/{PAGE}")).json()
    assert told["code"] == "page-recovered"
    assert branch in told["detail"]


async def test_late_text_is_put_back_beside_what_the_page_says_now(own):
    """What only it says comes in, under the names of both; nothing that main has goes away; where
    both say something else in one place both stand. Again does nothing.
    """
    now = "# Checkout\n\nKept by both.\n\nNew on main.\n\n## Till\n\nTen seconds.\n"
    (own.app.repository.work_tree / PAGE).write_text(now)
    git(own, "commit", "-qam", "Another text")
    late = "# Checkout\n\nKept by both.\n\n## Till\n\nTwelve seconds.\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    browser = await own.as_("editor")
    page = Seen((await browser.get(f"/drafts/{branch}", headers=HTML)).text)
    assert "Merging would take away" in page.words
    assert [a["value"] for a in page.all("button") if a.get("value") == "add"]
    page = Seen((await browser.get("/", headers=HTML)).text)
    assert "takes nothing away" in page.words
    assert [a["value"] for a in page.all("button") if a.get("name") == "do"] == ["add", "close"]
    answer = await browser.send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/edit/main/{PAGE}"
    found = git(own, "show", f"main:{PAGE}")
    assert {*now.splitlines(), *late.splitlines()} <= {*found.splitlines()}
    assert found.count("Kept by both.") == found.count("## Till") == 1
    assert "Co-authored-by: Bob <reader@example.org>" in git(
        own, "log", "-1", "--format=%B", "main"
    )
    assert branch not in own.app.repository.branches()
    again = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    await browser.send_form(f"/drafts/{again}", do="add")
    assert git(own, "show", f"main:{PAGE}") == found


async def test_only_recovered_text_is_put_into_a_page(own):
    """A draft of one's own is merged; and a reader puts nothing back."""
    branch = await recovered.keep(own.app, PAGE, TEXT, TEXT.encode(), ADA)
    before = git(own, "rev-parse", "main")
    answer = await (await own.as_("reader")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 403
    git(own, "branch", "mine")
    answer = await (await own.as_("editor")).send_form("/drafts/mine", do="add")
    assert answer.status_code == 422
    assert git(own, "rev-parse", "main") == before
