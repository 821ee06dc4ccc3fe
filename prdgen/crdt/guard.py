"""What may come in from outside: operations are counted, and their shape seen, before any decoding.

A change is a table of operations, one run-length coded column for each property, so a kilobyte
can stand for millions of rows. Nothing here hands bytes to the engine, and nothing here takes
memory for more rows than the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from prdgen.crdt import chunks, columns, leb, operations
from prdgen.crdt.chunks import ChangeBody
from prdgen.crdt.errors import ChangeRefused, TooManyOperations
from prdgen.crdt.leb import Malformed
from prdgen.crdt.operations import (
    ACTION,
    DELETE,
    INSERT,
    KEY_ACTOR,
    KEY_COUNTER,
    KEY_STRING,
    OBJECT_ACTOR,
    OBJECT_COUNTER,
    PRED,
    PRED_ACTOR,
    PRED_COUNTER,
    SET,
    VALUE_META,
    VALUE_RAW,
    Rows,
)

EXPAND, MARK_NAME = 0x94, 0xA5
_OF_LETTERS = frozenset({SET, DELETE})
_PRED_COLUMNS = frozenset({PRED, PRED_ACTOR, PRED_COUNTER})
_KNOWN_COLUMNS = frozenset(
    {OBJECT_ACTOR, OBJECT_COUNTER, KEY_ACTOR, KEY_COUNTER, KEY_STRING, INSERT, ACTION}
    | {VALUE_META, VALUE_RAW, EXPAND, MARK_NAME}
    | _PRED_COLUMNS
)

LAST_ACTION = 7
_NULL, _STRING = 0, 6
_VALUE_TYPES = 10
_COUNTER_LIMIT = 1 << 31


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one change and one message may hold."""

    operations: int = 300_000
    """In one change: a whole live page pasted at once, or deleted."""
    message_operations: int = 600_000
    """In all changes of one message, or in one document chunk."""
    message_bytes: int = 4_194_304
    """Of one message; what it inflates to may be four times as long."""
    message_changes: int = 25_000
    """In one message."""

    @property
    def inflated_bytes(self) -> int:
        """Of all chunks of one message after inflating."""
        return 4 * self.message_bytes


DEFAULT: Final = Limits()


class ObjectId(NamedTuple):
    """An Automerge object: the operation that made it."""

    counter: int
    actor: bytes


class Checked(NamedTuple):
    """A change whose operations are counted and understood."""

    body: ChangeBody
    operations: int
    rows: Rows | None = None
    """The operations of a change that edits the text; None for one that was not judged."""
    reshapes: str | None = None
    """Why this change does more than edit the text, if it does."""

    @property
    def max_op(self) -> int:
        """The counter of the change's last operation."""
        return self.body.start_op + self.operations - 1


def count_operations(data: bytes, limits: Limits) -> int:
    """The operations in a stream of chunks (documents and changes), without decoding them.

    Raises TooManyOperations as soon as a chunk is over its limit, ChangeRefused when the bytes
    are not what the format says, bytes behind the end included.
    """
    try:
        total = 0
        for chunk in read([data], limits):
            if chunk.kind == chunks.DOCUMENT:
                total += _count_document(chunk.body, limits)
            else:
                total += _count_change(chunks.change(chunk), limits.operations)
            if total > limits.message_operations:
                raise TooManyOperations(got=total, limit=limits.message_operations)
        return total
    except Malformed as error:
        raise ChangeRefused(why=str(error)) from error


def check_change(chunk: chunks.Chunk, limits: Limits, content: ObjectId) -> Checked:
    """A change from outside, counted and its operations seen to be well formed.

    `content` is the document's text object: whatever goes elsewhere makes the change one that
    `reshapes`. Raises TooManyOperations and ChangeRefused.
    """
    try:
        if chunk.kind == chunks.DOCUMENT:
            raise Malformed("a whole document stands where a change should")
        body = chunks.change(chunk)
        rows = operations.single(body)
        if rows is not None and not chunk.body.startswith(operations.header(body)):
            rows = None
        count = 1 if rows is not None else _count_change(body, limits.operations)
        _check_header(body, count)
        reason = _reshapes(body, count, content) if not _is_letter_of(content, body, rows) else None
        if reason:
            return Checked(body, count, reshapes=reason)
        if rows is None:
            rows = operations.rows(body, count, limits.operations)
            if operations.encode(body, rows) != chunk.body:
                raise Malformed("a change is not written the way Automerge writes it")
        _check_rows(body, rows)
        return Checked(body, count, rows, _check_text(body, rows))
    except Malformed as error:
        raise ChangeRefused(why=str(error)) from error


