"""`/git/`: Git's smart HTTP protocol: clone and fetch for readers, push for editors."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from prdgen.errors import Forbidden, NotFound, PrdgenError, ReadOnlyToken
from prdgen.flows import push, roles
from prdgen.flows.context import App
from prdgen.flows.judge import Pusher
from prdgen.git import http_backend
from prdgen.git.http_backend import Asked, Backend
from prdgen.git.values import Signature
from prdgen.server.auth import Visitor, app_of
from prdgen.store import access

log = logging.getLogger(__name__)
_SERVICE: Final = re.compile(r"(?:[^/]+\.git/)?(info/refs|git-upload-pack|git-receive-pack)")
_PROTOCOL: Final = re.compile(r"[a-z0-9=:.-]{1,200}")
_PUSH: Final = "git-receive-pack"
_FETCH: Final = "git-upload-pack"
_SILENCE_SECONDS: Final = 120.0
"""How long a client may be silent in the middle of its request."""


async def serve(request: Request) -> Response:
    """`git clone`, `fetch` and `push` (smart HTTP; sign in as `git` with an API token as password)."""
    found = _SERVICE.fullmatch(request.path_params["service"])
    wanted = _wanted(request, found[1] if found else "")
    if found is None or wanted is None:
        raise NotFound(what="Git service (only smart HTTP is answered)", where=request.url.path)
    visitor: Visitor | None = request.state.visitor
    if visitor is None or not visitor.by_token:
        # A browser's cookie opens nothing here, so no other site's page can use it.
        challenge = {"WWW-Authenticate": 'Basic realm="prdgen: user git, API token as password"'}
        return _say(
            "Sign in as `git` with an API token of yours as password (/tokens).", 401, challenge
        )
    role, what = ("editor", "push") if wanted == _PUSH else ("reader", "clone and fetch")
    if not roles.at_least(visitor.role, role):
        who = visitor.person.name
        error: PrdgenError = ReadOnlyToken(who=who, what=what)
        if visitor.scope == "write":
            error = Forbidden(who=who, what=what, expected=role, got=visitor.role)
        return _say(f"{error.message} {error.hint}", error.status)
    if wanted == _PUSH and request.headers.get("content-encoding"):
        return _say("A push is taken as it is, not compressed once more.", 415)
    limit = app_of(request).settings.push_limit
    length = _length(request)
    if wanted == _PUSH and length is not None and length > limit:
        return _say(_too_large(limit), 413)
    return _Talk(app_of(request), visitor, _asked(request, found[1], visitor, length), wanted)


def _wanted(request: Request, path: str) -> str | None:
    """Which of Git's two services this is about; None: none of them."""
    if path != "info/refs":
        return path if request.method == "POST" and path else None
    service = request.query_params.get("service", "")
    return service if request.method == "GET" and service in {_FETCH, _PUSH} else None


def _asked(request: Request, path: str, visitor: Visitor, length: int | None) -> Asked:
    service = request.query_params.get("service", "")
    protocol = request.headers.get("git-protocol", "")
    return Asked(
        path=f"/{path}",
        method=request.method,
        query=f"service={service}" if path == "info/refs" else "",
        content_type=request.headers.get("content-type", ""),
        content_length=length,
        content_encoding=request.headers.get("content-encoding", ""),
        protocol=protocol if _PROTOCOL.fullmatch(protocol) else "",
        address=request.client.host if request.client else "",
        who=Signature(visitor.person.name, visitor.person.email),
    )


def _length(request: Request) -> int | None:
    given = request.headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() else None


def _say(words: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Plain text: what Git shows to the person as `remote: …`."""
    return PlainTextResponse(
        f"{words}\n", status, headers={"Cache-Control": "no-store", **(headers or {})}
    )


def _too_large(limit: int) -> str:
    return (
        f"This push has more than {limit} bytes, the limit here (push_limit). Push in smaller parts, "
        "keep large files out of Git, or have the limit raised."
    )


class _Talk(Response):
    """Git's answer, streamed while the request still comes in."""

    def __init__(self, app: App, visitor: Visitor, asked: Asked, service: str) -> None:
        super().__init__()
        self._app, self._visitor, self._asked = app, visitor, asked
        self._is_push = service == _PUSH and asked.path != "/info/refs"
        self._too_large = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run Git, and let the hooks of a push ask; however it ends, Git has ended too."""
        limit = self._app.settings.push_limit
        backend = await http_backend.start(self._app.repository, self._asked, push_limit=limit)
        request = Request(scope, receive)
        feeding = asyncio.create_task(self._feed(request, backend), name="git body")
        asking = asyncio.create_task(self._ask(backend), name="git push")
        try:
            await self._answer(request, backend, feeding, send)
            await asking
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
            await asyncio.shield(asyncio.create_task(_end(backend, asking)))

    async def _answer(
        self, request: Request, backend: Backend, feeding: asyncio.Task[None], send: Send
    ) -> None:
        status, headers = await backend.start()
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        async for chunk in backend.chunks():
            if not self._too_large:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if not self._is_push and feeding.done() and await request.is_disconnected():
                backend.stop()
        # What still comes in is read to its end: a client that sends does not listen.
        await asyncio.wait([feeding])
        last = _fatal(_too_large(self._app.settings.push_limit)) if self._too_large else b""
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _feed(self, request: Request, backend: Backend) -> None:
        """Hand the request's body on; after the end of Git, or too much, read and forget the rest."""
        taken, open_, limit = 0, True, self._app.settings.push_limit
        parts = request.stream()
        try:
            while True:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    part = await anext(parts, None)
                if part is None:
                    break
                taken += len(part)
                if self._is_push and taken > limit and not self._too_large:
                    self._too_large = True
                    backend.end_of_body()
                if open_ and not self._too_large:
                    open_ = await backend.write(part)
        except (ClientDisconnect, TimeoutError) as error:
            log.info(
                "%s stopped in the middle of its request (%s)",
                self._asked.address,
                type(error).__name__,
            )
        finally:
            backend.end_of_body()

    async def _ask(self, backend: Backend) -> None:
        person = self._visitor.person
        try:
            await push.run(self._app, backend, Pusher(person, self._visitor.role), self._now)
        except PrdgenError:
            log.exception("what a push by %s changed follows later", person.name)

    async def _now(self) -> Pusher | None:
        async with self._app.store.statement() as tx:
            found = await access.token_person(tx, self._visitor.secret)
        if found is None:
            return None
        person, scope = found
        return Pusher(person, await roles.of(self._app, person) if scope == "write" else "reader")


async def _end(backend: Backend, asking: asyncio.Task[None]) -> None:
    await backend.close()
    await asyncio.wait([asking])


def _fatal(words: str) -> bytes:
    """Words as Git's side band 3 carries them: the client shows them, and the push has failed."""
    body = b"\x03" + words.encode() + b"\n"
    return b"%04x%s0000" % (len(body) + 4, body)
