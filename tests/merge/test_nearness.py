"""Which base a text was most likely made from."""

from __future__ import annotations

from prdgen.merge import nearness


def test_the_text_itself_is_nearest():
    """No distance at all."""
    assert nearness.distance("One.\n", "One.\n") == 0
    assert nearness.nearer("", "One.\n", "One. Two.\n") == "One.\n"


def test_a_later_base_that_has_more_than_the_text_is_none():
    """What only it has would count as deleted, however alike the rest is."""
    assert nearness.nearer("A.\n", "A.\nLine 2.\n", "A.\nLine 1.\n") == "A.\n"


def test_what_was_typed_and_is_missing_does_not_stand():
    """However alike the text is that stands in its place."""
    assert nearness.stands("A.\n", "A.\nLine 1.\n", "A.\nLine 1.\nLine 2.\n")
    assert not nearness.stands("A.\n", "A.\nLine 2.\n", "A.\nLine 1.\n")


def test_what_was_deleted_meanwhile_is_no_matter():
    """Only what was typed is looked for."""
    assert nearness.stands("A. B.", "A.", "A. B. C.")
    assert nearness.stands("A.\nB.\n", "A.\nB.\nC.\n", "A.\nC.\n")


def test_how_much_of_what_was_typed_stands():
    """In letters; nothing is said of what was only deleted."""
    assert nearness.share("a\n", "a\nbcd efg\n", "a\nbcd efg\n!") == 1
    assert nearness.share("a\n", "a\nbcd efg\n", "a\nbcd \n") == 5 / 8
    assert nearness.share("a\n", "a\nbcd efg\n", "a\n") == 0
    assert nearness.share("a\nb\n", "a\n", "a\nb\n") is None


def test_what_an_older_text_has_in_common_with_a_later_one():
    """What both got since; what was changed in the older is not in it, what the later lost is."""
    seed, file, tip = "A.\nB.\n", "A.\nB.\nn1 n2 \n", "A.\nB.\nn1 n2 n3 \n"
    assert nearness.common(seed, tip, file) == file
    assert nearness.common(seed, tip, file + "mine\n") == file
    assert nearness.common(seed, tip, file.replace("A.\n", "")) == file
    assert nearness.common(seed, tip.replace("A.\n", ""), file) == file
    assert nearness.common(seed, "A. B.\nC.\n", "A.\nC. D.\n") is None


def test_a_text_on_the_way_from_one_to_another():
    """Told by whole lines: what it got stands, what it lost is gone."""
    base, text = "a\nold\nb\n", "a\nx\ny\nb\n"
    assert nearness.between(base, "a\nold\nx\nb\n", text)
    assert nearness.between(base, "a\ny\nb\n", text)
    assert nearness.between(base, text, text)
    assert not nearness.between(base, base, text)
    assert not nearness.between(base, "a\nold\nz\nb\n", text)
    assert not nearness.between(base, "old\nx\nb\n", text)
    assert not nearness.between("a\n", "a\ndisk4\n", "a\ndisk45\n")
