"""The page index."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from prdgen.errors import Invalid
from prdgen.store import errors, pages

from .factories import link, page, requirement


async def index(tx, *given, tip="c1", **kwargs):
    await pages.replace_pages(tx, "main", tip, given, kwargs.pop("deletes", []), **kwargs)


async def paths(tx, **filters):
    return [row.page_path for row in (await pages.list_pages(tx, "main", **filters)).pages]


async def test_a_page_comes_back_as_it_was_indexed(tx):
    """Front matter, outline and tags make the round trip."""
    given = page(text="Pay.", tags=("pay",), front_matter={"due": 3}, outline=[{"text": "Goals"}])
    await index(tx, given)
    assert await pages.get_page(tx, "main", given.row.page_path) == given.row
    assert await pages.indexed_tip(tx, "main") == "c1"


async def test_an_update_replaces_a_page_with_all_its_parts(tx):
    """No requirement of an older version stays."""
    await index(tx, page(requirements=[requirement("REQ-1"), requirement("REQ-2")]))
    await index(tx, page(requirements=[requirement("REQ-2")]), tip="c2")
    assert [found.id for found in await pages.requirements(tx, "main")] == ["REQ-2"]


async def test_deleted_pages_go_with_all_their_parts(tx):
    """A page deleted by a commit is in no list and points nowhere."""
    await index(tx, page("a.md", links=[link("page", "b.md")]), page("b.md"))
    await index(tx, deletes=["a.md"])
    assert await paths(tx) == ["b.md"]
    assert await pages.links_to(tx, "main", "b.md") == []


async def test_a_whole_index_drops_every_other_page(tx):
    """After a force-push nothing of the old branch stays."""
    await index(tx, page("a.md"), page("b.md"))
    await index(tx, page("c.md"), whole=True)
    assert await paths(tx) == ["c.md"]


async def test_an_index_that_moved_meanwhile_is_not_overwritten(tx):
    """Two indexers with different differences would leave a mixture."""
    await index(tx, page(), tip="c1")
    with pytest.raises(errors.IndexMoved):
        await index(tx, page(), tip="c3", from_tip="c2")


async def test_branches_are_apart(tx):
    """A draft's page is not main's."""
    await index(tx, page("a.md"))
    await pages.replace_pages(tx, "draft", "d1", [page("a.md", title="New")], [])
    assert (await pages.get_page(tx, "main", "a.md")).title == "Checkout"
    await pages.forget_branch(tx, "draft")
    assert await pages.indexed_branches(tx) == {"main": "c1"}


@pytest.mark.parametrize("filters, expected", [
    ({"status": "Approved"}, ["b.md"]), ({"owner": "ann"}, ["a.md"]), ({"tag": "pay"}, ["a.md"]),
    ({"query": "refund"}, ["b.md"]), ({"query": "Chec"}, ["a.md"]), ({"drafts": False}, ["a.md"]),
    ({}, ["a.md", "b.md"]),
])  # fmt: skip
async def test_lists_are_filtered(tx, filters, expected):
    """By status, owner, tag and words; upper and lower case are the same."""
    await index(
        tx, page("a.md", owner="Ann", tags=("pay",)),
        page("b.md", title="Returns", owner="Bob", status="approved", text="A refund.", draft=True),
    )  # fmt: skip
    await pages.index_words(tx, "main")
    assert await paths(tx, **filters) == expected


@pytest.mark.parametrize("order", ["path", "recent"])
async def test_pages_of_a_list_meet_without_gap_or_double(tx, order):
    """Keyset paging, also where times are equal."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    given = [page(f"{n}.md", updated_at=start + timedelta(days=n // 3)) for n in range(8)]
    await index(tx, *given)
    seen, after = [], None
    while True:
        listing = await pages.list_pages(tx, "main", order=order, limit=3, after=after)
        seen += [row.page_path for row in listing.pages]
        after = listing.after
        if after is None:
            break
    assert seen == sorted((f"{n}.md" for n in range(8)), reverse=order == "recent")


async def test_a_made_up_place_in_a_list_is_refused(tx):
    """It comes from an address people can edit."""
    with pytest.raises(Invalid):
        await pages.list_pages(tx, "main", after="x")


async def test_facets_count_what_there_is(tx):
    """What the filters offer."""
    await index(tx, page("a.md", tags=("pay", "web")), page("b.md", tags=("pay",), status=None))
    found = await pages.facets(tx, "main")
    assert (found.tag, found.status) == ({"pay": 2, "web": 1}, {"draft": 1})


async def test_what_links_here_leaves_out_the_page_itself(tx):
    """A page's own contents list is no backlink."""
    await index(tx, page("a.md", links=[link("page", "a.md")]),
                page("b.md", title="B", links=[link("page", "a.md"), link("external", "a.md")]))  # fmt: skip
    (found,) = await pages.links_to(tx, "main", "a.md")
    assert (found.page_path, found.title) == ("b.md", "B")


async def test_uses_of_a_requirement_are_found(tx):
    """Where a requirement is pointed to."""
    await index(tx, page("a.md", requirements=[requirement("REQ-1")]),
                page("b.md", links=[link("requirement", "REQ-1")]))  # fmt: skip
    assert [use.page_path for use in await pages.requirement_uses(tx, "main", "REQ-1")] == ["b.md"]
    (found,) = await pages.requirements(tx, "main", req_id="REQ-1")
    assert (found.page_path, found.title) == ("a.md", "Checkout")


async def test_a_hostile_page_does_not_stop_the_index(tx):
    """NUL, lone surrogates, endless aliases and odd types in front matter are storable."""
    endless: list = []
    endless.append(endless)
    odd = {"nul": "a\0b", "half": "\ud800", "endless": endless, date(2026, 1, 1): float("nan")}
    await index(tx, page(title="T\0", text="x\ud800\x02", front_matter=odd, tags=("\0",)))
    found = await pages.get_page(tx, "main", "docs/checkout.md")
    assert found.title == "T\ufffd"
    assert found.front_matter["2026-01-01"] == "nan"


async def test_a_page_of_a_megabyte_of_different_words_is_indexed(tx):
    """PostgreSQL refuses a search vector over 1 MB."""
    text = " ".join(uuid4().hex for _ in range(60_000))
    await index(tx, page(text=text))
    assert (await pages.get_page(tx, "main", "docs/checkout.md")).text == text
