"""Texts for the laws: pages, and what two people make of one page."""

from __future__ import annotations

import re
from itertools import count

from hypothesis import strategies as st

WORDS = ["alpha", "beta", "the", "🙂", "e\u0301", "👩\u200d👩\u200d👧", "日本", "|", "-", ".", "#"]


def lines(words=WORDS):
    """A line of a few words."""
    return st.lists(st.sampled_from(words), max_size=5).map(" ".join)


def pages(words=WORDS):
    """A page of a few lines, many of them alike."""
    return st.lists(lines(words), max_size=8).map("\n".join)


@st.composite
def edited(draw, page, new_line, *, moves=True, cuts=True):
    """The page after lines were added, deleted, changed in a word, moved, or cut across."""
    found = page.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(found) - 1)) if found else 0
        kind = draw(st.sampled_from(["add", "delete", "word", "move", "cut"]))
        if kind == "add" or not found:
            found.insert(place, draw(new_line))
        elif kind == "delete":
            found.pop(place)
        elif kind == "word":
            words = found[place].split(" ")
            words[draw(st.integers(0, len(words) - 1))] = draw(new_line)
            found[place] = " ".join(words)
        elif kind == "cut" and cuts:
            text = "\n".join(found)
            words = [match.start() for match in re.finditer(r"\S+", text)]
            if words:
                ends = st.sampled_from(words)
                start, end = sorted((draw(ends), draw(ends)))
                found = (text[:start] + text[end:]).split("\n")
        elif kind == "move" and moves:
            line = found.pop(place)
            found.insert(draw(st.integers(0, len(found))), line)
    return "\n".join(found)


def triples():
    """Base, theirs, ours, with words that repeat a lot."""
    return pages().flatmap(
        lambda base: st.tuples(st.just(base), edited(base, lines()), edited(base, lines()))
    )


@st.composite
def told_apart(draw, *, moves=True, cuts=True, movers="to"):
    """Base, theirs, ours in which every word that anybody wrote is found once only.

    `movers` are the sides that may move lines: "t", "o", or both.
    """
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=7))
    number = count()
    base = "\n".join(" ".join(f"b{next(number)}" for _ in range(size)) for size in sizes)
    sides = [
        draw(
            edited(
                base,
                st.builds(lambda n=number, s=sign: f"{s}{next(n)}"),
                moves=moves and sign in movers,
                cuts=cuts,
            )
        )
        for sign in "to"
    ]
    return base, sides[0], sides[1]


SHAPES = ["{}", "{}\n", "- {}", "  - {}", "1. {}", "| {} |", "## {}", "> {}", "```\n{}\n```"]


@st.composite
def documents(draw):
    """The same in Markdown: items, rows, headings, paragraphs and code on either side."""
    number = count()

    def line(sign):
        words = st.lists(st.sampled_from([" ", ", ", " | "]), max_size=4)
        return st.tuples(st.sampled_from(SHAPES), words).map(
            lambda parts: parts[0].format(
                "".join(f"{sign}{next(number)}{gap}" for gap in parts[1]) + f"{sign}{next(number)}"
            )
        )

    base = "\n".join(draw(st.lists(line("b"), min_size=1, max_size=8)))
    return base, *(draw(edited(base, line(sign), moves=False)) for sign in "to")


def row(number, size, who=" "):
    """A line of so many words; the middle one says who changed it."""
    words = [f"{number}w{place}" for place in range(size)]
    words[size // 2] += who.strip()
    return " ".join(words)
