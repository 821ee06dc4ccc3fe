"""The doors for the time without the server: the service worker, and the shell it keeps.

The shell is the same for everybody and names nobody: what it shows is what the device itself keeps.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from prdgen.errors import NotFound
from prdgen.server import html

SHELL: Final = "/offline"
WORKER: Final = "/service-worker.js"
_BUILT: Final = html.STATIC / "editor" / "service-worker.js"


async def shell(request: Request) -> Response:
    """The page of what this device keeps; raises NotFound when the editor is not built."""
    if not _BUILT.is_file():
        raise NotFound(what="page", where=SHELL)
    return Response(
        _render(request.state.nonce), media_type="text/html", headers={"Cache-Control": "no-cache"}
    )


async def worker(request: Request) -> Response:
    """The service worker's script. Its first line names the shell's version, so that a browser
    takes the new worker whenever the shell or one of its files is another one.
    """
    if not _BUILT.is_file():
        raise NotFound(what="script", where=WORKER)
    script = f"const SHELL_VERSION = {json.dumps(version())};\n{_BUILT.read_text('utf-8')}"
    etag = f'"{hashlib.sha256(script.encode()).hexdigest()[:20]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(script, media_type="text/javascript", headers=headers)


def address() -> str | None:
    """The worker's address, when the editor is built."""
    return WORKER if _BUILT.is_file() else None


@cache
def version() -> str:
    """Names the shell: the hash of its page, which names all files by the hash of their content."""
    return hashlib.sha256(_render("").encode()).hexdigest()[:12]


def _render(nonce: str) -> str:
    return html.template("offline.html").render(nonce=nonce)
