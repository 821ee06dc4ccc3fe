"""Pages for people: home, list, view, editor, history, difference, search, requirements."""

from __future__ import annotations

import json
import mimetypes
import re
from typing import Any, Final
from urllib.parse import quote, urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen import errors as root_errors
from prdgen import ids
from prdgen.errors import NotFound
from prdgen.flows import (
    conversation,
    create,
    drafts,
    export,
    follow,
    gone,
    index,
    new_file,
    pages_of,
    read,
    recoveries,
    remote_report,
    whom,
    write_rules,
)
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.page import templates
from prdgen.server import auth, html, offline
from prdgen.server.api.operations import form_of, number
from prdgen.server.api.reading import branch_of, export_answer
from prdgen.server.auth import app_of
from prdgen.store import pages
from prdgen.store import search as searching

_A_PAGE: Final = 50
_IMAGES: Final = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/svg+xml",
)


async def home(request: Request) -> Response:
    """Recent pages, who is in which page now, and text that waits to be put back."""
    visitor = auth.require(request, "reader", "see the pages")
    app = app_of(request)
    async with app.store.transaction() as tx:
        recent = await pages.list_pages(tx, app.main_branch, order="recent", limit=12)
    lives = app.keeper.all() if app.keeper else []
    active = [
        (live, sorted({(peer.who.name, peer.who.color) for peer in live.room.peers}))
        for live in lives
        if live.room.peers
    ]
    return html.render(
        request, "home.html", title="Home", recent=recent.pages, active=active,
        behind=await follow.behind(app), remote=await to_thread.run_sync(remote_report.of, app),
        kept=await recoveries.of(app, visitor.person, visitor.role),
        awaited=await index.is_awaited(app, app.main_branch),
    )  # fmt: skip


async def page_list(request: Request) -> Response:
    """Every page, by path, with filters by status, owner and tag."""
    auth.require(request, "reader", "see the pages")
    app, asked, branch = app_of(request), request.query_params, await branch_of(request)
    chosen = {key: asked[key] for key in ("status", "owner", "tag", "q") if asked.get(key)}
    async with app.store.transaction() as tx:
        listing = await pages.list_pages(
            tx, branch, status=chosen.get("status"), owner=chosen.get("owner"),
            tag=chosen.get("tag"), query=chosen.get("q"), after=asked.get("after"), limit=_A_PAGE,
        )  # fmt: skip
        facets = await pages.facets(tx, branch)
    more = urlencode({**chosen, "branch": branch, "after": listing.after or ""})
    branches = await to_thread.run_sync(app.repository.branches)
    return html.render(
        request, "pages.html", title="Pages", listing=listing, facets=facets, chosen=chosen,
        branch=branch, branches=sorted(branches), more=more, behind=await _behind(app, branch),
        awaited=await index.is_awaited(app, branch),
    )  # fmt: skip


async def page_view(request: Request) -> Response:
    """One page, rendered, with its outline, what links to it, and where its requirements are used."""
    auth.require(request, "reader", "see this page")
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    view = await read.page(app, branch, page_path, request.query_params.get("commit"))
    old = request.query_params.get("commit")
    talk = None if old or branch == app.main_branch else await to_thread.run_sync(_talk, app, view)
    async with app.store.transaction() as tx:
        backlinks = await pages.links_to(tx, branch, page_path)
        uses = {
            requirement.id: [
                use
                for use in await pages.requirement_uses(tx, branch, requirement.id)
                if use.page_path != page_path
            ]
            for requirement in view.rendered.requirements[:200]
        }
    return html.render(
        request, "page.html", title=view.rendered.title, view=view, backlinks=backlinks,
        uses={key: found for key, found in uses.items() if found}, talk=talk,
        open_comments=talk is not None and talk.is_open,
        old=old, behind=await _behind(app, branch), draft_address=drafts.address_of(branch),
        is_page=(await to_thread.run_sync(pages_of.globs, app)).match(page_path),
    )  # fmt: skip


