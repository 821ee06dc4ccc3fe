"""API: drafts, what they change, and what becomes of them."""

from __future__ import annotations

from typing import Any, Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from prdgen.errors import Invalid
from prdgen.flows import draft_changes, draft_merge, drafts, read
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import DraftOpenAs, NoSuchDraft
from prdgen.git.values import Version
from prdgen.review.state import Review
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

_DIGITS: Final = 8
_STATES: Final = ("open", "merged", "closed", "gone", "all")


async def list_drafts(request: Request) -> Response:
    """Open drafts, the newest first; with `state` those that are merged or closed, or whose branch is
    gone, or `all` of them.
    """
    app, wanted = app_of(request), request.query_params.get("state", "open")
    if wanted not in _STATES:
        raise Invalid(what="state", where=request.url.path, expected=", ".join(_STATES),
                      got=wanted[:40])  # fmt: skip
    reviews = await to_thread.run_sync(drafts.reviews, app)
    found = await to_thread.run_sync(drafts.every, app, reviews)
    items, here = [_open(draft) for draft in found], {draft.branch for draft in found}
    if wanted != "open":
        over = [(drafts.state_of(review, here), review) for review in reviews]
        items = [] if wanted != "all" else items
        items += [
            {**_over(r), "state": state}
            for state, r in over
            if state == wanted or (wanted == "all" and state != "open")
        ]
    return as_json({"items": items})


async def start_draft(request: Request) -> Response:
    """Begin a draft at the tip of main; with `page_path`, what is typed there is committed before."""
    app = app_of(request)
    body = await body_of(request, "title", optional=("page_path",))
    page_path = body.get("page_path")
    draft = await drafts.start(app, visitor_of(request).person, body["title"], page_path)
    edit = read.address("edit", draft.branch, page_path) if page_path else None
    return as_json({**_open(draft), "edit": edit}, 201)


async def get_draft(request: Request) -> Response:
    """A draft, or by its id one that is over, and how it differs from main: pages, requirements, other files. With `html` and `source`
    are 30 pages, those around the one with the number `from`.
    """
    app, first = app_of(request), request.query_params.get("from", "1")
    if not (first.isascii() and first.isdigit() and len(first) < _DIGITS):
        raise Invalid(what="from", where=request.url.path, expected="a page's number, from 1",
                      got=first[:40])  # fmt: skip
    name = request.path_params["name"]
    try:
        draft = await to_thread.run_sync(drafts.find, app, name)
    except NoSuchDraft as absent:
        review = await to_thread.run_sync(drafts.find_review, app, name)
        if isinstance(absent, DraftOpenAs):
            raise
        head = {**_over(review), "state": review.state if review.state != "open" else "gone"}
        changes = await draft_changes.of_over(app, review, int(first)) or draft_changes.UNKNOWN
    else:
        head = _open(draft)
        changes = await draft_changes.of(app, draft, int(first))
    where = changes.standing
    return as_json(
        {
            **head,
            "base": where.base,
            "ahead": [_commit(version) for version in where.ahead],
            "behind": [_commit(version) for version in where.behind],
            "same_words": list(where.same_words),
            "one_deleted": list(where.one_deleted),
            "two_names": [{"page_path": now, "in_draft": other} for now, other in where.two_names],
            "blocked": where.blocked,
            "uncommitted": list(changes.uncommitted),
            "pages": [
                {"kind": p.kind, "page_path": p.page_path, "old_path": p.old_path,
                 "title": p.title, "html": p.html, "source": p.source}
                for p in changes.pages
            ],
            "requirements": [
                {"id": r.id, "kind": r.kind, "page_path": r.page_path, "before": r.before,
                 "after": r.after, "old_page": r.old_page}
                for r in changes.requirements
            ],
            "files": [{"kind": f.kind, "path": f.path} for f in changes.files],
        }
    )  # fmt: skip


async def describe_draft(request: Request) -> Response:
    """Give a draft a title and a description."""
    body = await body_of(request, "title", optional=("description",))
    name, person = request.path_params["name"], visitor_of(request).person
    review = await drafts.describe(
        app_of(request), name, person, body["title"], body.get("description") or ""
    )
    return as_json(_over(review))


async def update_draft(request: Request) -> Response:
    """Take what main has into a draft; the places where both changed the same words are marked."""
    landed = await draft_merge.bring_up_to_date(
        app_of(request), request.path_params["name"], visitor_of(request).person
    )
    disputes = [
        {"page_path": page, "ours": place.ours, "theirs": place.theirs}
        for page, place in landed.disputes
    ]
    kept = [path for path, _ in landed.revived]
    return as_json({"commit": landed.commit, "conflicts": disputes, "left": list(landed.left),
                    "kept": kept})  # fmt: skip


