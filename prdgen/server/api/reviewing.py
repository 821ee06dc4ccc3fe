"""API: what people say of a draft, and what they decide."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from prdgen.errors import Invalid
from prdgen.flows import (
    conversation,
    draft_changes,
    draft_merge,
    drafts,
    edition,
    reviews,
    suggest,
)
from prdgen.flows.context import App
from prdgen.flows.conversation import Placed
from prdgen.flows.errors import NoSuchDraft
from prdgen.review.state import Review, Verdict
from prdgen.server.api.operations import (
    INTEGER,
    NULLABLE,
    STRING,
    Operation,
    as_json,
    body_of,
    number,
    obj,
)
from prdgen.server.auth import app_of, visitor_of

_MOST_LINES = 10_000_000


async def get_review(request: Request) -> Response:
    """What was said of a draft and where, what was decided, and what merging it still takes; of a draft
    that is over, by its id, what there is in the repository.
    """
    app, name = app_of(request), request.path_params["name"]
    try:
        draft = await to_thread.run_sync(drafts.find, app, name)
    except NoSuchDraft:
        review = await to_thread.run_sync(drafts.find_review, app, name)
        if review.state != "open" or app.repository.tip(review.branch) is None:
            return as_json(await to_thread.run_sync(_of_over, app, review))
        draft = await to_thread.run_sync(drafts.find_branch, app, review.branch)
    base = (await to_thread.run_sync(draft_changes.standing, app, draft)).base
    stands = await to_thread.run_sync(reviews.standing, app, draft, base)
    problems = await to_thread.run_sync(reviews.problems, app, draft, base)
    said = await to_thread.run_sync(conversation.placed, app, draft.review, draft.tip)
    return as_json(
        {
            "state": "open",
            "asked_by": draft.review.asked_by if draft.review else None,
            "threads": [_thread(each) for each in said],
            "approved": [
                _verdict(v) | {"not_counted": stands.own.why_not(v.email)} for v in stands.approved
            ],
            "approved_before": [_verdict(each) for each in stands.before],
            "changes_requested": [_verdict(each) for each in stands.against],
            "needed": [
                {"owners": list(n.owners), "paths": list(n.paths), "given_by": n.given_by}
                for n in stands.needed
            ],
            "blocked": stands.blocked,
            "problems": [
                {"page_path": p.page_path, "line": p.line, "message": p.message, "code": p.code}
                for p in problems
            ],
        }
    )  # fmt: skip


async def get_edition(request: Request) -> Response:
    """A word that is another one as soon as the draft has something new to see: ask for it now and then, and
    for the rest when it changed.
    """
    found = await to_thread.run_sync(edition.of, app_of(request), request.path_params["name"])
    return as_json({"edition": found})


def _of_over(app: App, review: Review) -> dict[str, Any]:
    """In a thread: the same of a draft that is merged or closed, or whose branch is gone."""
    verdicts = list(review.verdicts.values())
    approved = [each for each in verdicts if each.word == "approved"]
    return {
        "state": review.state if review.state != "open" else "gone",
        "asked_by": review.asked_by,
        "threads": [_thread(each) for each in conversation.placed(app, review, review.tip)],
        "approved": [_verdict(each) for each in approved if each.tip == review.tip],
        "approved_before": [_verdict(each) for each in approved if each.tip != review.tip],
        "changes_requested": [_verdict(v) for v in verdicts if v.word != "approved"],
        "needed": [], "blocked": None, "problems": [],
    }  # fmt: skip


async def get_source(request: Request) -> Response:
    """The Markdown behind words as they are read in a page of a draft."""
    asked = request.query_params
    found = await reviews.quoted(
        app_of(request), request.path_params["name"], asked.get("page_path", ""),
        asked.get("quote", ""), number(request, "line", 1, 0, _MOST_LINES),
    )  # fmt: skip
    return as_json({"source": found.quote, "start": found.start})


async def comment_on_draft(request: Request) -> Response:
    """Say something of a draft, of one of its pages, or of words in it."""
    optional = ("page_path", "quote", "suggestion")
    body = await body_of(request, "text", optional=optional)
    line = body.get("line") or 0
    if not isinstance(line, int) or not 0 <= line <= _MOST_LINES:
        raise Invalid(what="line", where=request.url.path, expected="a line's number",
                      got=repr(line)[:40])  # fmt: skip
    review = await reviews.comment(
        app_of(request), request.path_params["name"], visitor_of(request).person, body["text"],
        page_path=body.get("page_path"), quote=body.get("quote") or "", line=line,
        suggestion=body.get("suggestion"),
    )  # fmt: skip
    return as_json({"thread": list(review.threads)[-1]}, 201)


async def reply_to_comment(request: Request) -> Response:
    """Answer a comment."""
    body = await body_of(request, "text")
    place = request.path_params
    await reviews.reply(
        app_of(request), place["name"], visitor_of(request).person, place["thread"], body["text"]
    )
    return as_json({"thread": place["thread"]}, 201)


async def resolve_comment(request: Request) -> Response:
    """Settle a comment's thread."""
    return await _resolve(request, again=False)


async def unresolve_comment(request: Request) -> Response:
    """Open a settled thread again."""
    return await _resolve(request, again=True)


async def _resolve(request: Request, *, again: bool) -> Response:
    place, person = request.path_params, visitor_of(request).person
    await reviews.resolve(app_of(request), place["name"], person, place["thread"], again=again)
    return as_json({"thread": place["thread"], "resolved": not again})


