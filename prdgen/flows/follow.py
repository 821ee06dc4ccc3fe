"""a branch that moved → its index and, for the main branch, the site, with the outcome noted for whoever asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from anyio import from_thread, to_thread

from prdgen.builder.manifest import Difference
from prdgen.builder.site import Build
from prdgen.errors import PrdgenError
from prdgen.flows import deliveries, index, publish, purge_here, read_site
from prdgen.flows.context import App
from prdgen.store import builds, names

_IMPROVE_SECONDS = 2.0
_WORDS_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Behind:
    """The newest build failed, so that readers of the site see an older commit, or nothing yet."""

    commit: str
    at: datetime | None
    why: str
    hint: str
    shown: str | None
    """The commit the site shows."""


async def branch(app: App, name: str) -> None:
    """Bring index and site to a branch's tip. The site is made while the index is, which keeps all
    processors busy after a wide push, and it is switched once the index is there. The words that the
    search looks in come last, a few seconds later, but for a branch that has none at all yet.
    """
    tip = await to_thread.run_sync(app.repository.tip, name)
    first = await index.is_awaited(app, name)
    indexing = asyncio.ensure_future(index.branch(app, name))
    site: asyncio.Future[Any] | None = None
    if tip is not None and name == app.main_branch:
        site = asyncio.ensure_future(publish_tip(app, tip, indexing))
    saying = asyncio.ensure_future(_words(app, name, indexing, None if first else site))
    all_of_it = [indexing, *([site] if site else []), saying]
    # A site that cannot be made leaves the index whole; what is not indexed is not published.
    for failure in await asyncio.gather(*all_of_it, return_exceptions=True):
        if isinstance(failure, BaseException):
            raise failure


async def _words(
    app: App, name: str, indexed: asyncio.Future[Any], site: asyncio.Future[Any] | None
) -> None:
    """Index a branch's words when it is `indexed`, and its `site` is made or takes long."""
    await indexed
    if site is not None:
        await asyncio.wait([site], timeout=_WORDS_SECONDS)
    await index.words(app, name)


async def publish_tip(app: App, tip: str, indexed: asyncio.Future[Any] | None = None) -> Build:
    """Publish a commit of the main branch, which is switched to when it is `indexed`."""

    async def ready() -> None:
        if indexed is not None:
            await indexed

    async def stamps() -> publish.Stamps:
        await ready()
        async with app.store.transaction() as tx:
            return await names.stamps(tx, app.main_branch)

    try:
        made = await to_thread.run_sync(
            partial(
                publish.build, app, tip, partial(from_thread.run, stamps),
                ready=partial(from_thread.run, ready),
            )
        )  # fmt: skip
    except Exception as error:
        if indexed is None or not _has_failed(indexed):
            await _failed(app, tip, error)
        raise
    changed = {*made.changed, *(made.since[1].gone if made.since else ())}
    await read_site.tell(app.bus, changed)
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
        await deliveries.after_build(app, tx)
        await purge_here.after_build(app, changed, tx)
    return made


def _has_failed(work: asyncio.Future[Any]) -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)


async def improve(app: App) -> None:
    """What may come a few seconds after the commit: the search index, and compression; caches are told."""
    site = publish.published(app)
    before = await to_thread.run_sync(site.current)
    await to_thread.run_sync(publish.improve, app)
    after = await to_thread.run_sync(site.current)
    await deliveries.after_build(app)
    if after is not None:
        changed = await to_thread.run_sync(Difference.between, before, after)
        paths = {*changed.files, *changed.gone}
        await read_site.tell(app.bus, paths)
        await purge_here.after_build(app, paths)


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
