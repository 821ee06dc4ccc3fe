"""`/static/`: the server's own files and the built editor, precompressed, kept for ever where their
address says what is in them.
"""

from __future__ import annotations

import errno
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOREVER: Final = "public, max-age=31536000, immutable"
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Encoding → the ending of the file beside the plain one, the smallest first; the editor's build makes them."""
_NOT_FOUND: Final = 404


class Static(StaticFiles):
    """Files whose names or queries hold their content's hash never change; the others are asked
    for again each time, and answered with 304 while they are the same.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file in the best encoding the browser takes; raises HTTPException (404, 405)."""
        if "\0" in path or path.endswith(tuple(_ENCODINGS.values())):
            raise HTTPException(_NOT_FOUND)
        response = await self._encoded(path, scope) or await super().get_response(path, scope)
        hashed = path.replace("\\", "/").startswith("editor/assets/")
        versioned = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = _FOREVER if hashed or versioned else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    async def _encoded(self, path: str, scope: Scope) -> Response | None:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        offered = {part.partition(";")[0].strip() for part in accepted.split(",")}
        for encoding, ending in _ENCODINGS.items():
            if encoding not in offered or not self._is_there(path + ending):
                continue
            plain = await super().get_response(path, scope)
            response = await super().get_response(path + ending, scope)
            response.headers["Content-Encoding"] = encoding
            if "content-type" in plain.headers:
                response.headers["Content-Type"] = plain.headers["content-type"]
            return response
        return None

    def _is_there(self, path: str) -> bool:
        try:
            return self.lookup_path(path)[1] is not None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return False
            raise
