"""Text that has no page any more is found by those whose text it is, and by everybody who may write."""

import subprocess

import pytest

from prdgen.flows import edit, pull, put_in, recovered
from prdgen.git.values import Signature
from prdgen.merge.diff import Splice
from prdgen.sync import ports

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


async def typed(house, branch, words, role, page_path=PAGE):
    """Someone types at the end of a page, and saves nothing."""
    live = await house.app.keeper.get(branch, page_path)
    person = await house.person(role)
    at_end = [Splice(len(live.room.text), 0, words)]
    await live.room.edit(lambda doc: doc.edit(at_end), origin=ports.PEER, person_id=person.id)
    return live


def page_on_main(house, now, page_path=PAGE):
    (house.app.repository.work_tree / page_path).write_text(now)
    git(house, "add", page_path)
    git(house, "commit", "-qm", "Another text")


async def test_sections_that_main_put_elsewhere_do_not_come_again(own):
    """Main has them in another order; and a requirement it has elsewhere does not come twice."""
    beta = "## Beta\n\n- [PAY-1] Ten seconds at the till.\n"
    alpha = "## Alpha\n\n- [PAY-2] A receipt on paper.\n"
    page_on_main(own, f"# Checkout\n\n{beta}\n{alpha}")
    late = f"# Checkout\n\n{alpha}\n{beta}\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    assert git(own, "show", f"main:{PAGE}") == f"# Checkout\n\n{beta}\nLate words.\n\n{alpha}"


@pytest.mark.parametrize(
    "front", ["---\nstatus: approved\ndraft: true\n---\n", "", "---\na: b\n---\n"]
)
async def test_old_words_do_not_say_who_sees_the_page(own, front):
    """What main says of the page counts, also where it says nothing: it is neither published nor hidden."""
    page_on_main(own, f"{front}# Checkout\n")
    late = (
        "---\nstatus: draft\ndraft: false\npublished: false\nowner: Bob\n---\n# Checkout\n\nLate.\n"
    )
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    found = git(own, "show", f"main:{PAGE}")
    assert {*front.splitlines(), "owner: Bob", "Late."} <= {*found.splitlines()}
    assert not {"status: draft", "draft: false", "published: false"} & {*found.splitlines()}


async def test_the_draft_stays_open_when_a_hook_refuses(own):
    """Its reason is said; when it lets the words through they are there once and the draft closes."""
    page_on_main(own, "# Checkout\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    hook = own.app.repository.work_tree / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no late words please; exit 1\n")
    hook.chmod(0o755)
    browser = await own.as_("editor")
    answer = await browser.send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 422
    assert "no late words please" in Seen(answer.text).words
    assert branch in own.app.repository.branches()
    assert "Recovered text" in (await browser.get("/", headers=HTML)).text
    hook.unlink()
    assert (await browser.send_form(f"/drafts/{branch}", do="add")).status_code == 303
    assert git(own, "show", f"main:{PAGE}") == late
    assert branch not in own.app.repository.branches()


