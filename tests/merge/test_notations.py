"""A key in two notations: what it says is merged, and what is merged stays front matter."""

from __future__ import annotations

import itertools

import pytest
import yaml

from prdgen.merge import three_way

ROWS, FLOW = "tags:\n  - a\n  - b\n", "tags: [a, b]\n"
MORE = "tags:\n  - a\n  - b\n  - c\n"
QUOTED, PLAIN = 'about: "One two three"\n', "about: One two three\n"


def page(key):
    return f"---\ntitle: T\n{key}draft: true\n---\n\nText.\n"


def merged(base, theirs, ours):
    found = three_way.merge(page(base), page(theirs), page(ours))
    return found.text, found.conflicts


@pytest.mark.parametrize(
    ("base", "one", "other", "want"),
    [
        (ROWS, MORE, FLOW, MORE),
        (FLOW, "tags: [a, b, c]\n", ROWS, "tags: [a, b, c]\n"),
        (ROWS, MORE, "tags:\n- a\n- b\n", MORE),
        (QUOTED, 'about: "One: two three"\n', PLAIN, 'about: "One: two three"\n'),
        (QUOTED, PLAIN, "about: 'One two three'\n", None),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_only_one_changed_in_the_value_is_taken(base, one, other, want, turned):
    """The other side wrote the same in another way."""
    theirs, ours = (other, one) if turned else (one, other)
    assert merged(base, theirs, ours) == (page(want or ours), [])


def test_lists_that_both_changed_are_in_our_notation():
    """Each added one, and one of them in a line of its own."""
    flow = "tags: [a, b, c]\n"
    rows = "tags:\n  - a\n  - b\n  - d\n"
    assert merged(FLOW, rows, flow) == (page("tags: [a, b, c, d]\n"), [])
    assert merged(FLOW, flow, rows) == (page("tags:\n  - a\n  - b\n  - d\n  - c\n"), [])


@pytest.mark.parametrize(
    ("base", "theirs", "ours"),
    [
        (QUOTED, 'about: "One two four"\n', "about: One three\n"),
        ("owner:\n  name: al\n", "owner:\n  name: al\n  tel: 1\n", "owner: {name: al}\n"),
        ("owner: al\n", "owner:\n  - al\n  - bo\n", "owner: cy\n"),
    ],
)
def test_what_cannot_be_told_is_a_conflict(base, theirs, ours):
    """Both whole, instead of words of the one in the other."""
    text, conflicts = merged(base, theirs, ours)
    assert text == page(ours + theirs)
    assert len(conflicts) == 1


FORMS = [
    *("tags: [a, b]\n", "tags: [a, b, c]\n", "tags: [b]\n", "tags: ['a', \"b\"]\n", "tags: a\n"),
    *(ROWS, MORE, "tags:\n- a\n- b\n", "tags:\n- a\n- d\n", "tags:\n    - a\n    - b\n    - h\n"),
    *("tags:\n  - 'a'\n  - b f\n", "tags: [a,\n  b]\n", "tags: [a,\n  b, g]\n", "tags:\n"),
]


def test_no_clean_merge_breaks_front_matter():
    """Every three ways to write a few tags: they stay tags that somebody wrote."""
    for base, theirs, ours in itertools.product(FORMS, repeat=3):
        text, conflicts = merged(base, theirs, ours)
        if conflicts:
            continue
        found = yaml.safe_load(text.split("---\n")[1])
        assert found["draft"] is True, (base, theirs, ours)
        written = {str(tag) for each in (base, theirs, ours) for tag in tags(yaml.safe_load(each))}
        assert {str(tag) for tag in tags(found)} <= written, (base, theirs, ours, text)


def tags(values):
    found = values["tags"] or []
    return found if isinstance(found, list) else [found]
