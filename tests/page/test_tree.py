"""One parse, right lines, and no text that takes the process with it."""

import gc
import resource
import time
from pathlib import Path

import pytest

from prdgen.page import facts, html, tree

HOSTILE = {
    "30 kB of brackets": "[" * 30_000,
    "20 kB of open links": "[a](" * 5_000,
    "30 kB of open images": "![[" * 10_000,
    "400 kB of nested brackets": "[" * 200_000 + "]" * 200_000,
    "400 kB of quotes": ">" * 400_000,
    "nested lists": "- " * 50_000 + "x",
    "lists by indentation": "".join("  " * depth + "- a\n" for depth in range(700)),
    "nested bold": "**a " * 50_000 + "b** " * 50_000,
    "nested images": "![" * 20_000 + "](x)" * 20_000,
    "unclosed tags": "<a " * 30_000,
    "dollars": "$" * 30_000,
    "a wide table": "|" * 3_000 + "\n" + "|-" * 3_000,
    "footnotes": "[^a" * 10_000,
    "wiki links": "[[" * 20_000,
    "stars": "*a _b " * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_bounded(text):
    """Trap 18: a page is parsed, indexed and drawn within a second or two, whatever it holds.

    Deep nesting would overflow the native stack in comrak's hand-over to Python.
    """
    begun = time.process_time()
    parsed = tree.parse(text)
    facts.of_tree("a.md", parsed)
    html.body(parsed, lines=True)
    assert time.process_time() - begun < 4


def test_too_deep_is_shown_as_source_with_a_problem():
    found = facts.of("a.md", ">" * 5_000 + "<b>")
    assert found.problems[0].code == "too-deep"
    assert "&lt;b&gt;" in html.body(tree.parse(">" * 5_000 + "<b>"))


def test_a_page_without_an_end_is_shown_as_source_with_a_problem():
    """A tree takes thirty times the memory of its text; a push may bring a Markdown file of any size."""
    text = "# Film\n\n" + "a *b*\n\n" * 600_000
    found = facts.of("film.md", text)
    assert (found.problems[0].code, found.outline) == ("too-long", [])
    assert "4,200,008" in found.problems[0].message
    assert "a *b*" in html.body(tree.parse(text))


def test_what_people_write_is_not_too_deep():
    """Ten levels of lists, a table of 2,000 starred cells and deeply indented code are fine."""
    nested = "".join("  " * depth + "- a\n" for depth in range(10))
    table = "|a|b|\n|-|-|\n" + "| *x* | _y_ |\n" * 2_000
    code = "```\n" + " " * 120 + "- deep\n```\n"
    assert not tree.parse(f"{nested}\n{table}\n{code}").too_deep


def test_a_list_directly_under_a_paragraph_is_a_list():
    """Trap 19: as on GitHub, not one paragraph."""
    body = html.body(tree.parse("Needs:\n- a\n  - b\n"))
    assert body.count("<ul") == 2


def test_lines_count_from_the_file_with_emoji_and_front_matter():
    """Columns may be bytes, lines are lines."""
    parsed = tree.parse("---\na: 1\n---\n😀😀😀 é\n\n## Häding 😀\n")
    assert facts.of_tree("a.md", parsed).outline[0].line == 6


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="Linux says how much memory is used"
)
@pytest.mark.parametrize("spend", [False, True])
def test_a_tree_gives_its_memory_back(spend):
    """Else each preview of a page would cost its server ten bytes for each letter, for ever."""
    text = "## Heading\n\nSome *words* and [a link](other.md).\n\n- [REQ-1] one\n- two\n\n" * 1_000

    def used() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / len(text)

    def work() -> None:
        parsed = tree.parse(text)
        facts.of_tree("a.md", parsed)
        html.body(parsed, spend=spend)

    work()
    before = used()
    for _ in range(10):
        work()
    gc.collect()
    assert used() - before < 40  # bytes for each letter that was parsed ten times
