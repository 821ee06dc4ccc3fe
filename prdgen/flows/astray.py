"""a kept page whose agreed points are not the store's → the same page, as the store has it."""

from __future__ import annotations

import time

from prdgen.flows import authors, pull
from prdgen.flows.context import App
from prdgen.flows.live import Live, content_hash


async def heal(app: App, live: Live) -> None:
    """Go on from the row that the store has: an agreed point of ours moved there, and the answer that
    said so was lost (this process stood still, say, or the connection went). Call with `live.lock` held.
    """
    before = live.document
    await pull.refresh(app, live)
    if live.document.tip_commit != before.tip_commit:
        live.leave_tip(before.tip_hash, before.tip_heads)
        live.written.clear()
        live.overlooked = live.refused = None
    live.authorship = await authors.since_tip(app, live.room, live.document)
    live.dirty_since = live.dirty_since or time.monotonic()
    ready(live)


def ready(live: Live) -> None:
    """What is not committed is known from the text; whoever keeps the page goes on."""
    live.authorship.advance(live.room.text, None)
    live.uncommitted = content_hash(live.room.text) != live.document.tip_hash
    live.changed.set()
