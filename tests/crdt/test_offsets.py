"""Offsets: browsers count UTF-16 units, documents count code points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prdgen.crdt.offsets import Offsets, length_utf16

TEXTS = st.text(st.sampled_from("ab\né😀👩\u200d"), max_size=40)


@given(TEXTS)
def test_there_and_back(text):
    """Every place of the text survives the way there and back."""
    offsets = Offsets(text)
    for position in range(len(text) + 1):
        assert offsets.to_utf16(position) == length_utf16(text[:position])
        assert offsets.from_utf16(offsets.to_utf16(position)) == position


@given(TEXTS)
def test_never_inside_a_pair(text):
    """Trap 4: an offset inside a pair becomes the place before it."""
    offsets = Offsets(text)
    for unit in range(length_utf16(text) + 1):
        assert offsets.to_utf16(offsets.from_utf16(unit)) in {unit, unit - 1}


def test_beyond_the_ends():
    """Offsets outside the text are its ends."""
    offsets = Offsets("a😀")
    assert [offsets.from_utf16(unit) for unit in (-1, 0, 2, 3, 99)] == [0, 0, 1, 2, 2]
    assert [offsets.to_utf16(position) for position in (-1, 2, 99)] == [0, 3, 3]
