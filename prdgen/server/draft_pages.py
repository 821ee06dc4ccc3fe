"""Pages for people: drafts, how they differ from main, and what may become of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import Invalid, PrdgenError
from prdgen.flows import (
    conversation,
    draft_changes,
    draft_merge,
    drafts,
    edition,
    forge_report,
    gone,
    put_in,
    read,
    recoveries,
    reviews,
    roles,
    suggest,
    unsettled,
    whom,
)
from prdgen.flows.context import App
from prdgen.flows.conversation import OfPage, Placed
from prdgen.flows.draft_changes import Changes
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import DraftOver, NoSuchDraft
from prdgen.forge.errors import ForgeError
from prdgen.page import facts
from prdgen.review.state import Review
from prdgen.server import auth, html
from prdgen.server.api.operations import form_of
from prdgen.server.auth import Visitor, app_of

_MOST_OVER: Final = 500
_MOST_SHOWN: Final = 10
"""Of those that are over, beside the open ones."""
_ACTIONS: Final = {
    "describe": "editor", "update": "editor", "merge": "editor", "squash": "editor",
    "rebase": "editor", "close": "editor", "reopen": "editor", "ask": "editor", "withdraw": "editor",
    "approved": "editor", "changes_requested": "editor", "take": "editor",
    "add": "editor", "commit": "editor",
    "comment": "commenter", "reply": "commenter", "resolve": "commenter",
    "unresolve": "commenter",
}  # fmt: skip
"""What the page's buttons do, and the least role for it."""


async def draft_list(request: Request) -> Response:
    """Open drafts, and the ones that are over: with `state` those that are merged or closed, or whose
    branch is gone.
    """
    visitor = auth.require(request, "reader", "see the drafts")
    app, wanted = app_of(request), request.query_params.get("state", "open")
    known = await to_thread.run_sync(drafts.reviews, app)
    found = await to_thread.run_sync(drafts.every, app, known)
    lives = app.keeper.all() if app.keeper else []
    writing = {live.branch for live in lives if live.room.peers}
    here = {each.branch for each in found}
    over = [(drafts.state_of(each, here), each) for each in known]
    over = [(state, each) for state, each in over if state != "open"]
    kept = await recoveries.of(app, visitor.person, visitor.role, found)
    named = {each.branch for each in kept}
    found = [each for each in found if each.branch not in named]
    count = Counter({"open": len(found)}) + Counter(state for state, _ in over)
    if wanted == "open":
        late = {id(each) for each in [each for each in over if each[0] != "gone"][:_MOST_SHOWN]}
        shown = [each for each in over if each[0] == "gone" or id(each) in late]
    else:
        found, shown = [], [each for each in over if each[0] == wanted][:_MOST_OVER]
    return html.render(
        request, "drafts.html", title="Drafts", found=found, over=shown, writing=writing, count=count,
        wanted=wanted, went_on=await to_thread.run_sync(gone.went_on, app, found, known),
        kept=kept,
    )  # fmt: skip


async def start(request: Request) -> Response:
    """Begin a draft, from a page or from nothing, and go where one writes in it."""
    visitor = auth.require(request, "editor", "start a draft")
    app, fields = app_of(request), await form_of(request)
    page_path = fields.get("page_path") or None
    title = fields.get("title", "").strip()
    if not title and page_path:
        content, _ = await read.source(app, app.main_branch, page_path)
        title = facts.of(page_path, content).title
    draft = await drafts.start(app, visitor.person, title, page_path)
    where = (
        read.address("edit", draft.branch, page_path)
        if page_path
        else drafts.address_of(draft.branch)
    )
    return RedirectResponse(where, 303)


