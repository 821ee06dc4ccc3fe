"""The site's own files, made from facts alone: lists for people and machines, and the navigation."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from prdgen.builder import artifacts, fill, indexes, navigation, surroundings
from prdgen.builder.indexes import Listed
from prdgen.builder.manifest import PageFacts
from prdgen.builder.standing import LISTS, Change, Standing

_LONG: Final = 1000
"""Entries: a longer list is divided by folder, and a longer folder by letter."""


_Html = Callable[[Any, str], str]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One list for people."""

    title: str
    url: str
    html: _Html
    shown: tuple[str, ...]
    """The facts its entries are made from."""
    count: Callable[[PageFacts], int]
    """How many entries a page has in it."""


_PAGES: Final = _Kind(
    *LISTS[0], indexes.pages_html, ("title", "status", "owner", "updated_at"), lambda _: 1
)
_REQUIREMENTS: Final = _Kind(
    *LISTS[1], indexes.requirements_html, ("title", "requirements"), lambda p: len(p.requirements)
)
_TAGS: Final = _Kind(
    *LISTS[2], indexes.tags_html, ("title", "status", "tags"), lambda p: len(p.tags)
)


class Lists:
    """The lists of one standing site; an update makes those anew that a change shows in."""

    def __init__(self, store: artifacts.Artifacts) -> None:
        self._store = store
        self.files: dict[str, str] = {}
        """Public path → artifact."""
        self._apart: dict[str, int] = {}
        self._folders: dict[str, navigation.Node] = {}
        self._parts: dict[str, list[str]] = {}
        self._part_of: dict[str, str] = {}
        self._lines: dict[str, str] = {}
        self._entries: dict[str, str] = {}
        self._made: dict[str, set[str]] = {}
        """Address of each list → those of its parts."""

    def update(self, standing: Standing, change: Change, needs: Collection[str]) -> None:
        """Bring every list up to date; a page of the repository at the same address wins. `needs` is
        what is needed by other pages than before, as `Body.needs` names it.
        """
        whole = change.everything or change.of("listed")
        if whole:
            # Whatever stood for pages that are gone goes with them.
            self.files = {path: n for path, n in self.files.items() if path.startswith("nav")}
            self._divide(standing)
            self._put("404.html", _not_found(standing))
        elif standing.shows_recent(""):
            whole = True
        self._navigate(standing, change)
        if whole or change.of("title") or any(each.startswith("requirement:") for each in needs):
            self._put("uses.json", indexes.uses_json(standing.definitions, _users(standing)))
        self._tell_machines(standing, change, whole=whole)
        for kind in (_PAGES, _REQUIREMENTS, _TAGS):
            if whole or _shows(kind, change):
                self._list(standing, kind, None if whole else change)

    def _put(self, path: str, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        self.files[path] = self._store.put(data)

    def _navigate(self, standing: Standing, change: Change) -> None:
        if change.navigation is None:
            self._apart = navigation.split(standing.tree)
            every = (node for top in standing.tree for node in _folders(top))
            self._folders = {node.path: node for node in every if node.path in self._apart}
            for path in [path for path in self.files if path.startswith("nav")]:
                del self.files[path]
            changed: Collection[str] = self._apart
        elif not change.navigation:
            return
        else:
            urls = tuple(change.navigation)
            changed = [path for path in self._apart if any(u.startswith(path) for u in urls)]
        self._put("nav.json", navigation.to_json(standing.tree, self._apart))
        for path in changed:
            inside = navigation.to_json(self._folders[path].children, self._apart)
            self._put(navigation.file_of(path), inside)

    def _tell_machines(self, standing: Standing, change: Change, *, whole: bool) -> None:
        target, listed = standing.target, standing.listed
        config, fresh = standing.frame.config.values, _fresh(listed, change, whole=whole)
        build = indexes.build_json(target.branch, target.commit, len(listed))
        self._put("build.json", build)
        if whole:
            self._lines, self._entries = dict.fromkeys(listed, ""), dict.fromkeys(listed, "")
        if whole or change.of("title", "description", "status"):
            self._lines |= {path: indexes.llms_line(page, target) for path, page in fresh.items()}
            self._put("llms.txt", indexes.llms("".join(self._lines.values()), config))
        if not target.absolute or not (whole or fresh):
            return
        entries = {path: indexes.sitemap_entry(page, target) for path, page in fresh.items()}
        if whole or any(self._entries[path] != entry for path, entry in entries.items()):
            self._entries |= entries
            self._put("sitemap.xml", indexes.sitemap("".join(self._entries.values())))
        name = str(config["site_name"])
        self._put("feed.xml", indexes.feed(listed.values(), target, name))

    def _list(self, standing: Standing, kind: _Kind, change: Change | None) -> None:
        """Make a list anew: all of it, or what a change of pages shows in."""
        taken, count = standing.owners, _counter(standing, kind)
        if kind.url in taken and not (kind is _PAGES and "" not in taken):
            return
        before, self._made[kind.url] = self._made.get(kind.url, set()), set()
        if kind is _TAGS or count(standing.listed) <= _LONG:
            self._show(standing, kind, kind.html, standing.listed.values())
        else:
            changed = None if change is None else {self._part_of.get(path) for path in change.pages}
            self._list_parts(standing, kind, changed)
        for url in before - self._made[kind.url]:
            self.files.pop(f"{url}index.html", None)

    def _list_parts(
        self, standing: Standing, kind: _Kind, changed: Collection[str | None] | None
    ) -> None:
        count = _counter(standing, kind)
        sections: dict[str, tuple[str, int]] = {}
        taken = ChainMap[str, Any](standing.owners, sections)
        for part, paths in self._parts.items():
            entries = count(paths)
            if not entries:
                continue
            url = _free(f"{kind.url}{_slug(part)}", taken)
            sections[url] = _title(part), entries
            if changed is None or part in changed or f"{url}index.html" not in self.files:
                pages = [standing.listed[path] for path in paths]
                self._page(standing, f"{kind.title}: {_title(part)}", url, kind.html, pages)
        self._made[kind.url] = set(sections)
        self._show(standing, kind, indexes.sections_html, sections)

    def _show(self, standing: Standing, kind: _Kind, html: _Html, what: Any) -> None:
        """Put the list at its own address, and the list of pages also where the site has no home."""
        if kind.url not in standing.owners:
            self._page(standing, kind.title, kind.url, html, what)
        if kind is _PAGES and "" not in standing.owners:
            name = str(standing.frame.config.values["site_name"])
            self._page(standing, name, "", html, what)

    def _page(self, standing: Standing, title: str, url: str, html: _Html, what: Any) -> None:
        frame, target = standing.frame, standing.target
        body, around = html(what, target.base_for(url)), surroundings.around(standing, url)
        page = fill.plain(frame, target, title, url, body=body, around=around)
        self._put(f"{url}index.html", page)

    def _divide(self, standing: Standing) -> None:
        """The parts of long lists: top folders, and letters of those that are long themselves."""
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for path, page in standing.listed.items():
            first, _, rest = page.url.partition("/")
            folders[first if rest else ""].append(path)
        self._parts = {}
        for folder, paths in sorted(folders.items()):
            if len(paths) <= _LONG:
                self._parts[folder] = paths
                continue
            for path in paths:
                inside = standing.listed[path].url.removeprefix(f"{folder}/" * bool(folder))
                self._parts.setdefault(f"{folder}/{_letter(inside)}", []).append(path)
        self._part_of = {path: part for part, paths in self._parts.items() for path in paths}


def _users(standing: Standing) -> Callable[[str], list[Listed]]:
    """Finds the listed pages in which a requirement of another page is used."""
    listed = standing.listed
    return lambda identifier: [
        listed[path] for path in standing.users(identifier) if path in listed
    ]


def _shows(kind: _Kind, change: Change) -> bool:
    """Whether a list shows any of what changed."""
    return any(
        one is not None and other is not None
        and (kind.count(one) or kind.count(other))
        and any(getattr(one, name) != getattr(other, name) for name in kind.shown)
        for one, other in change.pages.values()
    )  # fmt: skip


def _fresh(listed: Mapping[str, Listed], change: Change, *, whole: bool) -> Mapping[str, Listed]:
    return listed if whole else {path: listed[path] for path in change.pages if path in listed}


def _counter(standing: Standing, kind: _Kind) -> Callable[[Collection[str]], int]:
    listed = standing.listed
    return lambda paths: (
        len(paths) if kind is _PAGES else sum(kind.count(listed[path].facts) for path in paths)
    )


def _folders(node: navigation.Node) -> list[navigation.Node]:
    found = [node] if node.path else []
    for child in node.children:
        if child.children:
            found += _folders(child)
    return found


def _letter(inside: str) -> str:
    first = inside[:1].lower()
    return first if first.isalpha() else "0-9" if first.isdigit() else "other"


def _slug(part: str) -> str:
    folder, mark, letter = part.partition("/")
    return f"{folder or 'top'}{'--' * bool(mark)}{letter}/"


def _title(part: str) -> str:
    folder, mark, letter = part.partition("/")
    name = navigation.folder_title(folder) if folder else "Top"
    return f"{name} – {letter.upper()}" if mark else name


def _free(url: str, taken: Collection[str]) -> str:
    while url in taken:
        url = f"{url.rstrip('/')}-list/"
    return url


def _not_found(standing: Standing) -> str:
    """404.html, which a server shows at any address: its links never are relative."""
    target = standing.target
    rooted = replace(target, base=target.base or target.absolute or "/")
    body = (
        "<p>There is no page at this address. It may have moved: try the search, or "
        f'<a href="{rooted.base}pages/">the list of all pages</a>.</p>'
    )
    around = fill.Surroundings(links=standing.links())
    return fill.plain(
        standing.frame, rooted, "Page not found", "", body=body, around=around, template="404.html"
    )
