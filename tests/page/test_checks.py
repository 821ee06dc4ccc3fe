"""What a page's writers should look at."""

import pytest

from prdgen.page import checks


def codes(text: str, **known) -> list[tuple[int, str]]:
    found = checks.check("docs/a.md", text, known.pop("pages", None), **known)
    return [(problem.line, problem.code) for problem in found]


@pytest.mark.parametrize(
    "text, code",
    [
        ("!!! note\n    x\n", "material-syntax"),
        ('=== "Tab"\n\n    x\n', "material-syntax"),
        ("- [REQ-1]: hidden\n", "hidden-requirement"),
        ("- [REQ-1]\n", "empty-requirement"),
        ("a TODO here\n", "placeholder"),
        ("a {{title}} here\n", "placeholder"),
        ("![x](https://example.com/a.png)\n", "remote-image"),
        ("[x](../../a.md)\n", "broken-link"),
        ("[x](#nowhere)\n", "broken-anchor"),
        ("---\na: [\n---\n", "front-matter"),
        ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n", "conflict-marker"),
        ("a\n<<<<<<<<<<<< ours\nb\n============\nc\n>>>>>>>>>>>> x\n", "conflict-marker"),
        ("---\na: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n---\n", "conflict-marker"),
    ],
)
def test_each_kind_of_problem(text, code):
    assert code in [found for _, found in codes(text)]


def test_broken_links_and_images_by_line():
    text = "[a](b.md)\n[c](c.md)\n![d](d.png)\n"
    known = codes(text, pages={"docs/b.md"}, known_files={"docs/b.md"})
    assert known == [(2, "broken-link"), (3, "broken-image")]


def test_anchors_of_other_pages():
    """Those that the page has, as one writes them; what nobody can say is not checked."""
    of = {"docs/b.md": checks.anchors("# B\n\n## Über uns\n\n- [REQ-7] x\n"), "docs/c.md": None}
    known = {"pages": set(of), "known_files": set(of), "anchors_of": of.get}
    good = (
        "[a](b.md#%C3%BCber-uns) [b](b#REQ-7) [[b#b]] [c](c.md#x) [d](b.md#:~:text=x) [e](b.md#)\n"
    )
    assert codes(good, **known) == []
    assert codes("[a](b.md#uber)\n", **known) == [(1, "broken-anchor")]
    notes = checks.anchors("# B\n\nx[^1] y[^a-2]\n\n[^1]: n\n[^a-2]: m\n\n<h2 ID='Big'>B</h2>\n")
    known["anchors_of"] = {"docs/b.md": notes}.get
    good = "[a](b.md#fn-1) [b](b.md#fnref-1-2) [c](b.md#fn-a-2) [d](b.md#Big) [e](b.md#top) [f](b.md#Big:~:text=x)\n"
    assert codes(good, **known) == []
    assert codes("[a](b.md#fn-3) [t](#top)\n", **known) == [(1, "broken-anchor")]
    known["anchors_of"] = of.get
    assert codes("[[b#none]]\n", **known) == [(1, "broken-anchor")]


def test_what_is_not_known_is_not_checked():
    assert codes("[a](b.md) ![d](d.png) [f](folder/)\n") == []


def test_requirement_ids_stand_for_one_statement():
    text = "- [REQ-1] a\n- [REQ-1] b\n- [REQ-2] c\n"
    found = codes(text, defined={"REQ-1": "docs/a.md", "REQ-2": "docs/z.md"})
    assert found == [(2, "duplicate-requirement"), (3, "duplicate-requirement")]


def test_sections_left_from_the_template():
    text = "# T\n\n## A\n\n<!-- hint -->\n\n## B\n\n### C\n\ntext\n\n## D\n"
    assert codes(text) == [(3, "empty-section"), (13, "empty-section")]


@pytest.mark.parametrize(
    "text",
    ["```\n!!! note\n- [REQ-1]: x\nTODO\n```\n", "# T\n\n[x](#t) [y](#T)\n", "Title\n===\n\ntext\n",
     '<a id="x"></a>\n\n[y](#x)\n', "- [REQ-1] a\n\n[x](#REQ-1)\n"],
)  # fmt: skip
def test_clean_pages(text):
    assert codes(text) == []


def test_conflict_markers_in_code_are_no_conflict():
    """A page about Git may show some; and a line of `=` alone underlines a heading."""
    shown = "<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n"
    assert codes(f"Like this:\n\n```\n{shown}```\n") == []
    assert codes("Title\n=======\n\nwords\n") == []
