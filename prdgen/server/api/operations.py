"""What an API operation is: its route, who may call it, and how it is described."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prdgen import holdable
from prdgen.errors import Invalid, TooLarge
from prdgen.server import auth, html
from prdgen.server.errors import WrongOrigin

Schema = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]
STRING: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
NULLABLE: Final[Schema] = {"type": ["string", "null"]}
_SAFE: Final = {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API. `role` None: anyone, signed in or not."""

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Schema
    role: str | None = "reader"
    query: dict[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    body_type: str = "application/json"
    answer_type: str = "application/json"
    status: int = 200

    @property
    def name(self) -> str:
        """The operation id."""
        return self.handler.__name__

    def route(self) -> Route:
        """The Starlette route, which checks role and form token before the handler runs."""

        async def endpoint(request: Request) -> Response:
            if self.role is not None:
                visitor = auth.require(request, self.role, self.summary.lower().rstrip("."))
                if self.method not in _SAFE and not visitor.by_token:
                    check_form_token(request, request.headers.get("x-csrf-token", ""))
            return await self.handler(request)

        return Route(self.path, endpoint, methods=[self.method], name=self.name)


def check_form_token(request: Request, given: str) -> None:
    """Refuse a change that another site's page could have sent; raises WrongOrigin."""
    expected = html.form_token(auth.visitor_of(request))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise WrongOrigin(got=request.headers.get("origin", "no form token"))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form sent by someone signed in, its token checked.

    Raises SignInNeeded before anything is read, and WrongOrigin.
    """
    return {key: str(value) for key, value in (await sent_form(request)).items()}


async def sent_form(request: Request, most_fields: int = 50) -> FormData:
    """The same with fields that may be there several times."""
    auth.visitor_of(request)
    async with request.form(max_files=0, max_fields=most_fields) as sent:
        check_form_token(request, str(sent.get("csrf", "")))
        return sent


async def body_of(request: Request, *required: str, optional: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON object sent, its `required` texts there and its `optional` ones texts or null. Where
    nothing is required no body is needed.

    Raises Invalid and TooLarge.
    """
    raw = await bounded(request, auth.app_of(request).settings.message_limit)
    try:
        found = json.loads(raw.decode("utf-8-sig") if raw or required else "{}")
    except (ValueError, RecursionError) as error:
        raise Invalid(
            what="the body", where=request.url.path, expected="JSON", got=str(error)
        ) from error
    if b"\\u" in raw and (got := holdable.strange(found)):
        raise Invalid(what="the body", where=request.url.path,
                      expected="characters that a text can hold", got=got)  # fmt: skip
    if not isinstance(found, dict):
        raise Invalid(what="the body", where=request.url.path, expected="a JSON object",
                      got=type(found).__name__)  # fmt: skip
    for key in (*required, *optional):
        value = found.get(key)
        if not isinstance(value, str) and (key in required or value is not None):
            raise Invalid(what=key, where=request.url.path, expected="a text",
                          got=repr(found.get(key))[:80])  # fmt: skip
    return found


async def bounded(request: Request, limit: int) -> bytes:
    """The body, read no further than `limit` bytes; raises TooLarge."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > limit:
            raise TooLarge(what="The body", where=request.url.path, got=f"over {limit} bytes",
                           expected=f"{limit} bytes")  # fmt: skip
    return bytes(data)


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A number from the query string, within bounds; raises Invalid."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 12 or not low <= int(raw) <= high:
        raise Invalid(what=name, where=request.url.path, expected=f"{low} to {high}", got=raw[:40])
    return int(raw)


def as_json(value: Any, status: int = 200) -> JSONResponse:
    """A JSON answer."""
    return JSONResponse(value, status)


def listing(items: Schema, **more: Schema) -> Schema:
    """The schema of `{items: […], …}`."""
    return obj(items={"type": "array", "items": items}, **more)


def obj(**properties: Schema) -> Schema:
    """The schema of an object with these required properties."""
    return {"type": "object", "required": list(properties), "properties": properties}
