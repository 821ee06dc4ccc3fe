"""The navigation, made from facts alone: its own artifact, neighbours, and the way to a page."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from prdgen.builder.manifest import PageFacts

ELSEWHERE: Final = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
"""What an entry of `nav` begins with that is a link to another place."""
_LARGE_SITE: Final = 1000
_LARGE_FOLDER: Final = 100
_NUMBERS: Final = re.compile(r"(\d+)")


@dataclass(slots=True)
class Node:
    """A page, a folder, or both (a folder with a page of its own)."""

    title: str
    url: str | None = None
    status: str = ""
    children: list[Node] = field(default_factory=list)
    path: str = ""
    """Of a folder: what the addresses of its pages begin with."""

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


def tree(
    pages: Mapping[str, PageFacts], urls: Mapping[str, str], nav: Any, root: str
) -> list[Node]:
    """The listed pages as a tree: as `nav` of mkdocs.yml says, else by folder and file name."""
    listed = {path: facts for path, facts in pages.items() if facts.listed}
    if isinstance(nav, list) and nav:
        by_name = {path.removeprefix(f"{root}/"): path for path in listed}
        return list(_configured(nav, by_name, listed, urls))
    return _by_folder(listed, urls)


def folder_title(name: str) -> str:
    """`user-accounts` → `User accounts`."""
    words = re.sub(r"[-_\s]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def split(nodes: Sequence[Node]) -> dict[str, int]:
    """Folders (by path) that have a file of their own → how many pages are in them: the large ones of
    a large site, so that no page has to load all of it.
    """
    found: dict[str, int] = {}
    total = sum(_count(node, found) for node in nodes)
    return found if total > _LARGE_SITE else {}


def to_json(nodes: Sequence[Node], apart: Mapping[str, int] | None = None) -> bytes:
    """The artifact the pages' script draws the navigation from: `t`itle, `u`rl, `s`tatus, `c`hildren;
    for a folder that is `apart` the `p`ath, `n`umber of pages and `f`ile of its children.
    """
    plain = [_plain(node, apart or {}) for node in nodes]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def file_of(folder: str) -> str:
    """Public path of the navigation of one folder."""
    return f"nav/{hashlib.sha256(folder.encode()).hexdigest()[:16]}.json"


def _count(node: Node, found: dict[str, int]) -> int:
    below = sum(_count(child, found) for child in node.children)
    count = below + (node.url is not None and not ELSEWHERE.match(node.url))
    if node.path and below > _LARGE_FOLDER:
        found[node.path] = count
    return count


def line(nodes: Sequence[Node]) -> list[Node]:
    """The pages of the navigation in reading order."""
    return [
        node for top in nodes for node in top.walk()
        if node.url is not None and not ELSEWHERE.match(node.url)
    ]  # fmt: skip


def neighbours(reading: Sequence[Node]) -> dict[str, tuple[Node | None, Node | None]]:
    """For each page's address the one before and the one after it in reading order."""
    ends = [None, *reading, None]
    return {str(node.url): (ends[i], ends[i + 2]) for i, node in enumerate(reading)}


def path_html(url: str, base: str, folders: Container[str], home: str) -> str:
    """The way from the home page to the page at `url`; folders with a page of their own are
    links.
    """
    parts = [part for part in url.split("/") if part][:-1]
    if not parts:
        return ""
    items = [f'<a href="{escape(base)}" class="md-path__link">{escape(home)}</a>']
    so_far = ""
    for part in parts:
        so_far += part + "/"
        name = escape(folder_title(part))
        link = f'<a href="{escape(base + so_far)}" class="md-path__link">{name}</a>'
        items.append(link if so_far in folders else f'<span class="md-path__link">{name}</span>')
    listed = "".join(f'<li class="md-path__item">{item}</li>' for item in items)
    return f'<nav class="md-path" aria-label="Path"><ol class="md-path__list">{listed}</ol></nav>'


def _plain(node: Node, apart: Mapping[str, int]) -> dict[str, Any]:
    plain: dict[str, Any] = {"t": node.title}
    if node.url is not None:
        plain["u"] = node.url
    if node.status:
        plain["s"] = node.status
    if node.path in apart:
        plain |= {"p": node.path, "n": apart[node.path], "f": file_of(node.path)}
    elif node.children:
        plain["c"] = [_plain(child, apart) for child in node.children]
    return plain


def _by_folder(pages: Mapping[str, PageFacts], urls: Mapping[str, str]) -> list[Node]:
    top = Node(title="")
    folders: dict[str, Node] = {"": top}

    def folder(path: str) -> Node:
        if path not in folders:
            parent, _, name = path.rstrip("/").rpartition("/")
            node = Node(title=folder_title(name), path=path)
            folder(parent + "/" if parent else "").children.append(node)
            folders[path] = node
        return folders[path]

    for path in sorted(pages, key=lambda path: _order(pages[path], urls[path])):
        facts, url = pages[path], urls[path]
        if url.endswith("/") and re.search(r"(^|/)(index|readme)\.md$", path, re.IGNORECASE):
            node = folder(url)
            node.url, node.status = url, facts.status
            node.title = facts.label or facts.title
        else:
            parent = url.rstrip("/").rpartition("/")[0]
            folder(parent + "/" if parent else "").children.append(_leaf(facts, url))
    home = [Node(title=top.title, url=top.url, status=top.status)] if top.url is not None else []
    return home + top.children


def _order(facts: PageFacts, url: str) -> tuple[Any, ...]:
    """Folders' own pages first, then by weight, then by name with numbers as numbers."""
    parts = url.strip("/").lower().split("/")
    natural = [[(0, int(p), "") if p.isdigit() else (1, 0, p) for p in _NUMBERS.split(part) if p]
               for part in parts]  # fmt: skip
    return (natural[:-1], facts.weight, natural[-1])


def _leaf(facts: PageFacts, url: str) -> Node:
    return Node(title=facts.label or facts.title, url=url, status=facts.status)


def _configured(
    items: list[Any], by_name: Mapping[str, str], pages: Mapping[str, PageFacts],
    urls: Mapping[str, str],
) -> Iterator[Node]:  # fmt: skip
    for item in items:
        title, value = next(iter(item.items())) if isinstance(item, dict) else ("", item)
        if isinstance(value, list):
            children = list(_configured(value, by_name, pages, urls))
            yield Node(title=str(title), children=children)
        elif (name := posixpath.normpath(str(value))) in by_name:
            path = by_name[name]
            node = _leaf(pages[path], urls[path])
            node.title = str(title) or node.title
            yield node
        elif ELSEWHERE.match(str(value)):
            yield Node(title=str(title) or str(value), url=str(value))