async def take_suggestion(request: Request) -> Response:
    """Put suggested words in their place, as an edit of the live page and a version."""
    place = request.path_params
    await suggest.take(app_of(request), place["name"], visitor_of(request).person, place["thread"])
    return as_json({"thread": place["thread"], "taken": True})


async def approve_draft(request: Request) -> Response:
    """Approve a draft as it is now; with `commit` only when that is its last commit still."""
    body = await body_of(request, optional=("text", "commit"))
    name, person = request.path_params["name"], visitor_of(request).person
    return _verdicts(
        await reviews.decide(
            app_of(request), name, person, "approved", body.get("text") or "",
            seen=body.get("commit"),
        )
    )  # fmt: skip


async def request_changes(request: Request) -> Response:
    """Ask for changes of a draft before it is merged."""
    body = await body_of(request, "text")
    name, person = request.path_params["name"], visitor_of(request).person
    return _verdicts(
        await reviews.decide(app_of(request), name, person, "changes_requested", body["text"])
    )


async def ask_for_review(request: Request) -> Response:
    """Ask others to look at a draft."""
    return await _ask(request, withdrawn=False)


async def withdraw_review(request: Request) -> Response:
    """Ask nobody to look at it any more."""
    return await _ask(request, withdrawn=True)


async def _ask(request: Request, *, withdrawn: bool) -> Response:
    app, name, person = app_of(request), request.path_params["name"], visitor_of(request).person
    if withdrawn:
        review = await reviews.ask(app, name, person, withdrawn=True)
    else:
        review = await draft_merge.ask(app, name, person)
    return as_json({"asked_by": review.asked_by})


def _verdicts(review: Review) -> Response:
    return as_json({"verdicts": [_verdict(each) for each in review.verdicts.values()]})


def _verdict(verdict: Verdict) -> dict[str, str]:
    return {"word": verdict.word, "name": verdict.name, "email": verdict.email,
            "at": verdict.at.isoformat(), "commit": verdict.tip}  # fmt: skip


def _thread(said: Placed) -> dict[str, Any]:
    """A thread with the place it is at now."""
    thread = said.thread
    there = said.page_path is not None and said.how in {"same", "changed", "gone"}
    return {
        "id": thread.id, "number": said.number, "resolved": thread.resolved,
        "page_path": said.page_path,
        "suggestion": thread.suggestion, "taken_by": thread.taken_by,
        "quote": thread.anchor.quote if thread.anchor else None,
        "place": {"start": said.start, "end": said.end, "how": said.how} if there else None,
        "comments": [
            {"name": c.name, "email": c.email, "at": c.at.isoformat(), "text": c.text}
            for c in thread.comments
        ],
    }  # fmt: skip


_LIST = {"type": "array"}
_THREAD = obj(thread=STRING)
_AT = "/api/drafts/{name:path}"
_TEXT = obj(text=STRING)
OPERATIONS = (
    Operation("GET", f"{_AT}/review", "Get the review of a draft.", get_review,
              obj(state=STRING, threads=_LIST, approved=_LIST, needed=_LIST, blocked=NULLABLE, problems=_LIST)),
    Operation("GET", f"{_AT}/edition", "Get a word that changes when there is something new to see of a draft.",
              get_edition, obj(edition=STRING)),
    Operation("GET", f"{_AT}/source", "Get the Markdown behind words.", get_source,
              obj(source=STRING, start=INTEGER),
              query={"page_path": STRING, "quote": STRING, "line": STRING}),
    Operation("POST", f"{_AT}/comments", "Comment on a draft.", comment_on_draft, _THREAD,
              "commenter", status=201,
              body=_TEXT | {"properties": {"text": STRING, "page_path": NULLABLE,
                                           "quote": NULLABLE, "line": INTEGER,
                                           "suggestion": NULLABLE}}),
    Operation("POST", f"{_AT}/comments/{{thread}}/replies", "Answer a comment.", reply_to_comment,
              _THREAD, "commenter", status=201, body=_TEXT),
    Operation("POST", f"{_AT}/comments/{{thread}}/resolve", "Resolve a comment.", resolve_comment,
              _THREAD, "commenter"),
    Operation("POST", f"{_AT}/comments/{{thread}}/unresolve", "Open a comment again.",
              unresolve_comment, _THREAD, "commenter"),
    Operation("POST", f"{_AT}/comments/{{thread}}/take", "Take a suggestion.", take_suggestion,
              _THREAD, "editor"),
    Operation("POST", f"{_AT}/approve", "Approve a draft.", approve_draft, obj(verdicts=_LIST),
              "editor",
              body={"type": "object", "properties": {"text": NULLABLE, "commit": NULLABLE}}),
    Operation("POST", f"{_AT}/request-changes", "Ask for changes of a draft.", request_changes,
              obj(verdicts=_LIST), "editor", body=_TEXT),
    Operation("POST", f"{_AT}/ask", "Ask for a review of a draft.", ask_for_review,
              obj(asked_by=NULLABLE), "editor"),
    Operation("POST", f"{_AT}/withdraw", "Take back that you asked for a review.", withdraw_review,
              obj(asked_by=NULLABLE), "editor"),
)  # fmt: skip
"""The reviews' side of the API; they come before `GET /api/drafts/{name}`."""
