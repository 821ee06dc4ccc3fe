"""a document nobody keeps → leased by this server, its text met with what Git and the disk have."""

from __future__ import annotations

import logging
import time

from prdgen.files.errors import NotEditable
from prdgen.flows import astray, authors, lease, made_from, pull, recover
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.store.documents import Document
from prdgen.store.errors import LeaseLost

log = logging.getLogger(__name__)


async def keeping(app: App, row: Document) -> Live | None:
    """The document, ready to be kept; None: another process has its lease."""
    claimed = await lease.claim(app, row)
    try:
        return None if claimed is None else await _met(app, *claimed)
    except LeaseLost as error:
        # The store was away for as long as a lease lasts: whoever has it now keeps the document.
        log.info("%s is kept by another process meanwhile: %s", row.page_path, error)
        return None


async def _met(app: App, row: Document, fence: int) -> Live:
    assert app.rooms is not None
    room = await app.rooms.get(row.id)
    live = Live(row, room, fence, await authors.since_tip(app, room, row))
    live.dirty_since = live.last_change = time.monotonic()
    async with live.lock:
        await made_from.remember(app, live)
        await recover.page(app, live, row)
        # A document that never met its file may be a rebuilt one: whoever is in it already, others
        # may bring the file's text once more.
        cold = not room.peers or row.intent_hash is None
        try:
            await pull.tip(app, live, cold=cold)
            await pull.file(app, live, cold=cold)
        except NotEditable:
            # The page became what nobody can edit. What its document has and no commit is kept
            # all the same, for whoever is in it, or as a draft.
            if live.shut is None:
                raise
    astray.ready(live)
    return live
