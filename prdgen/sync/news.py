"""What is on its way to the other processes: bounded, best effort, never waited for by a room."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Final
from uuid import UUID

from prdgen.sync.ports import BusPort

_log: Final = logging.getLogger(__name__)
_MOST_LIVE: Final = 1_000
_ALONE: Final = 25
"""How many pauses a process that is alone makes before it looks whether it still is."""


class News:
    """Numbers of stored changes (only the newest of each document) and live messages."""

    def __init__(self) -> None:
        self._seqs: dict[UUID, int] = {}
        self._live: deque[tuple[UUID, bytes]] = deque(maxlen=_MOST_LIVE)
        self._wake = asyncio.Event()

    def stored(self, document_id: UUID, last_seq: int) -> None:
        """The store has changes of this document up to `last_seq`."""
        self._seqs[document_id] = last_seq
        self._wake.set()

    def live(self, document_id: UUID, payload: bytes) -> None:
        """A live message; the oldest is dropped when the bus does not keep up."""
        self._live.append((document_id, payload))
        self._wake.set()

    async def publish(self, bus: BusPort, process_id: str, pause: float = 0.0) -> None:
        """Publish what there is, until cancelled; what comes within `pause` seconds goes together."""
        me = asyncio.current_task()
        # A client library may have swallowed the cancellation: it is asked for here, too.
        while me is not None and not me.cancelling():
            await self._wake.wait()
            self._wake.clear()
            company = True
            try:
                company = await self._publish(bus, process_id)
            except Exception:
                _log.exception("nothing could be told to the other processes")
            if pause:
                await asyncio.sleep(pause if company else _ALONE * pause)

    async def _publish(self, bus: BusPort, process_id: str) -> bool:
        """Tell everything; False when no other process listened."""
        seqs, self._seqs = self._seqs, {}
        company = not seqs
        for document_id, last_seq in seqs.items():
            company = await bus.publish_change(document_id, last_seq, process_id) or company
        while self._live:
            document_id, payload = self._live.popleft()
            await bus.publish_live(document_id, payload, process_id)
        return company
