"""Pages that send their reader on from an old address: those a page names, and those Git knows of."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from prdgen.builder import addresses, artifacts, sources
from prdgen.builder.manifest import PageFacts
from prdgen.builder.navigation import ELSEWHERE
from prdgen.builder.scope import Scope
from prdgen.builder.sources import Target
from prdgen.page.links import PAGE_ENDINGS

Moved = Mapping[str, Sequence[str]]
"""Path that a page left → where pages from there are now, the most likely first."""
SCRIPT: Final = "assets/prdgen/moved.js"
_SCRIPT_TEXT: Final = b"""\
/* The reader's place in the page goes along, which a refresh would forget. */
const to = document.currentScript.dataset.to;
location.replace(to.includes("#") ? to : to + location.search + location.hash);
"""
_VERSION: Final = "3"


def owners(
    pages: Mapping[str, PageFacts], urls: Mapping[str, str], moved: Moved, rules: Scope
) -> dict[str, str]:
    """Public path of each redirect → the page it leads to, or an address elsewhere.

    `redirect_from` in a page's front matter counts before the map in mkdocs.yml, and that before Git's
    renames; none stands where a page is. An old path that leads to one which is a redirect itself leads on to that one's page.
    """
    taken = set(urls.values())
    found: dict[str, str] = {}
    for path in sorted(pages):
        for old in pages[path].redirects:
            place = _place(old, rules.root)
            if place is not None and _url(place) not in taken:
                found.setdefault(place, path)
    for place, to in mapped(rules).items():
        known = bool(ELSEWHERE.match(to[0])) or to[0] in urls
        if known and _url(place) not in taken:
            found.setdefault(place, to[0])
    for old, ends in moved.items():
        if posixpath.splitext(old)[1].lower() not in PAGE_ENDINGS or rules.excludes(old):
            continue
        place = _index_of(old, rules.root)
        if _url(place) in taken or place in found:
            continue
        for end in ends:
            page = end if end in urls else found.get(_index_of(end, rules.root))
            if page is not None:
                found[place] = page
                break
    return found


def mapped(rules: Scope) -> dict[str, tuple[str, str]]:
    """Public path of each redirect that mkdocs.yml has → page_path or address, and anchor; those that
    would lie outside the site are none.
    """
    found = {}
    for old, new in rules.redirects.items():
        page, _, anchor = (new, "", "") if ELSEWHERE.match(new) else new.partition("#")
        to = page if ELSEWHERE.match(page) or rules.root == "." else f"{rules.root}/{page}"
        place = posixpath.normpath(old)
        if not place.startswith(("/", "../")) and place != "..":
            found[_index_of(place, ".")] = to, anchor
    return found


def anchors(leading: Mapping[str, str], rules: Scope) -> dict[str, str]:
    """Public path of each redirect that mkdocs.yml has and no page claims → the place in its page."""
    return {
        place: anchor for place, (to, anchor) in mapped(rules).items() if leading.get(place) == to
    }


def made(
    leading: Mapping[str, str], pages: Mapping[str, PageFacts], urls: Mapping[str, str],
    target: Target, known: Mapping[str, tuple[str, str]], store: artifacts.Artifacts,
    anchors: Mapping[str, str] | None = None,
) -> dict[str, tuple[str, str]]:  # fmt: skip
    """Public path of each redirect → what it was made from, and its artifact; the `known` ones of
    the build before are not made again. `anchors` are those of places in a page, by public path.
    """
    found = {}
    for place, path in leading.items():
        anchor = (anchors or {}).get(place, "")
        url, title = (urls[path], pages[path].title) if path in urls else (path, path)
        base = target.base_for(place.rpartition("/")[0] + "/" if "/" in place else "")
        origin = f"{_VERSION}\n{base}\n{target.absolute}\n{url}#{anchor}\n{title}"
        old = known.get(place)
        if old is not None and old[0] == origin:
            found[place] = old
            continue
        there = sources.href(base, url, anchor), sources.href(target.absolute or base, url)
        text = _html(*(there if path in urls else (path, path)), title, base)
        found[place] = (origin, store.put(text.encode()))
    if found:
        found[SCRIPT] = known.get(SCRIPT) or (_VERSION, store.put(_SCRIPT_TEXT))
    return found


def without_clashes(leading: Mapping[str, str], files: Collection[str]) -> dict[str, str]:
    """Those redirects that can stand beside these public paths: no file is where another one needs
    a folder, and none is replaced.
    """
    return {place: path for place, path in leading.items() if not _clashes(place, files)}


def _clashes(place: str, files: Collection[str]) -> bool:
    if place in files or any(folder in files for folder in _folders(place)):
        return True
    named = not place.endswith("index.html")
    return named and any(path.startswith(f"{place}/") for path in files)


def _folders(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _place(old: str, root: str) -> str | None:
    """Where the redirect for what a page wrote stands; None for what is no address of this site."""
    name = sources.public_path(old.strip("/"), root).removesuffix(".md")
    parts = name.split("/")
    if ".." in parts or not name:
        return None
    return name if name.endswith(".html") else f"{name.removesuffix('/index')}/index.html"


def _index_of(page_path: str, root: str) -> str:
    return addresses.site_path(page_path, docs_dir="" if root == "." else root) + "index.html"


def _url(place: str) -> str:
    return place.removesuffix("index.html")


def _html(address: str, canonical: str, title: str, base: str) -> str:
    where = escape(address)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'\">"
        f'<title>{escape(title)}</title><link rel="canonical" href="{escape(canonical)}">'
        f'<script src="{escape(base)}{SCRIPT}" data-to="{where}"></script>'
        f'<noscript><meta http-equiv="refresh" content="0; url={where}"></noscript></head>'
        f'<body><p>This page is now at <a href="{where}">{escape(title)}</a>.</p></body></html>\n'
    )
