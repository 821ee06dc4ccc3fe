"""What a person was told of, for people and programs: the list, and what is read."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import Invalid, NotFound
from prdgen.flows import news
from prdgen.server import auth, html
from prdgen.server.api.operations import (
    INTEGER,
    NULLABLE,
    STRING,
    Operation,
    as_json,
    body_of,
    form_of,
    listing,
    number,
    obj,
)
from prdgen.server.auth import app_of
from prdgen.store import notifications
from prdgen.store.notifications import Notification

_A_PAGE: Final = 50
_MOST_IDS: Final = 200


async def notification_list(request: Request) -> Response:
    """What happened that concerns the person, newest first; POST: all of it is read."""
    visitor = auth.require(request, "reader", "see your notifications")
    app = app_of(request)
    if request.method == "POST":
        await form_of(request)
        async with app.store.transaction() as tx:
            await notifications.mark_read(tx, visitor.person.id)
        return RedirectResponse("/notifications", 303)
    before = _before(request)
    async with app.store.transaction() as tx:
        found = await notifications.newest(tx, visitor.person.id, limit=_A_PAGE + 1, before=before)
    items = [(each, news.TO_DO.get(each.type, "")) for each in found[:_A_PAGE]]
    return html.render(
        request, "notifications.html", title="Notifications", items=items, before=before,
        more=items[-1][0].id if len(found) > _A_PAGE else None,
    )  # fmt: skip


async def go(request: Request) -> Response:
    """On to where a notification leads; it is read from now on, unless a program only looks (HEAD)."""
    visitor = auth.require(request, "reader", "open a notification")
    id_ = _id(request.path_params["id"])
    read = request.method != "HEAD"
    async with app_of(request).store.transaction() as tx:
        href = await notifications.open_(tx, visitor.person.id, id_, read=read) if id_ else None
    if href is None:
        raise NotFound(what="notification of yours", where=request.path_params["id"])
    return RedirectResponse(href, 303)


def _id(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        return None


def _before(request: Request) -> UUID | None:
    """The notification before which the list goes on. Raises Invalid: what cannot be one is no beginning."""
    given = request.query_params.get("before")
    if given is not None and _id(given) is None:
        raise Invalid(what="before", where=request.url.path, got=repr(given)[:80],
                      expected="the id of a notification")  # fmt: skip
    return _id(given)


def _ids(given: object) -> list[UUID] | None:
    if not isinstance(given, list) or len(given) > _MOST_IDS:
        return None
    found = [each for one in given if isinstance(one, str) and (each := _id(one)) is not None]
    return found if len(found) == len(given) else None


async def list_notifications(request: Request) -> Response:
    """What the asking person was told of, newest first; `unread`: 1 for what they did not read yet."""
    visitor, asked = auth.visitor_of(request), request.query_params
    limit = number(request, "limit", _A_PAGE, 1, 200)
    async with app_of(request).store.transaction() as tx:
        found = await notifications.newest(
            tx, visitor.person.id, unread=asked.get("unread") == "1", limit=limit,
            before=_before(request),
        )  # fmt: skip
        unread = await notifications.count_unread(tx, visitor.person.id, auth.MOST_UNREAD)
    return as_json({"items": [_shown(each) for each in found], "unread": unread})


def _shown(each: Notification) -> dict[str, Any]:
    return {
        "id": str(each.id), "type": each.type, "title": each.title, "href": each.href,
        "to_do": news.TO_DO.get(each.type, ""), "at": each.at.isoformat(),
        "read_at": each.read_at.isoformat() if each.read_at else None,
    }  # fmt: skip


async def read_notifications(request: Request) -> Response:
    """Those named in `ids` are read from now on; without it, all."""
    visitor = auth.require_writing(request, "mark notifications as read")
    given = (await body_of(request)).get("ids")
    ids = None if given is None else _ids(given)
    if given is not None and ids is None:
        raise Invalid(what="ids", where=request.url.path, got=repr(given)[:80],
                      expected=f"a list of up to {_MOST_IDS} ids")  # fmt: skip
    async with app_of(request).store.transaction() as tx:
        await notifications.mark_read(tx, visitor.person.id, ids)
        unread = await notifications.count_unread(tx, visitor.person.id, auth.MOST_UNREAD)
    return as_json({"unread": unread})


_NOTIFICATION = obj(
    id=STRING, type=STRING, title=STRING, href=STRING, to_do=STRING, at=STRING, read_at=NULLABLE
)
OPERATIONS = (
    Operation("GET", "/api/notifications", "List your notifications.", list_notifications,
              listing(_NOTIFICATION, unread=INTEGER), query={"unread": STRING, "limit": INTEGER, "before": STRING}),
    Operation("POST", "/api/notifications/read", "Mark notifications as read.", read_notifications,
              obj(unread=INTEGER), body={"type": "object", "properties": {
                  "ids": {"type": "array", "items": STRING}}}),
)  # fmt: skip
"""Notifications in the API."""
