"""What the builder knows of a whole site between two builds, kept up to date by what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from prdgen.builder import bodies, crew, indexes, named, navigation, scope, sources
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import PageFacts, PageRecord
from prdgen.builder.sources import AssetSource, PageSource, Target
from prdgen.page import links
from prdgen.page.anchor_trail import Anchors

LISTS: Final = (
    ("All pages", "pages/"), ("Requirements", "requirements/"), ("Statuses", named.STATUS.url),
    ("Owners", named.OWNER.url), ("Tags", "tags/"),
)  # fmt: skip
"""What the site's own lists for people are called, and where they are."""
_USED: Final = "requirement:"
_SAID_IN_NAVIGATION: Final = ("title", "label", "status")
_ORDERS_NAVIGATION: Final = ("listed", "weight")
Around = tuple[navigation.Node | None, navigation.Node | None]


@dataclass(frozen=True, slots=True)
class Touched:
    """What may differ from the build before: path → what is there now, None when it is gone."""

    pages: Mapping[str, PageSource | None]
    files: Mapping[str, AssetSource | None]
    anchors: Anchors | None = None
    """Those of all pages that lead on; None: as before."""


@dataclass(slots=True)
class Change:
    """What an update of a standing did to it."""

    everything: bool = False
    """Nothing was known before."""
    members: bool = False
    """Other pages are published than before."""
    pages: dict[str, tuple[PageFacts | None, PageFacts | None]] = field(default_factory=dict)
    """page_path → facts before and after, where they differ; None: not published."""
    dirty: set[str] = field(default_factory=set)
    """Pages whose artifact may be another one now."""
    navigation: set[str] | None = None
    """Addresses of the pages that the navigation shows otherwise; None: it is a new one."""

    def of(self, *names: str) -> bool:
        """Whether any of these facts of a page, or which pages there are, is another now."""
        return self.everything or self.members or any(
            before is None or after is None or differ(before, after, names)
            for before, after in self.pages.values()
        )  # fmt: skip


def differ(one: PageFacts, other: PageFacts, names: Iterable[str]) -> bool:
    """Whether two facts differ in any of the named fields."""
    return any(getattr(one, name) != getattr(other, name) for name in names)


