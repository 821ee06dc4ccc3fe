"""Subjects of commits say which sections changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import sections

OLD = "---\nstatus: draft\n---\n# Checkout\n\nWhy.\n\n## Goals\n\nFast.\n\n## Scope\n\nAll.\n"


@pytest.mark.parametrize(
    "new, subject",
    [
        (OLD.replace("Fast", "Faster"), "Checkout: edit Goals"),
        (OLD.replace("Fast", "X") + "\n## Risks\n\n- a\n", "Checkout: edit Goals, add Risks"),
        (OLD.replace("Fast", "X").replace("All", "Y"), "Checkout: edit Goals, Scope"),
        (OLD.replace("Why", "How"), "Checkout: edit introduction"),
        (OLD.replace("draft", "done"), "Checkout: edit front matter"),
        (OLD.replace("## Scope\n\nAll.\n", ""), "Checkout: remove Scope"),
        (OLD.replace("Goals", "Aims"), "Checkout: rename Goals to Aims"),
        ("", "Checkout: remove page"),
        (OLD, "Checkout: edit"),
    ],
)
def test_subject(new, subject):
    """One example for each thing that can happen to a section."""
    assert sections.subject(OLD, new, "Checkout") == subject


def test_a_new_page():
    """The first version of a page is not a list of its sections."""
    assert sections.subject("", OLD, "Checkout") == "Checkout: add page"


def test_without_a_title():
    """A subject starts with a capital."""
    assert sections.subject(OLD, OLD.replace("Fast", "Slow"), "") == "Edit Goals"


def test_fences_hide_headings():
    """A comment in a shell script is no section."""
    text = "# A\n\n```sh\n# not a heading\n```\n\n~~~\n```\n# nor this\n~~~\n\n## B\n"
    assert [name for name, _ in sections.split(text)] == ["A", "B"]


def test_setext_headings():
    """Underlined text is a heading; a rule below a list or a blank line is not."""
    text = "Title\n=====\n\nPart\n----\n\n- item\n---\n\n---\nend\n"
    assert [name for name, _ in sections.split(text)] == ["Title", "Part"]


def test_markup_in_headings_is_left_out():
    """A subject is plain text."""
    assert [name for name, _ in sections.split("## The `api` of *[Us](x.md)* ##\n")] == [
        "The api of Us"
    ]


def test_many_sections_are_counted():
    """What there is no room for is a number."""
    old = "".join(f"## Section number {n}\n\nold\n\n" for n in range(9))
    found = sections.subject(old, old.replace("old", "new"), "Checkout")
    assert len(found) <= sections.LONGEST
    assert found.endswith(" more")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_a_subject_is_one_short_line(old, new, title):
    """Whatever the texts and the title are."""
    found = sections.subject(old, new, title)
    assert 0 < len(found) <= sections.LONGEST
    assert found.isprintable()