async def draft(request: Request) -> Response:
    """One draft: what it changes, where it stands, what may be done; POST does it."""
    visitor = auth.require(request, "reader", "see this draft")
    app, name = app_of(request), request.path_params["name"]
    problem: PrdgenError | None = None
    fields: dict[str, str] = {}
    if request.method == "POST":
        auth.require(request, "commenter", "change this draft")
        fields = await form_of(request)
        try:
            return RedirectResponse(await _act(request, visitor, name, fields), 303)
        except PrdgenError as error:
            if error.status >= 500 and not isinstance(error, ForgeError):
                raise
            problem = await whom.named(app, error)
    try:
        found = await to_thread.run_sync(drafts.find, app, name)
    except NoSuchDraft:
        return await _over(request, name, problem, fields)
    if problem is None and name.removeprefix("refs/heads/") != found.branch:
        return RedirectResponse(found.address, 302)
    if over := await to_thread.run_sync(drafts.ended, app, found):
        return await _over(request, over.id, problem, fields)
    # Before all of it is looked at: what changes meanwhile is news.
    shown = await to_thread.run_sync(edition.of, app, name)
    changes = await draft_changes.of(app, found, _number(request))
    base = changes.standing.base
    stands = await to_thread.run_sync(reviews.standing, app, found, base)
    problems = await to_thread.run_sync(reviews.problems, app, found, base)
    return html.render(
        request, "draft.html", problem.status if problem else 200, title=found.title, draft=found, wrote=fields, edition=shown,
        review=found.review, changes=changes, problem=problem, stands=stands, problems=problems,
        strangers=await reviews.strangers(app, stands),
        talk=await to_thread.run_sync(_talk, app, found.review, found.tip, changes), may=_may(visitor),
        pages=await read.titles(app, found.branch),
        unsettled=await unsettled.pages(app, found),
        recovery=await to_thread.run_sync(recoveries.of_draft, app, found),
        kept=await to_thread.run_sync(_there, app, found, request.query_params.getlist("kept")),
        forge=await to_thread.run_sync(forge_report.exchange, app, found.review),
        went_on=await to_thread.run_sync(_went_on, app, found),
    )  # fmt: skip


def _went_on(app: App, draft: Draft) -> Review | None:
    """In a thread: the draft that is over, and in whose branch somebody wrote on since."""
    if draft.review is not None:
        return None
    return gone.went_on(app, [draft], drafts.reviews(app)).get(draft.branch)


def _number(request: Request) -> int:
    """The number of the first page whose difference is wanted."""
    return _line(request.query_params.get("from", "")) or 1


def _there(app: App, draft: Draft, paths: list[str]) -> list[str]:
    """In a thread: those of the paths that the draft has."""
    known = {entry.path for entry in app.repository.files(draft.tip)} if paths else set()
    return [path for path in paths if path in known]


def _may(visitor: Visitor) -> dict[str, bool]:
    return {
        "write": roles.at_least(visitor.role, "editor"),
        "comment": roles.at_least(visitor.role, "commenter"),
        "force": roles.at_least(visitor.role, "owner"),
    }


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said of a draft, where it is to be shown."""

    pages: Mapping[str, OfPage]
    besides: list[Placed]
    gone: list[Placed]
    elsewhere: list[Placed]
    """Of pages that are drawn in another part of the draft's page."""


def _talk(app: App, review: Review | None, tip: str | None, changes: Changes | None) -> Talk:
    """In a thread: every thread of a review, at the words of its pages where these are shown."""
    said = conversation.placed(app, review, tip)
    pages = {
        page.page_path: conversation.at_words(page.html or "", page.text, page.page_path, said)
        for page in (changes.drawn if changes else ())
    }
    besides = conversation.besides(said, pages)
    far = {page.page_path for page in changes.pages} - {*pages} if changes else set()
    elsewhere = [each for each in besides if each.page_path in far]
    besides = [each for each in besides if each.page_path not in far]
    return Talk(pages, besides, conversation.gone(said), elsewhere)


