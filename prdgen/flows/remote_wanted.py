"""a commit, a webhook, the clock → a job that exchanges commits with the remote; one is enough."""

from __future__ import annotations

from typing import Final

from anyio import to_thread

from prdgen.flows import remote_state
from prdgen.flows.context import App
from prdgen.flows.remote_state import LONGEST_PAUSE, State
from prdgen.jobs.queue import HIGH
from prdgen.store.statements import Tx

TASK: Final = "exchange"
_BETWEEN: Final = 5.0
"""Seconds between two tries while each webhook says that there is news, and each try fails."""


def is_due(app: App, state: State) -> bool:
    """Whether the clock has a new job made. While the remote is away the job there is tries again
    by itself; if it was lost, a new one is made.
    """
    pause = max(app.settings.remote_seconds, 2 * LONGEST_PAUSE if state.failure else 0)
    return state.tried_seconds_ago >= pause


async def now(app: App, tx: Tx | None = None) -> None:
    """Have the job done now."""
    await app.queue.defer(TASK, lock=TASK, queueing_lock=TASK, tx=tx, priority=HIGH)


async def asked(app: App) -> None:
    """Somebody wants it done now, what the remote refused a moment ago, too, and however long it has failed."""
    await to_thread.run_sync(remote_state.ask, app)
    await app.queue.hurry(TASK)
    await now(app)


async def told(app: App) -> None:
    """The remote itself says that there is news: it is not waited for any longer, but for a few seconds
    after a try that failed. One that does not let us in is asked no sooner by that: it may shut us out for it.
    """
    state = await to_thread.run_sync(remote_state.load, app)
    if not state.denied:
        await app.queue.hurry(TASK, after=max(0.0, _BETWEEN - state.tried_seconds_ago))
    await now(app)


async def after_commit(app: App, tx: Tx) -> None:
    """A branch moved: the remote shall have it, unless it is away and being tried anyway."""
    if app.settings.remote and not remote_state.load(app).failure:
        await now(app, tx)
