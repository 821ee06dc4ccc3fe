"""Builds the site of one commit: gather what is known of every page first, then write."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from prdgen.builder import (
    artifacts,
    bodies,
    crew,
    fill,
    indexes,
    making,
    navigation,
    redirects,
    render,
    scope,
    search,
    sources,
)
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import VERSION, Manifest, PageFacts, PageRecord
from prdgen.builder.sources import AssetSource, PageSource, Target

_LISTS = (("All pages", "pages/"), ("Requirements", "requirements/"), ("Tags", "tags/"))


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


@dataclass(slots=True)
class _Plan:
    """Everything gathered before the first byte is written."""

    frame: Frame
    target: Target
    previous: Manifest | None
    store: artifacts.Artifacts
    pages: Mapping[str, PageSource]
    facts: Mapping[str, PageFacts]
    """Published pages only."""
    world: bodies.World
    tree: list[navigation.Node]
    around: Mapping[str, tuple[navigation.Node | None, navigation.Node | None]]
    folders: Mapping[str, bool]
    listed: list[indexes.Listed]
    problems: list[dict[str, Any]] = field(default_factory=list)


def build(
    pages: Iterable[PageSource],
    assets: Iterable[AssetSource],
    *,
    frame: Frame,
    target: Target,
    previous: Manifest | None,
    store: artifacts.Artifacts,
    workers: crew.Crew | None = None,
    index: search.Index | None = None,
    moved: redirects.Moved | None = None,
) -> Build:
    """Render what changed since `previous` and write every artifact that is not there yet.

    Work grows with what changed, not with the site: an unchanged page costs a comparison. Pages
    marked draft, hidden or excluded are in nothing that is written. Nothing is switched. Blocks;
    call it in a thread. A page that cannot be rendered is named in `problems` and keeps its old
    artifact; it never stops the build. `workers` may have begun to read the pages.
    When any page is made, all that are searched are added to `index` as they are done. Paths that
    pages have left, in `moved`, lead to where they are.
    """
    began = time.perf_counter()
    files_of = {asset.path: asset for asset in assets}
    with nullcontext(workers) if workers else crew.Crew() as working:
        plan = _gather(
            pages, files_of, working, frame=frame, target=target, previous=previous, store=store
        )
        records, rendered = _pages(plan, working, index)
    copied = _copy(plan, files_of, records)
    theme = {path: store.put(data) for path, data in frame.files.items()}
    lists = _lists(plan)
    files = {sources.public_path(path, plan.world.root): name for path, (_, name) in copied.items()}
    files |= {path: store.put(data) for path, data in lists.items()} | theme
    for record in records.values():
        files[f"{record.url}index.html"] = record.html
        files[fill.public_source(record.url, record.facts.page_path)] = record.source
        plan.problems.extend(record.problems)
    onward = _redirects(plan, moved or {}, files)
    files |= {path: name for path, (_, name) in onward.items()}
    manifest = Manifest(
        files=files,
        pages=records,
        frame=frame.id,
        branch=target.branch,
        commit=target.commit,
        base=target.base,
        assets=copied,
        redirects=onward,
        theme=theme,
    )
    if previous is not None:
        manifest = with_search(manifest, previous.search, previous, indexed=previous.indexed)
    old = previous.files if previous else {}
    changed = [path for path, name in manifest.files.items() if old.get(path) != name]
    removed = [path for path in old if path not in manifest.files]
    return Build(
        manifest=manifest,
        rendered=tuple(rendered),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(removed)),
        problems=tuple(plan.problems),
        seconds=time.perf_counter() - began,
    )


def searched(build_manifest: Manifest) -> dict[str, str]:
    """Address of each page the search of this build is about → artifact of its words."""
    return {page.url: page.words for page in build_manifest.pages.values() if page.words}


def index_key(build_manifest: Manifest) -> str:
    """A hash of what the search of this build is made from."""
    pages = sorted(searched(build_manifest).items())
    return hashlib.sha256(repr(pages).encode()).hexdigest()[:20]


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
        parts = {**previous.theme, **previous.search, **{p: n for p, (n, _) in earlier.items()}}
        for path, name in parts.items():
            since = earlier.get(path, (name, now))[1]
            if path not in files and now - since < artifacts.KEEP_SECONDS:
                retired[path] = (name, since)
    files |= {path: name for path, (name, _) in retired.items()}
    return replace(
        build_manifest, files=files, search=dict(search), retired=retired, indexed=indexed
    )


def _gather(
    pages: Iterable[PageSource],
    files_of: Mapping[str, AssetSource],
    workers: crew.Crew,
    *,
    frame: Frame,
    target: Target,
    previous: Manifest | None,
    store: artifacts.Artifacts,
) -> _Plan:
    root = frame.config.docs_dir
    rules = scope.Scope.of(frame.config)
    given = {source.page_path: source for source in pages if not rules.excludes(source.page_path)}
    # Another configuration may list or leave out other pages: what was known of them is not used.
    same_rules = previous is not None and previous.frame == frame.id
    known = _facts(given, previous if same_rules else None, rules, workers)
    published = {path: page for path, page in known.items() if page.published}
    urls = sources.page_urls(list(published), root)
    problems = list(_clashes(urls, root))
    world = bodies.World(
        target=target,
        root=root,
        titles={path: page.title for path, page in published.items()},
        urls=urls,
        definitions={r.id: path for path, page in published.items() for r in page.requirements},
        assets=frozenset(path for path in files_of if not rules.excludes(path)),
    )
    tree = navigation.tree(published, urls, frame.config.values.get("nav"), root)
    taken = set(urls.values())
    listed = [
        indexes.Listed(published[path], urls[path])
        for path in sorted(published, key=lambda path: urls[path])
        if published[path].listed
    ]
    return _Plan(
        frame=frame, target=target, previous=previous, store=store, pages=given, facts=published,
        world=world, tree=tree, around=navigation.neighbours(tree),
        folders=dict.fromkeys(taken, True), listed=listed, problems=problems,
    )  # fmt: skip


def _clashes(urls: Mapping[str, str], root: str) -> Iterator[dict[str, Any]]:
    """Pages that would have one address on the site."""
    for path, (other, url) in sources.clashes(urls, root).items():
        yield {"page_path": path, "line": 1, "code": "same-address",
               "message": sources.clash_message(other, url),
               "hint": f"Rename one of them; now this one is at /{urls[path]}."}  # fmt: skip


def _facts(
    given: Mapping[str, PageSource],
    previous: Manifest | None,
    rules: scope.Scope,
    workers: crew.Crew,
) -> dict[str, PageFacts]:
    """Facts of every page; those of unchanged pages come from the previous build."""
    known = previous.pages if previous else {}
    found, new = {}, {}
    for path, source in given.items():
        old = known.get(path)
        if old is None or old.facts.blob != source.blob:
            new[path] = source
            continue
        at = source.updated_at.isoformat() if source.updated_at else old.facts.updated_at
        same = (at, source.updated_by) == (old.facts.updated_at, old.facts.updated_by)
        found[path] = (
            old.facts if same else replace(old.facts, updated_at=at, updated_by=source.updated_by)
        )
    made = {path: rules.apply(page) for path, page in workers.facts(new).items()}
    return {path: found.get(path) or made[path] for path in given}


def _pages(
    plan: _Plan, workers: crew.Crew, index: search.Index | None
) -> tuple[dict[str, PageRecord], list[str]]:
    known = plan.previous.pages if plan.previous else {}
    records: dict[str, PageRecord] = {}
    orders: dict[str, making.Order] = {}
    for path, page in plan.facts.items():
        old = known.get(path)
        if old is not None and old.key == _key(plan, page, old.needs):
            records[path] = old if old.facts is page else replace(old, facts=page)
        else:
            around = _around(plan, plan.world.urls[path], page.template)
            orders[path] = making.Order(page, plan.pages[path].read(), around)
    setting = making.Setting(plan.frame, plan.world, plan.store)
    if index is not None and orders:
        for record in records.values():
            _index(index, record)
    for path, made in workers.made(orders, setting):
        page = plan.facts[path]
        records[path] = PageRecord(
            facts=page, url=plan.world.urls[path], key=_key(plan, page, made.needs),
            html=made.html, source=made.source, words=made.words, needs=made.needs,
            problems=made.problems,
        )  # fmt: skip
        if index is not None:
            _index(index, records[path])
    return {path: records[path] for path in plan.facts}, list(orders)


def _index(index: search.Index, record: PageRecord) -> None:
    if record.words:
        index.add(record.url, record.words)


def _key(plan: _Plan, page: PageFacts, needs: Sequence[str]) -> str:
    """A hash of everything one page's artifact depends on."""
    url = plan.world.urls[page.page_path]
    before, after = plan.around.get(url, (None, None))
    parts = (
        VERSION, render.VERSION, plan.frame.id, plan.target.branch, plan.target.base, plan.target.site_url,
        plan.target.edit_url, page.page_path, page.blob, page.updated_at, page.updated_by, url,
        before and (before.title, before.url), after and (after.title, after.url),
        _path(plan, url), _links(plan), _extra(plan, page.template, url), plan.world.digest(needs),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


def _around(plan: _Plan, url: str, template: str = "") -> fill.Surroundings:
    before, after = plan.around.get(url, (None, None))
    return fill.Surroundings(
        before=before and replace(before, children=[]),
        after=after and replace(after, children=[]),
        path=_path(plan, url),
        links=_links(plan),
        extra=_extra(plan, template, url),
    )


def _path(plan: _Plan, url: str) -> str:
    return navigation.path_html(url, plan.target.base_for(url), plan.folders, "Home")


def _links(plan: _Plan) -> list[tuple[str, str]]:
    taken = plan.folders
    return [("Home", ""), *((title, url) for title, url in _LISTS if url not in taken)]


def _extra(plan: _Plan, template: str, url: str) -> dict[str, str]:
    """What a template with a hole for it shows of the whole site."""
    if "recent" not in plan.frame.template(template).parts[1::2]:
        return {}
    base = plan.target.base_for(url)
    others = [page for page in plan.listed if page.url != url]
    return {"recent": indexes.recent_html(others, base), "count": str(len(plan.listed))}


def _copy(
    plan: _Plan, files_of: Mapping[str, AssetSource], records: Mapping[str, PageRecord]
) -> dict[str, tuple[str, str]]:
    """Artifacts of the files that stand beside pages or are shown by one."""
    root = plan.world.root
    inside = "" if root == "." else f"{root}/"
    shown = {need.removeprefix("asset:") for record in records.values() for need in record.needs}
    old = plan.previous.assets if plan.previous else {}
    copied: dict[str, tuple[str, str]] = {}
    for path in sorted(plan.world.assets):
        wanted = path in shown or path.startswith(inside)
        if not wanted or not sources.is_publishable(path):
            continue
        asset = files_of[path]
        if path in old and old[path][0] == asset.blob:
            copied[path] = old[path]
            continue
        data = asset.read()
        if sources.is_active_svg(path, data):
            message, hint = sources.ACTIVE_SVG
            plan.problems.append({
                "page_path": path, "line": 1, "code": "active-svg", "message": message, "hint": hint,
            })  # fmt: skip
            continue
        copied[path] = (asset.blob, plan.store.put(data))
    return copied


def _lists(plan: _Plan) -> dict[str, bytes]:
    """The site's own files; a page of the repository at the same address wins."""
    frame, target, listed = plan.frame, plan.target, plan.listed
    made = {
        "nav.json": navigation.to_json(plan.tree),
        "build.json": indexes.build_json(target.branch, target.commit, len(listed)).encode(),
        "llms.txt": indexes.llms(listed, target, dict(frame.config.values)).encode(),
        "404.html": _not_found(plan).encode(),
    }
    if target.absolute:
        name = str(frame.config.values["site_name"])
        made["sitemap.xml"] = indexes.sitemap(listed, target).encode()
        made["feed.xml"] = indexes.feed(listed, target, name).encode()
    makers = (indexes.pages_html, indexes.requirements_html, indexes.tags_html)
    taken = plan.folders
    for (title, url), maker in zip(_LISTS, makers, strict=True):
        if url not in taken:
            body = maker(listed, target.base_for(url))
            page = fill.plain(frame, target, title, url, body=body, around=_around(plan, url))
            made[f"{url}index.html"] = page.encode()
    if "" not in taken:
        name = str(frame.config.values["site_name"])
        body = indexes.pages_html(listed, target.base_for(""))
        made["index.html"] = fill.plain(
            frame, target, name, "", body=body, around=_around(plan, "")
        ).encode()
    return made


def _not_found(plan: _Plan) -> str:
    """404.html, which a server shows at any address: its links never are relative."""
    rooted = replace(plan.target, base=plan.target.base or plan.target.absolute or "/")
    body = (
        "<p>There is no page at this address. It may have moved: try the search, or "
        f'<a href="{rooted.base}pages/">the list of all pages</a>.</p>'
    )
    around = fill.Surroundings(links=_links(plan))
    return fill.plain(
        plan.frame, rooted, "Page not found", "", body=body, around=around, template="404.html"
    )


def _redirects(
    plan: _Plan, moved: redirects.Moved, files: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Redirects beside these files; those of the build before stay as they are."""
    rules, urls = scope.Scope.of(plan.frame.config), plan.world.urls
    leading = redirects.owners(plan.facts, urls, moved, rules)
    leading = redirects.without_clashes(leading, files)
    known = plan.previous.redirects if plan.previous else {}
    return redirects.made(leading, plan.facts, urls, plan.target, known, plan.store)
