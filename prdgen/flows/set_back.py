"""a branch that Git's reset set back by accident → with the commits that came meanwhile, again.

`git reset` without a commit, and `git stash`, which calls it, remember where the branch is when they begin
and set it there at their end, without looking whether it moved. The reflog then has a move by a reset *to
HEAD*, which otherwise moves nothing.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from anyio import to_thread

from prdgen.flows import join
from prdgen.flows.context import App
from prdgen.flows.signatures import SERVER
from prdgen.git import reflog
from prdgen.git.reflog import Step

log = logging.getLogger(__name__)
_BY_RESET: Final = "reset: moving to "
_MOST_AGO: Final = timedelta(minutes=1)
"""Older ones were seen by people: what they did since counts."""


async def tend(app: App) -> None:
    """Bring such commits of the branches that are checked out back: the branch moves, or they are merged
    with what came since. Raises what `join.into` raises.
    """
    for branch, lost in await to_thread.run_sync(_every, app):
        log.warning("a reset took %s out of %s as it came; it is brought back", lost[:10], branch)
        message = f"Bring back what a reset took out of {branch} as it came"
        await join.into(app, branch, lost, message=message, author=SERVER)


def _every(app: App) -> list[tuple[str, str]]:
    repository, found = app.repository, []
    for tree in repository.work_trees():
        if tree.branch is None or (tip := repository.tip(tree.branch)) is None:
            continue
        steps = reflog.last_steps(repository, tree.branch, since=datetime.now(UTC) - _MOST_AGO)
        for number, step in enumerate(steps):
            later = [tip, *(each.new for each in steps[number + 1 :])]
            if _is_accident(app, tree.branch, step) and not any(
                repository.is_ancestor(step.old, each) for each in later
            ):
                found.append((tree.branch, step.old))
    return found


def _is_accident(app: App, branch: str, step: Step) -> bool:
    to_itself = step.message in {_BY_RESET + name for name in ("HEAD", "@", branch)}
    return to_itself and step.old != step.new and app.repository.is_ancestor(step.new, step.old)
