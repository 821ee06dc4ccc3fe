"""reviews here and at the remote → both have both: logs merge by union, so nothing has to be decided,
and the last commits of drafts that are over stand beside each other.
"""

from __future__ import annotations

import logging
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import drafts, review_news, signatures
from prdgen.flows.context import App
from prdgen.git import refs, review_logs
from prdgen.git.errors import TipMoved
from prdgen.git.remote import Remote
from prdgen.review import log as review_log

log = logging.getLogger(__name__)
_TRIES = 3
_THEIR_DRAFTS: Final = f"theirs/{drafts.KEPT}"
_BELOW: Final = {review_logs.BELOW: review_logs.THEIRS, drafts.KEPT: _THEIR_DRAFTS}
"""What is fetched from where, and to where, below `refs/prdgen/`."""


async def run(app: App, remote: Remote) -> None:
    """Fetch the logs of all reviews and the commits they speak of, join them with ours, and push what
    the remote has not.

    A remote that takes no such refs is left in peace: branches are exchanged without them.
    """
    ahead: list[str] = []
    for _ in range(_TRIES):
        try:
            await to_thread.run_sync(remote.fetch_hidden, _BELOW, abandon_on_cancel=True)
            moved, ahead = await to_thread.run_sync(_join, app)
            await review_news.tell(app, *moved)
            if not ahead or await to_thread.run_sync(remote.push_hidden, ahead):
                return
        except TipMoved:
            continue
        except PrdgenError as error:
            log.info("reviews are exchanged later: %s", error)
            return
    log.info("the remote did not take %d reviews; they are offered again", len(ahead))


def _join(app: App) -> tuple[list[str], list[str]]:
    """In a thread: take in what was fetched; the reviews that moved here, and the refs that the remote lacks."""
    moved, logs = review_logs.join(app.repository, review_log.merged, signatures.SERVER)
    ended = refs.join(app.repository, drafts.KEPT, _THEIR_DRAFTS)
    return moved, [*(review_logs.BELOW + id_ for id_ in logs), *ended]
