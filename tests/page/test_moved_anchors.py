"""Which heading of a page's new text is which of the old one."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.page import moved_anchors, outline, tree

OLD = """# Checkout

Pay fast.

## Goals

Nine of ten people pay within a minute.

### Measured by

## Out of scope

Gift cards come in another quarter, with their own page.
"""


def led(old, new):
    return moved_anchors.between(old, new).led


def test_a_heading_with_other_words_leads_on():
    """Its text below is the same."""
    assert led(OLD, OLD.replace("## Goals", "## What we want")) == {"goals": "what-we-want"}


def test_a_heading_without_text_is_known_by_its_place():
    assert led(OLD, OLD.replace("### Measured by", "### Figures")) == {"measured-by": "figures"}


def test_neighbours_that_are_both_renamed():
    """The words below them, and then the order, say which is which."""
    new = OLD.replace("## Goals", "## Aims").replace("### Measured by", "### Figures")
    assert led(OLD, new) == {"goals": "aims", "measured-by": "figures"}


def test_a_renamed_heading_that_moved():
    """What stands below it comes along."""
    new = OLD.replace("## Out of scope", "## Not now")
    head, goals, rest = new.partition("## Goals")
    goals, _, rest = rest.partition("## Not now")
    moved = f"{head}## Not now{rest}\n## Goals{goals}"
    assert led(OLD, moved) == {"out-of-scope": "not-now"}


def test_a_removed_heading_leads_nowhere():
    """With its text, or without: what is left has its own anchor."""
    without = OLD.replace("## Out of scope\n", "")
    assert led(OLD, without) == {}
    assert led(OLD, OLD.partition("## Out of scope")[0]) == {}


def test_another_section_in_its_place_is_not_the_same():
    """Neither its words nor those below it have anything to do with the old ones."""
    new = (
        OLD.partition("## Out of scope")[0]
        + "## Risks\n\nBanks may refuse us, or ask for a longer contract.\n"
    )
    assert led(OLD, new) == {}


def test_a_new_heading_is_nobodys():
    moves = moved_anchors.between(OLD, OLD.replace("### Measured by", "### Why\n\n### Measured by"))
    assert moves == moved_anchors.Moves({}, ("why",))


def test_equal_headings_shift():
    """The second one becomes the first: its old anchor leads to it, and the other's is taken."""
    old = "# P\n\n## Notes\n\none two three four\n\n## B\n\n## Notes\n\nfive six seven eight nine\n"
    new = "# P\n\n## B\n\n## Notes\n\nfive six seven eight nine\n"
    moves = moved_anchors.between(old, new)
    assert moves.led == {"notes-1": "notes"}
    assert moves.taken == ("notes",)


def test_headings_below_a_renamed_one_stay_themselves():
    """Equal headings of different sections are told apart by the section."""
    part = "## {}\n\n### Acceptance\n\n{}\n\n"
    old = "# P\n\n" + part.format("One", "a b c d e") + part.format("Two", "f g h i j")
    new = "# P\n\n" + part.format("Two", "f g h i j k") + part.format("One", "a b c d e")
    assert led(old, new) == {"acceptance": "acceptance-1", "acceptance-1": "acceptance"}


def test_only_lines_of_headings_are_looked_at():
    """A change elsewhere is none; an underlined heading is one, with either line ending."""
    one = b"# A\n\nwords\n\nTitle\n-----\n"
    assert not moved_anchors.may_differ(one, one.replace(b"words", b"other words"))
    assert moved_anchors.may_differ(one, one.replace(b"Title", b"Titel"))
    assert moved_anchors.may_differ(one, one.replace(b"# A", b"## A"))
    windows = one.replace(b"\n", b"\r\n")
    assert moved_anchors.may_differ(windows, windows.replace(b"Title", b"Titel"))


PARTS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from("abcde"), st.sampled_from(["", "x y z w", "q r s t u"])
    ),
    max_size=7,
).map(lambda parts: "".join(f"{'#' * level} {name}\n\n{body}\n\n" for level, name, body in parts))


def anchors(text):
    return [heading.slug for heading in outline.of(tree.parse(text))]


@given(old=PARTS, new=PARTS)
def test_every_way_leads_from_an_old_anchor_to_a_new_one(old, new):
    """No two old ones to the same, none to itself; and a text is the same as itself."""
    moves = moved_anchors.between(old, new)
    assert moves.led.keys() <= set(anchors(old))
    assert set(moves.led.values()) <= set(anchors(new))
    assert len(set(moves.led.values())) == len(moves.led)
    assert all(one != other for one, other in moves.led.items())
    assert set(anchors(new)) - set(anchors(old)) <= set(moves.taken) <= set(anchors(new))
    assert moved_anchors.between(old, old) == moved_anchors.Moves({}, ())
    if not moved_anchors.may_differ(old.encode(), new.encode()):
        assert moves.led == {}
