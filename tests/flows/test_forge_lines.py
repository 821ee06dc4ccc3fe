"""The line before a change, as GitLab wants it beside the one after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prdgen.flows.forge_out import old_line

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d e", ""]), max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@given(TEXTS, TEXTS)
def test_it_is_the_same_line_or_none(old: str, new: str):
    for number, text in enumerate(new.splitlines(), 1):
        found = old_line(old, new, number)
        assert found is None or old.splitlines()[found - 1] == text


def test_lines_around_a_change():
    old = "one\ntwo\nthree\n"
    new = "zero\none\n2\nthree\n"
    assert [old_line(old, new, n) for n in (1, 2, 3, 4)] == [None, 1, None, 3]
