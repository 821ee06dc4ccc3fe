"""kept document → what people are told of it, on whichever server they are."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from prdgen.bus.errors import BusUnavailable
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.store.documents import Document

log = logging.getLogger(__name__)
_SECONDS = 5.0
"""So long others believe it; while it lasts it is told again every second."""


@dataclass(frozen=True, slots=True)
class Status:
    """Why the text is not in its file or in a commit, in words, and who is in the page here."""

    paused: str | None
    refused: str | None
    uncommitted: bool
    people: tuple[str, ...]


async def of(app: App, row: Document) -> Status:
    """As the server knows it that keeps the page: this one, or the one that told us."""
    assert app.keeper is not None
    assert app.rooms is not None
    live, room = app.keeper.find(row.id), app.rooms.find(row.id)
    people = tuple(sorted({peer.who.name for peer in room.peers})) if room else ()
    if live is not None:
        return Status(live.paused, live.refused, live.uncommitted, people)
    told = await _heard(app, row)
    return Status(told.get("paused"), told.get("refused"), row.uncommitted, people)


async def tell(app: App, live: Live) -> None:
    """Let the other servers know what keeps the text from its file or from a commit."""
    told = json.dumps({"paused": live.paused, "refused": live.refused}).encode()
    try:
        await app.bus.cache_set(_key(live.document), told, _SECONDS)
    except BusUnavailable as error:
        log.debug("people on other servers are not told why %s waits: %s", live.page_path, error)


async def _heard(app: App, row: Document) -> dict[str, str | None]:
    try:
        found = await app.bus.cache_get(_key(row))
    except BusUnavailable:
        return {}
    return dict(json.loads(found)) if found else {}


def _key(row: Document) -> str:
    return f"status:{row.id}"
