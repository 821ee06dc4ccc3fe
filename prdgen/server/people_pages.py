"""Pages for people: signing in and out, and who is on the team."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.errors import PrdgenError
from prdgen.flows import accounts, roles
from prdgen.server import auth, html
from prdgen.server.api.operations import check_form_token
from prdgen.server.auth import app_of
from prdgen.store import access, people



def safe_next(wanted: str | None) -> str:
    """Where to go after signing in: an address of this server, or home."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    return wanted


async def sign_in(request: Request) -> Response:
    """How to get a sign-in link, for someone who has none."""
    return html.render(request, "sign_in.html", title="Sign in")


async def redeem(request: Request) -> Response:
    """GET shows a button, POST signs in: programs that preview links cannot use them up."""
    app, token = app_of(request), request.path_params["token"]
    following = safe_next(request.query_params.get("next"))
    if request.method == "GET":
        async with app.store.transaction() as tx:
            person = await people.get(tx, await access.check_link(tx, token))
        return html.render(
            request, "redeem.html", title="Sign in", person=person, token=token, following=following
        )
    secret = await auth.redeem(app, token)
    answer = RedirectResponse(following, 303)
    answer.set_cookie(
        auth.COOKIE, secret, max_age=int(auth.SESSION_LIFE.total_seconds()), httponly=True,
        samesite="lax", secure=request.url.scheme == "https" or _behind_https(request), path="/",
    )  # fmt: skip
    return answer


def _behind_https(request: Request) -> bool:
    return app_of(request).settings.base_url.startswith("https://")


async def sign_out(request: Request) -> Response:
    """End this session."""
    form = await request.form()
    check_form_token(request, str(form.get("csrf", "")))
    async with app_of(request).store.transaction() as tx:
        await access.end_session(tx, request.cookies.get(auth.COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(auth.COOKIE, path="/")
    return answer


async def people_list(request: Request) -> Response:
    """Who is on the team; owners invite others and make sign-in links here."""
    visitor = auth.require(request, "reader", "see the people")
    app = app_of(request)
    made: tuple[str, str] | None = None
    problem: PrdgenError | None = None
    if request.method == "POST":
        auth.require(request, "owner", "invite people")
        form = {key: str(value) for key, value in (await request.form()).items()}
        check_form_token(request, form.get("csrf", ""))
        try:
            made = await _invite(request, form)
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
        problem=problem, may_invite=roles.at_least(visitor.role, "owner"), roles=roles.ROLES,
    )  # fmt: skip


async def _invite(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Add the person when they are new; returns their name and a link for them."""
    app = app_of(request)
    role = form.get("role", "editor")
    async with app.store.transaction() as tx:
        taken = len(await people.list_people(tx))
        person = await people.get_by_email(tx, form.get("email", "")) or await people.create(
            tx, name=form.get("name", "").strip(), email=form.get("email", "").strip(),
            color=accounts.next_color(taken), role=role if role in roles.ROLES else "editor",
        )  # fmt: skip
        link = await access.make_link(tx, person.id, accounts.INVITED_SECONDS)
    return person.name, f"{request.url.scheme}://{request.headers['host']}/sign-in/{link}"
