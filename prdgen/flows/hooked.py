"""what a commit hook changed beside the page → the files of the branch's folder."""

from __future__ import annotations

import logging
from functools import partial

from anyio import to_thread

from prdgen.flows import checked_out
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import checkout, hooks
from prdgen.store import documents

log = logging.getLogger(__name__)


def others(app: App, live: Live, old: str | None, new: str) -> bool:
    """In a thread: whether the commits from `old` to `new` have more than the page, by a hook."""
    if not hooks.are_needed(app.repository):
        return False
    return any(each.path != live.page_path for each in checkout.moved(app.repository, old, new))


async def follow(app: App, live: Live, old: str | None, new: str) -> None:
    """Bring those files to the new commit, but what documents write. Call as one of the branch's writers."""
    async with app.store.transaction() as tx:
        ours = await documents.leased(tx, live.branch)
    left = await to_thread.run_sync(
        partial(checked_out.follow, app, live.branch, old, new, ours | {live.page_path})
    )
    for path, why in left.items():
        log.warning("%s, which a commit hook changed, is left in the folder: %s", path, why)
