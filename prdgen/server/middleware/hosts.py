"""Answers only to the server's own names (DNS rebinding) and lets only its own pages change things."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from prdgen.server import problems
from prdgen.server.errors import WrongHost, WrongOrigin

_SAFE = {"GET", "HEAD", "OPTIONS"}
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/;,@\[\]]+)(?::\d{1,5})?")
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


class Hosts:
    """Checks `Host` on everything, and `Origin` on WebSockets and on requests that change things.

    A request with a Bearer token and no Origin is a program; it has no cookie to abuse.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], base_url: str = "") -> None:
        self.app = app
        self.names = frozenset(name.lower() for name in (*names, *_LOCAL))
        self.base = _place(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421 or 403 (WebSocket: refuse the handshake)."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if not self.know(host):
            error = WrongHost(got=host, expected=", ".join(sorted(self.names)))
            await problems.refuse(error, scope, receive, send)
            return
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if changes and origin is not None and not self._ours(origin, host):
            await problems.refuse(WrongOrigin(got=origin), scope, receive, send)
            return
        await self.app(scope, receive, send)

    def know(self, host: str) -> bool:
        """Whether a `Host` is one of this server's names, with or without a port."""
        return _name(host.lower()) in self.names

    def _ours(self, origin: str, host: str) -> bool:
        """Whether a page of this origin is one of ours, seen from here or through a proxy."""
        place = _place(origin)
        return place != "" and place in {host, self.base}


def _place(address: str) -> str:
    """`host:port` of an address; empty for what is none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The host without its port: `[::1]:8400` → `[::1]`; empty for what is no host."""
    found = _HOST.fullmatch(host)
    return found[1] if found else ""
