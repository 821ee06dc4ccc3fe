"""Addresses that were right once: of renamed and deleted pages, and of drafts that are over."""

import subprocess

import pytest

from prdgen.flows import whereabouts

from .house import HTML, Seen

OLD, NEW = "site/prds/checkout.md", "site/legal/till page.md"
QUOTED = "site/legal/till%20page.md"


def git(house, *words):
    tree = house.app.repository.work_tree
    people = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", tree, *people, *words], check=True, capture_output=True)


def moved(house, old=OLD, new=NEW):
    """Renamed and committed, as people do in a terminal."""
    (house.app.repository.work_tree / new).parent.mkdir(parents=True, exist_ok=True)
    git(house, "mv", old, new)
    git(house, "commit", "-qm", f"Move {old}")


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        (f"/p/main/{OLD}", f"/p/main/{QUOTED}"),
        (f"/edit/main/{OLD}", f"/edit/main/{QUOTED}"),
        (f"/history/main/{OLD}?skip=0", f"/history/main/{QUOTED}?skip=0"),
        (f"/diff/main/{OLD}", f"/diff/main/{QUOTED}"),
        (f"/blame/main/{OLD}", f"/blame/main/{QUOTED}"),
        (f"/raw/main/{OLD}", f"/raw/main/{QUOTED}"),
        (f"/export/main/{OLD}?format=md", f"/export/main/{QUOTED}?format=md"),
        ("/export/main/site/prds/checkout.json", "/export/main/site/legal/till%20page.json"),
        (f"/api/pages/main/{OLD}", f"/api/pages/main/{QUOTED}"),
        (f"/api/history/main/{OLD}?limit=3", f"/api/history/main/{QUOTED}?limit=3"),
        (f"/api/diff/main/{OLD}", f"/api/diff/main/{QUOTED}"),
        (f"/api/blame/main/{OLD}", f"/api/blame/main/{QUOTED}"),
        (f"/api/links/main/{OLD}", f"/api/links/main/{QUOTED}"),
        (f"/api/export/main/{OLD}?format=md", f"/api/export/main/{QUOTED}?format=md"),
        (f"/api/documents/main/{OLD}", f"/api/documents/main/{QUOTED}"),
    ],
)  # fmt: skip
async def test_every_old_address_leads_to_the_page(renamed_house, asked, there):
    """Each address that names a page's path leads to the same of its present path, and that works."""
    browser = await renamed_house.as_("reader")
    answer = await browser.get(asked, headers=HTML)
    assert answer.status_code in {302, 307}
    assert answer.headers["location"] == there
    assert answer.headers["cache-control"] == "no-cache"
    assert (await browser.get(there, headers=HTML)).status_code == 200
    if asked.startswith("/api/"):
        assert answer.json()["page_path"] == NEW


@pytest.fixture(scope="module")
async def renamed_house(own_database_of, example, tmp_path_factory):
    async with own_database_of(example, tmp_path_factory.mktemp("renamed")) as house:
        moved(house)
        yield house


async def test_several_renames_a_folder_and_a_lost_database(own):
    """The way goes on over every rename, and is the same when nothing but Git is left."""
    moved(own, OLD, "site/prds/pay.md")
    browser = await own.as_("reader")
    answer = await browser.get(f"/p/main/{OLD}", headers=HTML)
    assert answer.headers["location"] == "/p/main/site/prds/pay.md"
    moved(own, "site/prds", "site/products")
    for _ in "once more", "without what was kept":
        answer = await browser.get(f"/p/main/{OLD}", headers=HTML)
        assert answer.headers["location"] == "/p/main/site/products/pay.md"
        (own.app.state_dir / "renames-main.json").unlink()


async def test_another_page_at_the_old_path_is_shown(own):
    moved(own)
    browser = await own.as_("reader")
    tree = own.app.repository.work_tree
    (tree / OLD).write_text("# Another one\n")
    answer = await browser.get(f"/edit/main/{OLD}", headers=HTML)
    assert answer.status_code == 200, "the file that is not committed yet"
    git(own, "add", OLD)
    git(own, "commit", "-qm", "Another one")
    assert "Another one" in (await browser.get(f"/p/main/{OLD}", headers=HTML)).text


async def test_only_new_commits_are_read(own, monkeypatch):
    """What is known of Git's renames is kept: a second rename costs one commit."""
    moved(own)
    browser = await own.as_("reader")
    await browser.get(f"/p/main/{OLD}", headers=HTML)
    known = own.app.repository.tip("main")
    moved(own, NEW, "site/last.md")
    asked, between = [], whereabouts.renames.between

    def seen(repository, old, new):
        asked.append((old, new))
        return between(repository, old, new)

    monkeypatch.setattr(whereabouts.renames, "between", seen)
    for _ in range(3):
        answer = await browser.get(f"/p/main/{OLD}", headers=HTML)
        assert answer.headers["location"] == "/p/main/site/last.md"
    assert asked == [(known, own.app.repository.tip("main"))]


