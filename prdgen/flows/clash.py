"""two versions of the same lines in a page's text → the event that says where they stand."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from prdgen.crdt.offsets import Offsets
from prdgen.events import Event
from prdgen.merge.pieces import Conflict


def event(
    branch: str, page_path: str, text: str, found: Conflict, once: UUID | None = None
) -> Event:
    """`git.conflict.detected` with its place in `text`: `start` and `end` in UTF-16 units, `line` from 1.
    `once` is its id where it may be told more than once.

    When somebody changed these lines already, the place is where they were.
    """
    both = found.ours + found.theirs
    start = found.start
    if not text.startswith(both, start) and (elsewhere := text.find(both)) >= 0:
        start = elsewhere
    offsets, end = Offsets(text), start + len(both)
    place = {
        "start": offsets.to_utf16(start), "end": offsets.to_utf16(end),
        "line": text.count("\n", 0, start) + 1,
    }  # fmt: skip
    told = Event("git.conflict.detected", branch, page_path, data=place)
    return replace(told, id=once) if once else told
