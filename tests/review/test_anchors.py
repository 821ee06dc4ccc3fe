"""A comment's place is found again after edits, moves, and without the old text."""

from __future__ import annotations

import random
import time

import pytest

from prdgen.review import anchors

TEXT = "# Title\n\nThe quick brown fox jumps.\n\nAnother paragraph with the quick word.\n\nEnd.\n"


def anchor(quote: str, text: str = TEXT) -> anchors.Anchor:
    start = text.index(quote)
    return anchors.at(text, start, start + len(quote))


def found(quote: str, new: str, old: str | None = TEXT) -> tuple[str, str]:
    place = anchors.find(anchor(quote), old, new)
    return new[place.start : place.end], place.how


def test_edits_around_it_do_not_matter():
    """Before, behind, and at its very edges."""
    assert found("brown fox", "x\n" + TEXT + "y\n") == ("brown fox", "same")
    assert found("brown fox", TEXT.replace("brown fox", "sly brown fox")) == ("brown fox", "same")
    assert found("brown fox", TEXT.replace("fox", "fox, who")) == ("brown fox", "same")
    assert found("brown fox", TEXT.replace("brown", "very brown")) == ("brown fox", "same")


def test_edits_inside_it_change_it():
    """The stretch is what stands there now."""
    assert found("brown fox", TEXT.replace("brown fox", "brown old fox")) == (
        "brown old fox",
        "changed",
    )
    assert found("brown fox jumps", TEXT.replace("fox", "cat")) == ("brown cat jumps", "changed")
    assert found("brown fox", TEXT.replace("fox", "cat"))[1] == "changed"


def test_what_is_deleted_is_gone():
    """With its paragraph."""
    assert found("brown fox", TEXT.replace("The quick brown fox jumps.\n\n", ""))[1] == "gone"
    assert anchors.find(anchor("brown fox"), None, "nothing\n").how == "gone"


def test_a_moved_paragraph_takes_it_along():
    """Its words are looked for elsewhere."""
    line = "The quick brown fox jumps.\n\n"
    assert found("brown fox", TEXT.replace(line, "") + "\n" + line) == ("brown fox", "same")


def test_without_the_old_text_what_is_around_decides():
    """Of two like it, the one that stands like it stood."""
    text = TEXT.replace("End.", "The quick end.")
    second = text.index("the quick word") + 4
    made = anchors.at(TEXT, TEXT.index("the quick word") + 4, TEXT.index("the quick word") + 9)
    place = anchors.find(made, None, text)
    assert (place.start, place.how) == (second, "same")


@pytest.mark.parametrize(
    ("quote", "line", "want"),
    [
        ("quick brown fox", 3, "quick brown fox"),
        ("quick", 5, "quick"),
        (" fox jumps. ", 3, "fox jumps."),
        ("fox jumps. Another", 3, "fox jumps.\n\nAnother"),
        ("not there", 5, "Another paragraph with the quick word."),
        ("", 1, "# Title"),
        ("zz", 99, ""),
    ],
)
def test_words_marked_in_a_rendered_page(quote, line, want):
    """Found in the source, near their line."""
    made = anchors.make(TEXT, quote, line)
    assert made.quote == want
    assert TEXT[made.start : made.end] == want
    if quote == "quick" and line == 5:
        assert made.start > TEXT.index("Another")


def test_markup_between_the_words_is_no_hindrance():
    """Bold, code, links without their addresses."""
    text = "Some **bold** and `code` in *a* line.\n"
    assert anchors.make(text, "bold and code in a", 1).quote == "**bold** and `code` in *a"


def test_addresses_and_footnotes_between_the_words():
    """The rendered words have not all the letters of the source, and some of their own."""
    text = "Before it. A long sentence with [a link](https://example.org/x) and a note[^n] ends here.\n"
    quote = "A long sentence with a link and a note1 ends here."
    assert anchors.make(text, quote, 1).quote == text[len("Before it. ") : -1]


