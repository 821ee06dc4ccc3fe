"""what changed where the site is published → the CDN before it forgets that much."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from anyio import to_thread

from prdgen import serving
from prdgen.cdn import opening
from prdgen.cdn.changes import Access, Changes
from prdgen.delivery import headers
from prdgen.delivery.target import Target
from prdgen.settings import Settings

_NONE: Final = frozenset({"", "none"})


def is_on(settings: Settings) -> bool:
    """Whether the settings name a CDN."""
    return settings.cdn.lower() not in _NONE


def access(settings: Settings) -> Access:
    """How the CDN is asked, by the settings and what the environment has of them. Raises BadCdn."""
    said, site = os.environ.get, urlsplit(settings.site_url)
    return opening.checked(
        settings.cdn.lower(),
        Access(
            service=settings.cdn_id,
            api=settings.cdn_api,
            by=settings.cdn_by,
            site=f"{site.scheme}://{site.netloc}" if site.netloc else "",
            token=settings.cdn_token,
            key=settings.publish_key or said("AWS_ACCESS_KEY_ID", ""),
            secret=settings.publish_secret or said("AWS_SECRET_ACCESS_KEY", ""),
            session="" if settings.publish_key else said("AWS_SESSION_TOKEN", ""),
            seconds=settings.publish_seconds,
        ),
    )


def changes(paths: list[str], settings: Settings) -> Changes:
    """What a CDN calls these paths of the site."""
    top = urlsplit(settings.site_url).path.rstrip("/")
    return Changes(
        keys=[serving.key(path) for path in paths],
        addresses=[top + address for path in paths for address in headers.addresses(path)],
        everything=serving.EVERYTHING,
        top=f"{top}/",
    )


async def run(settings: Settings, place: Target) -> int:
    """Tell the CDN of every change it was not told of yet; of how many files. What it was told is
    forgotten only afterwards, so that one that is away is told later. Raises BadCdn, CdnError, and
    StorageError and TargetBusy of the target.
    """
    if not is_on(settings):
        return 0
    ready, state = access(settings), await to_thread.run_sync(place.state)
    noted = state.purge if state else {}
    if not noted:
        return 0
    async with opening.opened(settings.cdn.lower(), ready) as cdn:
        await cdn.forget(changes(list(noted), settings))
    await to_thread.run_sync(place.told, noted)
    return len(noted)