def _talk(app: App, view: read.PageView) -> conversation.OfPage | None:
    """In a thread: a page of a draft with the words marked that people spoke about."""
    found = drafts.find_branch(app, view.branch)
    said = conversation.placed(app, found.review, view.commit)
    where = drafts.address_of(view.branch)
    return conversation.at_words(view.rendered.html, view.text, view.page_path, said, where)


async def _behind(app: App, branch: str) -> follow.Behind | None:
    """Only the main branch is published."""
    return await follow.behind(app) if branch == app.main_branch else None


async def editor(request: Request) -> Response:
    """The editor's shell: everything it needs is in one JSON attribute."""
    visitor = auth.require(request, "reader", "open this page")
    app = app_of(request)
    branch, page_path = await read.locate(app, request.path_params["address"])
    opened = await open_flow.document(app, branch, page_path)
    row = opened.document
    why_not = await whom.reason(app, visitor.person, visitor.role, page_path)
    may_write = why_not is None
    place = {"branch": branch, "page_path": page_path}
    claim = place | {"base_commit": row.base_commit, "n": row.n} if row else place
    person = visitor.person
    config: dict[str, Any] = {
        "documentUrl": f"automerge:{ids.document_name(row.id)}" if row else None,
        "textUrl": read.address("raw", branch, page_path),
        "syncUrl": "/sync?" + urlencode(claim | {"person": str(person.id)}),
        "branch": branch,
        "pagePath": page_path,
        "title": (await read.titles(app, branch)).get(page_path, page_path),
        "person": {"id": str(person.id), "name": person.name, "color": person.color},
        "canWrite": may_write and row is not None,
        "readOnlyReason": opened.read_only_reason or why_not,
        "liveLimit": app.settings.live_limit,
        "previewUrl": "/api/preview",
        "saveVersionUrl": "/api/versions",
        "conflictsUrl": "/api/conflicts?" + urlencode(place),
        "conflictResolveUrl": "/api/conflicts/{id}/resolve",
        "lateUrl": "/api/documents/{id}/late",
        "statusUrl": "/api/documents/" + quote(f"{branch}/{page_path}"),
        "eventsUrl": "/api/events?" + urlencode({"branch": branch}),
        "exportUrls": {
            kind: f"{read.address('export', branch, page_path)}?format={kind}"
            for kind in ("pdf", "docx", "md")
        },
        "pageUrl": read.address("p", branch, page_path),
        "historyUrl": read.address("history", branch, page_path),
        "draftUrl": None if branch == app.main_branch else drafts.address_of(branch),
        "startDraftUrl": "/drafts" if may_write and branch == app.main_branch else None,
        "homeUrl": "/",
        "notificationsUrl": "/notifications",
        "workerUrl": offline.address(),
        "keptUrl": offline.SHELL,
        "csrfToken": html.form_token(visitor),
        "cspNonce": request.state.nonce,
        "serverStorageId": "prdgen",
    }
    return html.render(
        request, "edit.html", title=config["title"], config=json.dumps(config),
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


async def raw(request: Request) -> Response:
    """A file of the repository as it is at the branch's tip: Markdown as text, images as images."""
    auth.require(request, "reader", "see this file")
    app = app_of(request)
    branch, path = await read.locate(app, request.path_params["address"])
    commit = request.query_params.get("commit") or app.repository.tip(branch)
    data = await to_thread.run_sync(app.repository.read, str(commit), path)
    if data is None:
        raise await gone.page(app, branch, path) or NotFound(what="file", where=f"{branch}/{path}")
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    shown = kind if kind in _IMAGES else "text/plain; charset=utf-8"
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return Response(data, media_type=shown, headers={"Content-Security-Policy": policy})


async def export_file(request: Request) -> Response:
    """A page as PDF, Word, Markdown or JSON: `?format=`, or the ending of the address."""
    auth.require(request, "reader", "export this page")
    app, address = app_of(request), request.path_params["address"]
    kind = request.query_params.get("format")
    if kind is None:
        address, _, kind = address.rpartition(".")
        address = address if address.endswith(".md") else address + ".md"
    branch, page_path = await read.locate(app, address)
    asked = request.query_params
    return export_answer(
        await export.file(
            app, branch, page_path, kind, asked.get("commit"), comments=asked.get("comments") == "1"
        )
    )


async def new_page(request: Request) -> Response:
    """Choose a template and a title; the page is made, committed and opened."""
    visitor = auth.require(request, "editor", "make a page")
    app = app_of(request)
    found = templates.list_(new_file.templates_dir(app))
    values: dict[str, Any] = {"template": found[0].name if found else "", "title": "", "folder": ""}
    problem: root_errors.PrdgenError | None = None
    if request.method == "POST":
        values |= await form_of(request)
        try:
            folder = values["folder"].strip() or None
            await write_rules.check_new(app, visitor.person, visitor.role, folder)
            page_path = await create.page(
                app, app.main_branch, values["template"], values["title"].strip(),
                visitor.person.id, folder=folder,
            )  # fmt: skip
        except root_errors.PrdgenError as error:
            if error.status >= 500:
                raise
            problem = error
        else:
            return RedirectResponse(read.address("edit", app.main_branch, page_path), 303)
    return html.render(
        request, "new.html", 422 if problem else 200, title="New page", templates=found,
        values=values, problem=problem, heading=values["title"],
    )  # fmt: skip


async def search(request: Request) -> Response:
    """Search results with the words marked."""
    auth.require(request, "reader", "search")
    app, branch = app_of(request), await branch_of(request)
    words = request.query_params.get("q", "").strip()
    offset = number(request, "offset", 0, 0, 10_000)
    found = None
    if words:
        async with app.store.transaction() as tx:
            found = await searching.search(tx, branch, words, limit=20, offset=offset)
    return html.render(
        request, "search.html", title="Search", words=words, found=found, branch=branch,
        offset=offset, awaited=await index.is_awaited(app, branch),
    )  # fmt: skip


async def requirement_list(request: Request) -> Response:
    """Every requirement of the main branch, by id."""
    auth.require(request, "reader", "see the requirements")
    app, branch = app_of(request), await branch_of(request)
    after = request.query_params.get("after")
    async with app.store.transaction() as tx:
        found = await pages.requirements(tx, branch, after=after, limit=200)
    return html.render(
        request, "requirements.html", title="Requirements", found=found, branch=branch,
        awaited=await index.is_awaited(app, branch),
    )  # fmt: skip


async def requirement(request: Request) -> Response:
    """One requirement: where it is defined and where it is used."""
    auth.require(request, "reader", "see this requirement")
    app, branch, wanted = app_of(request), await branch_of(request), request.path_params["id"]
    async with app.store.transaction() as tx:
        found = await pages.requirements(tx, branch, req_id=wanted)
        uses = await pages.requirement_uses(tx, branch, wanted)
    if not found and not uses:
        raise NotFound(what="requirement", where=wanted)
    return html.render(
        request, "requirement.html", title=wanted, wanted=wanted, found=found, uses=uses,
        branch=branch,
    )  # fmt: skip


async def problem(request: Request) -> Response:
    """What an error's `type` address says: its message and its cure."""
    wanted = request.path_params["code"]
    for kind in _all_errors(root_errors.PrdgenError):
        if root_errors.slug(kind.__name__) == wanted:
            text = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
            return html.render(
                request, "problem.html", title=wanted.replace("-", " ").capitalize(), text=_in_general(text),
                cure=_in_general(kind.cure),
            )  # fmt: skip
    raise NotFound(what="kind of problem", where=wanted)


def _in_general(template: str) -> str:
    """A message without the facts of one case: `{page_path}` becomes ‹page path›."""
    return re.sub(r"\{(\w+)\}", lambda found: f"‹{found[1].replace('_', ' ')}›", template)


def _all_errors(kind: type[root_errors.PrdgenError]) -> list[type[root_errors.PrdgenError]]:
    found = [kind]
    for below in kind.__subclasses__():
        found += _all_errors(below)
    return found