def test_any_edits_leave_a_place_inside_the_text():
    """Random texts, random edits: never out of bounds, and what is the same is the same."""
    dice = random.Random(3)
    for _ in range(300):
        old = "".join(dice.choice("ab c\n") for _ in range(dice.randrange(1, 60)))
        start = dice.randrange(len(old))
        made = anchors.at(old, start, dice.randrange(start, len(old)) + 1)
        new = list(old)
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(new) + 1)
            new[at : at + dice.randrange(3)] = list(dice.choice(["", "x", "ab\n"]))
        text = "".join(new)
        place = anchors.find(made, old, text)
        assert 0 <= place.start <= place.end <= len(text)
        if place.how == "same":
            assert text[place.start : place.end] == made.quote


@pytest.mark.parametrize(
    ("text", "marked", "quote"),
    [
        ("- [REQ-101] A shopper pays.\n", "REQ-101] A shopper pays.", "[REQ-101] A shopper pays."),
        ("- [REQ-101] A shopper pays.\n", "A shopper pays", "A shopper pays"),
        ("- [REQ-101] A shopper pays.\n", "REQ-101", "REQ-101"),
        ("see [the list](a.md) there\n", "see the list", "see [the list](a.md)"),
        ("**Must** be `fast` now\n", "Must be", "**Must** be"),
        ("be `fast` now\n", "be fast", "be `fast`"),
        ("be ~~slow~~ fast\n", "slow fast", "~~slow~~ fast"),
    ],
)
def test_no_half_of_a_mark_is_left_behind(text, marked, quote):
    """Other words for the half would break the mark, as `[` before the number of a requirement."""
    assert anchors.make(text, marked, 1).quote == quote


@pytest.mark.parametrize(
    ("quote", "want"),
    [
        ("One shopper in three leaves.", "One **shopper** in [three](https://a.org/x) leaves."),
        ("three leaves", "[three](https://a.org/x) leaves"),
        ("NOTE Mind it", "NOTE]\n> Mind <b>it"),
        ("→", "→"),
        ("leaves at the well known Payments page", "leaves at the [[payments]] page"),
        ("Whoever leaves at Pay", "Whoever leaves at the [[payments]] page"),
        ("nothing of this is there", None),
        ("one two three four", None),
        ("⇒", None),
    ],
)
def test_words_are_sought_as_they_are_read(quote, want):
    """Without what a reader does not see, in any case of letters; what is nowhere is not found."""
    text = (
        "One **shopper** in [three](https://a.org/x) leaves.\n\n> [!NOTE]\n> Mind <b>it</b> → now\n\n"
        "Whoever leaves at the [[payments]] page\n"
    )
    found = anchors.seek(text, quote, 6)
    assert (found and found.quote) == want


SHOPPER = "# Plan\n\nOne **shopper** in [three](https://example.org) leaves.\n\nThe end.\n"
TILL = "# Plan\n\n- [REQ-001] The shopper pays by card.\n- [REQ-002] The shopper gets a receipt.\n"


@pytest.mark.parametrize(
    ("old", "quote", "new", "want"),
    [
        (
            SHOPPER,
            "One **shopper** in [three](https://example.org) leaves.",
            (
                "# Plan\n\nNew first paragraph with One shopper too.\n\n"
                "One **shopper** (adult) in [three](https://example.org) leaves.\n\nThe very end.\n"
            ),
            "One **shopper** (adult) in [three](https://example.org) leaves.",
        ),
        (
            "# Plan\n\nThe shopper pays by card at the till.\n\nThe end.\n",
            "The shopper pays by card at the till.",
            (
                "# Plan\n\nThe shopper takes a cart at the door.\n\n"
                "The shopper always pays by card at the till.\n\nThe end.\n"
            ),
            "The shopper always pays by card at the till.",
        ),
        (
            TILL,
            "The shopper pays by card.",
            (
                "# Plan\n\n- [REQ-002] The shopper gets a receipt.\n"
                "- [REQ-001] The shopper pays by credit card.\n"
            ),
            "The shopper pays by credit card.",
        ),
        (
            TILL,
            "The shopper pays by card.",
            (
                "# Plan\n\n- [REQ-003] The shopper pays by card or in coins.\n"
                "- [REQ-001] Whoever shops pays with a card.\n"
                "- [REQ-002] The shopper gets a receipt.\n"
            ),
            "Whoever shops pays with a card.",
        ),
    ],
    ids=["inserted", "alike", "swapped", "by id"],
)
def test_it_stays_in_its_own_line(old, quote, new, want):
    """Also where somebody else's new words are like its own, and stand nearer."""
    place = anchors.find(anchor(quote, old), old, new)
    assert (new[place.start : place.end], place.how) == (want, "changed")


