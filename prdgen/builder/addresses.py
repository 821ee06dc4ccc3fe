"""Addresses of pages and files: on the site, and on the live server."""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import quote

from prdgen.page.links import PAGE_ENDINGS

SAFE: Final = "/~!$&'()*+,;=:@-._"
_INDEXES: Final = frozenset({"index", "readme"})


def on_site(page_path: str, fragment: str = "", *, docs_dir: str = "docs", top: str = "/") -> str:
    """The page's address on the site, as MkDocs' directory URLs: `docs/a/b.md` → `/a/b/`.

    `index.md` and `README.md` are their folder's address. `top` is where the site begins, with
    slashes around it. A page outside `docs_dir` keeps its whole path.
    """
    path = site_path(page_path, docs_dir=docs_dir)
    return top + quote(path, safe=SAFE) + _anchor(fragment)


def site_path(page_path: str, *, docs_dir: str = "docs") -> str:
    """The folder of the page on the site, not quoted: `docs/a/b.md` → `a/b/`, an index → `a/`."""
    inside = below(page_path, docs_dir)
    stem, ending = posixpath.splitext(inside)
    if ending.lower() in PAGE_ENDINGS:
        folder, name = posixpath.split(stem)
        inside = folder if name.lower() in _INDEXES else stem
    return inside + "/" if inside else ""


def file_on_site(file_path: str, *, docs_dir: str = "docs", top: str = "/") -> str:
    """The address of a file that is no page: its path below `docs_dir`."""
    return top + quote(below(file_path, docs_dir), safe=SAFE)


def on_server(branch: str, page_path: str, fragment: str = "") -> str:
    """The page's address on the live server: `/p/<branch>/<page_path>`.

    A branch may have slashes; who takes the address apart knows the branches.
    """
    return f"/p/{quote(branch, safe=SAFE)}/{quote(page_path, safe=SAFE)}{_anchor(fragment)}"


def file_on_server(branch: str, file_path: str) -> str:
    """The address of a file of the repository on the live server."""
    return f"/raw/{quote(branch, safe=SAFE)}/{quote(file_path, safe=SAFE)}"


def relative(address: str, page_address: str) -> str:
    """`address` as seen from `page_address`, both with a leading `/`: for sites under any path."""
    path, mark, fragment = address.partition("#")
    found = posixpath.relpath(path, page_address if page_address.endswith("/") else ".")
    return found + ("/" if path.endswith("/") and found != "." else "") + mark + fragment


def below(path: str, folder: str) -> str:
    """`path` without the `folder` it is in, itself when it is elsewhere."""
    inside = folder.strip("/").removeprefix("./")
    return path[len(inside) + 1 :] if inside and path.startswith(inside + "/") else path


def _anchor(fragment: str) -> str:
    return "#" + quote(fragment, safe=SAFE) if fragment else ""
