"""Which letter of the text an operation is about: the letters every known change put there.

The engine takes an operation on a letter that does not exist without a word, and the next saved
document cannot be read again. So what a change from outside points to is looked up first.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from prdgen.crdt import chunks, columns, operations
from prdgen.crdt.chunks import ChangeBody
from prdgen.crdt.guard import ObjectId


class Element(NamedTuple):
    """A letter of the text, named by the operation that inserted it."""

    counter: int
    actor: bytes


@dataclass(slots=True)
class _Timeline:
    """One actor's changes in order: where each one's operations start, and its chunk."""

    starts: list[int] = field(default_factory=list)
    changes: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Letters:
    """What one change put into the text."""

    inserted: tuple[range, ...]
    replaced: dict[int, Element]
    """Operations that put another letter in an element's place."""


class Elements:
    """The letters of one document's text, living and deleted, looked up in the raw changes.

    A change is taken apart when something first points into it, and only then.
    """

    def __init__(self, content: ObjectId) -> None:
        self._content = content
        self._timelines: dict[bytes, _Timeline] = {}
        self._letters: dict[tuple[bytes, int], _Letters] = {}

    def add(self, actor: bytes, start_op: int, data: bytes, inserted: int | None = None) -> None:
        """Remember an actor's next change; `data` is its chunk.

        `inserted`: it is known to do nothing but insert so many letters.
        """
        timeline = self._timelines.setdefault(actor, _Timeline())
        if inserted is not None:
            letters = _Letters((range(start_op, start_op + inserted),), {})
            self._letters[actor, len(timeline.starts)] = letters
        timeline.starts.append(start_op)
        timeline.changes.append(data)

    def of(self, counter: int, actor: bytes) -> Element | None:
        """The letter an operation inserted or replaced; None when it did neither."""
        timeline = self._timelines.get(actor)
        if timeline is None:
            return None
        index = bisect_right(timeline.starts, counter) - 1
        if index < 0:
            return None
        letters = self._letters.get((actor, index))
        if letters is None:
            data = timeline.changes[index]
            (chunk,) = chunks.split(data, len(data) + chunks.INFLATE_STORED)
            letters = _letters(chunks.change(chunk), self._content)
            self._letters[actor, index] = letters
        if any(counter in inserted for inserted in letters.inserted):
            return Element(counter, actor)
        return letters.replaced.get(counter)


def _letters(body: ChangeBody, content: ObjectId) -> _Letters:
    """The letters of a change that is part of the document, whatever else it did."""
    found, size = body.columns, operations.count(body)
    stretches = columns.side_by_side(
        size,
        columns.runs(found.get(operations.OBJECT_COUNTER, b"")),
        columns.runs(found.get(operations.OBJECT_ACTOR, b"")),
        columns.boolean_runs(found.get(operations.INSERT, b"")),
        columns.runs(found.get(operations.ACTION, b"")),
    )
    inserted: list[range] = []
    replacing: list[int] = []
    for rows, (counter, actor, insert, action) in stretches:
        if not isinstance(actor, int) or (counter, body.actors[actor]) != content:
            continue
        if insert:
            inserted.append(range(rows.start + body.start_op, rows.stop + body.start_op))
        elif action == operations.SET:
            replacing.extend(rows)
    return _Letters(tuple(inserted), _replaced(body, size, replacing) if replacing else {})


def _replaced(body: ChangeBody, size: int, replacing: list[int]) -> dict[int, Element]:
    """The letters in whose place the operations of some rows put others."""
    read = operations.rows(body, size, operations.ANY)
    found: dict[int, Element] = {}
    for row in replacing:
        counter, actor = read.key_counter[row], read.key_actor[row]
        if counter and actor is not None:
            found[row + body.start_op] = Element(counter, body.actors[actor])
    return found
