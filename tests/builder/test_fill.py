"""Filling the frame: contents, badges, dates, addresses."""

import pytest

from prdgen.builder import fill
from prdgen.builder.manifest import PageFacts
from prdgen.builder.sources import Target
from prdgen.page.outline import Heading


def heading(level: int, text: str) -> Heading:
    return Heading(level=level, text=text, slug=text.lower(), line=1)


def test_toc_nests_and_leaves_the_title_out():
    """Contents follow the headings' levels, also where one is skipped."""
    html = fill.toc([heading(1, "T"), heading(2, "A"), heading(4, "B"), heading(2, "C")])
    assert html.count("<li") == 3
    assert (
        html.index("#a")
        < html.index("<nav")
        < html.index("#b")
        < html.index("</nav>")
        < html.index("#c")
    )
    assert "#t" not in html


def test_toc_is_text():
    """A heading is never markup in the contents."""
    assert "<b>" not in fill.toc([heading(2, "<b>x</b>")])


@pytest.mark.parametrize(
    ("status", "kind"),
    [("In Review", "review"), ("approved", "approved"), ("superseded", "past"), ("weird", "other")],
)
def test_status_badge(status, kind):
    """A badge says the status as written, its colour says how far the page is."""
    assert f"prd-status--{kind}" in fill.status_badge(status)


def test_badges_stand_below_the_title():
    """Title, then badges, then text; a page without a heading gets its title."""
    page = PageFacts(page_path="a.md", blob="", title="A & B", status="draft")
    assert fill.with_badges("<h1>T</h1><p>x</p>", page, "").index("prd-badges") > 5
    assert fill.with_badges("<p>x</p>", page, "").startswith("<h1>A &amp; B</h1>")


@pytest.mark.parametrize(
    ("url", "path", "source"),
    [
        ("a/b/", "docs/a/b.md", "a/b.md"),
        ("a/", "docs/a/index.md", "a/index.md"),
        ("", "README.md", "README.md"),
    ],
)
def test_source_address(url, path, source):
    """The Markdown is at the page's address with `.md`, or beside its folder's index."""
    assert fill.public_source(url, path) == source


def test_edit_address(frame):
    """The server's editor when it is known, else nothing without a forge."""
    target = Target(branch="main", edit_url="/edit/{branch}/{page_path}")
    assert fill.edit_address(frame, target, "site/a.md") == "/edit/main/site/a.md"
    assert fill.edit_address(frame, Target(), "site/a.md") == ""


@pytest.mark.parametrize(
    ("moment", "shown"), [("2026-11-04T09:00:00+00:00", ">4 Nov 2026<"), ("soon", "soon")]
)
def test_time(moment, shown):
    """Dates read as dates, other words stay words."""
    assert shown in fill.time_html(moment)
