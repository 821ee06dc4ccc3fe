"""Errors as answers: RFC 9457 problem details for programs, a page that says what to do for people."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from prdgen.errors import Invalid, NotFound, PrdgenError
from prdgen.server import absent, html
from prdgen.server.errors import MethodNotAllowed, SignInNeeded
from prdgen.server.middleware import security

log = logging.getLogger(__name__)
_RETRY_AFTER_SECONDS = 2
_TRY_AGAIN_LATER, _REFUSED = 1013, 4403
"""Close codes of WebSockets."""


def wants_html(headers: Headers, path: str) -> bool:
    """Whether a person is reading: a browser's Accept header, outside /api."""
    return "text/html" in headers.get("accept", "") and not path.startswith("/api/")


async def on_prdgen_error(request: Request, error: Exception) -> Response:
    """A PrdgenError as the answer its reader can use."""
    assert isinstance(error, PrdgenError)
    if isinstance(error, SignInNeeded) and wants_html(request.headers, request.url.path):
        wanted = quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)
    error = await absent.known(request, error)
    if (onward := absent.onward(request, error)) is not None:
        return onward
    if error.status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error)
    return answer(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (404, 405) in the same shape."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "other methods")
        found: PrdgenError = MethodNotAllowed(
            method=request.method, where=request.url.path, expected=allowed
        )
    elif error.status_code == 404:
        found = NotFound(what="page", where=request.url.path)
    else:
        found = Invalid(what="the request", where=request.url.path, expected="one like in the API",
                        got=error.detail)  # fmt: skip
    return answer(request, found, headers=error.headers)


async def on_client_gone(request: Request, error: Exception) -> Response:
    """Whoever asked left before all of it was here: nobody reads the answer, nothing is wrong."""
    assert isinstance(error, ClientDisconnect)
    log.debug("%s %s: the client left", request.method, request.url.path)
    return Response(status_code=400)


async def on_crash(request: Request, error: Exception) -> Response:
    """Anything unforeseen: logged with its traceback, answered without it."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    # Starlette calls this outside of every middleware, so the headers of Security are set here.
    nonce = getattr(request.state, "nonce", "")
    return answer(request, PrdgenError(), security.headers(nonce, request.headers.get("host", "")))


def answer(request: Request, error: PrdgenError, headers: Any = None) -> Response:
    """The error as HTML or as `application/problem+json`."""
    extra = dict(headers or {})
    if error.retryable:
        extra["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    if wants_html(request.headers, request.url.path):
        return html.error_page(request, error, headers=extra, links=absent.links(error))
    return JSONResponse(
        error.problem() | {"instance": request.url.path},
        error.status,
        media_type="application/problem+json",
        headers=extra,
    )


async def refuse(error: PrdgenError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer from a middleware. The handshake of a WebSocket is turned down; but who should try
    again later is told so, which a client does not learn from a handshake.
    """
    if scope["type"] == "websocket":
        if error.retryable:
            await send({"type": "websocket.accept"})
        code = _TRY_AGAIN_LATER if error.retryable else _REFUSED
        await send({"type": "websocket.close", "code": code, "reason": error.message[:120]})
        return
    await answer(Request(scope), error)(scope, receive, send)
