"""Headings and the anchors GitHub gives them."""

import pytest

from prdgen.page import outline, tree


def slugs(text: str) -> list[str]:
    return [heading.slug for heading in outline.of(tree.parse(text))]


@pytest.mark.parametrize(
    "heading, slug",
    [
        ("Hello, World!", "hello-world"),
        ("What's *new* in `v2.0`?", "whats-new-in-v20"),
        ("Über  uns", "über--uns"),
        ("a_b - c", "a_b---c"),
        ("😀", "section"),
        ("[Link](x.md) text", "link-text"),
    ],
)
def test_anchor_as_on_github(heading, slug):
    assert slugs(f"# {heading}\n") == [slug]


def test_anchors_are_unique():
    """Also when a heading is called what a repeated one would become."""
    assert slugs("# A\n# A\n# A-1\n# A\n") == ["a", "a-1", "a-1-1", "a-2"]


def test_level_text_and_line():
    found = outline.of(tree.parse("Title\n=====\n\n### Sub *x*\n"))
    assert [(each.level, each.text, each.line) for each in found] == [
        (1, "Title", 1),
        (3, "Sub x", 4),
    ]


def test_headings_in_code_are_none():
    assert slugs("```\n# no\n```\n") == []
