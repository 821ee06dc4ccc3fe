"""Pages for people: a page's versions, what they differ in, who wrote what; and the way back."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.flows import blame, compare, read, restore, roles, write_rules
from prdgen.flows.restore import Restored
from prdgen.server import auth, html
from prdgen.server.api.operations import form_of, number
from prdgen.server.auth import app_of

_A_PAGE: Final = 50
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


async def history(request: Request) -> Response:
    """The page's versions, newest first. With `restore` it asks whether to, and shows what will change;
    POST restores a version, or undoes that.
    """
    auth.require(request, "reader", "see this page's history")
    app, asked = app_of(request), request.query_params
    branch, page_path = await read.locate(app, request.path_params["address"])
    if request.method == "POST":
        visitor, fields = auth.require(request, "editor", "restore it"), await form_of(request)
        await write_rules.check(app, visitor.person, visitor.role, page_path)
        if fields.get("do") == "undo":
            before, after = fields.get("before", ""), fields.get("after", "")
            done = await restore.undo(app, branch, page_path, before, after, visitor.person)
        else:
            commit = fields.get("commit", "")
            done = await restore.version(app, branch, page_path, commit, visitor.person)
        return await _restored(request, branch, page_path, done)
    if wanted := asked.get("restore"):
        visitor = auth.require(request, "editor", "restore it")
        await write_rules.check(app, visitor.person, visitor.role, page_path)
        return html.render(
            request, "restore.html", title=f"Restore {page_path}", branch=branch,
            page_path=page_path, first=compare.FIRST, commit=wanted,
            found=await compare.restoring(app, branch, page_path, wanted),
        )  # fmt: skip
    return await _versions(request, branch, page_path)


async def _versions(request: Request, branch: str, page_path: str, refused: str = "") -> Response:
    asked, skip = request.query_params, number(request, "skip", 0, 0, 100_000)
    found = await read.history(app_of(request), branch, page_path, limit=_A_PAGE + 1, skip=skip)
    may = roles.at_least(auth.visitor_of(request).role, "editor")
    return html.render(
        request, "history.html", title=f"History of {page_path}", branch=branch,
        page_path=page_path, versions=found[:_A_PAGE], skip=skip, may=may, refused=refused,
        same="same" in asked, more=skip + _A_PAGE if len(found) > _A_PAGE else None,
        undo=[asked[key] for key in ("before", "after")
              if may and _COMMIT.fullmatch(asked.get(key, ""))],
    )  # fmt: skip


async def _restored(request: Request, branch: str, page_path: str, done: Restored) -> Response:
    """To the history, where what happened is said and can be undone."""
    if done.version.refused:
        return await _versions(request, branch, page_path, done.version.refused)
    if done.before is None:  # the page is there again
        return RedirectResponse(read.address("p", branch, page_path), 303)
    said = {"before": done.before, "after": done.after} if done.after else {"same": "1"}
    return RedirectResponse(read.address("history", branch, page_path) + "?" + urlencode(said), 303)


async def difference(request: Request) -> Response:
    """What two versions differ in, rendered, with the source's difference below."""
    auth.require(request, "reader", "see this page's history")
    app, asked = app_of(request), request.query_params
    branch, page_path = await read.locate(app, request.path_params["address"])
    if request.method == "POST":
        visitor, fields = auth.require(request, "editor", "bring it back"), await form_of(request)
        await write_rules.check(app, visitor.person, visitor.role, page_path)
        wanted = fields.get("passage", "")
        done = await restore.passage(
            app, branch, page_path, fields.get("from", ""), fields.get("to", ""),
            int(wanted) if wanted.isascii() and wanted.isdigit() else -1, visitor.person,
        )  # fmt: skip
        return await _restored(request, branch, page_path, done)
    found = await compare.versions(app, branch, page_path, asked.get("from"), asked.get("to"))
    return html.render(
        request, "diff.html", title=f"Changes in {page_path}", branch=branch,
        page_path=page_path, found=found, first=compare.FIRST,
    )  # fmt: skip


async def blame_page(request: Request) -> Response:
    """Who wrote which lines of a page, what is not committed yet included."""
    auth.require(request, "reader", "see who wrote this page")
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    return html.render(
        request, "blame.html", title=f"Who wrote {page_path}", branch=branch, page_path=page_path,
        passages=await blame.of(app, branch, page_path),
    )  # fmt: skip
