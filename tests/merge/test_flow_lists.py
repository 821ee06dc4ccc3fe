"""Lists in brackets are merged item by item."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import diff, flow_lists
from prdgen.merge.three_way import merge


def page(items: str) -> str:
    return f"---\ntitle: A page\ntags: [{items}]\nowner: ann\n---\n# A page\n\nWords.\n"


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "want"),
    [
        ("a, b", "a, b, t", "a, b, o", "a, b, o, t"),
        ("a, b", "t, a, b", "o, a, b", "o, t, a, b"),
        ("a, b", "a, t, b", "a, o, b", "a, o, t, b"),
        ("a, b", "a, b, t, u", "a, b, o, t", "a, b, o, t, u"),
        ("a, b", "a, t", "a, b, o", "a, o, t"),
        ("a, b, c", "a, c", "a, b", "a"),
        ("a, b", "a, b, same", "a, b, same", "a, b, same"),
        ("", "t", "o", "o, t"),
        ("a", "a, 'b c, d'", 'a, "e"', "a, \"e\", 'b c, d'"),
        ("a, b, c", "c, b, a", "a, b, c, o", "c, o, b, a"),
        ("a,b", "a,b,t", "a,b,o", "a,b,o,t"),
        ("REQ-1, two words", "REQ-1, two words, t", "o, REQ-1, two words", "o, REQ-1, two words, t"),
    ],
)  # fmt: skip
def test_what_both_sides_added_is_kept(base, theirs, ours, want):
    """At either end and in the middle, ours first; what one side took out is gone."""
    found = merge(page(base), page(theirs), page(ours))
    assert found.conflicts == []
    assert found.text == page(want)
    assert diff.apply(page(ours), found.hunks) == found.text


@pytest.mark.parametrize(
    ("base", "theirs", "ours"),
    [("a, b", "a, t", "a, o"), ("a, b, c", "b, a, c", "a, c, b"), ("a", "[t]", "o")],
)
def test_what_nobody_can_decide_stays_a_question(base, theirs, ours):
    """One item made into two others, two orders, a list in a list."""
    assert len(merge(page(base), page(theirs), page(ours)).conflicts) == 1


def test_other_places_of_the_line_stay_what_they_are():
    """A comment behind the list, and a body that looks like one."""
    line = "tags: [ a, b ]  # ours\n"
    base = f"---\n{line}---\ntags: [a]\n"
    found = merge(base, base.replace("b ]", "b, t ]"), base.replace("b ]", "b, o ]"))
    assert found.text == base.replace("b ]", "b, o, t ]")


ITEMS = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=5)


@given(ITEMS, ITEMS, ITEMS)
def test_no_item_is_lost_doubled_or_kept_against_a_side(base, theirs, ours):
    """Whoever is called ours: the same items, or a question both times."""
    lines = [f"tags: [{', '.join(items)}]\n" for items in (base, theirs, ours)]
    found = flow_lists.merged(*lines)
    swapped = flow_lists.merged(lines[0], lines[2], lines[1])
    assert (found is None) == (swapped is None)
    if found is None or swapped is None:
        return
    items = [item for item in found[len("tags: [") : -2].split(", ") if item]
    kept = set(base) & set(theirs) & set(ours)
    assert sorted(items) == sorted(kept | (set(theirs) | set(ours)) - set(base))
    assert sorted(swapped) == sorted(found)


def test_a_line_made_to_be_slow_is_not():
    """Reading it takes no longer than its length lets it."""
    line = f"tags: [{'a  b   ,' * 300}" + " " * 300 + "{]\n"
    began = time.process_time()
    assert flow_lists.merged(line, line + "x", line + "y") is None
    assert time.process_time() - began < 1
