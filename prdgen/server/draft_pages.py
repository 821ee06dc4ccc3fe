"""Pages for people: drafts, how they differ from main, and what may become of them."""

from __future__ import annotations

from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import Invalid, PrdgenError
from prdgen.flows import draft_changes, draft_merge, drafts, follow, read
from prdgen.flows.errors import NoSuchDraft
from prdgen.server import auth, html
from prdgen.server.api.operations import form_of
from prdgen.server.auth import Visitor, app_of

_MOST_OVER: Final = 50


async def draft_list(request: Request) -> Response:
    """Open drafts, and the ones that are over."""
    auth.require(request, "reader", "see the drafts")
    app = app_of(request)
    reviews = await to_thread.run_sync(drafts.reviews, app)
    found = await to_thread.run_sync(drafts.every, app, reviews)
    lives = app.keeper.all() if app.keeper else []
    writing = {live.branch for live in lives if live.room.peers}
    over = [review for review in reviews if review.state != "open"][:_MOST_OVER]
    return html.render(
        request, "drafts.html", title="Drafts", found=found, over=over, writing=writing
    )


async def start(request: Request) -> Response:
    """Begin a draft, from a page or from nothing, and go where one writes in it."""
    visitor = auth.require(request, "editor", "start a draft")
    app, fields = app_of(request), await form_of(request)
    page_path = fields.get("page_path") or None
    title = fields.get("title", "").strip()
    if not title and page_path:
        title = (await read.titles(app, app.main_branch)).get(page_path, page_path)
    draft = await drafts.start(app, visitor.person, title, page_path)
    where = (
        read.address("edit", draft.branch, page_path) if page_path else drafts.address(draft.branch)
    )
    return RedirectResponse(where, 303)


async def draft(request: Request) -> Response:
    """One draft: what it changes, where it stands, what may be done; POST does it."""
    visitor = auth.require(request, "reader", "see this draft")
    app, name = app_of(request), request.path_params["name"]
    problem: PrdgenError | None = None
    if request.method == "POST":
        auth.require(request, "editor", "change this draft")
        fields = await form_of(request)
        try:
            return RedirectResponse(await _act(request, visitor, name, fields), 303)
        except PrdgenError as error:
            if error.status >= 500 or isinstance(error, NoSuchDraft):
                raise
            problem = error
    try:
        found = await to_thread.run_sync(drafts.find, app, name)
    except NoSuchDraft:
        return await _over(request, name, problem)
    changes = await draft_changes.of(app, found)
    return html.render(
        request, "draft.html", 409 if problem else 200, title=found.title, draft=found,
        review=found.review, changes=changes, problem=problem,
        pages=await read.titles(app, found.branch), behind=await follow.behind(app),
    )  # fmt: skip


async def _over(request: Request, name: str, problem: PrdgenError | None) -> Response:
    """A draft that is merged or closed, by its id."""
    review = await to_thread.run_sync(drafts.find_review, app_of(request), name)
    tip = await to_thread.run_sync(app_of(request).repository.tip, review.branch)
    if review.state == "open" and tip is not None:
        return RedirectResponse(drafts.address(review.branch), 303)
    return html.render(
        request, "draft_over.html", 409 if problem else 200, title=review.title, review=review,
        problem=problem,
    )  # fmt: skip


async def _act(request: Request, visitor: Visitor, name: str, fields: dict[str, str]) -> str:
    """Do what a button of the page asks for; the address to go to."""
    app, person = app_of(request), visitor.person
    match fields.get("do"):
        case "describe":
            said = {key: fields.get(key, "") for key in ("title", "description")}
            await drafts.describe(app, name, person, said["title"], said["description"])
        case "update":
            await draft_merge.bring_up_to_date(app, name, person)
        case "merge" | "squash" as how:
            await draft_merge.check_rules(app, name, person, visitor.role)
            review, _ = await draft_merge.merge(app, name, person, how)
            return drafts.address(review.id)
        case "close":
            return drafts.address((await draft_merge.close(app, name, person)).id)
        case "reopen":
            return drafts.address((await draft_merge.reopen(app, name, person)).branch)
        case other:
            raise Invalid(
                what="do", where=request.url.path, got=repr(other)[:40],
                expected="describe, update, merge, squash, close or reopen",
            )  # fmt: skip
    return drafts.address(name)
