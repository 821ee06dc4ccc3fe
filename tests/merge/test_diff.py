"""Splices between two texts: right, small, and never through a letter."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from prdgen.merge import diff
from prdgen.merge.diff import Splice

from . import texts


@given(texts.pages(), texts.pages())
def test_applying_splices_gives_the_new_text(old, new):
    """The law of a difference."""
    assert diff.apply(old, diff.splices(old, new)) == new


@given(texts.pages(), texts.pages())
def test_splices_are_in_order_and_apart(old, new):
    """Each starts behind the end of the one before, and none does nothing."""
    edits = diff.splices(old, new)
    for before, after in pairwise(edits):
        assert before.position + before.delete < after.position
    assert all(edit.delete or edit.insert for edit in edits)


def test_one_changed_word_is_one_splice():
    """Cursors and authorship of the other words stay."""
    old = "one\nThe quick brown fox jumps.\nthree\n"
    assert diff.splices(old, old.replace("quick", "slow")) == [Splice(8, 5, "slow")]


def test_changed_words_far_apart_are_splices_of_their_own():
    """What is between two changes is left alone."""
    edits = diff.splices("alpha beta gamma delta", "ALPHA beta gamma DELTA")
    assert edits == [Splice(0, 5, "ALPHA"), Splice(17, 5, "DELTA")]


def test_a_new_line_is_inserted_whole():
    """A line added between lines touches neither neighbour."""
    assert diff.splices("a\nb\n", "a\nnew\nb\n") == [Splice(2, 0, "new\n")]


def test_missing_final_newline_is_only_that():
    """Adding it inserts one character."""
    assert diff.splices("abc", "abc\n") == [Splice(3, 0, "\n")]


def test_a_changed_accent_replaces_the_whole_letter():
    """No splice starts between a letter and its mark."""
    assert diff.splices("e\u0301", "e\u0300") == [Splice(0, 2, "e\u0300")]


def test_a_changed_child_replaces_the_whole_family():
    """No splice starts inside a joined emoji."""
    old, new = "x 👨\u200d👩\u200d👧 y", "x 👨\u200d👩\u200d👦 y"
    assert diff.splices(old, new) == [Splice(2, 5, "👨\u200d👩\u200d👦")]


def test_without_effort_whole_lines_are_replaced():
    """A limit of nothing still gives a right answer, in whole lines."""
    old, new = "a x\nb y\nc\n", "A x\nB y\nc\n"
    edits = diff.splices(old, new, limit_ms=0)
    assert diff.apply(old, edits) == new
    assert edits == [Splice(0, 5, "A x\nB")]


@given(texts.pages(), texts.pages(), texts.pages())
def test_composed_splices_do_what_both_do(first, second, third):
    """Two steps as one."""
    steps = diff.splices(first, second), diff.splices(second, third)
    assert diff.apply(first, diff.composed(first, *steps)) == third


@given(st.text("ab \n", max_size=30), st.text("ab \n", max_size=30))
def test_repetitive_texts(old, new):
    """Sliding an insertion along repeated tokens keeps the law."""
    assert diff.apply(old, diff.splices(old, new)) == new


def test_the_blank_at_the_end_of_a_line_is_not_one_of_the_next():
    """A cursor behind it would stand in the middle of what somebody put on a line of their own."""
    found = diff.splices("before Ada ", "ahead Ada\nbob adds more")
    assert found == [diff.Splice(0, 6, "ahead"), diff.Splice(10, 1, "\nbob adds more")]
