"""store and Git → who wrote which line since the tip, when a document begins to be kept."""

from __future__ import annotations

from anyio import to_thread

from prdgen.crdt.replica import Replica
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows.context import App
from prdgen.flows.live import Writers, follow_authors
from prdgen.git.errors import CommitNotFound
from prdgen.merge.authorship import Authorship
from prdgen.store import changes
from prdgen.store.documents import Document
from prdgen.sync.room import Room

_LOOKS = 3


async def since_tip(app: App, room: Room, row: Document) -> Authorship:
    """Who wrote what since the tip; read once more when somebody types meanwhile."""
    base = await _tip_text(app, room, row)
    for _ in range(_LOOKS):
        heads = room.heads
        async with app.store.transaction() as tx:
            writers = {c.hash: (c.person_id, c.origin) for c in await changes.since(tx, row.id, 0)}
        authorship = await to_thread.run_sync(_followed, room.replica, row, base, writers)
        if room.heads == heads:
            break
    return authorship


def _followed(replica: Replica, row: Document, tip_text: str, writers: Writers) -> Authorship:
    """In a thread: from where the text was the tip's, word for word, through what the tip got since."""
    since = row.committed_heads
    base = tip_text if since == row.tip_heads else replica.text(since)
    authorship = follow_authors(replica, since, base, writers)
    if base != tip_text:
        authorship.rebase(tip_text)
    return authorship


async def _tip_text(app: App, room: Room, row: Document) -> str:
    """The text at the agreed tip: from Git, or as the document had it when Git lost it."""
    try:
        data = await to_thread.run_sync(_at_tip, app, row)
    except (CommitNotFound, NotEditable):
        return room.replica.text(row.tip_heads)
    return text.decode(data or b"").text


def _at_tip(app: App, row: Document) -> bytes | None:
    tip = row.tip_commit
    return app.repository.read(tip, row.page_path) if tip else None
