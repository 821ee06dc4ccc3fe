"""A change's operations as rows, and the one way in which Automerge writes them down.

The engine keeps operations, not changes: it writes a change anew when a saved document is loaded
and compares hashes. A change that was written in any other way than the engine's own would make
every later saved document unreadable, so such a change must never get in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from prdgen.crdt import columns, leb
from prdgen.crdt.chunks import ChangeBody
from prdgen.crdt.leb import Malformed

OBJECT_ACTOR, OBJECT_COUNTER = 0x01, 0x02
KEY_ACTOR, KEY_COUNTER, KEY_STRING = 0x11, 0x13, 0x15
INSERT, ACTION, VALUE_META, VALUE_RAW = 0x34, 0x42, 0x56, 0x57
PRED, PRED_ACTOR, PRED_COUNTER = 0x70, 0x71, 0x73

SET, DELETE = 1, 3

ANY = columns.ANY

Column = Sequence[int | None]


class Rows(NamedTuple):
    """The operations of a change that only edits a text: one list a property, equally long."""

    object_actor: Column
    object_counter: Column
    key_actor: Column
    key_counter: Column
    insert: Sequence[bool]
    action: Column
    value_meta: Column
    pred: Column
    pred_actor: Column
    """One for each predecessor of each operation, as `pred` counts them."""
    pred_counter: Column


def count(body: ChangeBody, limit: int = ANY) -> int:
    """How many operations the change has, by its action column; see `columns.rows`."""
    return columns.rows(columns.runs(body.columns.get(ACTION, b"")), limit)


def rows(body: ChangeBody, size: int, most_preds: int) -> Rows:
    """The `size` operations of a change, counted before; raises Malformed."""
    found = body.columns

    def plain(specification: int, limit: int = size) -> list[int | None]:
        return columns.values(columns.runs(found.get(specification, b"")), limit)

    def delta(specification: int, limit: int = size) -> list[int | None]:
        return columns.deltas(columns.runs(found.get(specification, b""), signed=True), limit)

    insert: list[bool] = []
    for length, value in columns.boolean_runs(found.get(INSERT, b"")):
        insert.extend([value] * length)
    nulls: list[int | None] = [None] * size  # a column of nulls only is not written
    key_actor = plain(KEY_ACTOR) or nulls
    pred = plain(PRED)
    total = sum(number or 0 for number in pred)
    if total > most_preds:
        raise Malformed(f"a change has more than {most_preds} predecessors")
    read = Rows(
        plain(OBJECT_ACTOR) or nulls, plain(OBJECT_COUNTER) or nulls, key_actor, delta(KEY_COUNTER) or nulls, insert,
        plain(ACTION), plain(VALUE_META) or nulls, pred, plain(PRED_ACTOR, total), delta(PRED_COUNTER, total),
    )  # fmt: skip
    lengths = {len(read.object_actor), len(read.object_counter), len(key_actor), len(insert)}
    lengths |= {len(read.key_counter), len(read.action), len(read.value_meta), len(pred)}
    if lengths != {size} or {len(read.pred_actor), len(read.pred_counter)} != {total}:
        raise Malformed("a change's columns are not equally long")
    return read


def encode(body: ChangeBody, read: Rows) -> bytes:
    """The bytes the engine would write for this change."""
    written = {
        OBJECT_ACTOR: _runs(read.object_actor, leb.number),
        OBJECT_COUNTER: _runs(read.object_counter, leb.number),
        KEY_ACTOR: _runs(read.key_actor, leb.number),
        KEY_COUNTER: _runs(_differences(read.key_counter), leb.signed),
        INSERT: _booleans(read.insert),
        ACTION: _runs(read.action, leb.number),
        VALUE_META: _runs(read.value_meta, leb.number),
        VALUE_RAW: body.columns.get(VALUE_RAW, b""),
        PRED: _runs(read.pred, leb.number),
        PRED_ACTOR: _runs(read.pred_actor, leb.number),
        PRED_COUNTER: _runs(_differences(read.pred_counter), leb.signed),
    }
    present = [(specification, data) for specification, data in written.items() if data]
    parts = [header(body), leb.number(len(present))]
    for specification, data in present:
        parts += [leb.number(specification), leb.number(len(data))]
    parts += [data for _, data in present]
    return b"".join(parts)


def header(body: ChangeBody) -> bytes:
    """What the engine would write for this change before the table of its columns."""
    return b"".join([
        leb.hashes(sorted(body.deps)),
        leb.string(body.actor),
        leb.number(body.seq),
        leb.number(body.start_op),
        leb.signed(body.time),
        leb.string(body.message),
        leb.number(len(body.others)),
        *map(leb.string, sorted(body.others)),
    ])  # fmt: skip


def single(body: ChangeBody) -> Rows | None:
    """The operation of a change that has one, when its columns are written as the engine writes
    them for a letter that is typed or deleted: most changes are such a change.

    None: read it with `rows`, and compare it with `encode`.
    """
    found = body.columns
    insert = _SINGLE_BOOLEANS.get(found.get(INSERT, b""))
    if insert is None or not found.keys() <= _OF_LETTERS or b"" in found.values():
        return None
    try:
        object_actor, object_counter, key_actor, action, meta, pred, pred_actor = [
            _single(found.get(specification)) for specification in _NUMBERS
        ]
        key_counter, pred_counter = _delta(found.get(KEY_COUNTER)), _delta(found.get(PRED_COUNTER))
    except Malformed:
        return None
    preds = 0 if pred_actor is None else 1
    if action is None or pred != preds or (pred_counter is not None) != bool(preds):
        return None
    return Rows(
        [object_actor], [object_counter], [key_actor], [key_counter], [insert], [action], [meta],
        [pred], [pred_actor] * preds, [pred_counter] * preds,
    )  # fmt: skip


_NUMBERS = (OBJECT_ACTOR, OBJECT_COUNTER, KEY_ACTOR, ACTION, VALUE_META, PRED, PRED_ACTOR)
_OF_LETTERS = frozenset({*_NUMBERS, KEY_COUNTER, INSERT, VALUE_RAW, PRED_COUNTER})
_SINGLE_BOOLEANS = {b"\1": False, b"\0\1": True}
_LITERAL = b"\x7f"
"""How a stretch of one value begins."""


def _single(data: bytes | None) -> int | None:
    """The one number in a column, None when there is no column; raises Malformed for all else."""
    if data is None:
        return None
    if len(data) == 2 and data[:1] == _LITERAL and data[1] < 0x80:  # nearly always
        return data[1]
    reader = leb.Reader(data, 1)
    value = reader.number()
    if data[:1] != _LITERAL or not reader.done:
        raise Malformed("a column is no single number")
    return value


def _delta(data: bytes | None) -> int | None:
    """The one number in a column of differences, like `_single`."""
    if data is None:
        return None
    value = leb.Reader(data, 1).signed()
    if data != _LITERAL + leb.signed(value):
        raise Malformed("a column is no single number")
    return value


def _runs(column: Column, write: Callable[[int], bytes]) -> bytes:
    """Run-length coding: equal neighbours are a run, single values stand together."""
    if not any(value is not None for value in column):
        return b""
    out: list[bytes] = []
    singles: list[bytes] = []
    for value, group in groupby(column):
        length = sum(1 for _ in group)
        if value is not None and length == 1:
            singles.append(write(value))
            continue
        _flush(singles, out)
        if value is None:
            out += [b"\0", leb.number(length)]
        else:
            out += [leb.signed(length), write(value)]
    _flush(singles, out)
    return b"".join(out)


def _flush(singles: list[bytes], out: list[bytes]) -> None:
    if singles:
        out += [leb.signed(-len(singles)), *singles]
        singles.clear()


def _differences(column: Column) -> list[int | None]:
    found: list[int | None] = []
    last = 0
    for value in column:
        found.append(None if value is None else value - last)
        last = last if value is None else value
    return found


def _booleans(column: Iterable[bool]) -> bytes:
    lengths = [(value, sum(1 for _ in group)) for value, group in groupby(column)]
    first = [0] if lengths and lengths[0][0] else []
    return b"".join(map(leb.number, chain(first, (length for _, length in lengths))))