async def _over(
    request: Request, name: str, problem: PrdgenError | None, wrote: dict[str, str]
) -> Response:
    """A draft that is merged or closed, or whose branch is gone, with what was said of it: at its id,
    which the branch's name leads to.
    """
    app = app_of(request)
    find_over = partial(drafts.find_over, some=problem is not None)
    review = await to_thread.run_sync(find_over, app, name)
    tip = await to_thread.run_sync(app.repository.tip, review.branch)
    there = review.state == "open" and tip is not None
    if there and problem is None and review.branch != app.main_branch:
        return RedirectResponse(drafts.address_of(review.branch), 303)
    if problem is None and request.path_params["name"] != review.id:
        return RedirectResponse(drafts.address(review.id), 302)
    if isinstance(problem, NoSuchDraft) and review.state != "open":
        problem = DraftOver(draft=review.title, state=review.state)
    shown = await to_thread.run_sync(edition.of, app, review.id)
    changes = await draft_changes.of_over(app, review, _number(request))
    return html.render(
        request, "draft_over.html", problem.status if problem else 200, title=review.title, review=review, edition=shown,
        problem=problem, forge=await to_thread.run_sync(forge_report.exchange, app, review),
        changes=changes, there=drafts.address_of(review.branch) if there else None, talk=await to_thread.run_sync(_talk, app, review, review.tip, changes),
        may=dict.fromkeys(_may(auth.require(request, "reader", "see this draft")), False), wrote=wrote,
    )  # fmt: skip


async def _act(request: Request, visitor: Visitor, name: str, fields: dict[str, str]) -> str:
    """Do what a button of the page asks for; the address to go to."""
    app, person, do = app_of(request), visitor.person, fields.get("do", "")
    if do not in _ACTIONS:
        raise Invalid(what="do", where=request.url.path, got=repr(do)[:40],
                      expected=f"one of {', '.join(_ACTIONS)}")  # fmt: skip
    auth.require(request, _ACTIONS[do], "do that with a draft")
    thread, text = fields.get("thread", ""), fields.get("text", "")
    match do:
        case "describe":
            said = {key: fields.get(key, "") for key in ("title", "description")}
            await drafts.describe(app, name, person, said["title"], said["description"])
        case "update":
            landed = await draft_merge.bring_up_to_date(app, name, person)
            kept = urlencode([("kept", path) for path, _ in landed.revived])
            return drafts.address(name) + (f"?{kept}" if kept else "")
        case "merge" | "squash" | "rebase" as how:
            review, _ = await draft_merge.merge(app, name, person, visitor.role, how)
            return drafts.address(review.id)
        case "add":
            return await put_in.add(app, name, person, visitor.role)
        case "close":
            return drafts.address((await draft_merge.close(app, name, person)).id)
        case "reopen":
            return drafts.address_of((await draft_merge.reopen(app, name, person)).branch)
        case "commit":
            await draft_merge.commit(app, name, person)
        case "ask":
            await draft_merge.ask(app, name, person)
        case "withdraw":
            await reviews.ask(app, name, person, withdrawn=True)
        case "approved":
            seen = fields.get("seen", "")
            await reviews.decide(app, name, person, "approved", text, seen=seen)
        case "changes_requested":
            await reviews.decide(app, name, person, "changes_requested", text)
        case "comment":
            await reviews.comment(
                app, name, person, text, page_path=fields.get("page_path") or None,
                quote=fields.get("quote", ""), line=_line(fields.get("line", "")),
                suggestion=fields.get("suggestion", "") if fields.get("suggest") else None,
            )  # fmt: skip
        case "reply":
            await reviews.reply(app, name, person, thread, text)
        case "resolve" | "unresolve":
            await reviews.resolve(app, name, person, thread, again=do == "unresolve")
        case "take":
            await suggest.take(app, name, person, thread)
    at = f"#{fields['at']}" if fields.get("at", "").isalnum() else ""
    first = _number(request)
    return drafts.address(name) + (f"?from={first}" if first > 1 else "") + at


def _line(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 0
