"""something said in a review, a webhook, the clock → a job that exchanges with the forge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import remote_state
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.forge import address as forge_address
from prdgen.forge import opening
from prdgen.forge.address import Address
from prdgen.forge.errors import BadForge
from prdgen.forge.values import Forge
from prdgen.jobs.queue import HIGH

TASK: Final = "forge"
LOOK: Final = "forge_look"
"""The same job, asked for by a webhook: everything is looked at."""


def is_on(clone: Clone) -> bool:
    """Whether the settings ask for pull requests at a forge."""
    settings = clone.settings
    return settings.forge != "none" and bool(settings.forge or settings.forge_token)


def address(clone: Clone) -> Address | None:
    """Which project of which forge; None: reviews are not exchanged with one. Raises BadForge.

    Blocks for a moment, asks nobody.
    """
    if not is_on(clone):
        return None
    settings = clone.settings
    if not settings.remote:
        raise BadForge(why="there is no `remote` whose branches could be pull requests")
    try:
        remote = remote_state.reach(clone).address
    except PrdgenError as error:
        raise BadForge(why=error.message) from error
    found = forge_address.of(
        settings.forge.lower(), settings.forge_url, settings.forge_project, remote
    )
    if found is None:
        raise BadForge(why="`forge` does not say which kind it is, and the host does not tell")
    if not (settings.forge_token or settings.remote_token):
        raise BadForge(why="there is no `forge_token`")
    return found


@asynccontextmanager
async def opened(app: App) -> AsyncIterator[Forge]:
    """The forge of the settings, which are right. Raises BadForge."""
    found = await to_thread.run_sync(address, app)
    assert found is not None
    settings = app.settings
    token = settings.forge_token or settings.remote_token
    seconds = min(settings.remote_timeout_seconds, 60.0)
    async with opening.opened(found, token, seconds, app.forge_answers) as forge:
        yield forge


async def now(app: App, *, look: bool = False) -> None:
    """Have the job done now, when there is a forge; `look`: whatever the forge says has changed."""
    if is_on(app):
        name = LOOK if look else TASK
        await app.queue.defer(name, lock=TASK, queueing_lock=name, priority=HIGH)
