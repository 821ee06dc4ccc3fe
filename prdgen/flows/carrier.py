"""Sees to it that what arrives in retired documents is carried over, one document at a time."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from prdgen.errors import PrdgenError
from prdgen.flows import late
from prdgen.flows.context import App
from prdgen.store import documents
from prdgen.sync.room import Room

log = logging.getLogger(__name__)


class Carrier:
    """One task per retired document that got changes; asked again meanwhile, it looks again."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._again: dict[UUID, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def stored(self, room: Room) -> None:
        """Something was stored in a room that is not kept; carried over if it is a retired one's."""
        if room.replica.successor() is not None:
            self.carry(room.document_id)

    def carry(self, document_id: UUID) -> None:
        """Have what is new in a retired document carried over, soon."""
        if document_id in self._again:
            self._again[document_id].set()
            return
        again = self._again[document_id] = asyncio.Event()
        again.set()
        task = asyncio.create_task(self._carry(document_id, again), name=f"carry {document_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self) -> None:
        """Carry over whatever is waiting anywhere: its process was killed, or could not."""
        async with self._app.store.transaction() as tx:
            waiting = await documents.list_late(tx)
        for row in waiting:
            self.carry(row.id)

    async def close(self) -> None:
        """Finish what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, document_id: UUID, again: asyncio.Event) -> None:
        try:
            while again.is_set():
                again.clear()
                await late.carry_over(self._app, document_id)
        except PrdgenError as error:
            log.info("late changes of %s wait: %s", document_id, error)
        except Exception:
            log.exception("late changes of %s could not be carried over", document_id)
        finally:
            del self._again[document_id]
