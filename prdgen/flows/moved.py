"""an editor's page and document → where that page lies now: it may have been renamed meanwhile."""

from __future__ import annotations

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchPage
from prdgen.store import documents


async def where(app: App, branch: str, page_path: str, document: str | None) -> str:
    """The path of the page an editor has open, which knows it as `page_path`.

    Another one only when `document` (a name with or without `automerge:`) or what follows it is
    live elsewhere on this branch and no page is left at `page_path`. Raises Invalid for what is
    no document's name, NoSuchBranch and BadPagePath.
    """
    if not document:
        return page_path
    try:
        document_id = ids.parse_document_name(document.removeprefix("automerge:"))
    except ids.BadDocumentId as error:
        raise Invalid(what="document", where=page_path, got=document[:80],
                      expected="a document's id") from error  # fmt: skip
    async with app.store.transaction() as tx:
        known = await documents.find(tx, document_id)
        newest = await documents.newest(tx, document_id) if known else None
    if newest is None or newest.status != "live" or newest.branch != branch:
        return page_path
    if newest.page_path == page_path:
        return page_path
    try:
        await open_flow.document(app, branch, page_path)
    except NoSuchPage:
        return newest.page_path
    return page_path
