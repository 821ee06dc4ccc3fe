"""commit → site: gather the commit's pages and files, build what changed, switch whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from prdgen import logs
from prdgen.builder import crew, frame, publication, search_parts, sources
from prdgen.builder import site as site_builder
from prdgen.builder.manifest import Manifest
from prdgen.builder.publication import Site, When
from prdgen.builder.site import Build
from prdgen.builder.standing import Touched
from prdgen.files.text import readable
from prdgen.flows import old_anchors, pages_of, servers, site_file, whereabouts
from prdgen.flows.clone import Clone
from prdgen.git import log as git_log
from prdgen.page.anchor_trail import Anchors

log = logging.getLogger(__name__)
_NICE: Final = 10
"""A server that improves its site steps back behind whoever types and publishes."""
Stamps = Mapping[str, tuple[datetime, str]]
"""page_path → when it last changed, and by whom."""
Gathered = tuple[list[sources.PageSource], list[sources.AssetSource]]
Look = Callable[[], Stamps]
"""Finds the stamps of every page of a branch's newest commit, where that is quicker than asking Git."""


def published(clone: Clone) -> Site:
    """The site of this clone as it lies on disk."""
    return publication.at(clone.state_dir / "site", clone.public_dir)


def build(
    clone: Clone, tip: str, stamps: Look | None = None, *, clean: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> Build:  # fmt: skip
    """Build a commit and make it the public site, without a server, when it is `ready` for that. Blocks.

    Only what changed since the site on disk is rendered, and when this process made it, only that is
    looked at (then `stamps` is not asked). Its search index is left for `improve`.
    Raises BadSiteConfig and the like; the old site then stays.
    """
    began = time.perf_counter()
    current = published(clone)
    with current.building():
        made = _built(clone, tip, current, stamps, clean=clean)
        ready()
        current.switch(made.manifest, when=_not_overtaken(clone, tip), since=made.since)
    logs.trace("publish.build", began, commit=tip[:8], rendered=len(made.rendered))
    return made


def finish(
    clone: Clone, tip: str, *, clean: bool = False, searched: bool = True, twins: bool = False
) -> Build:
    """The same with search index and compressed `twins`, which are there when the site is switched. While
    a server of this clone runs its pages lead there, as those that it publishes do.
    """
    current, alone = published(clone), not servers.alive(clone.state_dir)
    with current.index() as opened:
        index = opened if searched else None
        made = _built(clone, tip, current, None, clean=clean, index=index, alone=alone)
        shown = current.finish(made.manifest, index, when=_not_overtaken(clone, tip), twins=twins)
    return replace(made, manifest=shown)


def build_draft(clone: Clone, branch: str, tip: str, where: Site) -> Build:
    """Build a draft's commit into a site of its own, in the frame of main's newest commit: what makes
    the frame is read from main only. Blocks. Raises as `build` does.
    """
    main = clone.repository.tip(clone.main_branch)
    with published(clone).building():
        made = _built(clone, tip, where, None, clean=False, branch=branch, frame_of=main)
        where.switch(made.manifest, since=made.since)
    return made


def _not_overtaken(clone: Clone, tip: str) -> When:
    """A worker that stood still for long may come back when another one has published the tip."""

    def when(now: Manifest | None) -> bool:
        newest = clone.repository.tip(clone.main_branch)
        return now is None or now.commit in {tip, ""} or now.commit != newest

    return when


def improve(clone: Clone) -> None:
    """What may come a few seconds after the commit: the search index, and compression. Blocks."""
    began = time.perf_counter()
    published(clone).improve(nice=_NICE)
    logs.trace("publish.improve", began)


def _built(
    clone: Clone, tip: str, current: Site, stamps: Look | None, *, clean: bool,
    index: search_parts.Parts | None = None, branch: str | None = None, frame_of: str | None = None,
    alone: bool = False,
) -> Build:  # fmt: skip
    previous = None if clean else current.current()
    where, frame_tip = target(clone, tip, branch, alone=alone), frame_of or tip
    anchors = old_anchors.of(clone, branch or clone.main_branch, tip)
    with crew.Crew() as workers:
        # Where nothing is known of the site, its pages are read while the frame is drawn.
        begun = (
            None
            if current.has_works() and not clean
            else _begun(clone, tip, stamps, previous, workers)
        )
        drawn = draw(clone, frame_tip)
        works = None if clean else current.take_works(drawn.id, where)
        touched = _touched(clone, previous.commit, tip, anchors) if works and previous else None
        if works is None or touched is None:
            pages, assets = begun or _begun(clone, tip, stamps, previous, workers)
            made = site_builder.build(
                pages, assets, frame=drawn, target=where, previous=previous, store=current.store,
                workers=workers, index=index, moved=_moved(clone, branch or clone.main_branch, tip),
                anchors=anchors,
            )  # fmt: skip
            made.works.site_problems = tuple(_site_problems(clone, tip))
        else:
            gone = any(now is None for now in (*touched.pages.values(), *touched.files.values()))
            moved = _moved(clone, branch or clone.main_branch, tip) if gone else None
            made = site_builder.rebuild(
                works,
                touched,
                target=where,
                previous=previous,
                workers=workers,
                index=index,
                moved=moved,
            )
            if gone or _came(clone, previous, touched):
                made.works.site_problems = tuple(_site_problems(clone, tip))
    current.keep_works(made.works)
    return replace(made, problems=(*made.works.site_problems, *made.problems))


def _begun(
    clone: Clone, tip: str, stamps: Look | None, previous: Manifest | None, workers: crew.Crew
) -> Gathered:
    """Every page and file of a commit; the workers read the pages that the build before had not."""
    pages, assets = gather(clone, tip, stamps() if stamps else None)
    known = previous.pages if previous else {}
    workers.begin({
        page.page_path: page
        for page in pages
        if page.page_path not in known or known[page.page_path].facts.blob != page.blob
    })  # fmt: skip
    return pages, assets


def _touched(clone: Clone, old: str, tip: str, anchors: Anchors) -> Touched | None:
    """What the commits since `old` changed, with who did; None when everything has to be looked at."""
    repository, globs = clone.repository, pages_of.globs(clone)
    changed = git_log.touched(repository, old, tip)
    if changed is None or "mkdocs.yml" in changed:
        return None
    pages: dict[str, sources.PageSource | None] = {}
    files: dict[str, sources.AssetSource | None] = {}
    blobs = repository.blobs(tip, changed)
    for path, version in changed.items():
        blob = blobs.get(path)
        if globs.match(path):
            stamp = version.at, version.by
            pages[path] = _page(clone, path, blob, *stamp) if blob else None
        else:
            files[path] = _asset(clone, path, blob) if blob else None
    return Touched(pages, files, anchors)


def _came(clone: Clone, previous: Manifest | None, touched: Touched) -> bool:
    """Whether any of these files was not there before."""
    paths, old = (*touched.pages, *touched.files), previous.commit if previous else ""
    return len(clone.repository.blobs(old, paths)) < len(paths)


def _page(
    clone: Clone, path: str, blob: str, at: datetime | None, by: str
) -> sources.PageSource:  # fmt: skip
    read = partial(git_log.blob, clone.repository, blob)
    return sources.PageSource(path, blob, _text(read), at, by)


def _asset(clone: Clone, path: str, blob: str) -> sources.AssetSource:
    return sources.AssetSource(path, blob, partial(git_log.blob, clone.repository, blob))


def _moved(clone: Clone, branch: str, tip: str) -> dict[str, list[str]]:
    """Old paths of pages, by Git's own renames, and where they lead now."""
    globs, renames = pages_of.globs(clone), whereabouts.of(clone, branch, tip)
    return {old: renames.ends(old) for old in renames.olds() if globs.match(old)}


def _site_problems(clone: Clone, tip: str) -> Iterator[dict[str, Any]]:
    """What readers see otherwise than mkdocs.yml asks for."""
    for found in site_file.findings(clone, tip):
        if found.seen:
            yield {"page_path": found.path, "line": found.line, "code": "site-file",
                   "message": found.message, "hint": found.hint}  # fmt: skip


def draw(clone: Clone, tip: str) -> frame.Frame:
    """The frame as the commit's mkdocs.yml and overrides want it."""
    config = clone.repository.read(tip, "mkdocs.yml")
    if config is None:
        return frame.draw(None, {}, clone.state_dir)
    # Reads the configuration safely first; only what it names as custom_dir is looked at.
    folder = frame.custom_dir(config)
    overrides = {
        entry.path.removeprefix(f"{folder}/"): git_log.blob(clone.repository, entry.blob)
        for entry in (clone.repository.files(tip, below=folder) if folder else ())
    }
    return frame.draw(config, overrides, clone.state_dir)


def gather(clone: Clone, tip: str, stamps: Stamps | None) -> Gathered:
    """The pages and the other files of a commit; texts are read when they are needed."""
    repository, globs = clone.repository, pages_of.globs(clone)
    if stamps is None:
        changed = git_log.last_changes(repository, tip, since=None)
        stamps = {path: (found.at, found.by) for path, found in changed.items()}
    found: list[sources.PageSource] = []
    assets: list[sources.AssetSource] = []
    for entry in repository.files(tip):
        if globs.match(entry.path):
            stamp = stamps.get(entry.path, (None, ""))
            found.append(_page(clone, entry.path, entry.blob, *stamp))
        else:
            assets.append(_asset(clone, entry.path, entry.blob))
    return found, assets


def _text(read: partial[bytes]) -> partial[str]:
    return partial(lambda get: readable(get()), read)


def target(
    clone: Clone, tip: str, branch: str | None = None, *, alone: bool = False
) -> sources.Target:
    """Where the site goes: relative links, so that it works under /site/ and on a CDN. A site that is
    `alone`, without a server that has an address, leads to the forge for edits and versions.
    """
    settings = clone.settings
    server = "" if alone and not settings.base_url else settings.base_url.rstrip("/") + "/"
    place = "{branch}/{page_path}"
    return sources.Target(
        branch=branch or clone.main_branch,
        commit=tip,
        base="",
        site_url=settings.site_url,
        edit_url=f"{server}edit/{place}" if server else "",
        history_url=f"{server}history/{place}" if server else "",
    )
