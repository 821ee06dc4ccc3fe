"""Security headers: a strict content policy with one nonce a response, no sniffing, no framing."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'{sockets}; manifest-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def headers(nonce: str, host: str) -> dict[str, str]:
    """The headers of an answer with this nonce to a request for this host."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return {"Content-Security-Policy": _POLICY.format(nonce=nonce, sockets=sockets), **steady()}


def steady() -> dict[str, str]:
    """Those that are the same for every answer."""
    return {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


class Security:
    """Sets the headers on every HTTP answer that does not bring its own policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request a nonce (`scope["state"]["nonce"]`) and the answer its headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in headers(nonce, host).items():
                    given.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)
