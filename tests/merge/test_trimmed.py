"""Blanks at the end of a line, which one side took off while the other wrote on."""

import pytest

from prdgen.merge import three_way

LINE = "The cart shows "


@pytest.mark.parametrize("end", ["", "\n", "\n\nEnd.\n"])
@pytest.mark.parametrize("more", ["all items.", "all items. ", "  two blanks before"])
@pytest.mark.parametrize("ours_is_trimmed", [False, True])
def test_a_line_that_goes_on_stands_once(end, more, ours_is_trimmed):
    """Whichever side trimmed it, and whatever else it did elsewhere."""
    trimmed = "# Top, edited\n\n" + LINE.rstrip() + end
    longer = "# Top\n\n" + LINE + more + end
    sides = (longer, trimmed) if ours_is_trimmed else (trimmed, longer)
    merged = three_way.merge("# Top\n\n" + LINE + end, *sides)
    assert merged.text == "# Top, edited\n\n" + LINE + more + end
    assert not merged.conflicts


def test_a_paragraph_after_it_stays():
    """What was put behind the trimmed line is behind the longer one."""
    merged = three_way.merge(
        LINE + "\n\nEnd.\n", LINE + "items.\n\nEnd.\n", "The cart shows\n\nNew.\n\nEnd.\n"
    )
    assert merged.text == LINE + "items.\n\nNew.\n\nEnd.\n"
    assert not merged.conflicts


def test_a_line_that_was_only_trimmed_is():
    """Nobody wrote on in it."""
    merged = three_way.merge(
        LINE + "\n\nEnd.\n", LINE.rstrip() + "\n\nEnd.\n", LINE + "\n\nThe end.\n"
    )
    assert merged.text == LINE.rstrip() + "\n\nThe end.\n"


def test_other_words_in_its_place_are_another_version():
    """Both stand."""
    merged = three_way.merge(LINE + "\n", "The basket shows\n", LINE + "all items.\n")
    assert "basket" in merged.text
    assert "all items." in merged.text