def read(items: Iterable[bytes], limits: Limits) -> Iterator[chunks.Chunk]:
    """The chunks in the items of one message; raises Malformed when they are too many or long."""
    left, count = limits.inflated_bytes, 0
    for item in items:
        for chunk in chunks.split(item, left):
            left -= len(chunk.body)
            count += 1
            if left < 0 or count > limits.message_changes:
                raise Malformed("a message holds too many changes, or too long ones")
            yield chunk


def check_total(changes: Iterable[Checked], limits: Limits) -> None:
    """Raise TooManyOperations when all changes together are over the limit of a message."""
    total = sum(change.operations for change in changes)
    if total > limits.message_operations:
        raise TooManyOperations(got=total, limit=limits.message_operations)


def _count_change(body: ChangeBody, limit: int) -> int:
    """The rows of the action column; no other column may have more, but for predecessors."""
    count = operations.count(body, limit)
    if count > limit:
        raise TooManyOperations(got=count, limit=limit)
    for specification, data in body.columns.items():
        if specification not in _KNOWN_COLUMNS:
            raise Malformed(f"a change has the unknown column {specification}")
        allowed = limit if specification in _PRED_COLUMNS else count
        rows = columns.count_rows(specification, data, allowed)
        if rows > allowed:
            raise Malformed(f"column {specification} has {rows} rows for {count} operations")
    return count


def _count_document(body: bytes, limits: Limits) -> int:
    """The operations of a document chunk; every column is held to the same limit of rows."""
    reader = leb.Reader(body)
    actors = reader.number()
    for _ in range(min(actors, len(body) + 1)):
        reader.string(len(body))
    heads = reader.hashes()
    change_lengths = chunks.column_lengths(reader)
    operation_lengths = chunks.column_lengths(reader)
    change_columns = chunks.column_data(reader, change_lengths)
    operation_columns = chunks.column_data(reader, operation_lengths)
    if not reader.done:
        for _ in heads:
            reader.number()
    if not reader.done:
        raise Malformed("bytes stand behind a document's end")
    _count_columns(change_columns, limits)
    return _count_columns(operation_columns, limits)


def _count_columns(found: dict[int, bytes], limits: Limits) -> int:
    limit = limits.message_operations
    left = limits.inflated_bytes
    actions = 0
    for specification, stored in found.items():
        data = stored
        if specification & chunks.DEFLATED_COLUMN:
            data = chunks.inflate(stored, left)
        left -= len(data)
        plain = specification & ~chunks.DEFLATED_COLUMN
        rows = columns.count_rows(plain, data, limit)
        if rows > limit:
            raise TooManyOperations(got=rows, limit=limit)
        if plain == ACTION:
            actions = rows
    return actions


def _check_header(body: ChangeBody, count: int) -> None:
    if not body.actor or body.seq < 1:
        raise Malformed("a change has no actor or no number")
    if body.start_op < 1 or body.start_op + count > _COUNTER_LIMIT:
        raise Malformed("a change's counters are out of range")
    if len(set(body.actors)) != len(body.actors) or len(set(body.deps)) != len(body.deps):
        raise Malformed("a change names an actor or a dependency twice")
    _letters(body.message)


