"""What an answer with a file of the site says about itself: type, tag, policy, and who may keep it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from prdgen import serving
from prdgen.builder.reading import SUFFIXES, File
from prdgen.flows.levels import Encodings
from prdgen.flows.read_site import Levels
from prdgen.settings import Settings

READERS: Final = "readers"
"""The site is not public: its readers are signed in, and no cache but their own may keep it."""
WRITERS: Final = "writers"
"""The site is public, but whoever is signed in wants to see at once what they published."""
ANYONE: Final = "anyone"
"""The site is public, and nobody is signed in: browser and CDN may keep it."""
POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
IMAGE_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
"""Of SVG files, which are images and nothing else, also when opened by themselves."""
_ABSENT: Final = 10


def of(file: File, who: str, settings: Settings) -> dict[str, str]:
    """The headers of a file for one of READERS, WRITERS, ANYONE, without its length."""
    found = {
        "ETag": f'"{file.artifact}{"-" + file.encoding if file.encoding else ""}"',
        "Content-Type": serving.content_type(file.path),
        "Content-Security-Policy": policy(file.path),
        "Vary": _vary(settings),
        "Cache-Control": _control(file, who, settings),
    }
    if file.encoding:
        found["Content-Encoding"] = file.encoding
    if who == ANYONE:
        found |= serving.keys(file.path)
    return found


def of_draft(file: File) -> dict[str, str]:
    """The headers of a file of a draft's site: nobody keeps what is not published, but the theme."""
    found = {
        "Content-Type": serving.content_type(file.path),
        "Content-Security-Policy": policy(file.path),
        "X-Robots-Tag": "noindex",
        "Vary": "Accept-Encoding",
        "Cache-Control": f"private, {serving.FOREVER}" if file.lasting else "private, no-store",
    }
    return found | ({"Content-Encoding": file.encoding} if file.encoding else {})


def missing(who: str, settings: Settings, path: str = "404.html") -> dict[str, str]:
    """Of an answer that there is nothing at this path (or only a folder): kept for seconds."""
    if who != ANYONE:
        return {"Cache-Control": "private, no-cache", "Vary": _vary(settings)}
    return serving.keys(path) | {
        "Cache-Control": f"public, max-age=0, s-maxage={_ABSENT}",
        "Vary": _vary(settings),
    }


def count(levels: Levels, headers: Mapping[str, str]) -> None:
    """What a CDN or proxy asks for, it did not have."""
    if "via" in headers or "cdn-loop" in headers:
        levels.cdn.misses += 1


def has_it(condition: str, tag: str) -> bool:
    """Whether an `If-None-Match` names this tag, strong or weak."""
    return tag in condition or condition.strip() == "*"


@lru_cache(maxsize=1024)
def encodings(accepted: str) -> Encodings:
    """The content codings that `Accept-Encoding` lets us use, best first."""
    offered = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        offered[name.strip()] = not _is_nought(weight)
    rest = offered.get("*", False)
    return tuple(name for name in SUFFIXES if offered.get(name, rest))


def public_path(path: str) -> str:
    """The file behind an address below the site's root: `a/` → `a/index.html`."""
    return f"{path}index.html" if not path or path.endswith("/") else path


def policy(path: str) -> str:
    """The content policy of a file of this name."""
    return IMAGE_POLICY if path.lower().endswith(".svg") else POLICY


def _control(file: File, who: str, settings: Settings) -> str:
    scope = "private" if who == READERS else "public"
    if file.lasting:
        return f"{scope}, {serving.FOREVER}"
    if who != ANYONE:
        return "private, no-cache"
    return serving.changing(settings.site_browser_seconds, settings.site_cdn_seconds)


def _vary(settings: Settings) -> str:
    # A browser that signs in must not show what it kept while nobody was.
    return "Accept-Encoding, Cookie" if settings.public_site else "Accept-Encoding"


def _is_nought(weight: str) -> bool:
    name, _, value = weight.strip().partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
