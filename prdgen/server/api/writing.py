"""API: new pages, previews, versions, conflicts, documents."""

from __future__ import annotations

import re
from dataclasses import asdict
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from prdgen import ids
from prdgen.errors import Invalid, NotFound, TooLarge
from prdgen.flows import (
    create,
    edit,
    gone,
    late,
    moved,
    new_file,
    pages_of,
    read,
    restore,
    status,
    whom,
    write_rules,
)
from prdgen.flows import open as open_flow
from prdgen.page import templates
from prdgen.server.api.operations import (
    INTEGER,
    NULLABLE,
    STRING,
    Operation,
    as_json,
    body_of,
    bounded,
    listing,
    obj,
)
from prdgen.server.auth import app_of, visitor_of
from prdgen.store import changes, conflicts, documents, people


async def list_templates(request: Request) -> Response:
    """Templates a new page can be made from."""
    found = templates.list_(new_file.templates_dir(app_of(request)))
    items = [{"name": t.name, "title": t.title, "description": t.description} for t in found]
    return as_json({"items": items})


async def create_page(request: Request) -> Response:
    """Make a page from a template, in one commit."""
    app = app_of(request)
    body = await body_of(request, "title", optional=("branch", "template", "folder"))
    branch, visitor = body.get("branch") or app.main_branch, visitor_of(request)
    await write_rules.check_new(app, visitor.person, visitor.role, body.get("folder"))
    page_path = await create.page(
        app, branch, body.get("template") or "feature", body["title"],
        visitor.person.id, folder=body.get("folder"),
    )  # fmt: skip
    return as_json(
        {"branch": branch, "page_path": page_path,
         "edit": read.address("edit", branch, page_path)}, 201,
    )  # fmt: skip


async def preview_page(request: Request) -> Response:
    """Text rendered as the site would show it."""
    app, body = app_of(request), await body_of(request, "text", "page_path", optional=("branch",))
    limit = app.settings.live_limit * 2
    if len(body["text"]) > limit:
        raise TooLarge(what="The text", where="/api/preview", got=len(body["text"]), expected=limit)
    ids.check_path_to_read(body["page_path"])
    branch = body.get("branch") or app.main_branch
    found = await read.preview(app, branch, body["page_path"], body["text"])
    return as_json(
        {
            "html": found.html,
            "title": found.title,
            "outline": [asdict(heading) for heading in found.outline],
            "problems": [asdict(problem) for problem in found.problems],
        }
    )


async def save_version(request: Request) -> Response:
    """Commit a live page now, with a message; the one `document` is of, when it was renamed."""
    app, body = (
        app_of(request),
        await body_of(request, "branch", "page_path", optional=("message", "document")),
    )
    message = body.get("message") or ""
    if len(message) > _LONGEST_MESSAGE:
        raise Invalid(what="message", where="/api/versions", got=f"{len(message)} letters",
                      expected=f"a text of up to {_LONGEST_MESSAGE} letters")  # fmt: skip
    visitor = visitor_of(request)
    known = body.get("document")
    branch, page_path = await moved.where(app, body["branch"], body["page_path"], known)
    await write_rules.check(app, visitor.person, visitor.role, page_path)
    saved = await edit.save_version(
        app, branch, page_path, message.strip() or None, visitor.person.id,
    )  # fmt: skip
    return as_json({"commits": list(saved.commits), "refused": saved.refused,
                    "branch": branch, "page_path": page_path}, 201)  # fmt: skip


async def restore_version(request: Request) -> Response:
    """Make a live page what it was at `commit`; with `from` and `passage` only one passage of
    `from` comes back that is another one in `commit` (numbered as in `/diff/`).
    """
    app = app_of(request)
    body = await body_of(request, "branch", "page_path", "commit", optional=("from",))
    visitor, branch, page_path = visitor_of(request), body["branch"], body["page_path"]
    await write_rules.check(app, visitor.person, visitor.role, page_path)
    number = body.get("passage")
    if body.get("from") is None:
        done = await restore.version(app, branch, page_path, body["commit"], visitor.person)
    elif isinstance(number, int):
        done = await restore.passage(
            app, branch, page_path, body["from"], body["commit"], number, visitor.person
        )
    else:
        raise Invalid(what="passage", where=request.url.path, expected="a passage's number",
                      got=repr(number)[:40])  # fmt: skip
    made = done.version
    return as_json(
        {"commits": list(made.commits), "refused": made.refused, "before": done.before}, 201
    )


