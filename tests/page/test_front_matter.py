"""The YAML at the top of a page, however it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.page import facts, front_matter


def of(yaml: str) -> front_matter.FrontMatter:
    return front_matter.read(f"---\n{yaml}\n---\n# Body\n")


def test_values_and_the_line_of_each_key():
    """Keys keep their order, and their lines are counted from the file's first."""
    found = of("title: Checkout\n\ntags: [a, b]")
    assert found.values == {"title": "Checkout", "tags": ["a", "b"]}
    assert found.lines == {"title": 2, "tags": 4}
    assert found.end_line == 5


def test_words_stay_as_written():
    """`1.10` is no number, `no` no boolean and a date no object."""
    found = of("version: 1.10\nowner: no\ndate: 2026-01-02\ntime: 12:30:00\nid: 007")
    assert found.values["version"] == "1.10"
    assert found.values["owner"] == "no"
    assert found.values["date"] == "2026-01-02"
    assert found.values["id"] == "007"


@pytest.mark.parametrize(
    "yaml, line",
    [("title: a: b", 2), ("title: ok\ntags: [a", 3), ("a: 1\n\tb: 2", 3), ("- just\n- a list", 2)],
)
def test_broken_yaml_is_a_problem_with_its_line(yaml, line):
    """The page opens without values, and the problem says where."""
    found = of(yaml)
    assert found.values == {}
    assert [problem.code for problem in found.problems] == ["front-matter"]
    assert found.problems[0].line in {line, line + 1}


def test_alias_bomb_is_refused():
    """Ten lines of aliases would be gigabytes; none is built."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    found = of("\n".join(lines))
    assert "alias" in found.problems[0].message


@pytest.mark.parametrize("yaml", ["a: " + "[" * 5000, "a: " + "x" * 70_000, "- " * 3000 + "x"])
def test_oversized_yaml_is_refused(yaml):
    """Depth and length have limits, and no recursion error comes out."""
    assert of(yaml).problems


def test_python_tags_build_nothing():
    """`!!python/…` is an unknown tag here."""
    found = of("a: !!python/object/apply:os.system ['true']")
    assert found.values == {}
    assert found.problems


def test_a_key_given_twice_is_named():
    found = of("title: a\ntitle: b")
    assert found.values["title"] == "b"
    assert found.problems[0].line == 3


def test_nul_and_lone_surrogates_never_come_out():
    """Neither JSON nor a database takes them."""
    found = of('a: "x\\0y"\nb: "\\uD800"\nc: .nan\nd: !!binary aGk=')
    assert found.values["a"] == "xy"
    json.dumps(found.values, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("draft: true", True),
        ("Draft: yes", True),
        ("hidden: true  ", True),
        ("published: false", False),
        ("exclude: on", True),
        ("unlisted: true", True),
    ],
)
def test_what_cannot_be_read_stays_unpublished_when_it_says_so(line, value):
    """One slip of a merge or a typist shall publish no draft."""
    found = of(f"tags: [a, b]\n  - c\n{line}")
    assert found.problems
    assert found.values == {line.split(":")[0].lower(): value}
    page = facts.of("a.md", f"---\ntags: [a, b]\n  - c\n{line}\n---\n\nText.\n")
    assert page.draft or page.hidden or line.startswith("exclude")  # that is the builder's


def test_what_cannot_be_read_says_nothing_else():
    found = of("tags: [a, b]\n  - c\ndraft: false\npublished: true\nnote: draft: true")
    assert found.values == {}


def test_without_a_closing_line_there_is_none():
    """As on a forge: then `---` is a rule and the rest is the page."""
    assert front_matter.split("---\ntitle: x\n") == (None, 0)
    assert front_matter.blanked("a\n---\nb") == "a\n---\nb"


def test_lines_below_keep_their_numbers():
    text = "---\ntitle: x\n---\n\n# Five\n"
    assert facts.of("a.md", text).outline[0].line == 5


@given(st.text())
def test_reading_never_raises_and_is_json(text):
    """Whatever stands between the lines, the page opens."""
    found = of(text)
    json.dumps(found.values, allow_nan=False)
    assert front_matter.blanked(f"---\n{text}\n---\n").count("\n") == text.count("\n") + 3
