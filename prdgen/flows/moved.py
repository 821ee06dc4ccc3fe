"""an editor's page and document → where that page lies now: it may have been renamed meanwhile."""

from __future__ import annotations

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
    branch may have been deleted. Raises as `where` does.
    """
    try:
        branch, page_path = await read.locate(app, address)
    except NoSuchBranch:
        newest = await _newest(app, address, document)
        if newest is None or address != f"{newest.branch}/{newest.page_path}":
            raise
        return newest.branch, newest.page_path
    return branch, await where(app, branch, page_path, document)


async def where(app: App, branch: str, page_path: str, document: str | None) -> str:
    """The path of the page an editor has open, which knows it as `page_path`.

    Another one only when `document` (a name with or without `automerge:`) or what follows it is
    live elsewhere on this branch and no page is left at `page_path`. Raises Invalid for what is
    no document's name, NoSuchBranch and BadPagePath.
    """
    newest = await _newest(app, page_path, document)
    if newest is None or newest.branch != branch:
        return page_path
    if newest.page_path == page_path:
        return page_path
    try:
        await open_flow.document(app, branch, page_path)
    except NoSuchPage:
        return newest.page_path
    return page_path


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
