"""Fastly: purges by surrogate key, 256 in one request; by the whole site's key when they are many."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from prdgen.cdn.changes import Access, Changes, batches
from prdgen.cdn.client import Client

API: Final = "https://api.fastly.com"
_MOST: Final = 256
"""Keys in one request, by Fastly's documentation of `POST /service/{id}/purge`."""
_ALL: Final = 2_560
"""More changed files than that, and the key that all have is purged."""


class Fastly:
    """See `changes.Cdn`. Purged softly: what is stale may be served while it is fetched anew."""

    def __init__(self, access: Access) -> None:
        self.where = f"Fastly {access.service}"
        self._access, self._api = access, (access.api or API).rstrip("/")
        headers = {"Fastly-Key": access.token, "Accept": "application/json"}
        self._client = Client(
            self.where, "purge_select", access.seconds, headers=headers, hidden=access.token
        )

    async def close(self) -> None:
        """See `changes.Cdn`."""
        await self._client.close()

    async def forget(self, changes: Changes) -> int:
        """See `changes.Cdn`."""
        if self._access.by == "addresses" and not changes.all:  # which has no wildcard
            return await self._addresses(changes)
        few = not changes.all and len(changes.keys) <= _ALL
        keys = changes.keys if few else [changes.everything]
        several = batches(keys, _MOST)
        for some in several:
            body = json.dumps({"surrogate_keys": some}).encode()
            answer = await self._post(f"/service/{self._access.service}/purge", changes.what, body)
            if missing := set(some) - answer.keys():
                raise self._client.garbled(changes.what, f"no purge of {min(missing)}")
        return len(several)

    async def _addresses(self, changes: Changes) -> int:
        """One request for each address, which is how Fastly has it."""
        host = urlsplit(self._access.site).netloc
        for address in changes.addresses:
            answer = await self._post(f"/purge/{host}{address}", changes.what, b"")
            if answer.get("status") != "ok":
                raise self._client.garbled(changes.what, f"status {answer.get('status')!r}")
        return len(changes.addresses)

    async def _post(self, path: str, what: str, body: bytes) -> dict[str, object]:
        headers = {"Content-Type": "application/json", "Fastly-Soft-Purge": "1"}
        answer = await self._client.post(f"{self._api}{path}", what, body, headers)
        return self._client.json(answer, what)
