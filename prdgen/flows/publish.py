"""commit → site: gather the commit's pages and files, build what changed, switch whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from anyio import to_thread

from prdgen import logs
from prdgen.builder import frame, search, sources
from prdgen.builder import site as site_builder
from prdgen.builder.publication import Site
from prdgen.builder.site import Build
from prdgen.errors import PrdgenError
from prdgen.flows import pages_of, site_file
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.read import readable
from prdgen.git import log as git_log
from prdgen.store import builds, names

log = logging.getLogger(__name__)
_IMPROVE_SECONDS = 2.0
Stamps = Mapping[str, tuple[datetime, str]]
"""page_path → when it last changed, and by whom."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The newest build failed, so that readers of the site see an older commit, or nothing yet."""

    commit: str
    at: datetime | None
    why: str
    hint: str
    shown: str | None
    """The commit the site shows."""


def published(clone: Clone) -> Site:
    """The site of this clone as it lies on disk."""
    return Site(clone.state_dir / "site", clone.public_dir)


async def site(app: App, tip: str) -> Build:
    """Publish a commit of the main branch; called by the job that follows the branch."""
    async with app.store.transaction() as tx:
        stamps = await names.stamps(tx, app.main_branch)
    try:
        made = await to_thread.run_sync(build, app, tip, stamps)
    except Exception as error:
        await _failed(app, tip, error)
        raise
    async with app.store.transaction() as tx:
        await builds.record(
            tx,
            builds.Build(
                id=uuid4(), branch=app.main_branch, commit=tip, status="done",
                pages=len(made.manifest.pages), seconds=made.seconds, manifest={},
                problems=list(made.problems)[:1000],
            ),
        )  # fmt: skip
        await app.queue.defer(
            "improve_site", lock="improve_site", queueing_lock="improve_site", tx=tx,
            after=_IMPROVE_SECONDS, priority=-10,
        )  # fmt: skip
    return made


async def behind(app: App) -> Behind | None:
    """Why the site is older than the newest commit that was to be published, if it is."""
    async with app.store.transaction() as tx:
        newest = await builds.latest(tx, app.main_branch, None)
        if newest is None or newest.status != "failed":
            return None
        shown = await builds.latest(tx, app.main_branch)
    problem = next(iter(newest.problems), {})
    return Behind(
        newest.commit, newest.at, str(problem.get("message", "")), str(problem.get("hint", "")),
        shown.commit if shown else None,
    )  # fmt: skip


async def _failed(app: App, tip: str, error: Exception) -> None:
    """Note that a commit could not be built; the site keeps the commit it has."""
    known = error if isinstance(error, PrdgenError) else PrdgenError()
    message = known.message if known is error else f"{type(error).__name__}: {error}"
    problem = {"message": message, "hint": known.hint}
    async with app.store.transaction() as tx:
        await builds.record(
            tx,
            builds.Build(
                id=uuid4(), branch=app.main_branch, commit=tip, status="failed", pages=0,
                seconds=0.0, manifest={}, problems=[problem],
            ),
        )  # fmt: skip


def build(clone: Clone, tip: str, stamps: Stamps | None = None, *, clean: bool = False) -> Build:
    """Build a commit and make it the public site, without a server. Blocks.

    Only what changed since the site on disk is rendered. Raises BadSiteConfig and the like; the
    old site then stays.
    """
    began = time.perf_counter()
    current = published(clone)
    drawn = draw(clone, tip)
    page_sources, assets = gather(clone, tip, stamps)
    made = site_builder.build(
        page_sources, assets, frame=drawn, target=target(clone, tip),
        previous=None if clean else current.current(), store=current.store,
    )  # fmt: skip
    # A worker that stood still for long may come back when another one has published the tip.
    current.switch(
        made.manifest,
        when=lambda now: now is None or now.commit in {tip, ""} or now.commit != _tip(clone),
    )
    logs.trace("publish.build", began, commit=tip[:8], rendered=len(made.rendered))
    return replace(made, problems=(*_site_problems(clone, tip), *made.problems))


def _tip(clone: Clone) -> str | None:
    return clone.repository.tip(clone.main_branch)


def _site_problems(clone: Clone, tip: str) -> Iterator[dict[str, Any]]:
    """What readers see otherwise than mkdocs.yml asks for."""
    for found in site_file.findings(clone, tip):
        if found.seen:
            yield {"page_path": found.path, "line": found.line, "code": "site-file",
                   "message": found.message, "hint": found.hint}  # fmt: skip


async def improve(clone: Clone) -> None:
    """What may come a few seconds after the commit: the search index, and compression."""

    def work() -> None:
        current = published(clone)
        manifest = current.current()
        if manifest is None:
            return
        # Pagefind works in a process of its own, compressing outside of Python's lock.
        with ThreadPoolExecutor(1) as beside:
            compressed = beside.submit(current.compress)
            found = search.index(clone.public_dir, current.store)
            compressed.result()
        improved = site_builder.with_search(manifest, found, manifest)
        current.switch(improved, when=lambda now: now is not None and now.id == manifest.id)
        current.tidy()

    await to_thread.run_sync(work)


def draw(clone: Clone, tip: str) -> frame.Frame:
    """The frame as the commit's mkdocs.yml and overrides want it."""
    config = clone.repository.read(tip, "mkdocs.yml")
    if config is None:
        return frame.draw(None, {}, clone.state_dir)
    # Reads the configuration safely first; only what it names as custom_dir is looked at.
    everything = {
        entry.path: git_log.blob(clone.repository, entry.blob)
        for entry in clone.repository.files(tip)
        if "override" in entry.path
    }
    return frame.draw(config, frame.select_overrides(everything, config), clone.state_dir)


def gather(
    clone: Clone, tip: str, stamps: Stamps | None
) -> tuple[list[sources.PageSource], list[sources.AssetSource]]:
    """The pages and the other files of a commit; texts are read when they are needed."""
    repository, globs = clone.repository, pages_of.globs(clone)
    if stamps is None:
        changed = git_log.last_changes(repository, tip, since=None)
        stamps = {path: (found.at, found.author_name) for path, found in changed.items()}
    found: list[sources.PageSource] = []
    assets: list[sources.AssetSource] = []
    for entry in repository.files(tip):
        read = partial(git_log.blob, repository, entry.blob)
        if globs.match(entry.path):
            at, by = stamps.get(entry.path, (None, ""))
            found.append(sources.PageSource(entry.path, entry.blob, _text(read), at, by))
        else:
            assets.append(sources.AssetSource(entry.path, entry.blob, read))
    return found, assets


def _text(read: partial[bytes]) -> partial[str]:
    return partial(lambda get: readable(get()), read)


def target(clone: Clone, tip: str) -> sources.Target:
    """Where the site goes: relative links, so that it works under /site/ and on a CDN."""
    settings = clone.settings
    return sources.Target(
        branch=clone.main_branch,
        commit=tip,
        base="",
        site_url=settings.site_url,
        edit_url=f"{settings.base_url.rstrip('/')}/edit/{{branch}}/{{page_path}}",
    )
