"""reviews here and at the remote → both have both: logs merge by union, so nothing has to be decided."""

from __future__ import annotations

import logging

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import signatures
from prdgen.flows.context import App
from prdgen.git import review_logs
from prdgen.git.errors import TipMoved
from prdgen.git.remote import Remote
from prdgen.review import log as review_log

log = logging.getLogger(__name__)
_TRIES = 3


async def run(app: App, remote: Remote) -> None:
    """Fetch the logs of all reviews, join them with ours, and push what the remote has not.

    A remote that takes no such refs is left in peace: branches are exchanged without them.
    """
    ahead: list[str] = []
    for _ in range(_TRIES):
        try:
            await to_thread.run_sync(remote.fetch_reviews, abandon_on_cancel=True)
            _, ahead = await to_thread.run_sync(
                review_logs.join, app.repository, review_log.merged, signatures.SERVER
            )
            if not ahead or await to_thread.run_sync(remote.push_reviews, ahead):
                return
        except TipMoved:
            continue
        except PrdgenError as error:
            log.info("reviews are exchanged later: %s", error)
            return
    log.info("the remote did not take %d reviews; they are offered again", len(ahead))
