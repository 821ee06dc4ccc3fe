"""`GET /api/events`: what happens, as server-sent events that can be resumed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response

from prdgen.bus.errors import BusUnavailable
from prdgen.errors import Invalid
from prdgen.events import EVENT_TYPES
from prdgen.flows.context import App
from prdgen.server.api.operations import STRING, Operation
from prdgen.server.auth import app_of
from prdgen.store import event_log

_BLOCK_SECONDS: Final = 1.0
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


async def stream_events(request: Request) -> Response:
    """Events from now on, or after `Last-Event-ID`; `types` and `branch` narrow them."""
    app = app_of(request)
    wanted = _types(request)
    branch = request.query_params.get("branch")
    last = request.headers.get("last-event-id") or request.query_params.get("after")
    if last and not _NUMBER.fullmatch(last):
        raise Invalid(what="Last-Event-ID", where="/api/events", expected="a number", got=last[:40])
    start = int(last) if last else await _newest(request)

    async def events() -> AsyncIterator[dict[str, Any]]:
        number = start
        while not await request.is_disconnected():
            async with app.store.transaction() as tx:
                found = await event_log.recent(tx, number, 200)
            for number, event in found:
                if event.type in wanted and branch in {None, event.branch}:
                    yield {
                        "id": str(number),
                        "event": event.type,
                        "data": json.dumps(event.cloud_event(number)),
                    }
            if not found:
                await _next_event(app)

    return EventSourceResponse(events(), ping=15, headers={"Cache-Control": "no-store"})


async def _next_event(app: App) -> None:
    """Wait until the stream has more, or a moment; a lost bus is a pause, not an end."""
    try:
        await app.bus.read_events("$", block=_BLOCK_SECONDS, count=1)
    except BusUnavailable:
        await asyncio.sleep(_BLOCK_SECONDS)


async def _newest(request: Request) -> int:
    async with app_of(request).store.transaction() as tx:
        return await event_log.newest_number(tx)


def _types(request: Request) -> frozenset[str]:
    asked = request.query_params.get("types")
    if not asked:
        return frozenset(EVENT_TYPES)
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
