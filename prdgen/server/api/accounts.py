"""API: who is asking, people and what they may do, tokens."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from prdgen.errors import NotFound
from prdgen.flows import accounts, roles
from prdgen.server import auth
from prdgen.server.api.operations import (
    NULLABLE,
    STRING,
    Operation,
    as_json,
    body_of,
    listing,
    obj,
)
from prdgen.server.auth import app_of, visitor_of
from prdgen.store import access, people


async def who_am_i(request: Request) -> Response:
    """The person asking, and their role."""
    visitor = visitor_of(request)
    person = visitor.person
    return as_json({"id": str(person.id), "name": person.name, "email": person.email,
                    "color": person.color, "role": visitor.role})  # fmt: skip


async def list_people(request: Request) -> Response:
    """Everyone with an account."""
    app = app_of(request)
    async with app.store.transaction() as tx:
        found = await people.list_people(tx)
    items = [{"id": str(p.id), "name": p.name, "email": p.email, "color": p.color,
              "role": await roles.of(app, p)} for p in found]  # fmt: skip
    return as_json({"items": items})


async def invite_person(request: Request) -> Response:
    """Add a person, and make the link they sign in with."""
    app, body = app_of(request), await body_of(request, "name", "email", optional=("role",))
    async with app.store.transaction() as tx:
        person, link = await accounts.invite(
            tx, body["name"], body["email"], body.get("role") or "editor"
        )
    return as_json({"id": str(person.id), "link": f"/sign-in/{link}"}, 201)


async def change_person(request: Request) -> Response:
    """Give a person another role, unless `.prdgen/roles.yml` decides it."""
    body = await body_of(request, "role")
    person = await accounts.change_role(app_of(request), _uuid(request), body["role"])
    return as_json({"id": str(person.id), "role": body["role"]})


async def shut_out_person(request: Request) -> Response:
    """End a person's sessions, API tokens and unused links: they are out until they get a new link."""
    person = await accounts.shut_out(app_of(request), _uuid(request))
    return as_json({"id": str(person.id), "signed_out": True})


async def create_token(request: Request) -> Response:
    """An API token; its text is shown this once. For Git: user `git`, the token as password."""
    visitor = auth.require_writing(request, "make a token")
    app, body = app_of(request), await body_of(request, "name", optional=("scope",))
    async with app.store.transaction() as tx:
        secret, token = await accounts.make_token(
            tx, visitor.person.id, body["name"], body.get("scope") or "write"
        )
    return as_json({"token": secret, **_token(token)}, 201)


async def list_tokens(request: Request) -> Response:
    """The asking person's tokens, newest first, without their secrets."""
    async with app_of(request).store.transaction() as tx:
        found = await access.list_tokens(tx, visitor_of(request).person.id)
    return as_json({"items": [_token(token) for token in found]})


async def revoke_token(request: Request) -> Response:
    """End one of the asking person's tokens at once."""
    visitor = auth.require_writing(request, "revoke a token")
    async with app_of(request).store.transaction() as tx:
        done = await access.revoke_token(tx, visitor.person.id, _uuid(request))
    if not done:
        raise NotFound(what="token of yours", where=request.path_params["id"])
    return as_json({"revoked": True})


def _token(token: access.Token) -> dict[str, str | None]:
    at = (token.created_at, token.expires_at, token.used_at)
    created, expires, used = (each.isoformat() if each else None for each in at)
    return {"id": str(token.id), "name": token.name, "scope": token.scope, "created_at": created,
            "expires_at": expires, "used_at": used}  # fmt: skip


def _uuid(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound(what="id", where=request.url.path) from None


PERSON = obj(id=STRING, name=STRING, email=STRING, role=STRING)
_SCOPE = {"enum": list(accounts.SCOPES)}
TOKEN = obj(id=STRING, name=STRING, scope=_SCOPE, created_at=STRING, expires_at=NULLABLE,
            used_at=NULLABLE)  # fmt: skip
OPERATIONS = (
    Operation("GET", "/api/me", "Get who is signed in.", who_am_i, PERSON),
    Operation("GET", "/api/people", "List people.", list_people, listing(PERSON)),
    Operation("POST", "/api/people", "Invite a person.", invite_person,
              obj(id=STRING, link=STRING), "owner", status=201,
              body=obj(name=STRING, email=STRING)
              | {"properties": {"name": STRING, "email": STRING,
                                "role": {"enum": list(roles.ROLES)}}}),
    Operation("PATCH", "/api/people/{id}", "Change a person's role.", change_person,
              obj(id=STRING, role=STRING), "owner", body=obj(role={"enum": list(roles.ROLES)})),
    Operation("DELETE", "/api/people/{id}/sessions", "Sign a person out everywhere.",
              shut_out_person, obj(id=STRING, signed_out={"type": "boolean"}), "owner"),
    Operation("GET", "/api/tokens", "List your API tokens.", list_tokens, listing(TOKEN)),
    Operation("POST", "/api/tokens", "Make an API token.", create_token,
              obj(token=STRING, expires_at=STRING), status=201,
              body=obj(name=STRING) | {"properties": {"name": STRING, "scope": _SCOPE}}),
    Operation("DELETE", "/api/tokens/{id}", "Revoke one of your API tokens.", revoke_token,
              obj(revoked={"type": "boolean"})),
)  # fmt: skip
"""People in the API."""
