"""Builds the site of one commit: gather what is known of every page first, then write."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from prdgen.builder import (
    artifacts,
    copies,
    crew,
    fill,
    lists,
    making,
    redirects,
    render,
    search_parts,
    surroundings,
)
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import VERSION, Difference, Manifest, PageFacts, PageRecord
from prdgen.builder.sizes import Size
from prdgen.builder.sources import AssetSource, PageSource, Target, image_key
from prdgen.builder.standing import Change, Standing, Touched
from prdgen.page.anchor_trail import Anchors

Since = tuple[Manifest, Difference]
"""A build, and what another one has otherwise."""


@dataclass(frozen=True, slots=True)
class Build:
    """One finished build; nothing of it is public before `publication.Site.switch`."""

    manifest: Manifest
    rendered: tuple[str, ...]
    """Paths of the pages whose artifact was made anew."""
    changed: tuple[str, ...]
    """Public paths that are new or different since the previous build."""
    removed: tuple[str, ...]
    problems: tuple[dict[str, Any], ...]
    """What writers should look at, as JSON: page_path, line, code, message, hint."""
    seconds: float
    works: Works
    """What knows the site as it is after this build."""
    since: Since | None = None
    """How it differs from the one before it; None: there was none."""


class Works:
    """What builds one site again and again: what it knows of it, and the lists it made."""

    def __init__(self, frame: Frame, target: Target, store: artifacts.Artifacts) -> None:
        self.standing = Standing(frame, target)
        self.store = store
        self.lists = lists.Lists(store)
        self.copies = copies.Copies(store)
        self.theme = {path: store.put(data) for path, data in frame.files.items()}
        self.pages: dict[str, str] = {}
        """Public path → artifact, of pages and their sources."""
        self.site_problems: tuple[dict[str, Any], ...] = ()
        """What whoever builds wants to say again until it changes."""
        self.moved: redirects.Moved = {}
        self._leading: dict[str, str] = {}
        self._beside: set[str] = set()
        """Public paths of lists and files."""
        self._shown: set[str] = set()
        """The same of the build before."""
        self._problems: dict[str, tuple[dict[str, Any], ...]] = {}

    def fits(self, previous: Manifest | None, target: Target) -> bool:
        """Whether `previous` is what was made last, so that only what changed since has to be told."""
        same = replace(self.standing.target, commit="") == replace(target, commit="")
        return same and previous is not None and previous.pages is self.standing.records

    def redirects(
        self, change: Change, moved: redirects.Moved | None, files: Mapping[str, str],
        previous: Manifest | None,
    ) -> dict[str, tuple[str, str]]:  # fmt: skip
        """Redirects beside these files; those of the build before stay as they are."""
        standing = self.standing
        facts, urls, target = standing.facts, standing.urls, standing.target
        beside = {*self.copies.files(standing.root), *self.lists.files}
        if change.of("redirects") or moved is not None or self._beside != beside:
            self.moved = self.moved if moved is None else moved
            leading = redirects.owners(facts, urls, self.moved, standing.rules)
            self._leading = redirects.without_clashes(leading, files)
            self._beside = beside
        known = previous.redirects if previous else {}
        anchors = redirects.anchors(self._leading, standing.rules)
        return redirects.made(self._leading, facts, urls, target, known, self.store, anchors)

    def note_problems(self, change: Change, made: Mapping[str, PageRecord]) -> None:
        """Remember what writers of these pages should look at; pages that are gone have none."""
        if change.members:
            kept = self._problems.keys() & self.standing.facts.keys()
            self._problems = {path: self._problems[path] for path in kept}
        for path, record in made.items():
            if record.problems:
                self._problems[path] = record.problems
            else:
                self._problems.pop(path, None)

    def page_problems(self) -> list[dict[str, Any]]:
        """What the writers of any page should look at, by path."""
        return [each for path in sorted(self._problems) for each in self._problems[path]]

    def difference(
        self, change: Change, made: Mapping[str, PageRecord], previous: Manifest | None,
        new: Manifest,
    ) -> Difference:  # fmt: skip
        """What `new` has otherwise than the build before."""
        shown, self._shown = self._shown, self._beside
        if previous is None or change.everything or change.members:
            return Difference.between(previous, new)
        paths = {f"{record.url}index.html" for record in made.values()}
        paths |= {fill.public_source(r.url, r.facts.page_path) for r in made.values()}
        paths |= shown | self._beside
        for each in (previous, new):
            paths |= each.redirects.keys() | each.retired.keys()
        return Difference.among(paths, made, previous, new)


def build(
    pages: Iterable[PageSource],
    assets: Iterable[AssetSource],
    *,
    frame: Frame,
    target: Target,
    previous: Manifest | None,
    store: artifacts.Artifacts,
    workers: crew.Crew | None = None,
    index: search_parts.Parts | None = None,
    moved: redirects.Moved | None = None,
    anchors: Anchors | None = None,
) -> Build:
    """Render what changed since `previous` and write every artifact that is not there yet.

    All pages and files of the commit are given; an unchanged page costs a comparison. Pages
    marked draft, hidden or excluded are in nothing that is written. Nothing is switched. Blocks;
    call it in a thread. A page that cannot be rendered is named in `problems` and keeps its old
    artifact; it never stops the build. `workers` may have begun to read the pages.
    When any page is made, all that are searched are added to `index` as they are done. Paths that
    pages have left, in `moved`, lead to where they are, and so do `anchors` that headings had once.
    """
    touched = Touched(
        {source.page_path: source for source in pages}, {asset.path: asset for asset in assets},
        anchors,
    )  # fmt: skip
    works = Works(frame, target, store)
    return rebuild(
        works, touched, target=target, previous=previous, workers=workers, index=index,
        moved=moved or {},
    )  # fmt: skip


def rebuild(
    works: Works,
    touched: Touched,
    *,
    target: Target,
    previous: Manifest | None,
    workers: crew.Crew | None = None,
    index: search_parts.Parts | None = None,
    moved: redirects.Moved | None = None,
) -> Build:
    """The same from what is known of the site already: work grows with what is `touched`. The works
    belong to this call, and are worth nothing when it fails. They are in the build it returns.
    `moved` None: as before.
    """
    began = time.perf_counter()
    standing = works.standing
    standing.target = target
    # Another configuration may list or leave out other pages: what was known of them is not used.
    same_rules = previous is not None and previous.frame == standing.frame.id
    known = previous.pages if previous and same_rules else {}
    with nullcontext(workers) if workers else crew.Crew() as working:
        change = standing.update(touched, working, known)
        works.copies.update(standing, touched.files, (), previous)
        records, rendered, needs = _pages(works, change, touched, previous, working, index)
    works.copies.update(standing, (), needs, previous)
    works.lists.update(standing, change)
    manifest = _manifest(works, change, records, previous, moved)
    works.note_problems(change, records)
    difference = works.difference(change, records, previous, manifest)
    return Build(
        manifest=manifest,
        rendered=tuple(rendered),
        changed=tuple(sorted(difference.files)),
        removed=tuple(sorted(difference.gone)),
        problems=(*standing.clashes, *works.copies.problems.values(), *works.page_problems()),
        seconds=time.perf_counter() - began,
        works=works,
        since=None if previous is None else (previous, difference),
    )


def _manifest(
    works: Works, change: Change, made: Mapping[str, PageRecord], previous: Manifest | None,
    moved: redirects.Moved | None,
) -> Manifest:  # fmt: skip
    standing, target = works.standing, works.standing.target
    if change.everything or change.members:
        works.pages, made = {}, standing.records
    for record in made.values():
        works.pages[f"{record.url}index.html"] = record.html
        works.pages[fill.public_source(record.url, record.facts.page_path)] = record.source
    beside = works.copies.files(standing.root) | works.lists.files | works.theme
    files = {**beside, **works.pages}
    onward = works.redirects(change, moved, files, previous)
    files |= {path: name for path, (_, name) in onward.items()}
    manifest = Manifest(
        files=files,
        pages=standing.records,
        frame=standing.frame.id,
        branch=target.branch,
        commit=target.commit,
        base=target.base,
        assets=works.copies.made,
        pictures=works.copies.pictures,
        redirects=onward,
        theme=works.theme,
    )
    if previous is None:
        return manifest
    return with_search(manifest, previous.search, previous, indexed=previous.indexed)


def searched(build_manifest: Manifest) -> dict[str, str]:
    """Address of each page the search of this build is about → artifact of its words."""
    return {page.url: page.words for page in build_manifest.pages.values() if page.words}


def index_key(build_manifest: Manifest) -> str:
    """What the search of this build is made from."""
    return search_parts.key(searched(build_manifest))


def with_search(
    build_manifest: Manifest,
    search: Mapping[str, str],
    previous: Manifest | None,
    *,
    indexed: str = "",
) -> Manifest:
    """The same build with these search files; theme and search files of `previous` that open
    pages may still ask for stay for as long as artifacts do.
    """
    files = dict(build_manifest.files)
    for path in build_manifest.retired.keys() | build_manifest.search.keys():
        files.pop(path, None)
    files |= search
    retired: dict[str, tuple[str, float]] = {}
    if previous is not None:
        now, earlier = time.time(), previous.retired
        parts = {**previous.theme, **previous.search, **previous.pictures}
        parts |= {path: name for path, (name, _) in earlier.items()}
        for path, name in parts.items():
            since = earlier.get(path, (name, now))[1]
            if path not in files and now - since < artifacts.KEEP_SECONDS:
                retired[path] = (name, since)
    files |= {path: name for path, (name, _) in retired.items()}
    return replace(
        build_manifest, files=files, search=dict(search), retired=retired, indexed=indexed
    )


def _pages(
    works: Works, change: Change, touched: Touched, previous: Manifest | None,
    workers: crew.Crew, index: search_parts.Parts | None,
) -> tuple[dict[str, PageRecord], list[str], set[str]]:  # fmt: skip
    """Records that are another one than before, which of these pages were made, and what is needed by
    other pages than before; the standing knows all of it.
    """
    standing, known = works.standing, previous.pages if previous else {}
    records: dict[str, PageRecord] = {}
    wanted: list[str] = []
    for path in sorted(change.dirty):
        page, old = standing.facts[path], known.get(path)
        if old is None or old.key != _key(standing, page, old.needs):
            wanted.append(path)
        elif old.facts is not page or change.everything:
            records[path] = old if old.facts is page else replace(old, facts=page)
    if index is not None and wanted:
        index.expect(len(standing.facts))
        for path in standing.facts.keys() - set(wanted):
            _index(index, records.get(path) or known[path])
    before = [need for path in wanted if path in known for need in known[path].needs]
    sizes = works.copies.measure(standing, [*works.copies.new(previous), *before])
    for path, record in _made(works, wanted, touched, known, workers, sizes):
        records[path] = record
        if index is not None:
            _index(index, record)
    needs = standing.settle(records)
    # Which other images a page shows, and whose requirements it uses, is seen when it is made.
    shown = works.copies.measure(standing, [n for path in wanted for n in records[path].needs])
    late = shown.keys() - sizes.keys()
    files = standing.known_assets.items() if late else ()
    names = {f"picture:{path}" for path, blob in files if image_key(path, blob) in late}
    again = {path for path in wanted if not names.isdisjoint(records[path].needs)}
    for path in standing.told(needs) & standing.facts.keys():
        record = standing.records[path]
        if record.key != _key(standing, record.facts, record.needs):
            again.add(path)
    more = dict(_made(works, sorted(again), touched, standing.records, workers, shown))
    return records | more, sorted({*wanted, *more}), needs | standing.settle(more)


def _made(
    works: Works, paths: Sequence[str], touched: Touched, known: Mapping[str, PageRecord],
    workers: crew.Crew, sizes: Mapping[tuple[str, str], Size],
) -> Iterator[tuple[str, PageRecord]]:  # fmt: skip
    """Make these pages; the texts of those that are not touched are those of `known`."""
    standing = works.standing

    def order(path: str) -> making.Order:
        source, page = touched.pages.get(path), standing.facts[path]
        text = source.read() if source else (works.store.get(known[path].source) or b"").decode()
        around = surroundings.around(standing, standing.urls[path], page.template)
        anchors = standing.anchors.get(path, {})
        return making.Order(page, text, around, anchors, standing.uses(path))

    world = replace(standing.world, sizes=sizes)
    setting = making.Setting(standing.frame, world, works.store)
    for path, made in workers.made(paths, order, setting):
        page = standing.facts[path]
        yield path, PageRecord(
            facts=page, url=standing.urls[path], key=_key(standing, page, made.needs),
            html=made.html, source=made.source, words=made.words, needs=made.needs,
            problems=made.problems,
        )  # fmt: skip


def _index(index: search_parts.Parts, record: PageRecord) -> None:
    if record.words:
        index.add(record.url, record.words)


def _key(standing: Standing, page: PageFacts, needs: Sequence[str]) -> str:
    """A hash of everything one page's artifact depends on."""
    url, target = standing.urls[page.page_path], standing.target
    before, after = standing.around.get(url, (None, None))
    parts = (
        VERSION, render.VERSION, standing.frame.id, target.branch, target.base, target.site_url,
        target.edit_url, target.history_url, page.page_path, page.blob, page.updated_at, page.updated_by, url,
        before and (before.title, before.url), after and (after.title, after.url),
        surroundings.path(standing, url), standing.links(),
        surroundings.elsewhere(standing, page.template, url), standing.world.digest(needs),
        sorted(standing.anchors.get(page.page_path, {}).items()),
        sorted(standing.uses(page.page_path).items()),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]
