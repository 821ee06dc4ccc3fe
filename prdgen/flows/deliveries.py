"""a commit's site was built → jobs that publish it and tell the CDN; one of each is enough."""

from __future__ import annotations

import logging
from typing import Final

from anyio import to_thread

from prdgen.flows import deliver, delivery_report, purge
from prdgen.flows.context import App
from prdgen.flows.deliver import Held
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
TASK: Final = "deliver"
PURGE: Final = "purge"
_LOCK: Final = "deliver"


async def after_build(app: App, tx: Tx | None = None) -> None:
    """The site is another one than before: have it published, when the settings say so."""
    if app.settings.publish_to and app.settings.publish_commits:
        await app.queue.defer(TASK, lock=_LOCK, queueing_lock=TASK, tx=tx)


async def publish(app: App) -> None:
    """What the job does. Raises as `deliver.run` does, after noting it."""
    if not app.settings.publish_to:
        return
    with delivery_report.noting(app):
        done = await to_thread.run_sync(deliver.run, app)
    if purge.is_on(app.settings):  # Also of what somebody went back from, in a terminal.
        await app.queue.defer(PURGE, lock=_LOCK, queueing_lock=PURGE)
    if isinstance(done, Held):
        log.info("%s is not published: somebody went back from it", done.commit[:8])
        return
    where = (await to_thread.run_sync(deliver.target, app.settings)).where
    await to_thread.run_sync(delivery_report.published, app, where, done.build, done.commit)


async def tell(app: App) -> None:
    """What the job does that tells the CDN. Raises as `purge.run` does, after noting it."""
    if app.settings.publish_to:
        with delivery_report.noting_cdn(app):
            await purge.run(app.settings, deliver.target(app.settings))
