"""a branch that moved → the open pages that its new commits leave alone, in one go.

Each version that somebody saves moves the tip of every open page of the branch. Looked at one by one
they would keep the server busy for longer than the version did.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from itertools import groupby

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import glance
from prdgen.flows.context import App
from prdgen.flows.live import Live
from prdgen.git import log as git_log
from prdgen.store import documents


async def run(app: App, lives: Sequence[Live]) -> list[Live]:
    """Bring these pages to the tips of their branches, as far as the commits in between do not touch
    them, and see that their files are as agreed; those that are to be looked at closely. Who is busy
    with a page does that for it.
    """
    done: set[Live] = set()
    async with AsyncExitStack() as locks:
        held: list[Live] = []
        for live in lives:  # always in one order
            if not live.lock.locked():
                await locks.enter_async_context(live.lock)
                if live.kept and live.gone is None and live.document.tip_commit:
                    held.append(live)
        for (branch, old), group in groupby(sorted(held, key=_place), key=_place):
            await _move(app, branch, old, {live.page_path: live for live in group})
        for live, seen in await to_thread.run_sync(_seen, app, held):
            glance.met(live, seen)
            done.add(live)
    return [live for live in lives if live not in done]


def _place(live: Live) -> tuple[str, str]:
    return live.branch, live.document.tip_commit or ""


async def _move(app: App, branch: str, old: str, lives: dict[str, Live]) -> None:
    new, untouched = await to_thread.run_sync(_untouched, app, branch, old, lives.keys())
    if new is None or not untouched:
        return
    held = {live.id: live for path, live in lives.items() if path in untouched}
    async with app.store.statement() as tx:
        fences = {id_: live.fence for id_, live in held.items()}
        moved = await documents.move_tips(tx, fences, old, new)
    for row in moved:
        held[row.id].document = row


def _untouched(
    app: App, branch: str, old: str, paths: Collection[str]
) -> tuple[str | None, set[str]]:
    """In a thread: the branch's tip, and those of the paths that no commit since `old` touches; none of
    them when the branch has not moved, or not on from there.
    """
    new = app.repository.tip(branch)
    if new is None or new == old or not git_log.has_commit(app.repository, old):
        return new, set()
    touched = git_log.touched(app.repository, old, new)
    return new, set() if touched is None else {*paths} - touched.keys()


def _seen(app: App, lives: Sequence[Live]) -> list[tuple[Live, glance.Seen]]:
    """In a thread: those whose branch and file are as agreed."""
    found = []
    for live in lives:
        try:
            seen = glance.seen(app, live)
        except (PrdgenError, OSError):
            continue  # whoever looks closely says why
        if seen is not None:
            found.append((live, seen))
    return found
