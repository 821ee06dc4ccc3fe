"""`/site/`: the published site, from its immutable artifacts, precompressed where it can be."""

from __future__ import annotations

import mimetypes
import re
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from prdgen.builder.publication import Site
from prdgen.flows import follow, publish
from prdgen.flows.context import App
from prdgen.server import auth
from prdgen.server.auth import app_of

_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_IMAGE_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
"""Of SVG files, which are images and nothing else, also when opened by themselves."""
_ENCODINGS: Final = ("br", "zstd", "gzip")
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
    for encoding in (*(e for e in _ENCODINGS if e in offered), ""):
        if found := site.get(wanted, encoding):
            return found[0], found[1], wanted, encoding
    return None


def _type(path: str) -> str:
    for ending, kind in _TYPES.items():
        if path.endswith(ending):
            return kind
    return mimetypes.guess_type(path)[0] or "application/octet-stream"
