"""What a build is made from: the pages and files of one commit, and where they go."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from prdgen.builder import addresses

_PUBLISHABLE: Final = re.compile(
    r"\.(png|jpe?g|gif|webp|avif|svg|ico|bmp|pdf|docx|xlsx|pptx|odt|ods|odp|csv|tsv|json|txt|zip|"
    r"tar|gz|mp4|webm|mov|mp3|ogg|wav|woff2?|ttf|otf|css|drawio|fig|puml|mmd)$",
    re.IGNORECASE,
)
"""Files that cannot run anything on the site's origin; scripts come from protected overrides."""
_ACTIVE_SVG: Final = re.compile(
    r"<\s*(?:[\w.-]+:)?(?:script|foreignObject|iframe|embed|object|handler|set|animate)\b"
    r"|[\s\"'/]on\w+\s*=|javascript\s*:|<!ENTITY|<\?xml-stylesheet|data\s*:\s*text/html",
    re.IGNORECASE,
)
ACTIVE_SVG: Final = (
    "This SVG holds scripts or foreign objects, so the site leaves it out.",
    "Save it again as plain SVG.",
)
"""What its writers are told, and what to do."""
_ENCODING: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE
)
_PLAIN_ENCODING: Final = re.compile(rb"utf-?8|us-ascii|iso-8859-\d+|windows-125\d", re.IGNORECASE)
"""Encodings in which markup looks like ASCII."""


@dataclass(frozen=True, slots=True)
class PageSource:
    """One page at the commit that is built."""

    page_path: str
    blob: str
    """Any name that changes whenever the text does; Git's blob id."""
    read: Callable[[], str]
    """Its text, LF only and without BOM; called only when the page is new or changed."""
    updated_at: datetime | None = None
    updated_by: str = ""

    @classmethod
    def of(
        cls, page_path: str, text: str, updated_at: datetime | None = None, updated_by: str = ""
    ) -> PageSource:
        """The page whose text is at hand."""
        blob = hashlib.sha256(text.encode()).hexdigest()[:40]
        return cls(page_path, blob, lambda: text, updated_at, updated_by)


@dataclass(frozen=True, slots=True)
class AssetSource:
    """One file of the repository that is no page."""

    path: str
    blob: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a build goes and what it says about itself."""

    branch: str = "main"
    commit: str = ""
    base: str = ""
    """What links begin with, `/` or `/site/`; empty: relative links, which work at any place."""
    site_url: str = ""
    """The site's public address, for the sitemap, the feed and canonical links."""
    edit_url: str = ""
    """Address of the editor with `{branch}` and `{page_path}` in it; empty: as mkdocs.yml says."""
    history_url: str = ""
    """The same of the page's versions; empty: the forge's, when mkdocs.yml names one."""

    @property
    def absolute(self) -> str:
        """The site's public address with one `/` at the end, or nothing."""
        return self.site_url.rstrip("/") + "/" if self.site_url else ""

    def base_for(self, url: str) -> str:
        """What links on the page at `url` begin with."""
        return self.base or "../" * url.count("/") or "./"


def public_path(path: str, root: str) -> str:
    """A repository path as the site has it: without the docs folder in front."""
    return addresses.below(path, "" if root == "." else root)


def picture_path(path: str, blob: str) -> str:
    """Where a file stands for the pages that show it: its public path with a hash of its content."""
    stem, _, ending = path.rpartition(".")
    return f"{stem}.{hashlib.sha256(blob.encode()).hexdigest()[:12]}.{ending}"


def image_key(path: str, blob: str) -> tuple[str, str]:
    """What the size of an image depends on: the same bytes are another image under another ending."""
    return path.rpartition(".")[2].lower(), blob


def page_urls(page_paths: list[str], root: str) -> dict[str, str]:
    """The address of each page below the site's base, as MkDocs' directory URLs have it.

    `index.md` and `README.md` stand for their folder; when both are there `index.md` does. Of other
    pages with one address (see `clashes`) the first keeps it, the others get one with their ending
    in it, `a.markdown` → `a-markdown/`, so that every page is on the site.
    """
    owners: dict[str, str] = {}
    for path in sorted(page_paths, key=_precedence):
        stem, _, ending = public_path(path, root).rpartition(".")
        tries = (_first_choice(path, root), f"{stem}/", f"{stem}-{ending.lower()}/")
        url = next((url for url in tries if url not in owners), f"{stem}-{ending}/{len(owners)}/")
        owners[url] = path
    return {path: url for url, path in owners.items()}


def clashes(urls: Mapping[str, str], root: str) -> dict[str, tuple[str, str]]:
    """Page without the address it should have → the page that has it, and that address; of the
    addresses that `page_urls` gave. A README beside an index.md is meant that way.
    """
    owners = {url: path for path, url in urls.items()}
    wanted = {path: _first_choice(path, root) for path in urls}
    return {
        path: (owners[wanted[path]], wanted[path])
        for path, url in urls.items()
        if url not in {wanted[path], public_path(path, root).rpartition(".")[0] + "/"}
    }


def clash_message(other: str, url: str) -> str:
    """What a page's writers are told when another page has its address."""
    return f"Its address on the site, /{url}, is that of `{other}` too, which has it."


def _precedence(path: str) -> tuple[bool, str]:
    return not path.lower().endswith("index.md"), path


def _first_choice(path: str, root: str) -> str:
    return addresses.site_path(path, docs_dir="" if root == "." else root)


def href(base: str, url: str, fragment: str = "") -> str:
    """A link to `url` below the site's base, escaped for an address."""
    return base + quote(url, safe="/~!$&'()*+,;=:@") + (f"#{quote(fragment)}" if fragment else "")


def is_publishable(path: str) -> bool:
    """Whether a file of this name may stand on the site's origin."""
    hidden = any(part.startswith(".") for part in path.split("/"))
    return not hidden and _PUBLISHABLE.search(path) is not None


def is_active_svg(path: str, data: bytes) -> bool:
    """Whether this is an SVG that would run something when opened by itself, or that is written so
    that nobody can tell (UTF-16, say, which the patterns would look past).
    """
    if not path.lower().endswith(".svg"):
        return False
    told = _ENCODING.match(data)
    if b"\0" in data or (told and not _PLAIN_ENCODING.fullmatch(told[1])):
        return True
    written = data.decode("latin-1")
    # Browsers read character references, and addresses with the line breaks taken out.
    read = re.sub(r"[\t\r\n]", "", html.unescape(written))
    return any(_ACTIVE_SVG.search(text) for text in (written, html.unescape(written), read))
