"""a save that lacks typed words → they are committed first, so that they stand in a version.

Who has had a page open in an editor for a while saves the text as it was then, and may be right in
taking out what came since. Nobody can tell. So it is done, and nothing is lost by it.
"""

from __future__ import annotations

from anyio import to_thread

from prdgen.flows import merge_base
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import locks
from prdgen.merge import nearness, three_way


async def keep(app: App, live: Live, base: str, theirs: str) -> bool:
    """Commit the page's text when merging `theirs`, made from `base`, would take out of it what was typed
    and is in no commit; whether the branch has moved by that. Call with `live.lock` held.
    """
    row = live.document
    if app.keeper is None or not live.uncommitted or live.gone is not None:
        return False
    tip = await merge_base.agreed_text(app, live, row.tip_heads, row.tip_hash)
    if await to_thread.run_sync(_stays, tip, base, theirs, live.room.text):
        return False
    if not locks.may_write(app.repository, live.branch):
        return False  # a push, which waits for no page
    await app.keeper.commit(live)
    return live.document.tip_commit != row.tip_commit


def _stays(tip: str, base: str, theirs: str, ours: str) -> bool:
    """Whether all that was typed since the tip is there after the merge. Blocks."""
    return nearness.stands(tip, ours, three_way.merge(base, theirs, ours).text)
