"""what changed on the site that this server shows → the CDN that stands before it forgets that much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from prdgen.cdn import opening
from prdgen.flows import delivery_report, purge
from prdgen.flows.context import App
from prdgen.settings import Settings
from prdgen.store.statements import Tx

TASK: Final = "purge_here"
_MOST: Final = 1_000
"""Paths in one job; of more, everything is forgotten."""


def is_on(settings: Settings) -> bool:
    """Whether a CDN may keep what this server shows: the site is public, and not published elsewhere
    for the CDN to take from there.
    """
    return settings.public_site and purge.is_on(settings) and not settings.publish_to


async def after_build(app: App, paths: Iterable[str], tx: Tx | None = None) -> None:
    """The site is another one at these public paths: have the CDN told, however long that takes."""
    named = sorted(paths)
    if named and is_on(app.settings):
        args = {"paths": named if len(named) <= _MOST else None}
        await app.queue.defer(TASK, args, lock=TASK, tx=tx)


async def run(app: App, paths: list[str] | None) -> None:
    """What the job does; None: everything. Raises BadCdn, CdnError."""
    settings = _seen_from_outside(app.settings)
    if not is_on(settings):
        return
    with delivery_report.noting_cdn(app):
        async with opening.opened(settings.cdn.lower(), purge.access(settings)) as cdn:
            changes = purge.changes(paths or [], settings)
            await cdn.forget(replace(changes, all=paths is None))


def _seen_from_outside(settings: Settings) -> Settings:
    """The site's address, when it is not said, is below the server's."""
    if settings.site_url or not settings.base_url:
        return settings
    return replace(settings, site_url=f"{settings.base_url.rstrip('/')}/site/")