def test_a_page_that_is_rewritten_whole_is_looked_at_quickly():
    """Ten comments on ten thousand lines."""
    old = "".join(f"Line {n} says what number {n} does.\n" for n in range(10_000))
    new = "".join(f"Number {n} does what row {n} says.\n" for n in range(10_000))
    began = time.process_time()
    for n in range(0, 10_000, 1_000):
        place = anchors.find(anchor(f"what number {n} does", old), old, new)
        assert 0 <= place.start <= place.end <= len(new)
    assert time.process_time() - began < 20


TWICE = (
    "# Plan\n\n- [REQ-101] Orders are shown. This is done within 2 seconds.\n"
    "- [REQ-102] Prices are shown. This is done within 2 seconds.\n"
)
LIMITS = (
    "# Plan\n\n| Field | Rule |\n|---|---|\n| Name | must be at most 80 letters |\n"
    "| City | must be at most 80 letters |\n"
)


@pytest.mark.parametrize("row", [2, 3])
@pytest.mark.parametrize("what", ["line", "sentence", "more above"])
def test_the_same_words_of_another_requirement_are_others(row, what):
    """A suggestion for the one would be taken into the other."""
    quote = "This is done within 2 seconds."
    lines = TWICE.splitlines(keepends=True)
    start = TWICE.index(quote, TWICE.index(lines[row]))
    if what == "sentence":
        lines[row] = lines[row].replace(" " + quote, "")
    else:
        del lines[row]
    if what == "more above":
        lines[0] = "# The plan\n\nIt is this one.\n"
    place = anchors.find(anchors.at(TWICE, start, start + len(quote)), TWICE, "".join(lines))
    assert place.how == "gone"


@pytest.mark.parametrize("row", [4, 5])
def test_the_same_words_of_another_row_are_others(row):
    """Rows have no id: those that stood there already are not where the words went."""
    quote = "must be at most 80 letters"
    lines = LIMITS.splitlines(keepends=True)
    start = LIMITS.index(quote, LIMITS.index(lines[row]))
    del lines[row]
    place = anchors.find(anchors.at(LIMITS, start, start + len(quote)), LIMITS, "".join(lines))
    assert place.how == "gone"


def test_a_requirement_with_another_number_is_the_same():
    """Renumbered, it stays the one that was spoken of."""
    quote = "This is done within 2 seconds."
    new = TWICE.replace("REQ-101", "REQ-103")
    start = TWICE.index(quote)
    place = anchors.find(anchors.at(TWICE, start, start + len(quote)), TWICE, new)
    assert (place.start, place.how) == (new.index(quote), "same")


@pytest.mark.parametrize(
    ("old", "quote", "new", "want"),
    [
        (
            (
                "Customers may return an item within 30 days of delivery.\n\n"
                "Customers may return a gift within 60 days of delivery.\n"
            ),
            "Customers may return an item within 30 days of delivery.",
            (
                "Returns are accepted for thirty days.\n\n"
                "Customers may return a wrapped gift within 60 days of delivery.\n"
            ),
            "Returns are accepted for thirty days.",
        ),
        (
            "The shop shall show prices with tax.\n\nThe shop shall show prices in euros.\n",
            "The shop shall show prices with tax.",
            "Prices include VAT.\n\nThe shop shall show all prices in euros.\n",
            "Prices include VAT.",
        ),
    ],
)
def test_what_became_of_the_neighbour_is_the_neighbours(old, quote, new, want):
    """Its own line was rewritten, as by taking a suggestion, and the one beside it was edited."""
    place = anchors.find(anchor(quote, old), old, new)
    assert (new[place.start : place.end], place.how) == (want, "changed")
