"""The site's own files, made from facts alone: lists for people and machines, and the navigation."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from prdgen.builder import artifacts, fill, indexes, navigation, surroundings
from prdgen.builder.indexes import Listed
from prdgen.builder.manifest import PageFacts
from prdgen.builder.named import OWNER, STATUS, Field, Named
from prdgen.builder.standing import LISTS, Change, Standing, differ

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


def _one(_: PageFacts) -> int:
    return 1


_PAGES: Final = _Kind(
    *LISTS[0], indexes.pages_html, ("title", "status", "owner", "updated_at"), _one
)
_REQUIREMENTS: Final = _Kind(
    *LISTS[1], indexes.requirements_html, ("title", "requirements"), lambda p: len(p.requirements)
)
_TAGS: Final = _Kind(
    *LISTS[4], indexes.tags_html, ("title", "status", "tags"), lambda p: len(p.tags)
)
_NAMED: Final = {STATUS: LISTS[2][0], OWNER: LISTS[3][0]}
"""Each field whose names have lists of their own → what the list of the names is called."""
_NAMED_SHOWN: Final = ("title", "status", "owner")


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
        self._named: dict[Field, Named] = {}
        self._titles: dict[str, str] = {}
        """Address of each name's list → what it is called."""
        self._places: list[str] = []
        """Where the lists for people are, as the sitemap has them."""

    def update(self, standing: Standing, change: Change) -> None:
        """Bring every list up to date; a page of the repository at the same address wins."""
        whole = change.everything or change.of("listed")
        if whole:
            # Whatever stood for pages that are gone goes with them.
            self.files = {path: n for path, n in self.files.items() if path.startswith("nav")}
            self._made, self._titles = {}, {}
            self._divide(standing)
            self._put("404.html", _not_found(standing))
        elif standing.shows_recent(""):
            whole = True
        self._navigate(standing, change)
        for kind in (_PAGES, _REQUIREMENTS, _TAGS):
            if whole or _shows(kind, change):
                self._list(standing, kind, None if whole else change)
        for field in _NAMED:
            self._list_names(standing, field, None if whole else change)
        self._tell_machines(standing, change, whole=whole)

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
        places, self._places = self._places, self._people_places()
        if whole or places != self._places or any(
            self._entries[path] != entry for path, entry in entries.items()
        ):  # fmt: skip
            self._entries |= entries
            lists = [indexes.sitemap_place(url, target) for url in self._places]
            self._put("sitemap.xml", indexes.sitemap("".join([*self._entries.values(), *lists])))
        name = str(config["site_name"])
        self._put("feed.xml", indexes.feed(listed.values(), target, name))

    def _people_places(self) -> list[str]:
        name = "index.html"
        return sorted(path.removesuffix(name) for path in self.files if path.endswith(f"/{name}"))

    def _list(
        self, standing: Standing, kind: _Kind, change: Change | None,
        members: Mapping[str, Listed] | None = None,
    ) -> None:  # fmt: skip
        """Make a list of all pages, or of these `members`, anew: all of it, or what a change of
        pages shows in.
        """
        taken, count = standing.owners, _counter(standing, kind)
        if kind.url in taken and not (kind is _PAGES and "" not in taken):
            return
        listed = standing.listed if members is None else members
        before, self._made[kind.url] = self._made.get(kind.url, set()), set()
        if kind is _TAGS or count(listed) <= _LONG:
            self._show(standing, kind, kind.html, listed.values())
        else:
            changed = None if change is None else {self._part_of.get(path) for path in change.pages}
            self._list_parts(standing, kind, listed, changed)
        for url in before - self._made[kind.url]:
            self.files.pop(f"{url}index.html", None)

    def _list_parts(
        self, standing: Standing, kind: _Kind, listed: Mapping[str, Listed],
        changed: Collection[str | None] | None,
    ) -> None:  # fmt: skip
        count = _counter(standing, kind)
        sections: dict[str, tuple[str, int]] = {}
        taken = ChainMap[str, Any](standing.owners, sections)
        for part, everything in self._parts.items():
            paths = [path for path in everything if path in listed]
            entries = count(paths)
            if not entries:
                continue
            url = _free(f"{kind.url}{_slug(part)}", taken)
            sections[url] = _title(part), entries
            if changed is None or part in changed or f"{url}index.html" not in self.files:
                pages = [listed[path] for path in paths]
                self._page(standing, f"{kind.title}: {_title(part)}", url, kind.html, pages)
        self._made[kind.url] = set(sections)
        self._show(standing, kind, indexes.sections_html, sections)

    def _list_names(self, standing: Standing, field: Field, change: Change | None) -> None:
        """The list of each name that a change shows in, and the list of the names."""
        listed = standing.listed
        changed: set[str] = set()
        seen: dict[str, tuple[PageFacts | None, PageFacts | None]]
        if change is None:
            before = self._named.get(field)
            changed |= set(before.ordered()) if before else set()
            self._named[field] = Named(field)
            seen = {path: (None, page.facts) for path, page in listed.items()}
        else:
            seen = {path: (b, a) for path, (b, a) in change.pages.items()
                    if path in listed and b and a and differ(b, a, _NAMED_SHOWN)}  # fmt: skip
        named = self._named[field]
        changed |= named.update(seen)
        for key in sorted(changed):
            self._list_name(standing, named, key, change)
        others = [1 for b, a in seen.values() if b and a and field.written(b) != field.written(a)]
        if (change is None or others) and field.url not in standing.owners:
            self._list_of_names(standing, named)

    def _list_of_names(self, standing: Standing, named: Named) -> None:
        """The list of the names: by letter when it is long."""
        field = named.field
        title, html, keys = _NAMED[field], partial(indexes.names_html, field), named.ordered()
        entries = {key: (named.name(key), len(named.pages(key))) for key in keys}
        before, self._made[field.url] = self._made.get(field.url, set()), set()
        if len(keys) <= _LONG:
            names = {field.place(key): entries[key] for key in keys}
            self._page(standing, title, field.url, html, names)
        else:
            parts: dict[str, list[str]] = {}
            for key in keys:
                parts.setdefault(_letter(key), []).append(key)
            sections: dict[str, tuple[str, int]] = {}
            taken = ChainMap[str, Any](standing.owners, sections)
            for letter, part in sorted(parts.items()):
                # No name's own address begins like this.
                url = _free(f"{field.url}--{letter}/", taken)
                sections[url] = letter.capitalize(), len(part)
                names = {field.place(key): entries[key] for key in part}
                self._page(standing, f"{title} – {letter.capitalize()}", url, html, names)
            self._made[field.url] = set(sections)
            self._page(standing, title, field.url, indexes.sections_html, sections)
        for url in before - self._made[field.url]:
            self.files.pop(f"{url}index.html", None)

    def _list_name(self, standing: Standing, named: Named, key: str, change: Change | None) -> None:
        """The list of one name's pages."""
        url = named.field.place(key)
        members = sorted(named.pages(key), key=standing.urls.__getitem__)
        if not members:
            self._titles.pop(url, None)
            for gone in (url, *self._made.pop(url, ())):
                self.files.pop(f"{gone}index.html", None)
            return
        title = f"{named.field.one}: {named.name(key)}"
        same, self._titles[url] = self._titles.get(url) == title, title
        kind = _Kind(title, url, partial(indexes.named_html, named.field), (), _one)
        listed = {path: standing.listed[path] for path in members}
        self._list(standing, kind, change if same else None, listed)

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
        above = ChainMap[str, Any](standing.owners, dict.fromkeys(at for _, at in LISTS))
        path = navigation.path_html(url, target.base_for(url), above, "Home")
        around = replace(around, path=path)
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
    if kind.count is _one:
        return len
    return lambda paths: sum(kind.count(listed[path].facts) for path in paths)


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