async def commit_draft(request: Request) -> Response:
    """Commit what is typed in a draft: an approval is of its last commit."""
    name, person = request.path_params["name"], visitor_of(request).person
    return as_json(_open(await draft_merge.commit(app_of(request), name, person)))


async def merge_draft(request: Request) -> Response:
    """Merge a draft into main, as one merge commit, as one commit (`squash`) or with its own commits
    on top of main (`rebase`), and end it.
    """
    app, visitor = app_of(request), visitor_of(request)
    body = await body_of(request, optional=("how",))
    name, wanted = request.path_params["name"], body.get("how") or "merge"
    how = draft_merge.WAYS.get(wanted)
    if how is None:
        raise Invalid(what="how", where=request.url.path, expected="merge, squash or rebase",
                      got=wanted[:40])  # fmt: skip
    review, landed = await draft_merge.merge(app, name, visitor.person, visitor.role, how)
    return as_json({**_over(review), "made": landed.commit, "left": list(landed.left)})


async def close_draft(request: Request) -> Response:
    """Set a draft aside; it can be opened again by its id."""
    name, person = request.path_params["name"], visitor_of(request).person
    return as_json(_over(await draft_merge.close(app_of(request), name, person)))


async def reopen_draft(request: Request) -> Response:
    """Open a closed draft again, by its id."""
    id_, person = request.path_params["name"], visitor_of(request).person
    return as_json(_open(await draft_merge.reopen(app_of(request), id_, person)))


def _open(draft: Draft) -> dict[str, Any]:
    if draft.review is not None:
        return {**_over(draft.review), "commit": draft.tip}
    return {"branch": draft.branch, "commit": draft.tip, "title": draft.branch, "state": "open",
            "id": None, "description": "", "started_by": None, "started_at": None,
            "pull_request": None}  # fmt: skip


def _over(review: Review) -> dict[str, Any]:
    return {"branch": review.branch, "commit": review.tip, "title": review.title,
            "state": review.state, "id": review.id, "description": review.description,
            "started_by": review.started_by or None,
            "started_at": review.begun_at.isoformat(),
            "pull_request": review.link.address if review.link else None}  # fmt: skip


def _commit(version: Version) -> dict[str, str]:
    return {"commit": version.commit, "subject": version.subject, "author": version.author_name,
            "at": version.at.isoformat()}  # fmt: skip


DRAFT = obj(branch=STRING, commit=NULLABLE, title=STRING, state={"enum": ["open", "merged", "closed", "gone"]},
            id=NULLABLE, description=STRING, started_by=NULLABLE, started_at=NULLABLE,
            pull_request=NULLABLE)  # fmt: skip
_LIST = {"type": "array"}
OPERATIONS = (
    Operation("GET", "/api/drafts", "List drafts.", list_drafts, listing(DRAFT),
              query={"state": {"enum": list(_STATES)}}),
    Operation("POST", "/api/drafts", "Start a draft.", start_draft, DRAFT, "editor", status=201,
              body=obj(title=STRING) | {"properties": {"title": STRING, "page_path": NULLABLE}}),
    Operation("POST", "/api/drafts/{name:path}/update", "Take main into a draft.", update_draft,
              obj(commit=STRING, conflicts=_LIST, left=_LIST, kept=_LIST), "editor"),
    Operation("POST", "/api/drafts/{name:path}/commit", "Commit what is typed in a draft.", commit_draft,
              DRAFT, "editor"),
    Operation("POST", "/api/drafts/{name:path}/merge", "Merge a draft into main.", merge_draft,
              obj(made=STRING, state=STRING), "editor",
              body={"type": "object", "properties": {"how": {"enum": ["merge", "squash", "rebase", None]}}}),
    Operation("POST", "/api/drafts/{name:path}/close", "Close a draft.", close_draft, DRAFT, "editor"),
    Operation("POST", "/api/drafts/{name:path}/reopen", "Open a closed draft again.", reopen_draft,
              DRAFT, "editor"),
    Operation("PUT", "/api/drafts/{name:path}", "Describe a draft.", describe_draft, DRAFT, "editor",
              body=obj(title=STRING) | {"properties": {"title": STRING, "description": NULLABLE}}),
    Operation("GET", "/api/drafts/{name:path}", "Get a draft and its changes.", get_draft,
              obj(branch=STRING, pages=_LIST, requirements=_LIST), query={"from": STRING}),
)  # fmt: skip
"""The drafts' side of the API."""