class Standing:
    """A site in the making. An update costs what it changes; whoever updates it owns it, and throws
    it away when that fails half way.
    """

    def __init__(self, frame: Frame, target: Target) -> None:
        self.frame, self.target = frame, target
        self.root = frame.config.docs_dir
        self.rules = scope.Scope.of(frame.config)
        self.facts: dict[str, PageFacts] = {}
        """Of published pages, sorted by path."""
        self.urls: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        """Address → page_path."""
        self.clashes: list[dict[str, Any]] = []
        self.titles: dict[str, str] = {}
        self.named: dict[str, tuple[str, ...]] = {}
        self.definitions: dict[str, str] = {}
        self.assets: dict[str, AssetSource] = {}
        self.known_assets: dict[str, str] = {}
        """Path → blob; a new one when anything of it changes."""
        self.tree: list[navigation.Node] = []
        self.around: dict[str, Around] = {}
        self.nodes: dict[str, navigation.Node] = {}
        self.listed: dict[str, indexes.Listed] = {}
        """page_path → entry, sorted by address."""
        self.records: dict[str, PageRecord] = {}
        """The pages of the manifest that was made last: that very object."""
        self.anchors: Anchors = {}
        self._needing: defaultdict[str, set[str]] = defaultdict(set)
        self._remembered: dict[str, set[str]] = {}
        """Needs of pages as an older build had them, until it is known what they are now."""
        self._recent: set[str] = set()
        self._empty = True

    @property
    def world(self) -> bodies.World:
        """What bodies may depend on."""
        return bodies.World(
            target=self.target, root=self.root, titles=self.titles, urls=self.urls,
            definitions=self.definitions, assets=self.known_assets, named=self.named,
        )  # fmt: skip

    def update(
        self, touched: Touched, workers: crew.Crew, known: Mapping[str, PageRecord]
    ) -> Change:
        """Take in what is there now. `known` are records of an older build, for pages that are as
        they were then. Raises as `Crew.facts` does.
        """
        change = Change(everything=self._empty, pages=self._read(touched.pages, workers, known))
        self._empty = False
        change.members = any((b is None) != (a is None) for b, a in change.pages.values())
        urls, old_urls = self.urls, set(self.urls.values())
        self._take(change)
        if change.everything:
            self._remember(known)
        if change.everything or change.members:
            self._address()
        dirty = {path for path, (_, after) in change.pages.items() if after is not None}
        dirty |= self._linking(change, urls) | self._mentioning(change)
        dirty |= self._using(change, urls)
        dirty |= self._showing(touched.files) | self._leading(touched.anchors)
        if change.members and not change.everything:
            dirty |= self._below(old_urls ^ self.owners.keys())
        dirty |= self._navigate(change)
        self._list(change)
        if change.pages:
            dirty |= self._recent
        change.dirty = set(self.facts) if change.everything else dirty & self.facts.keys()
        return change

    def is_needed(self, need: str) -> bool:
        """Whether any page asked for it, as `Body.needs` names it."""
        return bool(self._needing.get(need))

    def users(self, identifier: str) -> list[str]:
        """Pages that mention a requirement of another page, by path."""
        return sorted(self._needing.get(f"requirement:{identifier}", ()))

    def uses(self, path: str) -> bodies.Uses:
        """Where the requirements that a page defines are used; those that nobody uses are not in it."""
        found = {}
        for each in self.facts[path].requirements:
            if self.definitions.get(each.id) == path and (users := self.users(each.id)):
                listed = [self.listed[user] for user in users if user in self.listed]
                if listed:
                    found[each.id] = tuple((user.facts.title, user.url) for user in listed)
        return found

    def told(self, needs: Iterable[str]) -> set[str]:
        """Pages that say where their requirements are used, when other pages need these than before."""
        ids = (need.removeprefix(_USED) for need in needs if need.startswith(_USED))
        return {path for id_ in ids if (path := self.definitions.get(id_)) is not None}

    def settle(self, made: Mapping[str, PageRecord]) -> set[str]:
        """These records are new, and those of pages that are gone go; what is needed by other pages
        than before, as `Body.needs` names it.
        """
        changed: set[str] = set()
        records = dict(self.records)
        for path in self.records.keys() - self.facts.keys():
            changed |= self._renew(path, set(records.pop(path).needs), set())
        for path, record in made.items():
            old, after = records.get(path), set(record.needs)
            before = set(old.needs) if old else self._remembered.pop(path, set())
            changed |= self._renew(path, before, after) if old else before | after
            if old is None:
                self._renew(path, before, after)
            records[path] = record
        if len(records) != len(self.records) or not self.records.keys() >= made.keys():
            records = {path: records[path] for path in self.facts}
        self.records = records
        return changed

    def links(self) -> list[tuple[str, str]]:
        """Title and address of the site's own lists, for the sidebar."""
        return [("Home", ""), *((t, url) for t, url in LISTS if url not in self.owners)]

    def shows_recent(self, template: str) -> bool:
        """Whether pages of this template show what of the whole site changed last."""
        return "recent" in self.frame.template(template).parts[1::2]

    def _read(
        self, pages: Mapping[str, PageSource | None], workers: crew.Crew,
        known: Mapping[str, PageRecord],
    ) -> dict[str, tuple[PageFacts | None, PageFacts | None]]:  # fmt: skip
        after: dict[str, PageFacts | None] = dict.fromkeys(pages)
        new: dict[str, PageSource] = {}
        for path, source in pages.items():
            if source is None or self.rules.excludes(path):
                continue
            old = self.facts.get(path) or (known[path].facts if path in known else None)
            if old is None or old.blob != source.blob:
                new[path] = source
            else:
                after[path] = _stamped(old, source)
        for path, page in workers.facts(new).items():
            kept = self.rules.apply(page)
            after[path] = kept if kept.published else None
        found = {path: (self.facts.get(path), page) for path, page in after.items()}
        return {path: pair for path, pair in found.items() if pair[0] != pair[1]}

    def _take(self, change: Change) -> None:
        for path, (_, after) in change.pages.items():
            if after is None:
                self.facts.pop(path, None)
                self.titles.pop(path, None)
                self._recent.discard(path)
                continue
            self.facts[path], self.titles[path] = after, after.title
            (self._recent.add if self.shows_recent(after.template) else self._recent.discard)(path)
        if change.members:
            self.facts = dict(sorted(self.facts.items()))

    def _address(self) -> None:
        self.urls = sources.page_urls(list(self.facts), self.root)
        self.owners = {url: path for path, url in self.urls.items()}
        self.clashes = [
            {"page_path": path, "line": 1, "code": "same-address",
             "message": sources.clash_message(other, url),
             "hint": f"Rename one of them; now this one is at /{self.urls[path]}."}
            for path, (other, url) in sources.clashes(self.urls, self.root).items()
        ]  # fmt: skip

    def _linking(self, change: Change, old_urls: Mapping[str, str]) -> set[str]:
        """Pages with another title or address now, and those that link to them."""
        said = {path for path, (before, after) in change.pages.items()
                if before is None or after is None or before.title != after.title}  # fmt: skip
        if self.urls is not old_urls:
            said |= {path for path, url in self.urls.items() if old_urls.get(path) != url}
        found = said | self._needers("page", said)
        if change.members:
            old = self.named
            self.named = links.by_name(self.facts)
            found |= self._needers("name", dict(old.items() ^ self.named.items()))
        return found

    def _using(self, change: Change, old_urls: Mapping[str, str]) -> set[str]:
        """Pages whose requirements are used in one that is called otherwise, or is elsewhere, now."""
        said = {path for path, (before, after) in change.pages.items()
                if before and after and differ(before, after, ("title", "listed"))}  # fmt: skip
        if self.urls is not old_urls:
            said |= {path for path, url in self.urls.items() if old_urls.get(path) != url}
        found: set[str] = set()
        for path in said & self.records.keys():
            found |= self.told(self.records[path].needs)
        return found

    def _mentioning(self, change: Change) -> set[str]:
        """Pages that mention a requirement which is defined elsewhere now, and those that define it."""
        if not change.of("requirements"):
            return set()
        old = self.definitions
        self.definitions = {
            r.id: path for path, page in self.facts.items() for r in page.requirements
        }
        moved = old.items() ^ self.definitions.items()
        # Who has it, and who had it, say where it is used.
        having = {path for id_, path in moved if self.users(id_)}
        return having | self._needers("requirement", dict(moved))

    def _showing(self, files: Mapping[str, AssetSource | None]) -> set[str]:
        """Pages that name a file which came or went, or show one that is another one now."""
        moved, changed = set(), set()
        for path, source in files.items():
            if source is not None and not self.rules.excludes(path):
                if path not in self.assets:
                    moved.add(path)
                if self.known_assets.get(path) != source.blob:
                    changed.add(path)
                self.assets[path] = source
            elif self.assets.pop(path, None) is not None:
                moved.add(path)
        if moved or changed:
            self.known_assets = {path: source.blob for path, source in self.assets.items()}
        return self._needers("asset", moved) | self._needers("picture", changed)

    def _leading(self, anchors: Anchors | None) -> set[str]:
        """Pages in which other old anchors lead on than before."""
        if anchors is None:
            return set()
        old, self.anchors = self.anchors, anchors
        return {
            path
            for path in old.keys() | anchors.keys()
            if (was := old.get(path)) is not (now := anchors.get(path)) and was != now
        }

    def _needers(self, kind: str, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            found |= self._needing.get(f"{kind}:{name}", set())
        return found | self._needing.get(f"{kind}:*", set()) if names else found

    def _below(self, addresses: set[str]) -> set[str]:
        """Pages whose path, or whose links to the site's lists, name one of these addresses."""
        if any(url in addresses for _, url in LISTS):
            return set(self.facts)
        starts = tuple(addresses - {""})
        return {path for url, path in self.owners.items() if url.startswith(starts)}

    def _navigate(self, change: Change) -> set[str]:
        """Bring the navigation up to date; pages whose neighbours are others now."""
        nav = self.frame.config.values.get("nav")
        configured = isinstance(nav, list) and bool(nav)
        names = (*_ORDERS_NAVIGATION, *(_SAID_IN_NAVIGATION if configured else ()))
        if not change.of(*names):
            return self._rename(change)
        old = self.around
        self.tree = navigation.tree(self.facts, self.urls, nav, self.root)
        line = navigation.line(self.tree)
        self.around = navigation.neighbours(line)
        self.nodes = {str(node.url): node for node in line}
        return {
            self.owners[url]
            for url in old.keys() | self.around.keys()
            if url in self.owners and _seen(old.get(url)) != _seen(self.around.get(url))
        }

    def _rename(self, change: Change) -> set[str]:
        """The pages of the navigation are the same; some are called otherwise."""
        beside: set[str] = set()
        change.navigation = set()
        for path, (before, after) in change.pages.items():
            url = self.urls[path]
            node = self.nodes.get(url)
            if before is None or after is None or node is None:
                continue
            if differ(before, after, _SAID_IN_NAVIGATION):
                node.title, node.status = after.label or after.title, after.status
                change.navigation.add(url)
                around = [each.url for each in self.around[url] if each is not None]
                beside |= {self.owners[str(each)] for each in around if each in self.owners}
        return beside

    def _list(self, change: Change) -> None:
        if change.of("listed"):
            self.listed = {
                path: indexes.Listed(self.facts[path], url)
                for url, path in sorted(self.owners.items())
                if self.facts[path].listed
            }
            return
        for path, (_, after) in change.pages.items():
            if after is not None and after.listed:
                self.listed[path] = indexes.Listed(after, self.urls[path])

    def _remember(self, known: Mapping[str, PageRecord]) -> None:
        for path, record in known.items():
            if path not in self.facts:
                continue
            self._remembered[path] = set(record.needs)
            self._renew(path, set(), set(record.needs))

    def _renew(self, path: str, before: set[str], after: set[str]) -> set[str]:
        for need in before - after:
            self._needing[need].discard(path)
        for need in after - before:
            self._needing[need].add(path)
        return before ^ after


def _stamped(old: PageFacts, source: PageSource) -> PageFacts:
    at = source.updated_at.isoformat() if source.updated_at else old.updated_at
    if (at, source.updated_by) == (old.updated_at, old.updated_by):
        return old
    return replace(old, updated_at=at, updated_by=source.updated_by)


def _seen(around: Around | None) -> tuple[object, ...]:
    """What a page shows of its neighbours."""
    return tuple(node and (node.title, node.url) for node in around or (None, None))
