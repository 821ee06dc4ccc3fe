"""`/site-news`: tells open pages of the site which of them were published anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response

from prdgen.errors import PrdgenError
from prdgen.server import auth
from prdgen.server.auth import app_of
from prdgen.server.readers import credentials_of

_PING_SECONDS: Final = 25
_HEADERS: Final = {"Cache-Control": "private, no-store"}


async def follow(request: Request) -> Response:
    """Public paths whose files are others since a moment ago, as server-sent `prd.updated` events; `null`
    stands for all. 204 for who reads a public site without being signed in: they ask for their page
    now and then, which a cache can answer.
    """
    app = app_of(request)
    if app.settings.public_site and request.state.visitor is None:
        return Response(status_code=204, headers=_HEADERS)
    auth.require(request, "reader", "follow the site")
    who, readers = credentials_of(request.headers.raw), request.app.state.readers

    async def events() -> AsyncIterator[dict[str, Any]]:
        with app.levels.news.follow() as news:
            while True:
                paths = await news.get()
                if not readers.know(who):
                    turn = readers.turn
                    try:
                        if await auth.find_visitor(app, request) is None:
                            return
                    except PrdgenError:  # The browser comes again, and is checked then.
                        return
                    readers.let_in(who, turn)
                yield {"event": "prd.updated", "data": json.dumps({"paths": paths})}

    return EventSourceResponse(events(), ping=_PING_SECONDS, headers=_HEADERS)
