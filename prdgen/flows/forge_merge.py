"""draft → main by the forge: where its main may be changed by pull requests only, it merges."""

from __future__ import annotations

import logging

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import exchange, forge_state, forge_wanted, remote_wanted
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.errors import NotThereYet
from prdgen.forge.errors import ForgeAway, ForgeBusy, ForgeDenied
from prdgen.forge.values import Forge, How
from prdgen.review.state import Link, Review

log = logging.getLogger(__name__)


async def merged(app: App, draft: Draft, review: Review, how: How, message: str) -> str | None:
    """Have the forge merge a draft that has a pull request, when main is protected there; the commit
    that it made. None: it is for us to merge.

    Raises ForgeError, and NotThereYet when the remote has not got the draft's last commit.
    """
    link = review.link
    if link is None or not forge_wanted.is_on(app):
        return None
    async with forge_wanted.opened(app) as forge:
        if link.forge != forge.key or not await _is_protected(app, forge):
            return None
        await exchange.run(app)
        made = await _merge(forge, link, draft, how, message)
    try:
        await exchange.run(app)
    except PrdgenError as error:
        log.info("what the forge merged is fetched later: %s", error)
        await remote_wanted.now(app)
    return made


async def _is_protected(app: App, forge: Forge) -> bool:
    """As the forge says; when it does not answer, as it said last. Raises ForgeError."""
    try:
        return await forge.is_protected(app.main_branch)
    except (ForgeAway, ForgeBusy, ForgeDenied):
        if (await to_thread.run_sync(forge_state.load, app)).protected is not False:
            raise
        return False


async def _merge(forge: Forge, link: Link, draft: Draft, how: How, message: str) -> str:
    pull = await forge.pull(link.number)
    if pull.state == "open":
        if pull.tip != draft.tip:
            raise NotThereYet(draft=draft.title, where=link.address)
        title, _, rest = message.partition("\n")
        await forge.merge(pull, how, title, rest.strip())
        pull = await forge.pull(link.number)
    return pull.made or pull.tip
