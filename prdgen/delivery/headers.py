"""What each file is served with: its type, how long it may be kept, and by which keys it is purged."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from prdgen.delivery.build import File, Kind

CODINGS: Final = {"br": "br", "zst": "zstd", "gz": "gzip"}
"""Ending of a compressed twin → its content coding."""
FIXED: Final = "public, max-age=31536000, immutable"
SITE_KEY: Final = "prdgen-site"
"""The key of everything that can change."""
_TYPES: Final = {
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "json": "application/json",
    "md": "text/markdown; charset=utf-8", "txt": "text/plain; charset=utf-8",
    "xml": "application/xml", "svg": "image/svg+xml", "wasm": "application/wasm",
    "webmanifest": "application/manifest+json", "woff2": "font/woff2", "avif": "image/avif",
    "webp": "image/webp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds for which what can change is kept, unless a CDN is told that it did."""

    browser: int = 300
    cdn: int = 3600

    @property
    def control(self) -> str:
        """The header Cache-Control."""
        return (
            f"public, max-age={self.browser}, s-maxage={self.cdn}, stale-while-revalidate=60, "
            "stale-if-error=86400"
        )


def coding(file: File) -> str:
    """The content coding of a compressed twin; empty for every other file."""
    return CODINGS.get(file.name.partition(".")[2], "")


def plain(path: str, file: File) -> str:
    """The address whose bytes these are, compressed or not."""
    return path.rpartition(".")[0] if coding(file) else path


def content_type(path: str) -> str:
    """The type of a file by its name."""
    ending = path.rpartition(".")[2].lower()
    return _TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def key(path: str) -> str:
    """The key by which a CDN is told that this address changed: letters, digits and a hyphen."""
    return f"p-{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def of(path: str, file: File, ages: Ages) -> dict[str, str]:
    """The headers of the object at an address; the last two become its metadata, which storage
    gives out as `x-amz-meta-…` and CDNs take as keys.
    """
    shown = plain(path, file)
    found = {
        "Content-Type": content_type(shown),
        "Cache-Control": FIXED if file.kind is Kind.FIXED else ages.control,
    }
    if encoding := coding(file):
        found["Content-Encoding"] = encoding
    if file.kind is not Kind.FIXED:
        keys = (SITE_KEY, key(shown))
        found |= {"cache-tag": ",".join(keys), "surrogate-key": " ".join(keys)}
    return found


def addresses(path: str) -> list[str]:
    """What readers ask for to get this file: a page has the folder's address too."""
    written = "/" + quote(path, safe="/~!$&'()*+,;=:@-._")
    if path == "index.html" or path.endswith("/index.html"):
        return [written.removesuffix("index.html"), written]
    return [written]
