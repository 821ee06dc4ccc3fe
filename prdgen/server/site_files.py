"""`/site/`: the published site, from its immutable artifacts, precompressed where it can be."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.builder.reading import File, Reading
from prdgen.errors import NotFound
from prdgen.flows import draft_marks, draft_site, drafts, follow, read_site
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchDraft
from prdgen.server import auth, site_headers
from prdgen.server.auth import app_of
from prdgen.server.readers import credentials_of

_ROOTED: Final = re.compile(rb'((?:href|src|action|data-[a-z]+)="|"(?:base|search)": ")/(?!/)')
"""Addresses from the site's root, in the one page that has them; here the site is below /site/."""


async def root(_: Request) -> Response:
    """The site's address has a slash at its end."""
    return RedirectResponse("/site/", 308)


async def serve(request: Request) -> Response:
    """One file of the current build; a page's address may leave out index.html."""
    app, path = app_of(request), request.path_params["path"]
    who = site_headers.ANYONE
    if not app.settings.public_site:
        auth.require(request, "reader", "read the site")
        readers = request.app.state.readers
        readers.let_in(credentials_of(request.headers.raw), request.state.readers_turn)
        who = site_headers.READERS
    elif credentials_of(request.headers.raw) != (None, None):
        who = site_headers.WRITERS
    encodings = site_headers.encodings(request.headers.get("accept-encoding", ""))
    kept = await read_site.file(app.levels, site_headers.public_path(path), encodings)
    if kept.file is not None:
        return _answer(app, request, kept.file, who)
    if path and not path.endswith("/"):
        folder = await read_site.file(app.levels, f"{path}/index.html", encodings)
        if folder.file is not None:
            return RedirectResponse(
                f"/site/{quote(path)}/", 308, site_headers.missing(who, app.settings)
            )
    absent = await read_site.file(app.levels, "404.html", ())
    if absent.file is None:
        return await _no_site_yet(app)
    page = _ROOTED.sub(rb"\1/site/", absent.file.data)
    headers = site_headers.of(absent.file, who, app.settings) | site_headers.missing(
        who, app.settings
    )
    return Response(page, 404, headers)


def _answer(app: App, request: Request, file: File, who: str) -> Response:
    """A file, or that the browser has it already."""
    headers = site_headers.of(file, who, app.settings)
    site_headers.count(app.levels, request.headers)
    if site_headers.has_it(request.headers.get("if-none-match", ""), headers["ETag"]):
        app.levels.browser.hit(0.0)
        return Response(status_code=304, headers=headers)
    return Response(file.data, headers=headers)


async def serve_draft(request: Request) -> Response:
    """One file of a draft's site, for those who are signed in; its pages say what they are."""
    auth.require(request, "reader", "read this draft's site")
    app, address = app_of(request), request.path_params["address"]
    branch, path = await to_thread.run_sync(_place_of, app, address)
    if path is None:
        return RedirectResponse(f"/draft-site/{quote(address)}/", 308)
    draft = None
    if not path or path.endswith("/"):
        draft = await to_thread.run_sync(drafts.find_branch, app, branch)
        site = await draft_site.fresh(app, draft)
    else:
        site = draft_site.of(app, branch)
    shown = site_headers.public_path(path)
    # A page is changed on its way out, so as it is; what lies beside it may be compressed.
    accepted = "" if draft is not None else request.headers.get("accept-encoding", "")
    files, encodings = Reading(site.state), site_headers.encodings(accepted)
    found = await to_thread.run_sync(files.find, shown, encodings)
    if found is None and path and site.get(f"{path}/index.html"):
        return RedirectResponse(f"/draft-site/{quote(address)}/", 308)
    if found is None:
        raise NotFound(what="file", where=f"the site of {branch}, {path or 'its home'}")
    data = found.data
    if draft is not None:
        data = await draft_marks.shown(app, draft, site, shown, data)
    return Response(data, headers=site_headers.of_draft(found))


def _place_of(app: App, address: str) -> tuple[str, str | None]:
    """In a thread: `<branch>/<path>` taken apart, for the longest branch that exists; no path when
    the address is a branch. Raises NoSuchDraft, also for main.
    """
    branches = [name for name in app.repository.branches() if name != app.main_branch]
    for branch in sorted(branches, key=len, reverse=True):
        if address == branch:
            return branch, None
        if address.startswith(f"{branch}/"):
            return branch, address[len(branch) + 1 :]
    raise NoSuchDraft(draft=address.partition("/")[0])


async def _no_site_yet(app: App) -> Response:
    """The first build is under way, or failed: then this says why."""
    failed = await follow.behind(app)
    words = (
        f"The site could not be built: {failed.why} {failed.hint}"
        if failed
        else "The site is being built for the first time."
    )
    return Response(words, 503, {"Retry-After": "2", "Content-Type": "text/plain; charset=utf-8"})
