"""Documents of several pages, for people and programs: asked for, followed, taken, cancelled."""

from __future__ import annotations

from typing import Any, Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import Invalid
from prdgen.flows import export_jobs, roles
from prdgen.flows.export_book import KINDS
from prdgen.flows.export_jobs import WHOLE_SITE, Standing
from prdgen.server import auth, html
from prdgen.server.api.operations import (
    INTEGER,
    NULLABLE,
    STRING,
    Operation,
    as_json,
    body_of,
    form_of,
    obj,
    sent_form,
)
from prdgen.server.api.reading import export_answer
from prdgen.server.auth import app_of, visitor_of

_MOST_FIELDS: Final = 1_000
_NAMES: Final = {"pdf": "PDF", "docx": "Word"}


async def start(request: Request) -> Response:
    """Have the chosen pages, or with `book` the whole site, made one file; go where one waits for it."""
    visitor = auth.require(request, "reader", "export pages")
    fields = await sent_form(request, _MOST_FIELDS)
    book = str(fields.get("book", ""))
    paths = tuple(str(path) for path in fields.getlist("page"))
    if not book and not paths:
        raise Invalid(what="The selection", where="the list of pages", expected="at least one page",
                      got="none")  # fmt: skip
    kind = book or str(fields.get("format", ""))
    wanted = WHOLE_SITE if book else paths
    row = await export_jobs.ask(app_of(request), visitor.person, kind, wanted)
    return RedirectResponse(f"/exports/{row.id}", 303)


async def export(request: Request) -> Response:
    """A document of several pages: how far it is, the file when it is made; POST cancels or repeats."""
    visitor = auth.require(request, "reader", "see this document")
    app, export_id = app_of(request), request.path_params["id"]
    if request.method == "POST":
        fields = await form_of(request)
        standing = await export_jobs.get(app, export_id)
        if fields.get("do") == "cancel":
            await export_jobs.cancel(app, export_id, visitor.person, visitor.role)
            return RedirectResponse(f"/exports/{export_id}", 303)
        row = standing.row
        again = await export_jobs.ask(app, visitor.person, row.format, row.paths)
        return RedirectResponse(f"/exports/{again.id}", 303)
    standing = await export_jobs.get(app, export_id)
    mine = visitor.person.id in standing.row.askers
    return html.render(
        request, "export.html", title=standing.row.title, row=standing.row, state=standing.state,
        kind=_NAMES[standing.row.format],
        newest=standing.row.commit == await to_thread.run_sync(app.repository.tip, app.main_branch),
        may_cancel=mine or roles.at_least(visitor.role, "maintainer"),
        others=len(standing.row.askers) - mine,
    )  # fmt: skip


async def start_export(request: Request) -> Response:
    """Have pages and folders of the main branch, or with `book` the whole site, made one file."""
    body = await body_of(request, "format")
    paths = body.get("pages") or []
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise Invalid(what="pages", where=request.url.path, expected="a list of paths",
                      got=repr(paths)[:80])  # fmt: skip
    if body.get("book") not in {None, False, True} or bool(body.get("book")) == bool(paths):
        raise Invalid(what="pages", where=request.url.path, got="both" if paths else "neither",
                      expected="either pages or `book: true`")  # fmt: skip
    person = visitor_of(request).person
    row = await export_jobs.ask(app_of(request), person, body["format"], tuple(paths))
    answer = as_json(_shown(await export_jobs.get(app_of(request), row.id)), 202)
    answer.headers["Location"] = f"/api/exports/{row.id}"
    return answer


async def get_export(request: Request) -> Response:
    """How far it is: `state` waiting, doing, done, failed, cancelled, or gone (kept no more)."""
    return as_json(_shown(await export_jobs.get(app_of(request), request.path_params["id"])))


async def get_export_file(request: Request) -> Response:
    """The file, once it is made."""
    return export_answer(await export_jobs.file(app_of(request), request.path_params["id"]))


async def cancel_export(request: Request) -> Response:
    """Want it no more: its making stops when nobody else waits for it."""
    app, export_id, visitor = app_of(request), request.path_params["id"], visitor_of(request)
    await export_jobs.cancel(app, export_id, visitor.person, visitor.role)
    return as_json(_shown(await export_jobs.get(app, export_id)))


def _shown(standing: Standing) -> dict[str, Any]:
    row = standing.row
    failed = standing.state == "failed"
    return {
        "id": row.id,
        "state": standing.state,
        "title": row.title,
        "format": row.format,
        "branch": row.branch,
        "commit": row.commit,
        "pages": row.paths,
        "book": not row.paths,
        "done": row.pages_done,
        "of": row.pages,
        "before": row.before,
        "error": {"detail": row.error, "hint": row.hint} if failed else None,
        "file": f"/api/exports/{row.id}/file" if standing.state == "done" else None,
        "page": f"/exports/{row.id}",
        "asked_at": row.asked_at.isoformat(),
    }


_STATES: Final = {"enum": ["waiting", "doing", "done", "failed", "cancelled", "gone"]}
_PATHS: Final = {"type": "array", "items": STRING}
_EXPORT: Final = obj(
    id=STRING, state=_STATES, title=STRING, format=STRING, branch=STRING, commit=STRING,
    pages=_PATHS, book={"type": "boolean"}, done=INTEGER, of=INTEGER, before=INTEGER,
    error={"anyOf": [obj(detail=STRING, hint=STRING), {"type": "null"}]}, file=NULLABLE,
    page=STRING, asked_at=STRING,
)  # fmt: skip
_ORDER: Final = {
    "type": "object",
    "required": ["format"],
    "properties": {"format": {"enum": list(KINDS)}, "pages": _PATHS, "book": {"type": "boolean"}},
}
OPERATIONS = (
    Operation("POST", "/api/exports", "Have several pages made one file.", start_export, _EXPORT,
              body=_ORDER, status=202),
    Operation("GET", "/api/exports/{id}", "Get how far a file of several pages is.", get_export,
              _EXPORT),
    Operation("GET", "/api/exports/{id}/file", "Get a file of several pages.", get_export_file,
              {"type": "string", "contentMediaType": "application/octet-stream"},
              answer_type="application/octet-stream"),
    Operation("DELETE", "/api/exports/{id}", "Cancel a file of several pages that you asked for.", cancel_export,
              _EXPORT),
)  # fmt: skip
"""The part of the API for documents of several pages."""
