"""a branch that moved → the agreed tips of the open pages that its new commits leave alone, in one go.

Each version that somebody saves moves the tip of every open page of the branch. Looked at one by one
they would keep the server busy for longer than the version did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from itertools import groupby

from anyio import to_thread

from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import log as git_log
from prdgen.store import documents

_COMMITS_AT_ONCE = 200


async def run(app: App, lives: Iterable[Live]) -> None:
    """Bring these pages to the tips of their branches, as far as the commits in between do not touch
    them. Who is busy with a page does that for it; what is touched is looked at closely by others.
    """

    def place(live: Live) -> tuple[str, str]:
        return live.branch, live.document.tip_commit or ""

    free = [live for live in lives if _is_free(live) and live.document.tip_commit]
    for (branch, old), group in groupby(sorted(free, key=place), key=place):
        some = list(group)
        paths = {live.page_path for live in some}
        new, alone = await to_thread.run_sync(_untouched, app, branch, old, paths)
        if new is not None and new != old and alone:
            there = [
                live for live in some if live.page_path in alone and place(live) == (branch, old)
            ]
            await _move(app, [live for live in there if _is_free(live)], old, new)


def _is_free(live: Live) -> bool:
    return live.kept and live.gone is None and not live.lock.locked()


def _untouched(
    app: App, branch: str, old: str, paths: Collection[str]
) -> tuple[str | None, set[str]]:
    """In a thread: the branch's tip, and those of the paths that no commit since `old` touches."""
    new = app.repository.tip(branch)
    if new is None or new == old or not git_log.has_commit(app.repository, old):
        return new, set()
    touched = git_log.touched(app.repository, old, new, limit=_COMMITS_AT_ONCE)
    return new, set() if touched is None else {*paths} - touched.keys()


async def _move(app: App, lives: list[Live], old: str, new: str) -> None:
    held = {live.id: live for live in lives}
    async with AsyncExitStack() as locks:
        for live in lives:
            await locks.enter_async_context(live.lock)
        fences = {id_: live.fence for id_, live in held.items()}
        async with app.store.statement() as tx:
            moved = await documents.move_tips(tx, fences, old, new)
        for row in moved:
            held[row.id].document = row
