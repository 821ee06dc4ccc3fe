"""A review's words at a forge, and back: nothing is lost, and ours are known again."""

from __future__ import annotations

import string
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.review import anchors, posting

WORDS = st.text(string.ascii_letters + "`~*<>&@ \n-", max_size=200).map(posting.plain)


@given(WORDS, st.text(string.ascii_letters + "*_@<", min_size=1, max_size=20))
def test_a_comment_is_known_again_by_its_mark(text: str, name: str):
    """And its words are in it whole, after who said them."""
    id_ = uuid4().hex
    posted = posting.comment(id_, name, "commented", text)
    assert posting.mark_of(posted) == id_
    assert posting.mark_of(posted.replace("\n", "\r\n")) == id_
    assert posting.without_mark(posted).endswith(text)


@given(WORDS)
def test_a_description_comes_back(text: str):
    """Whatever prdgen puts below it, and however the forge ends lines."""
    for address in ("", "https://prds.example.org/drafts/x"):
        body = posting.body(text, address).replace("\n", "\r\n")
        assert posting.description_of(body) == text


@given(WORDS, WORDS, st.sampled_from(["suggestion", "suggestion:-2+0"]))
def test_a_suggestion_comes_back(before: str, words: str, info: str):
    """With fences in it, too."""
    text = f"{before.replace('`', '').replace('~', '')}\n\n{posting.fence(info, words)}\n\nend"
    found = posting.suggested(text)
    assert found is not None
    assert found.words == words
    assert found.before == (2 if "2" in info else 0)
    assert found.text.endswith("end")


def test_what_is_no_suggestion():
    assert posting.suggested("A ```suggestion in a line```") is None
    assert posting.suggested("```python\nx\n```") is None


def test_an_empty_suggestion_takes_the_lines_away():
    assert posting.suggested("```suggestion\n```").words == ""


def test_a_huge_comment_is_cut_with_a_word():
    assert posting.plain("x" * 200_000).endswith("(the rest is at the forge)")


@pytest.mark.parametrize("name", ["@everyone", "<b>", "a*b", "[x](y)"])
def test_a_name_is_no_markup(name: str):
    posted = posting.comment("a", name, "approved", "")
    assert "\\" in posted.splitlines()[0]
    assert "approved this in prdgen." in posted


@given(st.text("ab\n", max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_lines_have_anchors_and_back(text: str, first: int, last: int):
    """Of lines that there are."""
    count = text.count("\n") + 1
    first, last = sorted((min(first, count), min(last, count)))
    anchor = anchors.lines(text, first, last)
    assert anchor.quote == "\n".join(text.split("\n")[first - 1 : last])
    assert anchors.lines_of(anchor, text) == (first, last)