def _reshapes(body: ChangeBody, count: int, content: ObjectId) -> str | None:
    """Why the change does more than edit the text, as far as its columns' runs can tell."""
    found = body.columns
    actions = {value for _, value in columns.runs(found.get(ACTION, b""))}
    if any(action is None or action > LAST_ACTION for action in actions):
        raise Malformed("a change has an unknown action")
    _check_actors(body)
    if not actions <= {SET, DELETE} or found.get(EXPAND) or found.get(MARK_NAME):
        return "it makes objects, counts or marks text"
    if found.get(KEY_STRING):
        return "it sets a key"
    counters = list(columns.runs(found.get(OBJECT_COUNTER, b"")))
    actors = list(columns.runs(found.get(OBJECT_ACTOR, b"")))
    if columns.rows(counters) != count or columns.rows(actors) != count:
        return "it writes to the root"
    if any(value != content.counter for _, value in counters) or any(
        value is None or body.actors[value] != content.actor for _, value in actors
    ):
        return "it writes to another object than `content`"
    return None


def _is_letter_of(content: ObjectId, body: ChangeBody, rows: Rows | None) -> bool:
    """Whether a change of one operation types or deletes a letter of `content`, and names no other
    actor than the letter's: then `_reshapes` has nothing to say.
    """
    if (
        rows is None
        or rows.action[0] not in _OF_LETTERS
        or rows.object_counter[0] != content.counter
    ):
        return False
    actors, actor = body.actors, rows.object_actor[0]
    named = {0, actor, rows.key_actor[0], *rows.pred_actor} - {None}
    return actor is not None and named == set(range(len(actors))) and actors[actor] == content.actor


def _check_actors(body: ChangeBody) -> None:
    """Every index names an actor, and every actor beside the change's own is named."""
    named: set[int | None] = {0}
    for specification in (OBJECT_ACTOR, KEY_ACTOR, PRED_ACTOR):
        named |= {value for _, value in columns.runs(body.columns.get(specification, b""))}
    if named - {None} != set(range(len(body.actors))):
        raise Malformed("a change's actors are not those its operations name")


def _check_rows(body: ChangeBody, rows: Rows) -> None:
    """Every operation names the element it is about, and only what can exist by then."""
    position = 0
    keys = zip(rows.key_actor, rows.key_counter, strict=True)
    kinds = zip(rows.action, rows.insert, rows.pred, strict=True)
    pairs = zip(keys, kinds, strict=True)
    for own, ((actor, counter), (action, insert, pred)) in enumerate(pairs, body.start_op):
        if counter is None or pred is None or (actor is None) != (counter == 0):
            raise Malformed("an operation has no key")
        if not 0 <= counter < own or (not counter and not insert):
            raise Malformed("an operation names an element that cannot exist yet")
        if bool(pred) == insert or (insert and action == DELETE):
            raise Malformed("an operation's predecessors do not fit it")
        if pred:
            _check_preds(rows, position, position + pred, own)
            position += pred


def _check_preds(rows: Rows, start: int, end: int, own: int) -> None:
    preds = list(zip(rows.pred_counter[start:end], rows.pred_actor[start:end], strict=True))
    for counter, actor in preds:
        if counter is None or actor is None or not 0 < counter < own:
            raise Malformed("an operation replaces one that cannot exist yet")
    if len(set(preds)) != len(preds):
        raise Malformed("an operation replaces another twice")


def _check_text(body: ChangeBody, rows: Rows) -> str | None:
    """Why the values are not plain text, one code point an element, if they are not."""
    raw = body.columns.get(VALUE_RAW, b"")
    position, reason = 0, None
    for action, meta in zip(rows.action, rows.value_meta, strict=True):
        if meta is None or meta & 0xF >= _VALUE_TYPES:
            raise Malformed("a value has an unknown type")
        kind, length = meta & 0xF, meta >> 4
        if action == DELETE and meta != _NULL:
            raise Malformed("a deletion has a value")
        if action == SET and kind != _STRING:
            reason = "it puts something else than letters into the text"
        elif kind == _STRING and not _is_letter(raw, position, length):
            reason = "it puts several letters, or none, into one element"
        position += length
    if position != len(raw):
        raise Malformed("the values are not as long as they say")
    if b"\r" in raw or b"\0" in raw:
        reason = "its text has a carriage return or NUL"
    return reason


def _is_letter(raw: bytes, start: int, length: int) -> bool:
    if length == 1 and raw[start : start + 1] < b"\x80":
        return True
    return len(_letters(raw[start : start + length])) == 1


def _letters(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a value is not UTF-8") from error
