"""One edit's way through the server, with times: printed when the setting `trace` is on, nearly free
when it is off.

receive → validate → apply → memory → write queue → batch write → told, then file and commit when
their time comes. All times are milliseconds since the message with the edit came in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from prdgen import logs

_MOST: Final = 1_000
"""Edits that are followed at once; the oldest are let go."""
on = False
"""Whether anything is traced. Who asks first pays nothing for the rest."""


@dataclass(slots=True)
class Way:
    """One message's edit: when it came in, and when it was where."""

    began: float
    name: str = ""
    marks: list[tuple[str, float]] = field(default_factory=list)

    def mark(self, step: str) -> None:
        """It is at this step now."""
        self.marks.append((step, time.perf_counter()))

    def words(self) -> str:
        """`receive 0.0, validate 0.3, …` in milliseconds since it came in."""
        steps = [("receive", self.began), *self.marks]
        return ", ".join(f"{step} {(at - self.began) * 1000:.1f}" for step, at in steps)


_now: Way | None = None
"""The edit whose message is being taken. Taking one is not interrupted until it is applied."""
_queued: dict[UUID, list[Way]] = {}
_stored: OrderedDict[UUID, list[Way]] = OrderedDict()


def switch(*, to: bool) -> None:
    """Turn tracing on or off, and forget what was under way."""
    global on, _now
    on, _now = to, None
    _queued.clear()
    _stored.clear()


def came_in() -> float:
    """When a message came in; 0 when nobody wants to know."""
    return time.perf_counter() if on else 0.0


def begin(began: float) -> None:
    """A message is taken from the inbox."""
    global _now  # noqa: PLW0603 - as above
    _now = Way(began)


def step(name: str) -> None:
    """What is being taken has come so far."""
    if _now is not None:
        _now.mark(name)


def applied() -> Way | None:
    """The edit whose message was just applied; to be called before anything is waited for."""
    global _now
    way, _now = _now, None
    return way


def taken(document_id: UUID, way: Way, first: bytes) -> None:
    """The edit with this first change is in memory, and waits to be stored."""
    way.name = first.hex()[:8]
    way.mark("memory")
    _queued.setdefault(document_id, []).append(way)


def storing(document_id: UUID) -> None:
    """The document's edits leave the queue together."""
    for way in _queued.get(document_id, ()):
        way.mark("queue")


def stored(document_id: UUID) -> None:
    """They are in the database."""
    for way in _queued.get(document_id, ()):
        way.mark("batch write")


def told(document_id: UUID) -> None:
    """They were relayed and acknowledged: their way so far is printed."""
    ways = _queued.pop(document_id, [])
    for way in ways:
        way.mark("told")
        logs.TRACE.debug("edit %s of %s: %s ms (%d in the batch)",
                         way.name, document_id, way.words(), len(ways))  # fmt: skip
    if ways:
        _stored.setdefault(document_id, []).extend(ways)
        _stored.move_to_end(document_id)
    while _stored and sum(map(len, _stored.values())) > _MOST:
        _stored.popitem(last=False)


def dropped(document_id: UUID) -> None:
    """What was taken and not stored is undone."""
    _queued.pop(document_id, None)


def in_file(document_id: UUID, page_path: str) -> None:
    """The document's stored edits are in its file."""
    for way in _stored.get(document_id, ()):
        if not any(step == "file" for step, _ in way.marks):
            way.mark("file")
            _say(way, "in the file", page_path)


def committed(document_id: UUID, page_path: str, commits: Iterable[str]) -> None:
    """The document's stored edits are in Git: that is the end of their way."""
    names = " ".join(commit[:8] for commit in commits)
    for way in _stored.pop(document_id, ()):
        way.mark("commit")
        _say(way, f"committed as {names}", page_path)


def _say(way: Way, what: str, page_path: str) -> None:
    took = (way.marks[-1][1] - way.began) * 1000
    logs.TRACE.debug("edit %s: %s after %.1f ms (%s)", way.name, what, took, page_path)
