"""Who is in which document: kept alive by saying it again, forgotten by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from prdgen.bus import connection
from prdgen.bus.connection import translated

SECONDS: Final = 10.0


class Presence:
    """Peers by document. Entries end `SECONDS` after they were last set, by Valkey's clock."""

    def __init__(self, to: connection.Connection) -> None:
        self._to = to
        # The time a peer was set is taken from the server: processes' clocks differ.
        self._set = to.prompt.register_script(
            "local now = redis.call('TIME')[1] "
            "redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2]) "
            "return redis.call('EXPIRE', KEYS[1], ARGV[3])"
        )

    async def set(self, document_id: UUID, peer_id: str, facts: dict[str, Any]) -> None:
        """A peer is in a document, with what others show of it (name, color)."""
        arguments: list[str | int] = [peer_id, json.dumps(facts), int(SECONDS)]
        with translated():
            await self._set(keys=[self._key(document_id)], args=arguments)

    async def clear(self, document_id: UUID, peer_id: str) -> None:
        """A peer has left."""
        with translated():
            await self._to.prompt.hdel(self._key(document_id), peer_id)

    async def list(self, document_ids: Sequence[UUID]) -> dict[UUID, dict[str, dict[str, Any]]]:
        """Who is in each of these documents, by peer; one round trip."""
        async with self._to.prompt.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for document_id in document_ids:
                pipeline.hgetall(self._key(document_id))
            with translated():
                (now, _), *found = await pipeline.execute()
        return {
            document_id: _fresh(peers, now - SECONDS)
            for document_id, peers in zip(document_ids, found, strict=True)
        }

    def _key(self, document_id: UUID) -> str:
        return self._to.name("presence", document_id)


def _fresh(peers: dict[bytes, bytes], oldest: float) -> dict[str, dict[str, Any]]:
    found = {}
    for peer_id, value in sorted(peers.items()):
        at, facts = value.split(b" ", 1)
        if int(at) >= oldest:
            found[peer_id.decode()] = json.loads(facts)
    return found
