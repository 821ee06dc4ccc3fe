"""The CDN that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from prdgen.cdn.changes import Access, Cdn
from prdgen.cdn.cloudflare import Cloudflare
from prdgen.cdn.cloudfront import CloudFront
from prdgen.cdn.errors import BadCdn
from prdgen.cdn.fastly import Fastly

_KINDS: Final[dict[str, Callable[[Access], Cdn]]] = {
    "fastly": Fastly, "cloudfront": CloudFront, "cloudflare": Cloudflare,
}  # fmt: skip


def checked(kind: str, access: Access) -> Access:
    """The access with what is left open filled in. Raises BadCdn; asks nobody."""
    if kind not in _KINDS:
        raise BadCdn(why=f"there is no CDN {kind!r}; {', '.join(_KINDS)} are known")
    if not access.service:
        raise BadCdn(why="`cdn_id` is empty")
    if kind == "cloudfront" and not (access.key and access.secret):
        raise BadCdn(
            why="CloudFront needs `publish_key` and `publish_secret`, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    if kind != "cloudfront" and not access.token:
        raise BadCdn(why="`cdn_token` is empty")
    found = replace(access, by=access.by or ("keys" if kind == "fastly" else "addresses"))
    if found.by == "addresses" and kind != "cloudfront" and not found.site:
        raise BadCdn(why="purging by addresses needs `site_url`")
    return found


@asynccontextmanager
async def opened(kind: str, access: Access) -> AsyncIterator[Cdn]:
    """The CDN of this kind, inside the block. Raises BadCdn."""
    ready = checked(kind, access)
    cdn = _KINDS[kind](ready)
    try:
        yield cdn
    finally:
        await cdn.close()
