"""a draft → its pages in which two versions of a place stand: whoever merges it chooses first."""

from __future__ import annotations

from anyio import to_thread

from prdgen.flows import reviews
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NotSettled
from prdgen.store import conflicts, documents
from prdgen.store.conflicts import Conflict


async def pages(app: App, draft: Draft) -> list[str]:
    """Pages with an open conflict of which both versions are in the draft's last commit: one that
    was settled by typing is none.
    """
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, draft.branch)
        found = {row.page_path: await conflicts.list_open(tx, row.id) for row in rows}

    def stands(page_path: str, disputed: list[Conflict]) -> bool:
        text = reviews.page_text(app, draft.tip, page_path) or ""
        return any(
            version[0] and version[1] and version[0] in text and version[1] in text
            for version in ((each.ours.strip(), each.theirs.strip()) for each in disputed)
        )

    def work() -> list[str]:
        return sorted(path for path, disputed in found.items() if stands(path, disputed))

    return await to_thread.run_sync(work)


async def check(app: App, draft: Draft) -> None:
    """Raises NotSettled when there is such a page."""
    if found := await pages(app, draft):
        raise NotSettled(draft=draft.title, pages=", ".join(found))
