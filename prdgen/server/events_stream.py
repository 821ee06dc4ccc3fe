"""`GET /api/events`: what happens, as server-sent events that can be resumed."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response

from prdgen import background
from prdgen.bus.errors import BusUnavailable
from prdgen.errors import Invalid, Unavailable
from prdgen.events import EVENT_TYPES, LIVE_ONLY, Event
from prdgen.flows import live_events
from prdgen.flows.context import App
from prdgen.server import auth
from prdgen.server.api.operations import STRING, Operation
from prdgen.server.auth import app_of
from prdgen.store import event_log

_BLOCK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 0.02
_AGAIN: Final = 10
_MOST_WAITING: Final = 100
LOOK_SECONDS: Final = 5.0
"""How soon a stream ends when its session did."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


async def stream_events(request: Request) -> Response:
    """Events from now on, or after `Last-Event-ID`; `types` and `branch` narrow them.

    Cursors and selections come only when `types` names them.
    """
    app = app_of(request)
    wanted = _types(request)
    branch = request.query_params.get("branch")
    last = request.headers.get("last-event-id") or request.query_params.get("after")
    if last and not _NUMBER.fullmatch(last):
        raise Invalid(what="Last-Event-ID", where="/api/events", expected="a number", got=last[:40])
    start = int(last) if last else await _newest(request)

    async def events() -> AsyncIterator[dict[str, Any]]:
        numbered = _published(app, start, request)
        found = _with_live(app, numbered) if wanted & LIVE_ONLY else numbered
        async with aclosing(found):
            async for number, event in found:
                if event.type in wanted and branch in {None, event.branch}:
                    data = json.dumps(event.cloud_event(number))
                    name = {} if number is None else {"id": str(number)}
                    yield {**name, "event": event.type, "data": data}

    return EventSourceResponse(events(), ping=15, headers={"Cache-Control": "no-store"})


async def _with_live(
    app: App, numbered: AsyncGenerator[tuple[int | None, Event], None]
) -> AsyncGenerator[tuple[int | None, Event], None]:
    """What is numbered, and between it what is live only; ends with the first."""
    queue: asyncio.Queue[tuple[int | None, Event] | None] = asyncio.Queue(_MOST_WAITING)

    async def numbers() -> None:
        async for found in numbered:
            await queue.put(found)
        await queue.put(None)

    async def live() -> None:
        async for event in live_events.follow(app):
            await queue.put((None, event))

    tasks = [asyncio.create_task(work()) for work in (numbers, live)]
    try:
        while (found := await queue.get()) is not None:
            yield found
    finally:
        await background.end(tasks)


async def _published(
    app: App, number: int, request: Request
) -> AsyncGenerator[tuple[int | None, Event], None]:
    """Every event numbered above `number`, as it is published, while the asking person is signed in.

    A store or bus that is away is a pause, not an end.
    """
    looked, looks, stream_id = time.monotonic(), 0, await _position(app)
    while not await request.is_disconnected():
        try:
            if time.monotonic() - looked > LOOK_SECONDS:
                looked = time.monotonic()
                if await auth.find_visitor(app, request) is None:
                    return
            async with app.store.transaction() as tx:
                found = await event_log.recent(tx, number, 200)
        except Unavailable:
            await asyncio.sleep(_BLOCK_SECONDS)
            continue
        for newest, event in found:
            yield newest, event
            number = newest
        if looks > 0 and not found:
            # The stream hears of events a moment before their transaction ends.
            looks -= 1
            await asyncio.sleep(_AGAIN_SECONDS)
        elif not found:
            stream_id, heard = await _hear(app, stream_id)
            looks = _AGAIN if heard else 0


async def _position(app: App) -> str:
    """Where the stream is now; taken before the store is read, so that nothing falls between."""
    try:
        return await app.bus.streams.newest()
    except BusUnavailable:
        return "$"


async def _hear(app: App, after: str) -> tuple[str, bool]:
    """Wait until the stream has more than `after`, or a moment; where it is then, and whether."""
    try:
        entries = await app.bus.read_events(after, block=_BLOCK_SECONDS)
    except BusUnavailable:
        await asyncio.sleep(_BLOCK_SECONDS)
        return "$", False
    return (entries[-1][0], True) if entries else (after, False)


async def _newest(request: Request) -> int:
    async with app_of(request).store.transaction() as tx:
        return await event_log.newest_number(tx)


def _types(request: Request) -> frozenset[str]:
    asked = request.query_params.get("types")
    if not asked:
        return frozenset(EVENT_TYPES) - LIVE_ONLY
    wanted = frozenset(asked.split(","))
    if unknown := wanted - set(EVENT_TYPES):
        raise Invalid(what="types", where="/api/events", expected="names from docs/events.md",
                      got=", ".join(sorted(unknown))[:200])  # fmt: skip
    return wanted


OPERATIONS = (
    Operation("GET", "/api/events", "Follow events.", stream_events,
              {"type": "string", "description": "CloudEvents 1.0, one JSON object an event"},
              query={"types": STRING, "branch": STRING, "after": STRING},
              answer_type="text/event-stream"),
)  # fmt: skip
"""The event stream."""
