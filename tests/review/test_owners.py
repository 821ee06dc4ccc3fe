"""CODEOWNERS as the forges read it."""

from __future__ import annotations

import pytest

from prdgen.review import owners

RULES = owners.parse(
    b"# who\n*       @all\n*.md    ada@example.org @bob # texts\n/docs/  @docs-team\n"
    b"docs/legal/**/x.md  @legal\n[Section][2]\n!no\n/free/\nwith\\ space.md @s\n"
)


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("a.txt", ("@all",)),
        ("deep/a.md", ("ada@example.org", "@bob")),
        ("docs/a.md", ("@docs-team",)),
        ("docs/legal/a/b/x.md", ("@legal",)),
        ("other/docs/a.txt", ("@all",)),
        ("free/a.md", ()),
        ("with space.md", ("@s",)),
    ],
)
def test_the_last_rule_that_fits_counts(path, want):
    """And one that names nobody takes the owners away."""
    assert owners.of(RULES, path) == want


def test_who_is_meant():
    """An address, the first part of one, or a name."""
    person = ("Ada Lovelace", "ada@example.org")
    for owner in ("ada@example.org", "ADA@Example.org", "@ada", "@AdaLovelace"):
        assert owners.is_owner(owner, *person)
    for owner in ("bob@example.org", "@bob", "@ada/team", "@", "ada"):
        assert not owners.is_owner(owner, *person)


def test_odd_bytes_are_no_rules():
    """Whatever somebody commits."""
    assert owners.parse(b"\xff\xfe\n\0\n[[[\n") is not None
