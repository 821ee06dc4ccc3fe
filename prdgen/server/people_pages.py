"""Pages for people: signing in and out, and who is on the team."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import Invalid, PrdgenError
from prdgen.flows import accounts, roles
from prdgen.server import auth, html
from prdgen.server.api.operations import form_of
from prdgen.server.auth import app_of
from prdgen.store import access, people

_LOCAL: Final = re.compile(r"/(?![/\\])[^\x00-\x1f\\]*")
_NEXT_COOKIE: Final = "prdgen_next"
_NEXT_SECONDS: Final = 600


def safe_next(wanted: str | None) -> str:
    """Where to go after signing in: an address of this server, or home."""
    return wanted if wanted and _LOCAL.fullmatch(wanted) else "/"


async def sign_in(request: Request) -> Response:
    """How to get a sign-in link, for someone who has none; the link then leads to `next`."""
    answer = html.render(request, "sign_in.html", title="Sign in")
    following = safe_next(request.query_params.get("next"))
    if following != "/":
        answer.set_cookie(
            _NEXT_COOKIE, quote(following, safe=""), max_age=_NEXT_SECONDS, httponly=True,
            samesite="lax", path="/sign-in",
        )  # fmt: skip
    return answer


async def redeem(request: Request) -> Response:
    """GET shows a button, POST signs in: programs that preview links cannot use them up."""
    app, token = app_of(request), request.path_params["token"]
    kept = unquote(request.cookies.get(_NEXT_COOKIE, ""))
    following = safe_next(request.query_params.get("next") or kept)
    if request.method != "POST":
        async with app.store.transaction() as tx:
            person = await people.get(tx, await access.check_link(tx, token))
        return html.render(
            request, "redeem.html", title="Sign in", person=person, token=token, following=following
        )
    secret = await auth.redeem(app, token)
    answer = RedirectResponse(following, 303)
    answer.set_cookie(
        auth.cookie_name(app), secret, max_age=int(auth.SESSION_LIFE.total_seconds()), httponly=True,
        samesite="lax", secure=request.url.scheme == "https" or _behind_https(request), path="/",
    )  # fmt: skip
    answer.delete_cookie(_NEXT_COOKIE, path="/sign-in")
    return answer


def _behind_https(request: Request) -> bool:
    return app_of(request).settings.base_url.startswith("https://")


async def sign_out(request: Request) -> Response:
    """End this session."""
    await form_of(request)
    name = auth.cookie_name(app_of(request))
    async with app_of(request).store.transaction() as tx:
        await access.end_session(tx, request.cookies.get(name, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(name, path="/")
    return answer


async def people_list(request: Request) -> Response:
    """Who is on the team; owners invite others and make sign-in links here."""
    visitor = auth.require(request, "reader", "see the people")
    app = app_of(request)
    made: tuple[str, str] | None = None
    done = ""
    problem: PrdgenError | None = None
    if request.method == "POST":
        auth.require(request, "owner", "invite people and change what they may do")
        form = await form_of(request)
        try:
            made, done = await _changed(request, form)
        except PrdgenError as error:
            if error.status >= 500:
                raise
            problem = error
    async with app.store.transaction() as tx:
        found = await people.list_people(tx)
    rows: list[dict[str, Any]] = [
        {"person": person, "role": await roles.of(app, person)} for person in found
    ]
    return html.render(
        request, "people.html", 422 if problem else 200, title="People", rows=rows, made=made,
        done=done, problem=problem, may_invite=roles.at_least(visitor.role, "owner"), roles=roles.ROLES,
    )  # fmt: skip


async def _changed(request: Request, form: dict[str, str]) -> tuple[tuple[str, str] | None, str]:
    """What an owner asked for: the name and link of who is invited, or what was done, in words."""
    app = app_of(request)
    if "out" in form:
        person = await accounts.shut_out(app, _id(form["out"], "person", "/people"))
        return None, f"{person.name} is signed out everywhere."
    if "of" in form:
        person = await accounts.change_role(
            app, _id(form["of"], "person", "/people"), form.get("role", "")
        )
        return None, f"{person.name} is {person.role} now."
    return await _invite(request, form), ""


async def _invite(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Add the person when they are new; returns their name and a link for them."""
    async with app_of(request).store.transaction() as tx:
        person, link = await accounts.invite(
            tx, form.get("name", ""), form.get("email", ""), form.get("role", "editor")
        )
    here = f"{request.url.scheme}://{request.headers['host']}"
    return person.name, f"{app_of(request).settings.base_url.rstrip('/') or here}/sign-in/{link}"


async def tokens(request: Request) -> Response:
    """The person's API tokens: make one, whose secret is shown this once, or revoke one."""
    visitor = auth.require(request, "reader", "see your tokens")
    made: str | None = None
    problem: PrdgenError | None = None
    async with app_of(request).store.transaction() as tx:
        if request.method == "POST":
            auth.require_writing(request, "make or revoke a token")
            form = await form_of(request)
            try:
                if "revoke" in form:
                    await access.revoke_token(
                        tx, visitor.person.id, _id(form["revoke"], "token", "/tokens")
                    )
                else:
                    made, _ = await accounts.make_token(
                        tx, visitor.person.id, form.get("name", ""), form.get("scope", "write")
                    )
            except Invalid as error:
                problem = error
        found = await access.list_tokens(tx, visitor.person.id)
    return html.render(
        request, "tokens.html", 422 if problem else 200, title="API tokens", made=made,
        found=found, problem=problem, headers={"Cache-Control": "no-store"},
    )  # fmt: skip


def _id(text: str, what: str, where: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(what=what, where=where, expected="an id", got=text[:80]) from None
