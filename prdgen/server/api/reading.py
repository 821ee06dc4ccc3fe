"""API: pages, search, requirements, links, history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from prdgen.errors import Invalid
from prdgen.flows import blame, compare, export, read, whereabouts
from prdgen.flows.errors import NoSuchBranch
from prdgen.server import html
from prdgen.server.api.operations import (
    INTEGER,
    NULLABLE,
    STRING,
    Operation,
    as_json,
    listing,
    number,
    obj,
)
from prdgen.server.auth import app_of
from prdgen.store import pages, search

PAGE = obj(branch=STRING, page_path=STRING, title=STRING, status=NULLABLE, owner=NULLABLE,
           tags={"type": "array", "items": STRING}, updated_at=STRING, updated_by=NULLABLE)  # fmt: skip
BRANCH = {"branch": STRING | {"description": "A branch; the main one unless given."}}


def summary(row: pages.PageRow) -> dict[str, Any]:
    """A page as lists show it."""
    return {
        "branch": row.branch,
        "page_path": row.page_path,
        "title": row.title,
        "description": row.description,
        "status": row.status,
        "owner": row.owner,
        "tags": list(row.tags),
        "word_count": row.word_count,
        "draft": row.draft,
        "updated_at": row.updated_at.isoformat(),
        "updated_by": row.updated_by,
        "commit": row.commit,
    }


async def branch_of(request: Request) -> str:
    """The branch asked for. Raises NoSuchBranch; the main branch may have no commit yet."""
    app = app_of(request)
    asked = request.query_params.get("branch") or app.main_branch
    if asked != app.main_branch and await to_thread.run_sync(app.repository.tip, asked) is None:
        raise NoSuchBranch(branch=asked[:200])
    return asked


async def list_pages(request: Request) -> Response:
    """Pages of a branch, newest first, filtered, a part at a time."""
    app, asked, branch = app_of(request), request.query_params, await branch_of(request)
    limit = number(request, "limit", 50, 1, 200)
    async with app.store.transaction() as tx:
        found = await pages.list_pages(
            tx, branch, status=asked.get("status"), owner=asked.get("owner"),
            tag=asked.get("tag"), query=asked.get("q"), after=asked.get("after"), limit=limit,
            order="path" if asked.get("order") == "path" else "recent",
        )  # fmt: skip
    return as_json({"items": [summary(row) for row in found.pages], "after": found.after})


async def get_page(request: Request) -> Response:
    """A page as structure: outline, requirements, links, problems, rendered HTML, Markdown."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    view = await read.page(app, branch, page_path, request.query_params.get("commit"))
    etag = f'"{view.commit}-{view.row.blob if view.row else ""}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    body = export.structure(view) | {
        "row": summary(view.row) if view.row else None,
    }
    return JSONResponse(body, headers={"ETag": etag, "Cache-Control": "no-cache"})


async def search_pages(request: Request) -> Response:
    """Full-text search; hits are marked with `<mark>` in escaped snippets."""
    from_ = number(request, "offset", 0, 0, 10_000)
    limit = number(request, "limit", 20, 1, 100)
    words = request.query_params.get("q", "").strip()
    if not words:
        raise Invalid(what="q", where="/api/search", expected="words to look for", got="nothing")
    app, branch = app_of(request), await branch_of(request)
    async with app.store.transaction() as tx:
        found = await search.search(tx, branch, words, limit=limit, offset=from_)
    items = [
        {
            "page_path": hit.page_path,
            "title": hit.title,
            "status": hit.status,
            "rank": hit.rank,
            "snippet": str(html.marked(hit.snippet)),
        }
        for hit in found.hits
    ]
    return as_json({"items": items, "total": found.total, "corrected": found.corrected})


async def list_requirements(request: Request) -> Response:
    """Requirements of a branch, or those with one id."""
    app, branch = app_of(request), await branch_of(request)
    wanted = request.query_params.get("id")
    async with app.store.transaction() as tx:
        found = await pages.requirements(tx, branch, req_id=wanted)
    return as_json({"items": [asdict(row) for row in found]})


async def requirement_uses(request: Request) -> Response:
    """Where a requirement is pointed to."""
    app, branch = app_of(request), await branch_of(request)
    async with app.store.transaction() as tx:
        found = await pages.requirement_uses(tx, branch, request.path_params["id"])
    return as_json({"items": [asdict(row) for row in found]})


