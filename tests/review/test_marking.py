"""Words of a page's source, marked in its rendered body, with a place for what is said of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.builder import render
from prdgen.review import difference, marking
from prdgen.review.marking import Spot

TEXT = """---
title: Plan
---
# Plan & then

Words **here for** all [three](https://example.org/here) people, again here.

- [REQ-1] The cart keeps its items for a day.
- [REQ-2] The shopper pays.
  - nested one

| a | b |
|---|---|
| one | two |

```mermaid
flowchart LR
  Aaa --> Bbb
```

> quoted A & B words[^1]

[^1]: The foot note.

The end comes here.
"""


def drawn(text):
    return render.render("a.md", text, context=render.RenderContext(mode="preview")).html


def spots(*quotes, text=TEXT):
    found = []
    for number, quote in enumerate(quotes, 1):
        start = text.rindex(quote)
        found.append(Spot(f"t{number}", start, start + len(quote), number, f"Comment {number}"))
    return found


def words(parts, id_):
    """What is marked for a thread."""
    html = "".join(part.html for part in parts)
    found = re.findall(r'<mark class="said" data-threads="([^"]*)">(.*?)</mark>', html)
    return "".join(text for ids, text in found if id_ in ids.split())


@pytest.mark.parametrize(
    ("quote", "marked", "behind"),
    [
        ("Plan & then", "Plan &amp; then", "</h1>"),
        ("**here for** all [three](https://example.org/here)", "here for all three", "</p>"),
        ("keeps its items", "keeps its items", "for a day."),
        ("shopper pays.", "shopper pays.", "</a>"),
        ("nested one", "nested one", "</a>"),
        ("two", "two", "</table>"),
        ("A & B words", "A &amp; B words", "</p>"),
        ("foot note", "foot note", "</p>"),
        ("here", "here", "</p>"),
    ],
)
def test_words_are_marked_with_what_is_said_below_their_block(quote, marked, behind):
    """Over markup, in lists, tables, quotes and footnotes; the place is behind the block, or in the
    list's entry before the next list.
    """
    parts = marking.marked(drawn(TEXT), TEXT, spots(quote))
    assert words(parts, "t1") == marked
    (part,) = (part for part in parts if part.spots)
    assert part.html.rstrip().endswith(behind)
    assert 'id="at-t1" href="#t1" aria-label="Comment 1"' in part.html


def test_words_in_a_diagram_are_spoken_of_below_it():
    """There is nothing to mark in a picture; its number stands below."""
    parts = marking.marked(drawn(TEXT), TEXT, spots("Aaa --> Bbb"))
    (part,) = (part for part in parts if part.spots)
    assert re.search(r'</figure><a class="said" id="at-t1"[^>]*>1</a>$', part.html)


def test_what_is_not_shown_is_in_no_part():
    """Front matter has no words on the page."""
    parts = marking.marked(drawn(TEXT), TEXT, spots("title: Plan"))
    assert [part.spots for part in parts] == [()]


def test_overlapping_words_are_in_both_marks():
    """And both have their numbers; a number never stands in a link."""
    parts = marking.marked(
        drawn(TEXT), TEXT, spots("all [three", "three](https://example.org/here) people")
    )
    assert (words(parts, "t1"), words(parts, "t2")) == ("all three", "three people")
    html = "".join(part.html for part in parts)
    assert 'data-threads="t1 t2">three</mark></a><a class="said" id="at-t1"' in html
    assert [part.spots for part in parts if part.spots] == [("t1", "t2")]


def test_words_that_went_are_not_marked():
    """In a difference, what is struck is not in the draft."""
    old = TEXT.replace("for a day", "for a whole long day")
    html = difference.marked(drawn(old), drawn(TEXT))
    parts = marking.marked(html, TEXT, spots("items for a day"))
    assert words(parts, "t1") == "items for a day"


def test_names_from_a_log_are_text():
    """Whoever pushes a log chooses its ids."""
    start = TEXT.index("shopper")
    bad = Spot('"><i>', start, start + 7, 1, '"<i>', '"<i>')
    html = "".join(part.html for part in marking.marked(drawn(TEXT), TEXT, [bad]))
    assert "<i>" not in html


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(1, 60)), max_size=5))
def test_marks_add_and_take_nothing(ranges):
    """Whatever is spoken about: without marks and numbers the body is what it was, well-formed."""
    given_ = [
        Spot(f"t{n}", start, min(len(TEXT), start + length), n, "x")
        for n, (start, length) in enumerate(ranges)
    ]
    html = drawn(TEXT)
    parts = marking.marked(html, TEXT, given_)
    whole = "".join(part.html for part in parts)
    bare = re.sub(r'<a class="said"[^>]*>\d+</a>', "", whole)
    open_ = []
    for closes, name in re.findall(
        r"<(/?)(\w+)[^>]*?(?<!/)>", re.sub(r"<svg.*?</svg>", "", bare, flags=re.DOTALL)
    ):
        if closes:
            assert open_.pop() == name
        elif name not in {"br", "hr", "img", "input"}:
            open_.append(name)
    assert re.sub(r'<mark class="said"[^>]*>|</mark>', "", bare) == html
    assert sorted(set(re.findall(r' id="at-(t\d)"', whole))) == sorted(
        id_ for part in parts for id_ in part.spots
    )
