"""The laws of the merge, for any three texts."""

import re
from collections import Counter

from hypothesis import assume, example, given
from hypothesis import strategies as st

from prdgen.merge import diff
from prdgen.merge.three_way import merge

from . import texts

WORD = re.compile(r"[bto]\d+\w*")


def written(text):
    """The lines with something in them, however they are ordered."""
    return sorted(line for line in text.split("\n") if line.strip())


@example(("the\n\nalpha alpha", "\n\nalpha alpha\nthe", "the alpha"))
@example(("the\n\nalpha alpha alpha", "the alpha\nalpha", "\n\nalpha alpha alpha\nthe"))
@given(texts.triples())
def test_hunks_make_the_text_out_of_ours(three):
    """What intake applies is what the merge says."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours)
    assert diff.apply(ours, merged.hunks) == merged.text


@given(texts.triples())
def test_conflicts_say_where_both_versions_stand(three):
    """The editor can mark both, and conflicts do not overlap."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours)
    end = 0
    for one in merged.conflicts:
        assert end <= one.start <= one.middle <= one.end
        assert merged.text[one.start : one.middle] == one.ours
        assert merged.text[one.middle : one.end] == one.theirs
        end = one.end


@given(texts.triples())
def test_a_side_that_did_nothing_changes_nothing(three):
    """The other side is the result, and nobody is asked."""
    base, theirs, ours = three
    assert merge(base, base, ours).text == ours
    assert merge(base, theirs, base).text == theirs
    same = merge(base, theirs, theirs)
    assert (same.text, same.hunks, same.conflicts) == (theirs, [], [])


@given(texts.triples())
def test_taking_in_the_same_text_again_changes_nothing(three):
    """Once the agreed point moved to theirs."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours).text
    assert merge(theirs, theirs, merged).hunks == []


@given(texts.told_apart(moves=False))
def test_every_word_anybody_wrote_is_there_once(three):
    """New words of both sides survive, whole and not doubled, whatever the other side did."""
    base, theirs, ours = three
    merged = Counter(merge(base, theirs, ours).text.split())
    for word in {*theirs.split(), *ours.split()} - {*base.split()}:
        assert merged[word] == 1, word


@given(texts.told_apart())
def test_moves_lose_no_word_either(three):
    """With blocks moved by either side every new word is still there."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours).text.split()
    for word in {*theirs.split(), *ours.split()} - {*base.split()}:
        assert word in merged


@given(st.one_of(texts.told_apart(), texts.documents()))
def test_nothing_is_garbled(three):
    """No word in the result that nobody wrote: no two halves, and no two lines run together."""
    known = {word for text in three for word in WORD.findall(text)}
    assert {*WORD.findall(merge(*three).text)} <= known


@given(texts.documents())
def test_nothing_is_lost_from_markdown(three):
    """Rows, items, sections: every new word of either side is there, and as often as it was."""
    base, theirs, ours = three
    merged = Counter(WORD.findall(merge(base, theirs, ours).text))
    for word in {*WORD.findall(theirs), *WORD.findall(ours)} - {*WORD.findall(base)}:
        assert merged[word] == 1, word


@given(texts.documents())
def test_sides_of_markdown_may_be_swapped(three):
    """The same words, and as many questions."""
    base, theirs, ours = three
    one, other = merge(base, theirs, ours), merge(base, ours, theirs)
    assert sorted(WORD.findall(one.text)) == sorted(WORD.findall(other.text))
    assert len(one.conflicts) == len(other.conflicts)


@given(texts.told_apart())
def test_what_both_kept_is_kept(three):
    """A word of the base that neither side deleted is there."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours).text.split()
    for word in {*base.split()} & {*theirs.split()} & {*ours.split()}:
        assert word in merged


@given(texts.told_apart(moves=False))
def test_what_both_deleted_is_gone(three):
    """A word that is in neither side is in no version."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours).text.split()
    assert {*merged} <= {*theirs.split(), *ours.split()}


@given(texts.told_apart(moves=False, cuts=False))
def test_a_line_one_side_deleted_and_the_other_left_alone_is_gone(three):
    """Unless there was a conflict, a deletion is a deletion."""
    base, theirs, ours = three
    merged = merge(base, theirs, ours)
    assume(not merged.conflicts)
    kept = {*theirs.split()} & {*ours.split()}
    assert not ({*merged.text.split()} & {*base.split()}) - kept


@given(st.one_of(texts.told_apart(movers="t"), texts.told_apart(movers="o")))
def test_sides_may_be_swapped(three):
    """The same lines come out; the order of versions turns. (Where both moved one block to
    different places ours stays, so that then the sides matter.)"""
    base, theirs, ours = three
    one, other = merge(base, theirs, ours), merge(base, ours, theirs)
    assert written(one.text) == written(other.text)


@given(texts.told_apart(moves=False))
def test_swapping_asks_as_often(three):
    """Who is called ours does not decide whether somebody is asked."""
    base, theirs, ours = three
    one, other = merge(base, theirs, ours), merge(base, ours, theirs)
    assert len(one.conflicts) == len(other.conflicts)


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(" to")), min_size=1))
def test_edits_of_different_lines_never_conflict(plan):
    """However close the lines are, both edits are taken and nobody is asked."""
    base, theirs, ours, want = (
        "\n".join(texts.row(number, size, who if who in changing else " ")
                  for number, (size, who) in enumerate(plan))
        for changing in ("", "t", "o", "to")
    )  # fmt: skip
    merged = merge(base, theirs, ours)
    assert (merged.text, merged.conflicts) == (want, [])
