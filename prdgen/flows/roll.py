"""document past its limit → the next epoch: seeded from the committed text, while people type.

The retired document's last change names the one that follows (`successor`), so every client of
automerge-repo can go on there. What still arrives in the retired one is carried over (`late`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from anyio import to_thread

from prdgen import ids, logs
from prdgen.crdt.replica import Change, Replica
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import edit, merge_base, next_id, taken
from prdgen.flows.context import App
from prdgen.flows.errors import NotRolled
from prdgen.flows.live import Live, content_hash
from prdgen.merge import diff
from prdgen.store import changes, documents, texts
from prdgen.store.documents import Document
from prdgen.store.statements import Tx

ORIGIN = "successor"
"""Origin of what was typed between the commit and the end of the epoch."""


@dataclass(frozen=True, slots=True)
class Successor:
    """The document that is to follow: its row, its seed, and the text of the commit it is of."""

    row: Document
    seed: Replica
    committed: str
    on_file: str
    """The text last agreed on with the file; the seed's, unless it stands for another one."""


def due(app: App, live: Live, now: float) -> bool:
    """Whether the document has had enough changes: any, or fewer when nobody writes."""
    count, settings = live.room.last_seq, app.settings
    if live.paused or live.refused:
        return False
    quiet = now >= live.last_change + settings.quiet_seconds
    return count >= settings.epoch_changes or (quiet and count >= settings.epoch_idle_changes)


async def prepare(app: App, live: Live) -> Successor | None:
    """File and commit first, then the next document's seed. Call with `live.lock` held.

    None when the text is not on the branch (a refused commit, a page that was deleted): an epoch
    begins at a commit, so that a store rebuilt from Git begins it alike.
    """
    await edit.write_file(app, live)
    await edit.commit(app, live, None, None)
    row = live.document
    committed = await to_thread.run_sync(_committed, app, row)
    if committed is None or row.tip_commit is None or content_hash(committed) != row.tip_hash:
        return None
    on_file = await merge_base.agreed_text(app, live, row.file_heads, row.file_hash)
    seed = await to_thread.run_sync(Replica.seed, committed)
    async with app.store.transaction() as tx:
        n = await next_id.n(app, tx, row.branch, row.page_path, row.tip_commit)
    place = (row.branch, row.page_path, row.tip_commit, n)
    return Successor(
        Document(
            ids.document_id(app.repository_id, *place), *place, heads=seed.heads,
            file_heads=seed.heads, file_hash=row.file_hash,
            tip_heads=seed.heads, tip_hash=row.tip_hash, tip_commit=row.tip_commit,
        ),
        seed, committed, on_file,
    )  # fmt: skip


async def go(app: App, live: Live, to: Successor) -> Live:
    """End the epoch and begin the next one, as one transaction between two turns of the room.

    Call with `live.lock` held. Raises NotRolled, and changes nothing, when another process wrote
    meanwhile: its changes have to be here first.
    """
    began = time.perf_counter()
    seeded, rest = to.seed.save(), list[Change]()
    fences: list[int | None] = []

    def make(replica: Replica) -> Sequence[Change]:
        rest[:] = to.seed.edit(diff.splices(to.committed, replica.text()))
        return replica.write_successor(f"automerge:{ids.document_name(to.row.id)}")

    async def in_tx(tx: Tx, made: Sequence[Change]) -> None:
        last_seq = live.room.last_seq + len(made)
        if not await documents.retire(tx, live.id, to.row.id, last_seq, live.fence):
            raise NotRolled(page_path=live.page_path)
        if to.row.file_hash != to.row.tip_hash:
            await texts.keep(tx, to.on_file)
        await documents.create(tx, to.row, seeded)
        if rest:
            new = [changes.NewChange(c.hash, c.actor, None, ORIGIN, c.data) for c in rest]
            await changes.append(tx, to.row.id, new, to.seed.heads)
        await documents.hand_over_conflicts(tx, live.id, to.row.id)
        seconds = app.settings.lease_seconds
        fences[:] = [await documents.claim_lease(tx, to.row.id, app.process_id, seconds)]

    await live.room.edit(make, origin=ORIGIN, in_tx=in_tx)
    live.over = True
    logs.trace("roll.go", began, page=live.page_path, changes=live.room.last_seq)
    return await _begun(app, live, to.row, fences[0])


async def _begun(app: App, live: Live, row: Document, fence: int | None) -> Live:
    """The next document on this process: who wrote which line goes along."""
    assert app.rooms is not None
    room = await app.rooms.get(row.id)
    async with app.store.transaction() as tx:
        row = await documents.get(tx, row.id)
    begun = Live(row, room, row.fence if fence is None else fence, live.authorship)
    begun.recent = live.recent
    # The heads of the retired document are none of this one's: it begins at what they became.
    begun.old_tips = {old: (at, row.tip_heads) for old, (at, _) in live.old_tips.items()}
    taken.hand_over(live, begun)
    begun.dirty_since = begun.last_change = time.monotonic()
    begun.uncommitted = content_hash(room.text) != row.tip_hash
    begun.changed.set()
    return begun


def _committed(app: App, row: Document) -> str | None:
    data = app.repository.read(row.tip_commit, row.page_path) if row.tip_commit else None
    try:
        return None if data is None else text.decode(data).text
    except NotEditable:
        return None
