"""Who is asking: sessions in cookies, API tokens, one-time sign-in links, and roles."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from prdgen.errors import Forbidden, PrdgenError, ReadOnlyToken
from prdgen.flows import accounts, roles
from prdgen.flows.context import App
from prdgen.server import problems
from prdgen.server.errors import SignInNeeded
from prdgen.server.readers import Readers
from prdgen.store import access, notifications, people
from prdgen.store.people import Person

COOKIE: Final = "prdgen_session"
"""The beginning of the cookie's name; see `cookie_name`."""
LINK_LIFE: Final = timedelta(minutes=10)
_READING: Final = ("GET", "HEAD", "OPTIONS")
MOST_UNREAD: Final = 100
"""So many notifications are counted for the head of a page."""
_NO_PAGES: Final = ("/api/", "/static/", "/site/", "/draft-site/", "/raw/", "/export/", "/git/")
SESSION_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone signed in: the person, their role, and how they came."""

    person: Person
    role: str
    by_token: bool
    scope: str
    """`write`, or `read` for a token that only reads."""
    secret: str
    """The session's or token's secret; the form token is derived from it."""


class Sessions:
    """Middleware: finds who asks (`scope["state"]["visitor"]`, a Visitor or None)."""

    def __init__(self, app: ASGIApp, house: App, readers: Readers) -> None:
        self.asgi = app
        self.house = house
        self.readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look the session or token up once; a database that is away is an answer of its own."""
        if scope["type"] in {"http", "websocket"}:
            scope.setdefault("state", {})["readers_turn"] = self.readers.turn
            try:
                visitor = await find_visitor(self.house, HTTPConnection(scope))
            except PrdgenError as error:
                if _needs_nobody(scope["path"]):
                    visitor = None
                else:
                    await problems.refuse(error, scope, receive, send)
                    return
            scope.setdefault("state", {})["visitor"] = visitor
        try:
            await self.asgi(scope, receive, send)
        finally:
            if scope.get("method", "GET") not in _READING:
                self.readers.forget()


def _needs_nobody(path: str) -> bool:
    return path in {
        "/healthz",
        "/readyz",
        "/metrics",
        "/offline",
        "/service-worker.js",
    } or path.startswith(("/static/", "/site/"))


async def find_visitor(app: App, connection: HTTPConnection) -> Visitor | None:
    """The person behind a cookie, a Bearer token, or Basic with the token as password (Git)."""
    token = token_of(connection.headers)
    cookie = connection.cookies.get(cookie_name(app))
    if token is None and cookie is None:
        return None
    async with app.store.statement() as tx:
        if token is None:
            person = await access.session_person(tx, cookie or "")
            scope = "write"
            if person is not None and _has_head(connection):
                connection.state.unread = await notifications.count_unread(
                    tx, person.id, MOST_UNREAD
                )
        else:
            found = await access.token_person(tx, token)
            person, scope = found or (None, "")
    if person is None:
        return None
    role = await roles.of(app, person)
    return Visitor(person, role if scope == "write" else "reader", token is not None, scope,
                   token or cookie or "")  # fmt: skip


def _has_head(connection: HTTPConnection) -> bool:
    """Whether what is asked for may be a page with the bell in its head."""
    return connection.scope["type"] == "http" and not connection.url.path.startswith(_NO_PAGES)


async def roles_now(app: App, visitors: Collection[Visitor]) -> dict[Visitor, str]:
    """The role each visitor has by now; whose session or token has ended is not among them."""
    tokens = [visitor.secret for visitor in visitors if visitor.by_token]
    sessions = [visitor.secret for visitor in visitors if not visitor.by_token]
    async with app.store.statement() as tx:
        found = await access.token_people(tx, tokens) if tokens else {}
        known = await access.session_people(tx, sessions) if sessions else {}
    role_of = await roles.of_all(app)
    now: dict[Visitor, str] = {}
    for visitor in visitors:
        if visitor.by_token and visitor.secret in found:
            person, scope = found[visitor.secret]
            now[visitor] = role_of(person) if scope == "write" else "reader"
        elif not visitor.by_token and visitor.secret in known:
            now[visitor] = role_of(known[visitor.secret])
    return now


def cookie_name(app: App) -> str:
    """The session cookie's name. Browsers share cookies between ports, so each repository has its
    own: two servers on one machine do not sign each other's people out.
    """
    return f"{COOKIE}_{app.repository_id.hex[:8]}"


def token_of(headers: Headers) -> str | None:
    """The API token in an Authorization header, if there is one."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return None


def visitor_of(request: HTTPConnection) -> Visitor:
    """Who asks; raises SignInNeeded when nobody is signed in."""
    found: Visitor | None = request.state.visitor
    if found is None:
        raise SignInNeeded
    return found


def require(request: HTTPConnection, role: str, what: str) -> Visitor:
    """Who asks, when their role is at least `role`; raises SignInNeeded, ReadOnlyToken or Forbidden."""
    visitor = visitor_of(request)
    if not roles.at_least(visitor.role, role):
        if visitor.scope != "write":
            raise ReadOnlyToken(who=visitor.person.name, what=what)
        raise Forbidden(who=visitor.person.name, what=what, expected=role, got=visitor.role)
    return visitor


def require_writing(request: HTTPConnection, what: str) -> Visitor:
    """Who asks, whatever their role, unless they came with a token that only reads.

    Raises SignInNeeded or ReadOnlyToken.
    """
    visitor = visitor_of(request)
    if visitor.scope != "write":
        raise ReadOnlyToken(who=visitor.person.name, what=what)
    return visitor


async def owner_link(app: App) -> str:
    """A one-time link's token for the owner; the first start makes the owner from Git's user."""
    name = app.repository.config_get("user.name") or "Owner"
    email = app.repository.config_get("user.email") or "owner@localhost"
    async with app.store.transaction() as tx:
        person = await people.get_by_email(tx, email) or await people.create(
            tx, name=name, email=email, color=accounts.next_color(0), role="owner"
        )
        return await access.make_link(tx, person.id)


async def make_link(app: App, person_id: UUID, life: timedelta = LINK_LIFE) -> str:
    """A one-time sign-in secret for a person."""
    async with app.store.transaction() as tx:
        return await access.make_link(tx, person_id, life.total_seconds())


async def redeem(app: App, secret: str) -> str:
    """Trade a one-time secret for a session's; raises LinkUnusable."""
    async with app.store.transaction() as tx:
        person_id = await access.redeem_link(tx, secret)
        return await access.start_session(tx, person_id, SESSION_LIFE.total_seconds())


def app_of(request: Request | HTTPConnection) -> App:
    """The open App behind a request."""
    found: App = request.app.state.app
    return found