async def links_to(request: Request) -> Response:
    """Which pages link to a page."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    await whereabouts.check(app, branch, page_path)
    async with app.store.transaction() as tx:
        found = await pages.links_to(tx, branch, page_path)
    return as_json({"items": [asdict(row) for row in found]})


async def page_history(request: Request) -> Response:
    """The page's versions, newest first, followed through renames."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    skip, limit = number(request, "skip", 0, 0, 100_000), number(request, "limit", 30, 1, 200)
    found = await read.history(app, branch, page_path, limit=limit, skip=skip)
    items = [
        {
            "commit": version.commit,
            "author": version.author_name,
            "co_authors": list(version.co_authors),
            "at": version.at.isoformat(),
            "subject": version.subject,
            "page_path": version.page_path,
        }
        for version in found
    ]
    return as_json({"items": items, "skip": skip + len(items)})


async def page_difference(request: Request) -> Response:
    """What two versions of a page differ in, as rendered HTML with insertions and deletions."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    asked = request.query_params
    found = await compare.versions(app, branch, page_path, asked.get("from"), asked.get("to"))
    return as_json({"from": found.old, "to": found.new, "html": found.html, "diff": found.source})


async def page_blame(request: Request) -> Response:
    """Who wrote each run of lines of a page; `commit` null: typed, and not committed yet."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    items = [
        {"first_line": p.first_line, "text": p.text, "name": p.name, "commit": p.commit,
         "at": p.at.isoformat() if p.at else None, "subject": p.subject}
        for p in await blame.of(app, branch, page_path)
    ]  # fmt: skip
    return as_json({"items": items})


async def list_branches(request: Request) -> Response:
    """Branches with their tips; the main one is marked."""
    app = app_of(request)
    found = await to_thread.run_sync(app.repository.branches)
    items = [
        {"branch": name, "tip": tip, "main": name == app.main_branch}
        for name, tip in sorted(found.items())
    ]
    return as_json({"items": items})


async def export_page(request: Request) -> Response:
    """A page as a file: pdf, docx, md or json."""
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    asked = request.query_params
    made = await export.file(
        app, branch, page_path, asked.get("format", "pdf"), asked.get("commit"),
        comments=asked.get("comments") == "1",
    )  # fmt: skip
    return export_answer(made)


def export_answer(made: export.Exported) -> Response:
    """An exported file as a download."""
    name = made.file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return Response(
        made.data,
        media_type=made.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


OPERATIONS = (
    Operation("GET", "/api/pages", "List pages.", list_pages, listing(PAGE, after=NULLABLE),
              query=BRANCH | {"status": STRING, "owner": STRING, "tag": STRING,
                              "q": STRING | {"description": "Words of the page or its path."},
                              "order": {"enum": ["recent", "path"]}, "after": STRING,
                              "limit": INTEGER}),
    Operation("GET", "/api/pages/{address:path}", "Get a page as structure.", get_page,
              obj(branch=STRING, page_path=STRING, title=STRING, html=STRING, markdown=STRING),
              query={"commit": STRING}),
    Operation("GET", "/api/search", "Search pages.", search_pages,
              listing(obj(page_path=STRING, title=STRING, snippet=STRING)),
              query=BRANCH | {"q": STRING | {"x-required": True}, "limit": INTEGER,
                              "offset": INTEGER}),
    Operation("GET", "/api/requirements", "List requirements.", list_requirements,
              listing(obj(page_path=STRING, id=STRING, text=STRING, line=INTEGER, status=NULLABLE,
                          title=STRING)),
              query=BRANCH | {"id": STRING}),
    Operation("GET", "/api/requirements/{id}/uses", "List where a requirement is used.",
              requirement_uses, listing(obj(page_path=STRING)), query=BRANCH),
    Operation("GET", "/api/links/{address:path}", "List what links to a page.", links_to,
              listing(obj(page_path=STRING))),
    Operation("GET", "/api/history/{address:path}", "List a page's versions.", page_history,
              listing(obj(commit=STRING, author=STRING, co_authors={"type": "array", "items": STRING}, at=STRING,
                          subject=STRING), skip=INTEGER),
              query={"limit": INTEGER, "skip": INTEGER}),
    Operation("GET", "/api/diff/{address:path}", "Compare two versions of a page.",
              page_difference, obj(html=STRING, diff=STRING),
              query={"from": STRING, "to": STRING}),
    Operation("GET", "/api/blame/{address:path}", "List who wrote a page's lines.", page_blame,
              listing(obj(first_line=INTEGER, text=STRING, name=STRING, commit=NULLABLE))),
    Operation("GET", "/api/branches", "List branches.", list_branches,
              listing(obj(branch=STRING, tip=STRING))),
    Operation("GET", "/api/export/{address:path}", "Export a page.", export_page,
              {"type": "string", "contentMediaType": "application/octet-stream"},
              query={"format": {"enum": ["pdf", "docx", "md", "json"]}, "commit": STRING,
                     "comments": {"enum": ["1"]} | {"description": "Word of a draft's page with the open comments"}},
              answer_type="application/octet-stream"),
)  # fmt: skip
"""The reading side of the API."""
