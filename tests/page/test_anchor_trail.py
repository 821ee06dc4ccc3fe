"""Where old anchors lead, over many commits."""

from hypothesis import given
from hypothesis import strategies as st

from prdgen.page.anchor_trail import Change, Trail


def trail(*changes, after=0):
    return Trail().at(changes, after=after).anchors


def test_a_chain_leads_to_its_end():
    one, two = Change(1, "p", "p", {"a": "b"}, ["b"]), Change(2, "p", "p", {"b": "c"}, ["c"])
    assert trail(one, two) == {"p": {"a": "c", "b": "c"}}


def test_a_way_back_leads_nowhere():
    """The anchor is the heading's own again."""
    one, two = Change(1, "p", "p", {"a": "b"}, ["b"]), Change(2, "p", "p", {"b": "a"}, ["a"])
    assert trail(one, two) == {"p": {"b": "a"}}


def test_an_anchor_that_is_used_again_is_not_taken():
    """Nor does it lead on when that other heading is removed."""
    one, two = Change(1, "p", "p", {"a": "b"}, ["b"]), Change(2, "p", "p", {}, ["a"])
    assert trail(one, two) == trail(one, two, Change(3, "p", "p", {}, [])) == {}


def test_anchors_go_with_a_renamed_page():
    """Also when two pages change places in one commit."""
    first = [Change(1, "p", "p", {"a": "b"}, ["b"]), Change(1, "q", "q", {"x": "y"}, ["y"])]
    swapped = [Change(2, "p", "q", {"b": "c"}, ["c"]), Change(2, "q", "p")]
    assert trail(*first, *swapped) == {"q": {"a": "c", "b": "c"}, "p": {"x": "y"}}


def test_a_trail_is_left_as_it_was():
    before = Trail().at([Change(1, "p", "p", {"a": "b"}, ["b"])], after=0)
    before.at([Change(2, "p", "q", {"b": "c"}, ["c"])], after=0)
    assert before.anchors == {"p": {"a": "b"}}


NAMES = st.sampled_from("abcd")
CHANGES = st.lists(
    st.tuples(NAMES, NAMES, st.dictionaries(NAMES, NAMES), st.lists(NAMES)), max_size=12
).map(lambda all_: [Change(number, *each) for number, each in enumerate(all_, 1)])


@given(changes=CHANGES, middle=st.integers(0, 12), after=st.integers(0, 12))
def test_what_is_forgotten_is_as_if_it_had_not_been(changes, middle, after):
    """All of it at once, in two parts, and only what came after: the same."""
    late = [change for change in changes if change.number > after]
    parts = Trail().at(changes[:middle], after=after - 3).at(changes[middle:], after=after)
    assert trail(*changes, after=after) == trail(*late) == parts.anchors
