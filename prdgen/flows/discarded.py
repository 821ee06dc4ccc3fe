"""a recovered draft that somebody discards → its words leave the document of their page, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from anyio import to_thread

from prdgen.crdt.replica import Change, Replica
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import merge_base
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.live import Live, content_hash
from prdgen.merge import diff
from prdgen.store import documents
from prdgen.store.documents import Document
from prdgen.store.statements import Tx

ORIGIN = "discarded"


async def forget(app: App, draft: Draft) -> None:
    """The words that a draft `recovered/…` kept leave the document they come from, where nobody is in it: a page
    that is made at its place later has none of them.
    """
    assert app.keeper is not None
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, app.main_branch)
    for row, words in await to_thread.run_sync(_kept, app, draft, rows):
        held = await app.keeper.hold(row)
        if held is None:
            continue
        async with app.keeper.locked(held) as live:
            if live.gone is not None and not live.room.peers and live.room.text == words:
                await _take_out(app, live)


def _kept(app: App, draft: Draft, rows: Iterable[Document]) -> list[tuple[Document, str]]:
    """In a thread: the documents of pages that main has not and the draft has, with what it has."""
    repository, tip = app.repository, app.repository.tip(app.main_branch)
    found = []
    for row in rows:
        if tip is None or repository.mode(tip, row.page_path) is not None:
            continue
        data = repository.read(draft.tip, row.page_path)
        with suppress(NotEditable):  # then it is not what the document has
            if data is not None:
                found.append((row, text.decode(data).text))
    return found


async def _take_out(app: App, live: Live) -> None:
    row = live.document
    agreed = await merge_base.agreed_text(app, live, row.tip_heads, row.tip_hash)

    def make(replica: Replica) -> Sequence[Change]:
        return replica.edit(diff.splices(replica.text(), agreed))

    async def in_tx(tx: Tx, _made: Sequence[Change]) -> None:
        await documents.move_tip_point(
            tx, live.id, row.tip_commit, live.room.replica.heads, content_hash(agreed),
            row.tip_commit or "", live.fence, committed=True,
        )  # fmt: skip

    await live.room.edit(make, origin=ORIGIN, in_tx=in_tx)
    async with app.store.statement() as tx:
        live.document = await documents.get(tx, live.id)
    live.authorship.rebase(agreed)
    live.uncommitted = False