async def list_conflicts(request: Request) -> Response:
    """Places of a live page where two versions stand and someone is to choose."""
    app, asked = app_of(request), request.query_params
    branch, page_path = asked.get("branch", app.main_branch), asked.get("page_path", "")
    ids.check_branch(branch)
    ids.check_page_path(page_path)
    async with app.store.transaction() as tx:
        # Only looked for, never made: an editor may be bringing a document back just now.
        live = await documents.find_live(tx, branch, page_path)
        found = await conflicts.list_open(tx, live.id) if live else []
    items = [{"id": str(c.id), "ours": {"text": c.ours}, "theirs": {"text": c.theirs},
              "origin": c.origin} for c in found]  # fmt: skip
    return as_json({"items": items})


async def resolve_conflict(request: Request) -> Response:
    """Someone has chosen; the marker goes away (the text was changed by an ordinary edit)."""
    app = app_of(request)
    async with app.store.transaction() as tx:
        done = await conflicts.resolve(tx, _uuid(request, "id"), visitor_of(request).person.id)
    if not done:
        raise NotFound(what="open conflict", where=request.path_params["id"])
    return as_json({"resolved": True})


async def document_status(request: Request) -> Response:
    """Where a page's live document stands: its id, what it waits for, what is not committed."""
    app = app_of(request)
    known = request.query_params.get("document")
    branch, page_path = await moved.place(app, request.path_params["address"], known)
    opened = await open_flow.document(app, branch, page_path)
    row = opened.document
    found = await status.of(app, row) if row else None
    ended = await gone.end(app, row) if row else None
    visitor = visitor_of(request)
    return as_json(
        {
            "document": f"automerge:{ids.document_name(row.id)}" if row else None,
            "branch": branch,
            "page_path": page_path,
            "read_only_reason": opened.read_only_reason,
            "paused": found.paused if found else None,
            "refused": found.refused if found else None,
            "uncommitted": found.uncommitted if found else None,
            "people": list(found.people) if found else [],
            "ended": asdict(ended) if ended else None,
            "may_not_write": await whom.reason(app, visitor.person, visitor.role, page_path),
        }
    )


async def list_writers(request: Request) -> Response:
    """Who made the changes of some actors of a document; `id` null: the server, from `origin`."""
    asked = request.query_params.get("actors", "").split(",")
    if len(asked) > _MOST_ACTORS or not all(map(_ACTOR.fullmatch, asked)):
        raise Invalid(what="actors", where=request.url.path, got=",".join(asked)[:80],
                      expected=f"up to {_MOST_ACTORS} actors in hexadecimal, with commas")  # fmt: skip
    document_id = _document_id(request)
    async with app_of(request).store.transaction() as tx:
        found = await changes.by_actors(tx, document_id, [bytes.fromhex(a) for a in asked])
        known = {person.id: person.name for person in await people.list_people(tx)}
    items = [
        {"id": str(person) if person else None, "origin": origin,
         "name": known.get(person) if person else None}
        for person, origin in found
    ]  # fmt: skip
    return as_json({"items": items})


def _document_id(request: Request) -> UUID:
    try:
        return ids.parse_document_name(request.path_params["id"])
    except ids.BadDocumentId as error:
        raise NotFound(what="document", where=request.path_params["id"]) from error


async def late_changes(request: Request) -> Response:
    """A document this server retired or lost, with changes of its own: merged as text."""
    app, asked = app_of(request), request.query_params
    document_id = _document_id(request)
    data = await bounded(request, app.settings.message_limit)
    visitor, page_path = visitor_of(request), asked.get("page_path", "")
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
    for place in filter(pages_of.globs(app).match, {page_path, known.page_path if known else ""}):
        await write_rules.check(app, visitor.person, visitor.role, place)
    found = await late.carry(
        app, document_id, data, asked.get("branch", app.main_branch), page_path, visitor.person.id,
    )  # fmt: skip
    return as_json(
        {"document": f"automerge:{ids.document_name(found.document_id)}"
         if found.document_id else None,
         "recovered": found.recovered, "edit": found.edit,
         "heads": [head.hex() for head in found.heads]}
    )  # fmt: skip


