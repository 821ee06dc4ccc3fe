"""The keys people try first."""

import pytest

from prdgen.page import front_matter, metadata


def of(yaml: str) -> metadata.Metadata:
    return metadata.read(front_matter.read(f"---\n{yaml}\n---\n"))


@pytest.mark.parametrize(
    "yaml, owner",
    [
        ("owner: Ann", "Ann"),
        ("author: Ann <ann@example.com>", "Ann"),
        ("authors:\n  - name: Ann\n  - Bob", "Ann, Bob"),
        ("owners: Ann, Bob", "Ann, Bob"),
    ],
)
def test_owner_under_any_of_its_names(yaml, owner):
    assert of(yaml).owner == owner


@pytest.mark.parametrize("yaml", ["tags: [a, b, a]", "tags: a, b", "keywords:\n  - a\n  - b"])
def test_tags_in_any_shape(yaml):
    assert of(yaml).tags == ["a", "b"]


@pytest.mark.parametrize(
    "written, key",
    [("In-Review", "in review"), ("WIP", "draft"), ("done", "shipped"), ("Mine", "mine")],
)
def test_status_is_kept_as_written_and_normalised_for_filters(written, key):
    found = of(f"status: {written}").status
    assert (found, metadata.status_key(found)) == (written, key)


def test_a_status_of_draft_is_published_a_draft_is_not():
    assert not of("status: draft").draft
    assert of("draft: true").draft
    assert of("published: false").draft


@pytest.mark.parametrize("yaml", ["hidden: true", "unlisted: yes", "search:\n  exclude: true"])
def test_hidden_under_any_of_its_names(yaml):
    assert of(yaml).hidden


def test_material_hide_names_parts_of_the_frame():
    found = of("hide: [navigation]")
    assert not found.hidden
    assert found.hide == ["navigation"]


def test_an_unclear_draft_is_a_draft_and_a_problem():
    """What may be secret is kept back until someone says clearly."""
    found = of("draft: perhaps")
    assert found.draft
    assert found.problems[0].line == 2


def test_a_wrong_shape_is_a_problem_and_reads_as_empty():
    found = of("title: [a]\ntags: {a: 1}")
    assert (found.title, found.tags) == ("", [])
    assert [problem.line for problem in found.problems] == [2, 3]


def test_old_addresses():
    assert of("aliases: [/old/]").redirects == ["/old/"]
    assert of("redirect_from: /old/").redirects == ["/old/"]
