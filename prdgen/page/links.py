"""What a page points to, and which file of the repository that is."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import comrak

from prdgen.page import requirements
from prdgen.page import tree as trees

Kind = Literal["page", "asset", "external", "requirement", "anchor"]

PAGE_ENDINGS: Final = (".md", ".markdown")
_LINKS: Final = frozenset({comrak.Link, comrak.Image, comrak.WikiLink})
HTML_LINK: Final = re.compile(
    r"""<(a|img)\b((?:[^<>"']|"[^"<>]*"|'[^'<>]*')*?\s)(href|src)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)([^<>]*>)""",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Link:
    """One reference out of a page's text."""

    kind: Kind
    target: str
    """Page and asset: path as written, or in the repository when resolved; external: the
    address; requirement: the id; anchor: empty."""
    fragment: str
    line: int
    text: str
    image: bool = False
    wiki: bool = False
    """Written `[[page]]`."""
    resolved: bool = False
    """Whether `target` is a path in the repository."""


def of(tree: trees.Tree, page_path: str | None = None) -> list[Link]:
    """The page's links in order; with `page_path` page and asset targets are resolved.

    Mentions of requirement ids in running text are links of the kind `requirement`; the places
    that define an id are not. A target that leads out of the repository stays unresolved.
    """
    found: list[Link] = []
    for node, value in tree.nodes:
        kind = type(value)
        if kind is comrak.Text:
            if "-" in value.value:
                found.extend(_mentions(node, value.value))
        elif kind in _LINKS:
            found.append(of_node(node, value))
        elif kind is comrak.HtmlInline or kind is comrak.HtmlBlock:
            found.extend(of_html(value, trees.line_of(node)))
    if any(link.kind == "requirement" for link in found):
        defined = {(each.id, each.line) for each in requirements.of(tree)}
        found = [link for link in found if (link.target, link.line) not in defined]
    return found if page_path is None else [resolved(link, page_path) for link in found]


def of_node(node: trees.Node, value: object) -> Link:
    """The Link of a link's, image's or wiki link's node, unresolved."""
    assert isinstance(value, (comrak.Link, comrak.Image, comrak.WikiLink))
    text, line = trees.plain(node), trees.line_of(node)
    link = classify(value.value.url, line, text, image=isinstance(value, comrak.Image))
    if isinstance(value, comrak.WikiLink):
        return replace(link, wiki=True, kind="page" if link.kind == "asset" else link.kind)
    return link


def of_html(value: object, line: int) -> Iterator[Link]:
    """The links and images written as HTML tags."""
    assert isinstance(value, (comrak.HtmlInline, comrak.HtmlBlock))
    literal = value.value if isinstance(value, comrak.HtmlInline) else value.value.literal
    for match in HTML_LINK.finditer(literal) if "=" in literal else ():
        above = literal.count("\n", 0, match.start())
        image = match[1].lower() == "img"
        yield classify(match[5].strip("\"'"), line + above, "", image=image)


def classify(url: str, line: int, text: str, *, image: bool = False) -> Link:
    """The Link that the address `url` as written in a page stands for, unresolved."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return Link("external", url, "", line, text, image)
    if parts.scheme or parts.netloc:
        return Link("external", url, parts.fragment, line, text, image)
    fragment = unquote(parts.fragment)
    if not parts.path:
        return Link("anchor", "", fragment, line, text, image)
    path = unquote(parts.path)
    ending = posixpath.splitext(path)[1].lower()
    page = not image and (ending in PAGE_ENDINGS or not ending)
    return Link("page" if page else "asset", path, fragment, line, text, image)


def resolved(link: Link, page_path: str) -> Link:
    """`link` with a path in the repository as its target, where it has one."""
    if link.kind not in {"page", "asset"}:
        return link
    target = resolve(page_path, link.target)
    return link if target is None else replace(link, target=target, resolved=True)


def resolve(page_path: str, target: str) -> str | None:
    """The repository path that `target`, written in `page_path`, leads to; None: out of it.

    A leading `/` means the repository's top, as on a forge.
    """
    if "\\" in target or "\0" in target:
        return None
    start = "" if target.startswith("/") else posixpath.dirname(page_path)
    path = posixpath.normpath(posixpath.join(start, target.lstrip("/")))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def find(
    link: Link, known_pages: Collection[str], named: Mapping[str, Sequence[str]] | None = None
) -> str | None:
    """The known page that a resolved page link means; None when there is no such page.

    `guide`, `guide/` and `guide.md` all find `guide.md`, or the folder's index or README; a wiki
    link also finds the one page anywhere with that file name. `named` is what `by_name` makes of
    the known pages, for whoever asks often.
    """
    path = link.target
    folder = path + "/" if path else ""
    for candidate in (path, path + ".md", folder + "index.md", folder + "README.md"):
        if candidate in known_pages:
            return candidate
    if not link.wiki:
        return None
    name = posixpath.basename(path).removesuffix(".md").lower().replace(" ", "-")
    if named is not None:
        same: Sequence[str] = named.get(name, ())
    else:
        same = [page for page in known_pages if _stem(page) == name]
    return same[0] if len(same) == 1 else None


def by_name(page_paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The pages with each file name, without its ending and in lower case."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in page_paths:
        found[_stem(path)].append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def _stem(page_path: str) -> str:
    """A page's file name without its ending, in lower case."""
    return posixpath.basename(page_path).removesuffix(".md").lower()


def _mentions(node: trees.Node, text: str) -> Iterator[Link]:
    """The requirement ids in running text."""
    for match in requirements.MENTION.finditer(text):
        if any(letter.isdigit() for letter in match[0]):
            yield Link("requirement", match[0], match[0], trees.line_of(node), match[0])
