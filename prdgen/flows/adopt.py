"""a document whose lease is nobody's → kept by this server, when there is a reason for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from prdgen.errors import PrdgenError
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.store import documents, leases
from prdgen.store.documents import Document
from prdgen.sync.room import Room

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 1.0
Hold = Callable[[Document], Awaitable[Live | None]]
Find = Callable[[UUID], Live | None]


class Adopter:
    """Looks for documents that the keeper (`hold`, `find`) should keep: another server died, or
    stopped, or nobody was in the page there any more.
    """

    def __init__(self, app: App, hold: Hold, find: Find) -> None:
        self._app, self._hold, self._find = app, hold, find
        self._asked: dict[UUID, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def typed_in(self, room: Room) -> None:
        """Someone types here and another server keeps the document: perhaps that one is dead."""
        now, last = time.monotonic(), self._asked.get(room.document_id, float("-inf"))
        if now - last > _AGAIN_SECONDS and room.replica.successor() is None:
            self._asked[room.document_id] = now
            self._begin([room.document_id])

    def freed(self, document_id: UUID) -> None:
        """Another server gave a lease back: whoever has people in the page keeps it from now on."""
        if document_id in self._left_alone():
            self._begin([document_id])

    async def sweep(self) -> None:
        """Keep every document whose text is not committed and whose lease is nobody's: what a
        killed process left is written and committed even if nobody opens the page again; and
        every one that people have open here.
        """
        old = time.monotonic() - _AGAIN_SECONDS
        self._asked = {key: at for key, at in self._asked.items() if at > old}
        async with self._app.store.transaction() as tx:
            left = await documents.list_orphans(tx)
        for row in left:
            try:
                if self._find(row.id) is None:
                    await self._hold(row)
            except (PrdgenError, OSError) as error:  # the others do not wait for it
                log.warning("%s, left by another process, waits: %s", row.page_path, error)
        if alone := self._left_alone():
            await self._hold_free(alone)

    async def close(self) -> None:
        """Begin nothing any more, and finish what is under way."""
        self._closing = True
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _left_alone(self) -> list[UUID]:
        """Documents that people have open here and that are not kept here."""
        rooms = self._app.rooms.open if self._app.rooms is not None else ()
        return [r.document_id for r in rooms if r.peers and self._find(r.document_id) is None]

    def _begin(self, document_ids: Sequence[UUID]) -> None:
        if not self._closing:
            task = asyncio.create_task(self._hold_free(document_ids), name="adopt")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hold_free(self, document_ids: Sequence[UUID]) -> None:
        try:
            async with self._app.store.transaction() as tx:
                free = await leases.free(tx, document_ids)
                rows = [await documents.get(tx, document_id) for document_id in free]
            for row in rows:
                await self._hold(row)
        except PrdgenError as error:
            log.info("documents are not kept here: %s", error)
