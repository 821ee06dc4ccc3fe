"""a save that lacks typed words → they are committed first, so that they stand in a version.

Who has had a page open in an editor for a while saves the text as it was then, and may be right in
taking out what came since. Nobody can tell. So it is done, and nothing is lost by it.
"""

from __future__ import annotations

from anyio import to_thread

from prdgen.flows import aside, merge_base
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import locks
from prdgen.merge import diff, nearness, three_way
from prdgen.merge.alignment import Effort


async def keep(app: App, live: Live, base: str, theirs: str) -> bool:
    """Commit the page's text when merging `theirs`, made from `base`, would take out of it what was typed
    and is in no commit; whether the branch has moved by that. What no commit takes (a hook refuses, say) is kept
    aside. Call with `live.lock` held.
    """
    row = live.document
    if app.keeper is None or not live.uncommitted or live.gone is not None:
        return False
    tip = await merge_base.agreed_text(app, live, row.tip_heads, row.tip_hash)
    ours = live.room.text
    # What an editor of their own saved a moment ago is theirs to take back.
    typed = live.authorship.typed() if live.authorship.text == ours else None
    if await to_thread.run_sync(_stays, tip, base, theirs, ours, typed):
        return False
    if locks.may_write(app.repository, live.branch):  # a push waits for no page
        await app.keeper.commit(live)
    if live.document.tip_commit == row.tip_commit:
        why = "a save took out what was typed, which could not be committed before"
        await to_thread.run_sync(aside.put, app, live.page_path, ours.encode(), why)
        return False
    return True


def _stays(tip: str, base: str, theirs: str, ours: str, typed: list[bool] | None) -> bool:
    """Whether all that was typed since the tip, by lines of `ours`, is there after the merge. Blocks."""
    merged = three_way.merge(base, theirs, ours).text
    if nearness.stands(tip, ours, merged):
        return True
    if typed is None:
        return False
    for span in diff.line_spans(ours, merged, Effort.lasting(diff.LIMIT_MS)):
        first = ours.count("\n", 0, span.start)
        if any(typed[first : first + ours.count("\n", span.start, span.end) + 1]):
            return False
    return True
