"""How the site's files are served, from here or from elsewhere: types, ages, twins and a CDN's keys."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from typing import Final

TWINS: Final = {"br": "br", "zst": "zstd", "gz": "gzip"}
"""Ending of a compressed twin → HTTP's name of its coding; the best comes first."""
FOREVER: Final = "max-age=31536000, immutable"
"""How long a file is kept whose name says which bytes it has."""
EVERYTHING: Final = "prdgen-site"
"""Every file that can change has this key, beside its own."""
WHILE_ASKING: Final = 60
"""Seconds a cache may still show what is too old, while it asks for what is new."""
_WITHOUT_US: Final = 86_400
"""Seconds a cache may go on showing what it has when nobody answers."""
_TYPES: Final = {
    "html": "text/html", "css": "text/css", "js": "text/javascript", "json": "application/json",
    "md": "text/markdown", "txt": "text/plain", "xml": "application/xml", "svg": "image/svg+xml",
    "wasm": "application/wasm", "webmanifest": "application/manifest+json", "woff2": "font/woff2",
    "avif": "image/avif", "webp": "image/webp",
}  # fmt: skip
"""What a machine's own table may lack, or have otherwise."""


def be_newer(file: str | os.PathLike[str], shown: str | os.PathLike[str]) -> None:
    """Give a file that is to take the place of the one that is `shown` a later second: many a server
    knows only that of its versions (`If-Modified-Since`; nginx: with the size), and would go on with
    the old one. Nothing happens when there is none, or when both are one file.
    """
    if not is_newer(file, shown):
        later = int(os.stat(shown).st_mtime) + 1  # noqa: PTH116 -- of thousands, and Path is slow
        os.utime(file, (later, later))


def is_newer(file: str | os.PathLike[str], shown: str | os.PathLike[str]) -> bool:
    """Whether a file may take the place of the one that is `shown` as it is: see `be_newer`."""
    try:
        old, new = os.stat(shown), os.stat(file)  # noqa: PTH116 -- of thousands, and Path is slow
    except (FileNotFoundError, NotADirectoryError):
        return True
    return old.st_ino == new.st_ino or int(new.st_mtime) > int(old.st_mtime)


def content_type(path: str) -> str:
    """The content type of a file of this name."""
    found = _TYPES.get(path.rpartition(".")[2].lower()) or mimetypes.guess_type(path)[0]
    found = found or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def changing(browser: int, cdn: int) -> str:
    """Cache-Control of a file that can change: kept for so many seconds by a browser and by a CDN."""
    return (
        f"public, max-age={browser}, s-maxage={cdn}, stale-while-revalidate={WHILE_ASKING}, "
        f"stale-if-error={_WITHOUT_US}"
    )


def key(path: str) -> str:
    """A CDN's key of one public path: letters, digits and a hyphen, 18 characters."""
    return f"p-{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def keys(path: str) -> dict[str, str]:
    """The headers with all keys of one public path: Fastly reads the one, Cloudflare and most others
    the other.
    """
    both = (EVERYTHING, key(path))
    return {"Surrogate-Key": " ".join(both), "Cache-Tag": ",".join(both)}
