"""Everything the index wants, from one parse."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.page import facts, tree

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "rfcs"


@pytest.mark.parametrize(
    "page_path, text, title",
    [
        ("a/b.md", "---\ntitle: From front\n---\n# Heading\n", "From front"),
        ("a/b.md", "## Two\n\n# One *x*\n", "One x"),
        ("a/my-first_page.md", "text", "My first page"),
        ("a/checkout/index.md", "", "Checkout"),
        ("README.md", "", "README"),
        ("a/b.md", "---\ntitle: 2026\n---\n", "2026"),
    ],
)
def test_title(page_path, text, title):
    assert facts.of(page_path, text).title == title


def test_plain_text_has_words_and_no_markup():
    text = "# A *b*\n\n[link](x.md) `code` <b>tag</b>\n\n|x|y|\n|-|-|\n|1|2|\n\n```py\nz = 1\n```\n"
    found = facts.of("a.md", text)
    assert found.plain_text == "A b\nlink code tag\nx\ny\n1\n2\nz = 1"
    assert found.word_count == 12, "as wc counts: the equals sign of the code is one"


def test_description_falls_back_to_the_first_paragraph():
    found = facts.of("a.md", "# T\n\n" + "word " * 100)
    assert found.description.endswith("word…")
    assert len(found.description) <= 201


@pytest.mark.parametrize(
    "text",
    [
        "# T\n\n- Client: storage\n- Server: state\n",
        "# T\n\n> quoted\n",
        "# T\n\n1. one\n\n   two\n",
    ],
)
def test_a_page_without_prose_has_no_description(text):
    """A stray item of a list is worse than nothing in a PDF's subtitle."""
    assert facts.of("a.md", text).description == ""


def test_problems_know_their_page():
    assert facts.of("a.md", "---\n[\n---\n").problems[0].page_path == "a.md"


@given(st.text(alphabet="#*_`[]()!<>|-+.$\\ \n\tabREQ1😀é\0:~=^&;/\"'", max_size=300))
def test_no_text_raises(text):
    found = facts.of("a/b.md", text)
    assert "\0" not in found.plain_text


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_the_corpus_is_read_within_seconds():
    """639 real pages, 3 s of one quiet core; CI machines get some more."""
    texts = [(path.name, path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.md"))]
    begun = time.process_time()
    found = [facts.of(name, text) for name, text in texts]
    assert time.process_time() - begun < (10 if os.environ.get("CI") else 6)
    assert all(each.title for each in found)
    assert not [each.page_path for each in found if each.problems]


def test_brief_facts_are_the_same_without_links_and_words():
    text = "---\nstatus: draft\nowner: Ann\n---\n# T\n\n- [REQ-1] See [b](b.md).\n"
    whole, brief = (facts.of_tree("a.md", tree.parse(text), brief=brief) for brief in (False, True))
    assert whole.links
    assert brief == replace(whole, links=[], plain_text="", word_count=0)


def test_of_a_diagram_only_its_words_are_found():
    """A search shows what readers see, not arrows and Mermaid's own words."""
    source = (
        'sequenceDiagram\n participant S as Shopper\n S->>C: Pay "now"\n'
        " Note over S,C: Repeated until paid\n"
    )
    found = facts.of("a.md", f"# A\n\n```mermaid\n{source}```\n\nAfter.\n").plain_text
    assert found == "A\nShopper Pay now Repeated until paid\nAfter."
    kept = facts.of("a.md", "# A\n\n```sh\nflowchart --end\n```\n").plain_text
    assert kept == "A\nflowchart --end"
