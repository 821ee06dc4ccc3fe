"""Numbers, runs and filters of Automerge's format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prdgen.crdt import columns, leb, message


@given(st.integers(0, 2**64 - 1))
def test_unsigned_numbers(value):
    """LEB128 there and back."""
    assert leb.Reader(leb.number(value)).number() == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_numbers(value):
    """Signed LEB128 there and back."""
    assert leb.Reader(leb.signed(value)).signed() == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\xff" * 10, b"\x80" * 20])
def test_numbers_that_are_none(data):
    """Cut off, too long, or written longer than need be."""
    with pytest.raises(leb.Malformed):
        leb.Reader(data).number()


def test_runs():
    """A run, nulls, and single values."""
    column = list(columns.runs(b"\x03\x07\x00\x02\x7e\x01\x02"))
    assert column == [(3, 7), (2, None), (1, 1), (1, 2)]
    assert columns.rows(column) == 7
    assert columns.deltas(column, 10) == [7, 14, 21, None, None, 22, 24]


def test_rows_over_a_limit_take_no_memory():
    """A run of a quintillion is refused, not expanded."""
    with pytest.raises(leb.Malformed):
        columns.values(columns.runs(leb.signed(10**18) + b"\1"), 50_000)


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=40))
def test_a_filter_holds_its_members(hashes):
    """A filter may have false members, never missing ones; and it survives the wire."""
    have = message.Have((), message.bloom_of(hashes))
    (again,) = message.decode(message.encode(message.Message((), have=(have,)))).have
    assert all(member in again.bloom for member in hashes)
    assert again == have


def test_columns_side_by_side():
    """Stretches end where any column changes; short columns go on as null."""
    found = columns.side_by_side(6, iter([(4, "a"), (2, "b")]), iter([(1, 1), (2, 2)]))
    assert list(found) == [
        (range(1), ("a", 1)),
        (range(1, 3), ("a", 2)),
        (range(3, 4), ("a", None)),
        (range(4, 6), ("b", None)),
    ]
