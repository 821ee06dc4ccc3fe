"""live messages of editors, on the bus → `cursor.moved`, `selection.changed`, for whoever asks by name.

Never stored, never numbered: who was away does not hear of it later.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from prdgen.crdt import wire
from prdgen.crdt.errors import BadMessage
from prdgen.errors import PrdgenError
from prdgen.events import Event
from prdgen.flows.context import App
from prdgen.store import documents

log = logging.getLogger(__name__)
EVERY_SECONDS: Final = 0.5
"""One person's place in one page is told at most this often; editors say it again every 3 s."""
_MOST_KNOWN: Final = 10_000
Place = tuple[tuple[int, int], tuple[int, int]]


@dataclass(slots=True)
class _Told:
    """What was last told of one person in one page."""

    at: float = float("-inf")
    place: Place | None = None


@dataclass(slots=True)
class Follower:
    """Turns what is heard on the bus into events; knows who is behind an editor from the lists of
    people, and nothing of an editor that is on no list yet.
    """

    now: Any = time.monotonic
    people: dict[str, UUID] = field(default_factory=dict)
    told: dict[tuple[UUID, UUID], _Told] = field(default_factory=dict)

    def hear(self, document_id: UUID, payload: bytes) -> tuple[UUID, Place] | None:
        """The person and the place to tell of, or None: nothing new, too soon, or unreadable."""
        try:
            kind, body = payload[:1], payload[1:]
            if kind == b"P":
                self._learn(body)
            elif kind == b"L":
                return self._place(document_id, body)
        except (ValueError, TypeError, BadMessage) as error:
            log.debug("a live message says nothing readable: %s", error)
        return None

    def _learn(self, body: bytes) -> None:
        if len(self.people) > _MOST_KNOWN:
            self.people.clear()
            self.told.clear()
        for peer_id, person_id, *_ in json.loads(body):
            if person_id is not None:
                self.people[peer_id] = UUID(person_id)

    def _place(self, document_id: UUID, body: bytes) -> tuple[UUID, Place] | None:
        message = wire.decode(body)
        if not isinstance(message, wire.Ephemeral):
            return None
        person = self.people.get(message.sender_id)
        place = place_of(wire.live_data(message))
        if person is None or place is None:
            return None
        told = self.told.setdefault((document_id, person), _Told())
        if place == told.place or self.now() - told.at < EVERY_SECONDS:
            return None
        told.at, told.place = self.now(), place
        return person, place


def place_of(content: object) -> Place | None:
    """The lines and columns in an editor's message; None when it says none."""
    found = content.get("place") if isinstance(content, dict) else None
    if not isinstance(found, dict):
        return None
    begin, end = _point(found.get("from")), _point(found.get("to"))
    return None if begin is None or end is None else (begin, end)


def _point(found: object) -> tuple[int, int] | None:
    """A line and a column; None for anything else."""
    if not isinstance(found, list) or len(found) != 2:
        return None
    line, column = found
    return (line, column) if _natural(line) and _natural(column) else None


def _natural(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 1 << 31


async def follow(app: App) -> AsyncIterator[Event]:
    """Every such event from now on, of every process; what Valkey loses meanwhile is lost."""
    follower, pages = Follower(), dict[UUID, tuple[str, str] | None]()
    async with aclosing(app.bus.subscribe_live()) as notices:
        async for notice in notices:
            heard = follower.hear(notice.document_id, notice.payload)
            if heard is None:
                continue
            page = await _page(app, notice.document_id, pages)
            if page is not None:
                yield event_of(page, *heard)


def event_of(page: tuple[str, str], person: UUID, place: Place) -> Event:
    """A cursor where the selection is empty, else a selection; lines and columns count from 1."""
    (line, column), (to_line, to_column) = place
    if place[0] == place[1]:
        return Event("cursor.moved", *page, person, {"line": line, "column": column})
    ends = {
        "from": {"line": line, "column": column},
        "to": {"line": to_line, "column": to_column},
    }
    return Event("selection.changed", *page, person, ends)


async def _page(
    app: App, document_id: UUID, known: dict[UUID, tuple[str, str] | None]
) -> tuple[str, str] | None:
    if document_id not in known:
        try:
            async with app.store.transaction() as tx:
                row = await documents.find(tx, document_id)
        except PrdgenError as error:
            log.debug("a page is not looked up just now: %s", error)
            return None
        known[document_id] = None if row is None else (row.branch, row.page_path)
    return known[document_id]