async def test_what_is_typed_in_the_draft_comes_along(own):
    page_on_main(own, "# Checkout\n\nNew on main.\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    await typed(own, branch, "\nTyped just now.\n", "owner")
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    found = git(own, "show", f"main:{PAGE}").splitlines()
    assert {"New on main.", "Late words.", "Typed just now."} <= {*found}


async def test_every_page_that_the_draft_changes_is_put_back(own):
    """Also the one that somebody changed in it; what is no page of main is said, and nothing done."""
    other = "site/prds/aaa.md"
    page_on_main(own, "# Checkout\n\nNew on main.\n")
    page_on_main(own, "# Other\n", other)
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    await typed(own, branch, "\nAlso this.\n", "editor", other)
    browser = await own.as_("editor")
    await edit.save_version(own.app, branch, other, None, browser.person.id)
    assert PAGE in Seen((await browser.get("/", headers=HTML)).text).words
    before = git(own, "rev-parse", "main")
    tree = own.app.repository.work_tree.parent / "draft"
    git(own, "worktree", "add", "-q", str(tree), branch)
    (tree / "more.txt").write_text("No page.\n")
    git(own, "-C", str(tree), "add", "more.txt")
    git(own, "-C", str(tree), "commit", "-qm", "More")
    answer = await browser.send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 409
    assert "more.txt" in Seen(answer.text).words
    assert git(own, "rev-parse", "main") == before
    git(own, "-C", str(tree), "reset", "-q", "--hard", "HEAD^")
    git(own, "worktree", "remove", str(tree))
    answer = await browser.send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"/edit/main/{PAGE}"
    assert "Also this." in git(own, "show", f"main:{other}")
    assert "Late words." in git(own, "show", f"main:{PAGE}")


async def test_nobody_elses_words_are_signed(own):
    """What somebody typed in the page is a version of its own, without the names of the old words."""
    page_on_main(own, "# Checkout\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    await typed(own, "main", "\nOf the owner.\n", "owner")
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    said = git(own, "log", "-2", "--format=%an|%s|%(trailers:key=Co-authored-by)", "main")
    last, before = (line for line in said.splitlines() if "|" in line)
    assert last.startswith("Editor|Put recovered words back, of Bob|Co-authored-by: Bob")
    assert before.startswith("Owner|")
    assert "Put recovered" not in before
    assert "Co-authored" not in before


async def test_nor_what_is_typed_while_they_are_put_back(own, monkeypatch):
    """Between two steps somebody goes on: their part has a subject of its own."""
    page_on_main(own, "# Checkout\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    take_in = pull.take_in

    async def and_somebody_types(*given, **more):
        await take_in(*given, **more)
        await typed(own, "main", "\nOf the owner.\n", "owner")

    monkeypatch.setattr(pull, "take_in", and_somebody_types)
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    said = git(own, "log", "-2", "--format=%an|%s", "main").splitlines()
    assert "Editor|Put recovered words back, of Bob" in said
    assert [line for line in said if "Owner|" in line and "Put recovered" not in line]


async def test_what_is_typed_in_the_draft_meanwhile_comes_along_too(own, monkeypatch):
    """Somebody goes on in the draft while its words are put back, and leaves: it is not closed without that."""
    page_on_main(own, "# Checkout\n\nNew on main.\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    take_in, often = pull.take_in, []

    async def and_somebody_types(app, live, *given, **more):
        await take_in(app, live, *given, **more)
        if live.branch == "main" and not often:
            often.append(await typed(own, branch, "\nTyped meanwhile.\n", "owner"))

    monkeypatch.setattr(pull, "take_in", and_somebody_types)
    answer = await (await own.as_("editor")).send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 303, answer.text
    assert often
    found = git(own, "show", f"main:{PAGE}").splitlines()
    assert [found.count(line) for line in ("New on main.", "Late words.", "Typed meanwhile.")] == [
        1
    ] * 3
    assert branch not in own.app.repository.branches()


async def test_a_draft_that_somebody_goes_on_in_stays_open(own, monkeypatch):
    """Its newest words would be nowhere but in a closed draft; the ones before are put back, once."""
    page_on_main(own, "# Checkout\n")
    late = "# Checkout\n\nLate words.\n"
    branch = await recovered.keep(own.app, PAGE, late, late.encode(), BOB)
    browser = await own.as_("editor")
    with monkeypatch.context() as patch:
        patch.setattr(put_in, "_TRIES", 0)
        answer = await browser.send_form(f"/drafts/{branch}", do="add")
    assert answer.status_code == 422
    assert "somebody goes on typing in it" in Seen(answer.text).words
    assert branch in own.app.repository.branches()
    assert (await browser.send_form(f"/drafts/{branch}", do="add")).status_code == 303
    assert git(own, "show", f"main:{PAGE}") == late
