"""Compresses JSON answers. Pages with form tokens stay as they are: how well a text compresses can
tell what else is in it.
"""

from __future__ import annotations

import gzip
from typing import Any, Final

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WORTH_BYTES: Final = 1_000
_BROTLI_QUALITY: Final = 4
_GZIP_LEVEL: Final = 5
_TYPES: Final = ("application/json", "application/problem+json")


class Compress:
    """Brotli or gzip for JSON that is whole (not a stream) and worth it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold back the answer's start until its body says whether it is compressed."""
        accepted = (
            Headers(scope=scope).get("accept-encoding", "") if scope["type"] == "http" else ""
        )
        encoding = "br" if "br" in accepted else "gzip" if "gzip" in accepted else ""
        if not encoding:
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def compressed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _may(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                message = _whole(start, message, encoding)
                await send(start)
            await send(message)

        await self.app(scope, receive, compressed)


def _may(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in _TYPES and "content-encoding" not in headers


def _whole(start: Message, body: Message, encoding: str) -> Message:
    """The body, compressed when it is all there is and worth it; `start` says so."""
    data: bytes = body.get("body", b"")
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if body.get("more_body") or len(data) < _WORTH_BYTES:
        return body
    packed: Any = (
        brotli.compress(data, quality=_BROTLI_QUALITY)
        if encoding == "br"
        else gzip.compress(data, _GZIP_LEVEL)
    )
    headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(packed))
    return {**body, "body": packed}
