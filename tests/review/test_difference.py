"""What came and went in a rendered page: block by block, neighbours apart."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from prdgen.builder import render
from prdgen.review import blocks, difference

_LISTED = "- [REQ-{}] {}\n"


def drawn(text):
    return render.render("a.md", text, context=render.RenderContext(mode="preview")).html


def marked(old, new):
    return difference.marked(drawn(old), drawn(new))


def entries(html):
    """The list entries, each with what a reader sees: `-words-` went, `+words+` came."""
    found = []
    for entry in re.findall(r"<li\b.*?</li>", html, re.DOTALL):
        said = re.sub(r"</?ins\b[^>]*>", "+", re.sub(r"</?del\b[^>]*>", "-", entry))
        found.append(re.sub(r"<[^>]*>", "", said).strip())
    return found


def test_neighbouring_requirements_are_not_mixed():
    """One is removed, the next one changed, another comes: each is seen by itself."""
    old = (
        "- [REQ-1] The cart keeps its items for a day.\n"
        "- [REQ-2] The shopper pays with one button.\n"
        "- [REQ-3] The shopper sees the price with one look.\n"
    )
    new = (
        "- [REQ-1] The cart keeps its items for a week.\n"
        "- [REQ-3] The shopper sees all prices at one look.\n"
        "- [REQ-4] The shopper pays with one key.\n"
    )
    shown = entries(marked(old, new))
    assert shown == [
        "REQ-1 The cart keeps its items for a -day.-+week.+",
        "-REQ-2- -The shopper pays with one button.-",
        "REQ-3 The shopper sees -the-+all+ -price-+prices+ -with-+at+ one look.",
        "+REQ-4+ +The shopper pays with one key.+",
    ]


def test_a_requirement_that_only_moved_is_not_struck():
    """It says so at its new place."""
    old = "".join(_LISTED.format(n, f"The {n}. thing is done.") for n in range(1, 6))
    lines = old.splitlines(keepends=True)
    shown = entries(marked(old, "".join([lines[4], *lines[:4]])))
    assert shown[0] == "moved REQ-5 The 5. thing is done."
    assert shown[1] == "REQ-1 The 1. thing is done."
    assert "<del" not in marked(old, "".join([lines[4], *lines[:4]]))


def test_a_deleted_page_keeps_its_form():
    """Headings, lists and tables are struck as what they were; nothing has an anchor twice."""
    text = (
        "# Plan\n\nWhy.\n\n- [REQ-1] First\n- Second\n\n| a |\n|---|\n| b |\n\n## Then\n\n> End\n"
    )
    html = marked(text, "")
    assert "<h1><del>Plan</del></h1>" in html
    assert re.search(r"<li>\s*(<p>)?<del>Second</del>", html)
    assert "<td><del>b</del></td>" in html
    assert "<h2><del>Then</del></h2>" in html
    assert not re.search(r' (id|data-line)="', html)


def test_paragraphs_are_paired_by_likeness():
    """A new one before a changed one does not make both of them changed."""
    old = "One shopper in three leaves at the till.\n\nThe end.\n"
    new = "Something new stands here.\n\nOne shopper in four leaves at the till.\n\nThe end.\n"
    html = marked(old, new)
    assert "<ins>Something new stands here.</ins>" in html
    assert "One shopper in <del>three</del><ins>four</ins> leaves at the till." in html


def test_rows_of_a_table_are_compared_cell_by_cell():
    """A row that came is one; the next stays what it was."""
    head = "| who | what |\n|---|---|\n| Ann | writes pages |\n"
    html = marked(head + "| Bob | reads pages |\n", head + "| Cy | x |\n| Bob | reads all |\n")
    assert re.search(r"<td><ins>Cy</ins></td>\s*<td><ins>x</ins></td>", html)
    assert re.search(r"<td>Bob</td>\s*<td>reads <del>pages</del><ins>all</ins></td>", html)


_WORDS = st.sampled_from(
    ["cart", "price", "pays", "a", "**b**", "`c`", "<i>d</i>", "&", "1 < 2", "é"]
)
_LINE = st.builds(" ".join, st.lists(_WORDS, min_size=1, max_size=5))
_PART = st.one_of(
    st.builds("## {}\n".format, _LINE), st.builds("{}\n".format, _LINE), st.builds("> {}\n".format, _LINE),
    st.builds("- {}\n- {}\n  - {}\n".format, _LINE, _LINE, _LINE),
    st.builds(_LISTED.format, st.integers(1, 6), _LINE),
    st.builds("| {} | b |\n|---|---|\n| {} | c |\n".format, _LINE, _LINE),
)  # fmt: skip
_TEXT = st.builds("\n".join, st.lists(_PART, max_size=6))


def without(html, tag):
    """The text of a body without what `tag` is around."""
    html = re.sub(rf"<{tag}\b.*?</{tag}>", "", html, flags=re.DOTALL)
    html = html.replace('<span class="badge moved">moved</span>', "")
    return re.sub(r"\s+", "", re.sub(r"<[^>]*>", "", html))


@given(_TEXT, _TEXT)
def test_the_new_text_is_there_whole_and_the_result_is_well_formed(old, new):
    """Whatever changed: without what went, a reader has the new page; every tag is closed."""
    left, right = drawn(old), drawn(new)
    html = difference.marked(left, right)
    assert without(html, "del") == without(right, "none")
    open_ = []
    for closes, name in re.findall(r"<(/?)(\w+)[^>]*>", html):
        if closes:
            assert open_.pop() == name
        elif name not in {"br", "hr", "img", "input"}:
            open_.append(name)
    assert not open_


def test_nothing_is_marked_where_nothing_changed():
    """Also when lines above are others."""
    text = "# A\n\n- [REQ-1] One\n\n```mermaid\nflowchart LR\n  A --> B\n```\n"
    assert difference.marked(drawn(text), drawn(text)).count("<ins") == 0
    html = marked(text, "---\ntitle: A\n---\n" + text)
    assert "<ins" not in html
    assert "<del" not in html


def test_blocks_know_their_requirement_by_the_element_itself():
    """Not by one that stands inside of it, nor by an id that a page made up."""
    (whole,) = blocks.split(drawn("- [REQ-1] One\n- [REQ-2] Two\n"))
    assert whole.requirement is None
    assert whole.requirements == {"REQ-1", "REQ-2"}
    assert [each.requirement for each in whole.blocks] == ["REQ-1", "REQ-2"]
