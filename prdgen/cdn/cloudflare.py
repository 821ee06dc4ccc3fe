"""Cloudflare: purges by address or cache tag, 100 in one request; by prefix when they are many."""

from __future__ import annotations

import json
from typing import Any, Final

from prdgen.cdn.changes import Access, Changes, batches
from prdgen.cdn.client import Client

API: Final = "https://api.cloudflare.com/client/v4"
_MOST: Final = 100
"""Operations in one request, by Cloudflare's documentation of its limits."""
_ALL: Final = 1_000
"""More than that, and all that begins with the site's address, or has its key, is purged."""


class Cloudflare:
    """See `changes.Cdn`."""

    def __init__(self, access: Access) -> None:
        self.where = f"Cloudflare zone {access.service}"
        self._access = access
        self._address = f"{(access.api or API).rstrip('/')}/zones/{access.service}/purge_cache"
        headers = {"Authorization": f"Bearer {access.token}"}
        self._client = Client(
            self.where, "Zone, Cache Purge, Purge", access.seconds, headers=headers,
            hidden=access.token,
        )  # fmt: skip

    async def close(self) -> None:
        """See `changes.Cdn`."""
        await self._client.close()

    async def forget(self, changes: Changes) -> int:
        """See `changes.Cdn`."""
        several = self._requests(changes)
        headers = {"Content-Type": "application/json"}
        for body in several:
            sent = json.dumps(body).encode()
            answer = self._client.json(
                await self._client.post(self._address, changes.what, sent, headers), changes.what
            )
            if answer.get("success") is not True:
                raise self._client.garbled(changes.what, f"success {answer.get('success')!r}")
        return len(several)

    def _requests(self, changes: Changes) -> list[dict[str, Any]]:
        site = self._access.site
        if self._access.by == "keys":
            few = not changes.all and len(changes.keys) <= _ALL
            keys = changes.keys if few else [changes.everything]
            return [{"tags": some} for some in batches(keys, _MOST)]
        if changes.all or len(changes.addresses) > _ALL:
            # A prefix is named without its scheme.
            return [{"prefixes": [site.partition("://")[2] + changes.top]}]
        files = [f"{site}{address}" for address in changes.addresses]
        return [{"files": some} for some in batches(files, _MOST)]
