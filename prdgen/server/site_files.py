"""`/site/`: the published site, from its immutable artifacts, precompressed where it can be."""

from __future__ import annotations

import mimetypes
import re
from html import escape
from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.builder import artifacts
from prdgen.builder.publication import Site
from prdgen.errors import NotFound
from prdgen.flows import draft_site, drafts, follow, publish
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NoSuchDraft
from prdgen.server import auth
from prdgen.server.auth import app_of

_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_IMAGE_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
"""Of SVG files, which are images and nothing else, also when opened by themselves."""
_BODY: Final = re.compile(rb"<body[^>]*>")
_TYPES: Final = {".js": "text/javascript", ".md": "text/markdown", ".wasm": "application/wasm"}
_ROOTED: Final = re.compile(rb'((?:href|src|action|data-[a-z]+)="|"(?:base|search)": ")/(?!/)')
"""Addresses from the site's root, in the one page that has them; here the site is below /site/."""


async def root(_: Request) -> Response:
    """The site's address has a slash at its end."""
    return RedirectResponse("/site/", 308)


async def serve(request: Request) -> Response:
    """One file of the current build; a page's address may leave out index.html."""
    auth.require(request, "reader", "read the site")
    app, path = app_of(request), request.path_params["path"]
    site = publish.published(app)
    found = await to_thread.run_sync(_find, site, path, request.headers.get("accept-encoding", ""))
    if found is None and path and not path.endswith("/") and site.get(f"{path}/index.html"):
        return RedirectResponse(f"/site/{path}/", 308)
    status = 200
    if found is None:
        found = await to_thread.run_sync(_find, site, "404.html", "")
        found = found and (_ROOTED.sub(rb"\1/site/", found[0]), *found[1:])
        status = 404
    if found is None:
        return await _no_site_yet(app)
    data, name, shown, encoding = found
    etag = f'"{name}{"-" + encoding if encoding else ""}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding",
               "Content-Security-Policy": _IMAGE_POLICY if shown.lower().endswith(".svg")
               else _POLICY}  # fmt: skip
    if request.headers.get("if-none-match") == etag and status == 200:
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(data, status, headers, media_type=_type(shown))


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
    found = await to_thread.run_sync(_find, site, path, "")
    if found is None and path and site.get(f"{path}/index.html"):
        return RedirectResponse(f"/draft-site/{quote(address)}/", 308)
    if found is None:
        raise NotFound(what="file", where=f"the site of {branch}, {path or 'its home'}")
    data, name, shown, _ = found
    if draft is not None:
        data = _BODY.sub(lambda tag: tag[0] + _bar(draft), data, count=1)
    etag = f'"{name}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Robots-Tag": "noindex",
               "Content-Security-Policy": _IMAGE_POLICY if shown.lower().endswith(".svg")
               else _POLICY}  # fmt: skip
    if request.headers.get("if-none-match") == etag and draft is None:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_type(shown))


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


def _bar(draft: Draft) -> bytes:
    """What stands above every page of a draft's site."""
    title = escape(draft.title)
    return (
        '<div role="note" style="background:#b45309;color:#fff;padding:.5rem 1rem;font:16px/1.4 '
        f'sans-serif">Draft: <strong>{title}</strong> · not published · '
        f'<a style="color:#fff" href="{escape(drafts.address_of(draft.branch))}">what it changes</a></div>'
    ).encode()


async def _no_site_yet(app: App) -> Response:
    """The first build is under way, or failed: then this says why."""
    failed = await follow.behind(app)
    words = (
        f"The site could not be built: {failed.why} {failed.hint}"
        if failed
        else "The site is being built for the first time."
    )
    return Response(words, 503, {"Retry-After": "2", "Content-Type": "text/plain; charset=utf-8"})


def _find(site: Site, path: str, accepted: str) -> tuple[bytes, str, str, str] | None:
    """Bytes, artifact, the path they are of, and their encoding."""
    wanted = f"{path}index.html" if not path or path.endswith("/") else path
    offered = {part.partition(";")[0].strip() for part in accepted.split(",")}
    for ending, encoding in artifacts.TWINS.items():
        if encoding in offered and (found := site.get(wanted, ending)):
            return found[0], found[1], wanted, encoding
    found = site.get(wanted)
    return found and (*found, wanted, "")


def _type(path: str) -> str:
    for ending, kind in _TYPES.items():
        if path.endswith(ending):
            return kind
    return mimetypes.guess_type(path)[0] or "application/octet-stream"
