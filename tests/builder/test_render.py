"""One rendering for preview, site, PDF and Word."""

import pytest

from prdgen.builder import addresses, highlight
from prdgen.builder.fragments import Fragments
from prdgen.builder.render import RenderContext, Rendered, render

KNOWN = {"docs/a.md": "A", "docs/b.md": "B", "docs/sub/index.md": "Sub"}


def of(text: str, **context) -> Rendered:
    context.setdefault("known_pages", KNOWN)
    return render("docs/a.md", text, context=RenderContext(**context))


def test_a_page_of_everything():
    """Tables, tasks, strikethrough, links without brackets, footnotes and alerts, as on GitHub."""
    text = (
        "| a | b |\n|---|--:|\n| 1 | ~~2~~ |\n\n- [x] done\n\nhttps://example.com [^1]\n\n"
        "[^1]: note\n\n> [!WARNING]\n> careful\n"
    )
    drawn = of(text).html
    for part in (
        "<table>", '<td align="right"><del>2</del></td>', 'type="checkbox"', 'checked=""',
        'href="https://example.com"', 'href="#fn-1"', "markdown-alert-warning",
    ):  # fmt: skip
        assert part in drawn


def test_front_matter_is_not_shown_and_is_handed_out():
    rendered = of("---\ntitle: T\nowner: Ann\n---\ntext\n")
    assert rendered.html == "<p>text</p>\n"
    assert (rendered.title, rendered.front_matter["owner"]) == ("T", "Ann")


@pytest.mark.parametrize(
    "written, href",
    [
        ("[x](b.md)", "/b/"),
        ("[x](b.md#Part one)", None),
        ("[x](b.md#part)", "/b/#part"),
        ("[x](sub/)", "/sub/"),
        ("[x](/docs/b.md)", "/b/"),
        ("[[b]]", "/b/"),
        ("[x](#here)", "#here"),
        ("[x](file.pdf)", "/file.pdf"),
        ('<a href="b.md">x</a>', "/b/"),
    ],
)
def test_links_lead_to_the_site(written, href):
    drawn = of(written).html
    assert ('href="' not in drawn) if href is None else (f'href="{href}"' in drawn)


def test_the_context_says_where_pages_are():
    drawn = of("[x](b.md#y)", link=lambda path, fragment: f"/p/main/{path}#{fragment}").html
    assert 'href="/p/main/docs/b.md#y"' in drawn


@pytest.mark.parametrize("written", ["[x](none.md)", "[x](../../out.md)", "![x](none.png)"])
def test_broken_ones_are_reported_with_their_line(written):
    rendered = of(f"---\na: 1\n---\n\n{written}\n", asset=lambda path: None)
    assert [(each.line, each.page_path) for each in rendered.problems] == [(5, "docs/a.md")]
    assert "broken-link" in rendered.html


def test_requirement_ids_in_text_lead_to_their_definition():
    text = "- [REQ-1] here\n\nREQ-1, REQ-2 and REQ-3\n"
    drawn = of(text, requirement_uses={"REQ-2": "docs/b.md"}).html
    assert 'href="#REQ-1">REQ-1</a>, ' in drawn
    assert 'href="/b/#REQ-2">REQ-2</a> and REQ-3' in drawn


def test_the_preview_carries_lines_and_the_site_does_not():
    text = "# A\n\n```py\nx = 1\n```\n"
    assert 'data-line="3"' in of(text, mode="preview").html
    assert "data-line" not in of(text).html


def test_code_is_coloured_and_unknown_languages_are_plain():
    assert '<span class="k">def</span>' in of("```python\ndef f(): ...\n```\n").html
    assert "&lt;b&gt;" in of("```nonsense\n<b>\n```\n").html


def test_long_code_is_shown_without_colours():
    drawn = highlight.block("python", "x = 1\n" * 20_000, Fragments())
    assert "<span" not in drawn


def test_formulas_are_mathml():
    """In files with what they say beside it, for those who hear it."""
    text = "$x^2$ and\n\n$$\n\\frac{a}{b}\n$$\n"
    drawn = of(text).html
    assert "<msup>" in drawn
    assert 'class="math math-display"' in drawn
    assert '<span title="x^2" class="math"><math' in of(text, mode="pdf").html
    assert "title=" not in drawn


def test_a_formula_that_cannot_be_drawn_is_shown_as_written():
    rendered = of("$`\\frac{`$\n")
    assert "\\frac{" in rendered.html
    assert rendered.problems[0].code == "formula"


def test_outline_and_anchors_agree():
    rendered = of("# A\n\n## A\n\n> ### B c\n")
    assert [f'id="{each.slug}"' in rendered.html for each in rendered.outline] == [True] * 3


def test_fragments_are_drawn_once_and_kept_in_a_folder(tmp_path):
    calls = []
    for _ in range(2):
        kept = Fragments(tmp_path)
        for _ in range(2):
            assert kept.get("k", "source", lambda: calls.append(1) or "drawn") == "drawn"
    assert calls == [1]


def test_fragments_in_memory_are_bounded():
    kept = Fragments(limit=1000)
    for number in range(100):
        kept.get("k", str(number), lambda: "x" * 100)
    assert kept._size <= 1000


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert Fragments(tmp_path / "file").get("k", "s", lambda: "drawn") == "drawn"


@pytest.mark.parametrize(
    "page_path, address",
    [
        ("docs/a/b.md", "/a/b/"),
        ("docs/index.md", "/"),
        ("docs/a/README.md", "/a/"),
        ("other/x y.md", "/other/x%20y/"),
        ("docs/ü#?.md", "/%C3%BC%23%3F/"),
    ],
)
def test_addresses_on_the_site(page_path, address):
    assert addresses.on_site(page_path) == address


def test_addresses_relative_to_a_page():
    assert addresses.relative("/a/b/#x", "/a/c/") == "../b/#x"


@pytest.mark.parametrize(
    "written",
    [
        "[![Build](https://ci.example/b.svg)](https://ci.example/)",
        '<p><a href="https://ci.example/">\n  <img src="https://ci.example/b.svg" alt="Build">\n</a></p>',
    ],
)
def test_image_from_elsewhere_inside_a_link_is_its_words(written: str):
    """A badge that is not loaded leaves a link that still says something."""
    shown = of(f"{written}\n").html
    assert shown.count("<a ") == 1
    assert '<span class="remote-image">Build</span>' in shown
