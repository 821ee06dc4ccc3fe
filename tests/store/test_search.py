"""Full-text search."""

from __future__ import annotations

import pytest

from prdgen.store import pages, search

from .factories import link, page, requirement

PAGES = [
    page("checkout.md", title="Checkout payments", requirements=[requirement("REQ-012")],
         text="Customers authenticate once, with single sign-on. REQ-012 Pay."),
    page("search.md", title="Éclair search", links=[link("requirement", "REQ-012")],
         text="Who finds IT? The checkout uses REQ-012 and not REQ-0123."),
    page("naïve.md", title="Zahlungsverkehr", text="Die Überweisung dauert."),
    page("hidden.md", title="Secret payments", text="Payments.", draft=True),
]  # fmt: skip


@pytest.fixture
async def indexed(tx):
    await pages.replace_pages(tx, "main", "c1", PAGES, [])
    await pages.index_words(tx, "main")
    return tx


async def test_words_follow_the_page(indexed):
    """Until they do, a page is found by what it said, under what it is called now; once gone, never."""
    tx = indexed
    new = page("search.md", blob="2", title="Éclair search", text="Who finds a wombat?")
    new_too = page("new.md", title="New", text="Another wombat.")
    await pages.replace_pages(tx, "main", "c2", [new, new_too], ["naïve.md"], from_tip="c1")
    assert await find(tx, "wombat") == []
    assert await find(tx, "finds") == ["search"]
    assert await find(tx, "Überweisung") == []
    assert await pages.index_words(tx, "main") == 2
    assert sorted(await find(tx, "wombat")) == ["new", "search"]
    assert await pages.index_words(tx, "main") == 0
    assert await pages.index_words(tx, "nowhere") == 0
    await pages.replace_pages(tx, "main", "c3", [new], [], whole=True)
    assert await find(tx, "wombat") == ["search"]
    await pages.forget_branch(tx, "main")
    assert await (await tx.execute("SELECT count(*) FROM page_words")).fetchone() == (0,)


async def find(tx, query, **kwargs):
    found = await search.search(tx, "main", query, drafts=False, **kwargs)
    return [hit.page_path.removesuffix(".md") for hit in found.hits]


@pytest.mark.parametrize("query, expected", [
    ("payment", ["checkout"]),  # another form of the word
    ("authenticating", ["checkout"]),
    ("eclair", ["search"]),  # without the accent
    ("ÜBERWEISUNG", ["naïve"]),  # another language finds itself
    ("paym", ["checkout"]),  # the beginning of a word
    ("customers authent", ["checkout"]),  # the last word unfinished
    ("IT", ["search"]), ("who", ["search"]),  # no stop words
    ('"single sign-on"', ["checkout"]), ('"sign single"', []),
    ("checkout -payment", ["search"]),
    ("eclair or zahlungsverkehr", ["naïve", "search"]),
    ("chekout", ["checkout", "search"]),  # mistyped
    ("zahlungsvekehr", ["naïve"]),
    ("xyzzy", []), ("", []), ("   ", []),
])  # fmt: skip
async def test_what_people_type_is_found(indexed, query, expected):
    """Words, forms, beginnings, phrases, negation, accents, mistakes."""
    assert sorted(await find(indexed, query)) == sorted(expected)


@pytest.mark.parametrize("query", ["REQ-012", "req-012"])
async def test_a_requirements_id_finds_its_definition_then_its_uses(indexed, query):
    """People paste ids."""
    assert await find(indexed, query) == ["checkout", "search"]


async def test_a_title_counts_more_than_a_body(indexed):
    """Both pages have the word."""
    assert await find(indexed, "checkout") == ["checkout", "search"]


async def test_a_mistyped_query_says_what_was_searched_instead(indexed):
    """So that the person can see it."""
    found = await search.search(indexed, "main", "chekout payments")
    assert found.corrected == "checkout payments"


async def test_marks_stand_around_the_words_found(indexed):
    """The door escapes the text, then turns the marks into markup."""
    (hit,) = (await search.search(indexed, "main", "customers", drafts=False)).hits
    assert "\x02Customers\x03" in hit.snippet


async def test_an_id_is_marked_as_one(indexed):
    """To PostgreSQL it is two words."""
    hit = (await search.search(indexed, "main", "REQ-012")).hits[0]
    assert "\x02REQ-012\x03" in hit.snippet


async def test_drafts_are_found_by_those_who_may_see_them(indexed):
    """And by nobody else."""
    assert "hidden" not in await find(indexed, "secret")
    assert (await search.search(indexed, "main", "secret")).total == 1


async def test_total_counts_the_pages_beyond_the_limit(indexed):
    """For paging."""
    found = await search.search(indexed, "main", "REQ-012", limit=1, offset=1)
    assert (found.total, [hit.page_path for hit in found.hits]) == (2, ["search.md"])


@pytest.mark.parametrize("query", [
    "'", '"', "a & | ! (", ":*", "\\", "%", "a:b", "<->", "--", "\x02", "REQ-", "-", "x" * 5000,
    "or", "a or", '"unfinished', "∑ 漢字", "((((" * 100,
])  # fmt: skip
async def test_no_query_is_an_error(indexed, query):
    """It comes from anybody."""
    await search.search(indexed, "main", query)
