"""place of a page → the number of its next document, whose id none has that moved elsewhere from there."""

from __future__ import annotations

from prdgen import ids
from prdgen.flows.context import App
from prdgen.store import documents
from prdgen.store.statements import Tx


async def n(app: App, tx: Tx, branch: str, page_path: str, base_commit: str) -> int:
    """A document keeps its id when its page or its branch is renamed; whoever makes a page where it was,
    of the same commit, has another document.
    """
    found = await documents.next_n(tx, branch, page_path, base_commit)
    while await documents.find(
        tx, ids.document_id(app.repository_id, branch, page_path, base_commit, found)
    ):
        found += 1
    return found