async def deliver_changes(request: Request) -> Response:
    """Changes of a document whose editor is closed: taken as changes, or not at all (409)."""
    app, document_id = app_of(request), _document_id(request)
    data = await bounded(request, app.settings.message_limit)
    visitor = visitor_of(request)
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
        rows = [known, await documents.newest(tx, document_id)] if known else []
    for place in {row.page_path for row in rows}:
        await write_rules.check(app, visitor.person, visitor.role, place)
    found = await late.deliver(app, document_id, data, visitor.person.id)
    return as_json({"edit": found.edit, "taken": found.taken,
                    "heads": [head.hex() for head in found.heads]})  # fmt: skip


def _uuid(request: Request, name: str) -> UUID:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound(what=name, where=request.url.path) from None


_LONGEST_MESSAGE = 10_000
_MOST_ACTORS = 40
_ACTOR = re.compile(r"(?:[0-9a-f]{2}){1,64}")
OPERATIONS = (
    Operation("GET", "/api/templates", "List templates.", list_templates,
              listing(obj(name=STRING, title=STRING))),
    Operation("POST", "/api/pages", "Create a page.", create_page,
              obj(branch=STRING, page_path=STRING, edit=STRING), "editor", status=201,
              body=obj(title=STRING) | {"properties": {"title": STRING, "template": STRING,
                                                        "branch": STRING, "folder": STRING}}),
    Operation("POST", "/api/preview", "Preview a text.", preview_page, obj(html=STRING),
              body=obj(text=STRING, page_path=STRING)
              | {"properties": {"text": STRING, "page_path": STRING, "branch": NULLABLE}}),
    Operation("POST", "/api/versions", "Save a version.", save_version,
              obj(commits={"type": "array", "items": STRING}, page_path=STRING), "editor", status=201,
              body=obj(branch=STRING, page_path=STRING)
              | {"properties": {"branch": STRING, "page_path": STRING, "message": NULLABLE,
                                "document": NULLABLE}}),
    Operation("POST", "/api/versions/restore", "Restore a version or a passage.", restore_version,
              obj(commits={"type": "array", "items": STRING}), "editor", status=201,
              body=obj(branch=STRING, page_path=STRING, commit=STRING)
              | {"properties": {"branch": STRING, "page_path": STRING, "commit": STRING,
                                "from": NULLABLE, "passage": {"type": ["integer", "null"]}}}),
    Operation("GET", "/api/conflicts", "List open conflicts of a page.", list_conflicts,
              listing(obj(id=STRING)), query={"branch": STRING, "page_path": STRING}),
    Operation("POST", "/api/conflicts/{id}/resolve", "Resolve a conflict.", resolve_conflict,
              obj(resolved={"type": "boolean"}), "editor"),
    Operation("GET", "/api/documents/{id}/writers", "List who made some changes.", list_writers,
              listing(obj(id=NULLABLE, name=NULLABLE, origin=STRING)),
              query={"actors": STRING | {"x-required": True}}),
    Operation("GET", "/api/documents/{address:path}", "Get the state of a live page.",
              document_status, obj(document={"type": ["string", "null"]}, page_path=STRING),
              query={"document": STRING}),
    Operation("POST", "/api/documents/{id}/late", "Carry late changes over.", late_changes,
              obj(document={"type": ["string", "null"]}), "editor",
              query={"branch": STRING, "page_path": STRING},
              body={"type": "string", "contentMediaType": "application/octet-stream"},
              body_type="application/octet-stream"),
    Operation("POST", "/api/documents/{id}/changes", "Deliver a closed editor's changes.",
              deliver_changes, obj(edit=STRING, taken=INTEGER, heads={"type": "array", "items": STRING}), "editor",
              body={"type": "string", "contentMediaType": "application/octet-stream"},
              body_type="application/octet-stream"),
)  # fmt: skip
"""The writing side of the API."""
