"""Which base a text was most likely made from."""

from __future__ import annotations

from prdgen.merge import nearness


def test_the_text_itself_is_nearest():
    """No distance at all."""
    assert nearness.distance("One.\n", "One.\n") == 0
    assert nearness.nearest(["", "One.\n", "One. Two.\n"], "One.\n") == "One.\n"


def test_a_base_that_lacks_something_is_nearer_than_one_with_something_more():
    """What is not in a base was added; what only a base has would be deleted."""
    assert nearness.nearest(["One. Two. Three.", "One."], "One. Two.") == "One."