async def test_who_sends_something_to_an_old_path_is_told_the_new_one(own):
    moved(own)
    api = await own.api("editor")
    body = {"branch": "main", "page_path": OLD}
    answer = await api.post("/api/versions", json=body)
    assert answer.status_code == 404
    assert answer.json()["code"] == "page-renamed"
    assert NEW in answer.json()["detail"]


async def test_a_deleted_page_says_who_deleted_it_and_leads_to_its_versions(own):
    git(own, "rm", "-q", OLD)
    git(own, "commit", "-qm", "Nobody pays any more")
    browser = await own.as_("editor")
    answer = await browser.get(f"/p/main/{OLD}", headers=HTML)
    assert answer.status_code == 404
    page = Seen(answer.text)
    assert "was deleted from main by Ada" in page.words
    assert "Nobody pays any more" in page.words
    for link in page.links():
        if OLD in link:
            assert (await browser.get(link, headers=HTML)).status_code == 200, link
    assert sum(OLD in link for link in page.links()) >= 2


async def test_an_address_in_a_draft_that_is_over_leads_to_the_page_on_main(own):
    browser = await own.as_("editor")
    answer = await browser.send_form("/drafts", title="Cheaper", page_path=OLD)
    there = answer.headers["location"]
    branch = there.removeprefix("/edit/").removesuffix(f"/{OLD}")
    closed = await browser.send_form(f"/drafts/{branch}", do="close")
    assert closed.status_code == 303
    moved(own)
    page = Seen((await browser.get(there, headers=HTML)).text)
    assert "Cheaper" in page.words
    assert "closed" in page.words
    assert f"/p/main/{QUOTED}" in page.links()
    assert closed.headers["location"] in page.links()


async def test_so_does_one_by_a_name_that_the_draft_had_before(own):
    """Its branch was renamed, and it is over; the draft that had the name last counts."""
    browser = await own.as_("editor")
    answer = await browser.send_form("/drafts", title="Cheaper", page_path=OLD)
    there = answer.headers["location"]
    branch = there.removeprefix("/edit/").removesuffix(f"/{OLD}")
    git(own, "branch", "-m", branch, "plan-b")
    closed = await browser.send_form("/drafts/plan-b", do="close")
    assert closed.status_code == 303
    for address in (there, f"/p/{branch}/{OLD}", f"/p/plan-b/{OLD}"):
        page = Seen((await browser.get(address, headers=HTML)).text)
        assert "Cheaper" in page.words, address
        assert f"/p/main/{OLD}" in page.links()
        assert closed.headers["location"] in page.links()


async def test_a_deleted_page_is_restored_from_its_history(own):
    """As its last page says: any version it had, as a page again, by whoever restores it."""
    path = own.app.repository.work_tree / OLD
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(text.encode())
    git(own, "commit", "-qam", "Endings")
    before = own.app.repository.tip("main")
    git(own, "rm", "-q", OLD)
    git(own, "commit", "-qm", "Nobody pays any more")
    browser = await own.as_("editor")
    asking = await browser.get(f"/history/main/{OLD}", params={"restore": before}, headers=HTML)
    assert asking.status_code == 200, asking.text
    answer = await browser.send_form(f"/history/main/{OLD}", commit=before)
    assert answer.status_code == 303, answer.text
    tip = own.app.repository.tip("main")
    assert own.app.repository.read(tip, OLD).decode() == text
    assert own.app.repository.commit_info(tip).author.name == "Editor"
    assert (await browser.get(f"/p/main/{OLD}", headers=HTML)).status_code == 200


async def test_a_template_is_shown_and_neither_edited_nor_drafted(own):
    """It is a file of the repository, but no page: nothing leads where it cannot be opened."""
    template = own.app.repository.work_tree / "prd-templates" / "feature.md"
    template.parent.mkdir(exist_ok=True)
    template.write_text("# Feature\n")
    git(own, "add", "prd-templates")
    git(own, "commit", "-qm", "A template of our own")
    browser = await own.as_("editor")
    for path, offered in (("prd-templates/feature.md", False), (OLD, True)):
        answer = await browser.get(f"/p/main/{path}", headers=HTML)
        page = Seen(answer.text)
        assert answer.status_code == 200
        assert (f"/edit/main/{path}" in page.links()) is offered
        assert ("Start a draft" in page.words) is offered
        assert ("it is changed with Git" in page.words) is not offered
