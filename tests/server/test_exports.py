"""Documents of several pages over HTTP: the API, the page one waits at, the list with its choices."""

import pytest

from prdgen.jobs.worker import Worker

from . import team
from .house import HTML, Seen

PAGES = ["site/prds/checkout.md", "site/prds/search.md"]


@pytest.fixture
async def shop(own):
    """The example, with a page that is not published."""
    team.put(
        own.app.settings.repository,
        {"site/prds/secret.md": "---\ndraft: true\n---\n# Not yet\n"},
        "Draft",
    )
    await own.follow()
    return own


async def work(house):
    await Worker(house.app.queue).run_until_idle()


async def ask(program, **body):
    return await program.post("/api/exports", json={"format": "pdf", **body})


async def test_a_program_has_pages_made_one_file(shop):
    """Asked for, followed at its address, taken."""
    program = await shop.api("reader", "read")
    answer = await ask(program, pages=PAGES[:1])
    assert answer.status_code == 202
    address = answer.headers["location"]
    waiting = answer.json()
    assert (waiting["state"], waiting["pages"], waiting["file"]) == ("waiting", PAGES[:1], None)
    early = await program.get(f"{address}/file")
    assert (early.status_code, early.json()["code"]) == (409, "export-not-made")
    await work(shop)
    done = (await program.get(address)).json()
    assert (done["state"], done["done"], done["of"], done["error"]) == ("done", 1, 1, None)
    file = await program.get(done["file"])
    assert file.content[:5] == b"%PDF-"
    assert file.headers["content-disposition"].endswith('.pdf"')


async def test_the_whole_site_is_asked_for_by_name(shop):
    """Without pages; and one of both, not both or neither."""
    program = await shop.api("reader")
    book = (await ask(program, book=True, format="docx")).json()
    assert (book["book"], book["pages"]) == (True, [])
    for body in ({}, {"pages": []}, {"pages": PAGES, "book": True}, {"pages": "a.md"}, {"pages": [1]},
                 {"book": "yes"}, {"book": True, "format": "exe"}):  # fmt: skip
        answer = await ask(program, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body


async def test_what_readers_do_not_see_is_in_no_file(shop):
    """A draft that is named is refused with the reason, a path that is nothing too."""
    program = await shop.api("owner")
    answer = await ask(program, pages=["site/prds/secret.md"])
    assert (answer.status_code, answer.json()["code"]) == (422, "not-published")
    assert (await ask(program, pages=["site/none.md"])).status_code == 404
    assert (await ask(program, pages=["../etc/passwd"])).status_code == 400


async def test_only_who_may_read_gets_it(shop):
    """Neither the order nor the file without an account; no order from another site's page."""
    made = (await ask(await shop.api("reader"), pages=PAGES[:1])).json()
    await work(shop)
    anyone = shop.anyone()
    assert (await ask(anyone, book=True)).status_code == 401
    for address in (f"/api/exports/{made['id']}", f"/api/exports/{made['id']}/file", made["page"]):
        assert (await anyone.get(address)).status_code == 401, address
    browser = await shop.as_("reader")
    assert (await ask(browser, book=True)).status_code == 403
    unsigned = await browser.post("/exports", data={"book": "pdf"}, headers=HTML)
    assert unsigned.status_code == 403


async def test_delete_cancels_for_who_asked(shop):
    """Others keep theirs, and may not take it away."""
    reader, editor = await shop.api("reader"), await shop.api("editor")
    address = (await ask(reader, pages=PAGES[:1])).headers["location"]
    refused = await editor.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await reader.delete(address)).json()["state"] == "cancelled"


async def test_a_token_that_only_reads_asks_and_takes_back_its_own(shop):
    """An export changes nothing in Git. What others asked for it does not stop, whoever made it."""
    program, reader = await shop.api("owner", "read"), await shop.api("reader")
    others = (await ask(reader, pages=PAGES[:1])).headers["location"]
    assert (await program.delete(others)).status_code == 403
    asked = await ask(program, pages=PAGES)
    assert asked.status_code == 202
    own = await program.delete(asked.headers["location"])
    assert own.json()["state"] == "cancelled"
    assert (await (await shop.api("owner")).delete(others)).json()["state"] == "cancelled"


async def test_a_person_chooses_pages_and_waits_at_a_page(shop):
    """From the list to the file, without a script."""
    browser = await shop.as_("reader")
    listed = Seen((await browser.get("/pages", headers=HTML)).text)
    boxes = [each for each in listed.all("input") if each.get("type") == "checkbox"]
    values = [each["value"] for each in boxes]
    assert PAGES[0] in values
    assert "site/prds/secret.md" not in values
    assert all(each["aria-label"].startswith("Select ") for each in boxes)
    asked = await browser.send_form("/exports", page=values[:2], format="pdf")
    assert asked.status_code == 303
    where = asked.headers["location"]
    waiting = (await browser.get(where, headers=HTML)).text
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert 'value="cancel"' in waiting
    await work(shop)
    ready = (await browser.get(where, headers=HTML)).text
    assert 'http-equiv="refresh"' not in ready
    (link,) = [each for each in Seen(ready).links() if each.endswith("/file")]
    assert (await browser.get(link)).content[:5] == b"%PDF-"


async def test_cancel_and_again_are_buttons(shop):
    """Of the page one waits at; the folder of a page is a choice of its own."""
    browser = await shop.as_("reader")
    where = (await browser.send_form("/exports", page="site/prds", format="docx")).headers[
        "location"
    ]
    assert (await browser.send_form(where, do="cancel")).status_code == 303
    assert "It was cancelled" in (await browser.get(where, headers=HTML)).text
    assert (await browser.send_form(where, do="again")).headers["location"] == where
    assert 'value="cancel"' in (await browser.get(where, headers=HTML)).text


async def test_a_failure_is_shown_with_its_cure(open_house, example):
    """And the limit that was met is named."""
    house = await open_house(example, export_pages=1)
    browser = await house.as_("reader")
    where = (await browser.send_form("/exports", book="pdf")).headers["location"]
    await work(house)
    shown = (await browser.get(where, headers=HTML)).text
    assert "export_pages" in shown
    assert 'value="again"' in shown


async def test_nothing_chosen_is_said(shop):
    """A clear answer instead of an empty file."""
    answer = await (await shop.as_("reader")).send_form("/exports", format="pdf")
    assert answer.status_code == 422
    assert "at least one page" in answer.text


async def test_other_branches_have_nothing_to_choose(shop):
    """A draft's pages are in no document of several pages."""
    team.git(shop.app.settings.repository, "branch", "plans")
    await shop.follow()
    listed = Seen((await (await shop.as_("reader")).get("/pages?branch=plans", headers=HTML)).text)
    assert not [each for each in listed.all("input") if each.get("type") == "checkbox"]
    assert "/exports" not in [each.get("action") for each in listed.all("form")]
