"""The text after a change, from the text before it, without writing the whole text out again.

The engine needs a millisecond for every 30,000 letters to write a text out, and a keystroke changes
one. Where that one stands is asked of the engine, letter by letter, near where its writer typed
last; what is not found there at once is left to the engine.
"""

from __future__ import annotations

from automerge import core

from prdgen.crdt import engine, operations
from prdgen.crdt.guard import Checked, ObjectId

_NEAR = 12
"""How many letters to either side of the expected one are looked at."""
_MOST_WRITERS = 256


class Follower:
    """Knows the text of one document as long as its changes are single letters, and where each
    actor typed last.
    """

    def __init__(self, document: core.Document, content: bytes) -> None:
        self._document = document
        self._content = content
        self._places: dict[bytes, int] = {}
        self._found: int | None = None

    def apply(self, before: str | None, changes: list[tuple[Checked, core.Message]]) -> str | None:
        """Apply decoded changes to a document with the text `before`; its text, when it is known."""
        text = before
        for change, decoded in changes:
            if text is None:
                engine.apply(self._document, decoded)
                continue
            self._look(change)
            engine.apply(self._document, decoded)
            followed = self._after(text, change)
            if followed is None and len(changes) == 1:
                followed = engine.text(self._document, self._content)
                self._learn(text, followed, change)
            text = followed
        return text

    def _look(self, change: Checked) -> None:
        """Before `change` is applied: find the letter it takes away."""
        self._found = None
        letter = _deleted(change)
        if letter is not None:
            place = self._places.get(change.body.actor)
            self._found = None if place is None else self._search(letter, place - 1)

    def _after(self, before: str, change: Checked) -> str | None:
        """The text when `change` was applied to a document with the text `before`.

        None when it is not one letter, or not where it was expected.
        """
        actor, found = change.body.actor, self._found
        if found is not None:
            if self._length() != len(before) - 1:
                return None
            self._move(found, -1)
            self._places[actor] = found
            return before[:found] + before[found + 1 :]
        letter = _inserted(change)
        place = self._places.get(actor)
        if letter is None or place is None or self._length() != len(before) + 1:
            return None
        found = self._search(ObjectId(change.body.start_op, actor), place)
        if found is None:
            return None
        self._move(found, 1)
        self._places[actor] = found + 1
        return before[:found] + letter + before[found:]

    def _learn(self, before: str, after: str, change: Checked) -> None:
        """Remember where `change`, which led from one text to the other, was made."""
        place = _parting(before, after)
        growth = len(after) - len(before)
        self._move(place, growth)
        if len(self._places) >= _MOST_WRITERS:
            self._places.clear()
        self._places[change.body.actor] = place + max(growth, 0)

    def _search(self, letter: ObjectId, expected: int) -> int | None:
        length = self._length()
        for distance in range(_NEAR + 1):
            for place in {expected - distance, expected + distance}:
                if 0 <= place < length and self._at(place) == letter:
                    return place
        return None

    def _at(self, place: int) -> ObjectId | None:
        with engine.suspect():
            found = self._document.get(self._content, place)
        return None if found is None else engine.object_id(found[1])

    def _length(self) -> int:
        with engine.suspect():
            return self._document.length(self._content)

    def _move(self, place: int, by: int) -> None:
        """Others' places behind `place` move with the text there."""
        for actor, at in self._places.items():
            if at > place:
                self._places[actor] = max(place, at + by)


def _inserted(change: Checked) -> str | None:
    """The letter, when inserting it is all the change does."""
    rows = change.rows
    if rows is None or change.operations != 1 or not rows.insert[0]:
        return None
    return change.body.columns.get(operations.VALUE_RAW, b"").decode()


def _deleted(change: Checked) -> ObjectId | None:
    """The operation that put the letter there, when deleting it is all the change does."""
    rows = change.rows
    if rows is None or change.operations != 1 or rows.action[0] != operations.DELETE:
        return None
    counter, actor = rows.pred_counter[0], rows.pred_actor[0]
    if rows.pred[0] != 1 or counter is None or actor is None:
        return None
    return ObjectId(counter, change.body.actors[actor])


def _parting(before: str, after: str) -> int:
    """Where the two texts begin to differ."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
