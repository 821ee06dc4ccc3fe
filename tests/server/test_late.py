"""Text of a document this server does not have: kept, under its person's name, and only of pages."""

from uuid import uuid4

import pytest

from prdgen import ids
from prdgen.crdt.replica import Replica
from prdgen.crdt.splices import Splice
from prdgen.flows import open as open_flow
from prdgen.store import changes

from . import team

TEXT = "# Unknown\n\nNobody has a place for this.\n"


async def send(house, page_path: str, text: str = TEXT, role: str = "editor"):
    """A late document with this text, sent as an editor that comes back sends it."""
    name = ids.document_name(uuid4())
    return await (await house.api(role)).post(
        f"/api/documents/{name}/late", content=Replica.seed(text).save(),
        params={"branch": "main", "page_path": page_path},
    )  # fmt: skip


@pytest.mark.parametrize("page_path", ["site/prds/checkout.md", "site/a b ~ünï..cöde?.md"])
async def test_text_without_a_base_becomes_a_draft_of_its_person(own, page_path):
    """Nothing is merged silently: a branch keeps it, whatever the page's name; twice is once."""
    found = (await send(own, page_path)).json()
    assert found["document"] is None
    branch = found["recovered"]
    tree = own.app.repository.work_tree
    assert team.git(tree, "show", f"{branch}:{page_path}") == TEXT.strip()
    assert team.git(tree, "log", "-1", "--format=%an", branch) == "Editor"
    assert (await (await own.as_("reader")).get(found["edit"])).status_code == 200
    assert (await send(own, page_path)).json()["recovered"] == branch
    assert len(own.app.repository.branches()) == 2


@pytest.mark.parametrize("page_path", [".prdgen/roles.yml", "mkdocs.yml", "../x.md"])
async def test_late_text_of_what_is_no_page_goes_nowhere(own, page_path):
    """Not even to a draft: configuration takes more than the role of an editor."""
    assert (await send(own, page_path)).status_code in {400, 404}
    assert list(own.app.repository.branches()) == ["main"]


async def test_a_trailer_written_by_hand_is_in_nobodys_way(own):
    """`Prdgen-Heads: nonsense` in somebody's commit names nothing, and breaks nothing."""
    tree = own.app.repository.work_tree
    text = (tree / "site/prds/search.md").read_text()
    team.put(tree, {"site/prds/search.md": text + "\nx\n"}, "Edit\n\nPrdgen-Heads: nonsense zz\n")
    answer = await send(own, "site/prds/search.md", text)
    assert answer.status_code == 200, answer.text
    assert answer.json()["recovered"] is None


async def deliver(browser, house, page_path: str = "site/prds/checkout.md", **headers: str):
    """A document's bytes with a word of one's own, sent from any page; gives its row, the answer."""
    row = (await open_flow.document(house.app, "main", page_path)).document
    document = Replica.seed("# Checkout\n")
    document.edit([Splice(0, 0, "word")])
    address = f"/api/documents/{ids.document_name(row.id)}/changes"
    return row, await browser.post(address, content=document.save(), headers=headers)


async def nothing_came(house, row) -> None:
    """No change of it is stored."""
    async with house.app.store.transaction() as tx:
        assert await changes.since(tx, row.id, 0) == []


@pytest.mark.parametrize("role", ["reader", "commenter"])
async def test_whose_role_was_taken_away_delivers_nothing(own, role):
    """What they typed before waits on their device."""
    browser = await own.as_(role)
    row, answer = await deliver(browser, own, **{"x-csrf-token": await browser.token()})
    assert answer.status_code == 403
    await nothing_came(own, row)


async def test_folder_rules_hold_for_what_is_delivered(open_house, example, tmp_path):
    """Who may not write in the page's folder does not by this way."""
    folder = team.copy(example, tmp_path / "ruled")
    rules = "default: editor\nfolders:\n  site/prds/: maintainer\n"
    team.put(folder, {".prdgen/roles.yml": rules})
    house = await open_house(folder, copied=False)
    browser = await house.as_("editor")
    row, answer = await deliver(browser, house, **{"x-csrf-token": await browser.token()})
    assert (answer.status_code, answer.json()["code"]) == (403, "may-not-write")
    await nothing_came(house, row)


async def test_nothing_is_delivered_in_the_name_of_who_signed_in_meanwhile(own):
    """The page was Ada's, the session is somebody else's by now: its form token is not theirs."""
    before, after = await own.as_("maintainer"), await own.as_("editor")
    row, answer = await deliver(after, own, **{"x-csrf-token": await before.token()})
    assert answer.status_code == 403
    await nothing_came(own, row)
