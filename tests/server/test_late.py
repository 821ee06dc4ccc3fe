"""Text of a document this server does not have: kept, under its person's name, and only of pages."""

from uuid import uuid4

import pytest

from prdgen import ids
from prdgen.crdt.replica import Replica

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
