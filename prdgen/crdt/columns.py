"""Automerge's run-length coded columns, read as runs so that a million equal rows cost nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prdgen.crdt import leb
from prdgen.crdt.leb import Malformed

ANY = 1 << 62
"""No limit, for what is part of a document already."""

_GROUP, _DELTA, _BOOLEAN, _STRING, _RAW = 0, 3, 4, 5, 7

Run = tuple[int, int | None]
"""How often a value stands there, and the value; None is null."""


def runs(data: bytes, *, signed: bool = False) -> Iterator[Run]:
    """The runs of a column of numbers (delta columns: of differences, `signed`)."""
    reader = leb.Reader(data)
    value = reader.signed if signed else reader.number
    while not reader.done:
        length = reader.signed()
        if length > 0:
            yield length, value()
        elif length < 0:
            if -length > len(data):
                raise Malformed("a literal run is longer than its column")
            for _ in range(-length):
                yield 1, value()
        else:
            nulls = reader.number()
            if nulls == 0:
                raise Malformed("an empty run")
            yield nulls, None


def boolean_runs(data: bytes) -> Iterator[tuple[int, bool]]:
    """The runs of a column of booleans: they alternate, beginning with false."""
    reader = leb.Reader(data)
    value = False
    while not reader.done:
        length = reader.number()
        if length:
            yield length, value
        value = not value


def count_rows(specification: int, data: bytes, limit: int) -> int:
    """The rows of a column of any type; for a group column, also of the column it counts for.

    Counting stops soon after `limit`: the answer is then over the limit, but may be too low.

    The type is the last three bits of the specification. Raw values have no rows of their own.
    """
    kind = specification & 0b111
    if kind == _RAW:
        return 0
    if kind == _BOOLEAN:
        return rows(boolean_runs(data), limit)
    if kind == _STRING:
        return _string_rows(data, limit)
    if kind == _GROUP:
        return _group_rows(data, limit)
    return rows(runs(data, signed=kind == _DELTA), limit)


def _group_rows(data: bytes, limit: int) -> int:
    total = members = 0
    for length, value in runs(data):
        total += length
        members += length * (value or 0)
        if total > limit or members > limit:
            break
    return max(total, members)


def _string_rows(data: bytes, limit: int) -> int:
    reader = leb.Reader(data)
    total = 0
    while not reader.done and total <= limit:
        length = reader.signed()
        if length == 0:
            total += reader.number()
            continue
        total += abs(length)
        if total > limit:
            break
        for _ in range(1 if length > 0 else -length):
            reader.string(len(data))
    return total


def rows(column: Iterable[tuple[int, object]], limit: int = ANY) -> int:
    """How many rows the runs stand for; counting stops soon after `limit`."""
    total = 0
    for length, _ in column:
        total += length
        if total > limit:
            break
    return total


def side_by_side(
    size: int, *found: Iterable[tuple[int, object]]
) -> Iterator[tuple[range, tuple[object, ...]]]:
    """Columns of `size` rows walked together: the longest stretches in which none changes.

    A column that is too short goes on as null, as an empty one is null all through.
    """
    walks = [iter(column) for column in found]
    left, now = [0] * len(walks), list[object]([None] * len(walks))
    start = 0
    while start < size:
        for index, walk in enumerate(walks):
            while not left[index]:
                left[index], now[index] = next(walk, (size - start, None))
        step = min(*left, size - start)
        yield range(start, start + step), tuple(now)
        start += step
        left = [length - step for length in left]


def values(column: Iterable[Run], limit: int) -> list[int | None]:
    """Every row's value; raises Malformed over `limit` rows, before they take memory."""
    found: list[int | None] = []
    for length, value in column:
        if len(found) + length > limit:
            raise Malformed(f"a column has more than {limit} rows")
        found.extend([value] * length)
    return found


def deltas(column: Iterable[Run], limit: int) -> list[int | None]:
    """Every row's value in a delta column, like `values`."""
    found: list[int | None] = []
    last = 0
    for length, difference in column:
        if len(found) + length > limit:
            raise Malformed(f"a column has more than {limit} rows")
        if difference is None:
            found.extend([None] * length)
            continue
        for _ in range(length):
            last += difference
            found.append(last)
    return found
