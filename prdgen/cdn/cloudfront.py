"""CloudFront: invalidates by path, or by cache tag where the distribution reads them."""

from __future__ import annotations

from typing import Final
from uuid import uuid4
from xml.sax.saxutils import escape

from prdgen.cdn import signature
from prdgen.cdn.changes import Access, Changes, batches
from prdgen.cdn.client import Client

API: Final = "https://cloudfront.amazonaws.com"
_VERSION: Final = "2020-05-31"
_NAMESPACE: Final = f"http://cloudfront.amazonaws.com/doc/{_VERSION}/"
_MOST: Final = 1_000
"""In one invalidation: a third of what may be in progress for a distribution."""
_ALL: Final = 200
"""More addresses than that, and everything is invalidated: one path to pay for, instead of each."""


class CloudFront:
    """See `changes.Cdn`."""

    def __init__(self, access: Access) -> None:
        self.where = f"CloudFront {access.service}"
        self._access, api = access, (access.api or API).rstrip("/")
        self._address = f"{api}/{_VERSION}/distribution/{access.service}/invalidation"
        self._client = Client(
            self.where, "cloudfront:CreateInvalidation", access.seconds, headers={},
            hidden=access.secret,
        )  # fmt: skip

    async def close(self) -> None:
        """See `changes.Cdn`."""
        await self._client.close()

    async def forget(self, changes: Changes) -> int:
        """See `changes.Cdn`."""
        several = batches(self._items(changes), _MOST)
        for some in several:
            body = _invalidation(some)
            answer = await self._client.post(self._address, changes.what, body, self._signed(body))
            if b"<Invalidation" not in answer.content:
                got = f"no invalidation but {answer.content[:60]!r}"
                raise self._client.garbled(changes.what, got)
        return len(several)

    def _items(self, changes: Changes) -> list[str]:
        if self._access.by == "keys":
            few = not changes.all and len(changes.keys) <= _ALL
            keys = changes.keys if few else [changes.everything]
            return [f"#{key}" for key in keys]
        few = not changes.all and len(changes.addresses) <= _ALL
        return list(changes.addresses) if few else [f"{changes.top}*"]

    def _signed(self, body: bytes) -> dict[str, str]:
        keys = signature.Keys(self._access.key, self._access.secret, self._access.session)
        # CloudFront is one for the whole world, and its requests are signed for this region.
        return {"Content-Type": "application/xml"} | signature.signed(
            "POST", self._address, body, keys, region="us-east-1", service="cloudfront"
        )


def _invalidation(items: list[str]) -> bytes:
    """The body of CreateInvalidation. Sent again, its reference makes it the same invalidation."""
    paths = "".join(f"<Path>{escape(item)}</Path>" for item in items)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="{_NAMESPACE}">'
        f"<Paths><Quantity>{len(items)}</Quantity><Items>{paths}</Items></Paths>"
        f"<CallerReference>prdgen-{uuid4().hex}</CallerReference></InvalidationBatch>"
    ).encode()
