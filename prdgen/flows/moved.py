"""an editor's page and document → where that page lies now: it, or its branch, may have been renamed meanwhile."""

from __future__ import annotations

from anyio import to_thread

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.flows import open as open_flow
from prdgen.flows import read
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, NoSuchPage
from prdgen.store import documents
from prdgen.store.documents import Document


async def place(app: App, address: str, document: str | None) -> tuple[str, str]:
    """Branch and path of the page an editor has open, which knows it as `<branch>/<page_path>`; the
    branch may have been renamed or deleted. Raises as `where` does.
    """
    try:
        branch, page_path = await read.locate(app, address)
    except NoSuchBranch:
        newest = await _newest(app, address, document)
        if newest is None:
            raise
        return newest.branch, newest.page_path
    return await where(app, branch, page_path, document)


async def where(app: App, branch: str, page_path: str, document: str | None) -> tuple[str, str]:
    """Branch and path of the page an editor has open, which knows it as `page_path` of `branch`.

    Others only when `document` (a name with or without `automerge:`) or what follows it is live
    elsewhere, and no page is left at `page_path`, or no branch of that name. Raises Invalid for what
    is no document's name, NoSuchBranch and BadPagePath.
    """
    newest = await _newest(app, page_path, document)
    if newest is None or (newest.branch, newest.page_path) == (branch, page_path):
        return branch, page_path
    if newest.branch != branch:
        known = await to_thread.run_sync(app.repository.tip, branch)
        return (branch, page_path) if known else (newest.branch, newest.page_path)
    try:
        await open_flow.document(app, branch, page_path)
    except NoSuchPage:
        return branch, newest.page_path
    return branch, page_path


async def _newest(app: App, address: str, document: str | None) -> Document | None:
    """The live document that `document` is, or that follows it."""
    if not document:
        return None
    try:
        document_id = ids.parse_document_name(document.removeprefix("automerge:"))
    except ids.BadDocumentId as error:
        raise Invalid(what="document", where=address, got=document[:80],
                      expected="a document's id") from error  # fmt: skip
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
        newest = await documents.newest(tx, document_id) if known else None
    return newest if newest is not None and newest.status == "live" else None
