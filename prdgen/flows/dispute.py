"""places of a merge where both versions stand → marks in the editor, and news; owed even after a kill.

What a merge leaves to people is noted on disk before its branch moves, and the note goes when everybody
can see it.
"""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.events import Event
from prdgen.files import text
from prdgen.flows import clash, news
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, NoSuchPage
from prdgen.git import locks
from prdgen.merge.pieces import Conflict
from prdgen.store import conflicts, event_log
from prdgen.store.documents import Document

log = logging.getLogger(__name__)
_FOLDER: Final = "disputes"
Disputes = tuple[tuple[str, Conflict], ...]
"""(page_path, place): both versions stand there, ours first."""
Aside = tuple[tuple[str, str], ...]
"""(path, other): a file that is no page, of which the version that did not stay is the other."""


def note(app: App, branch: str, commit: str, disputes: Disputes, aside: Aside) -> Path | None:
    """In a thread, before the branch moves: what the merge `commit` will leave to people; None: nothing."""
    if not disputes and not aside:
        return None
    folder = app.state_dir / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    noted = folder / f"{uuid4().hex}.json"
    places = [[page_path, asdict(place)] for page_path, place in disputes]
    facts = {"branch": branch, "commit": commit, "disputes": places, "aside": aside}
    fresh = noted.with_suffix(".new")
    fresh.write_text(json.dumps(facts))
    fresh.replace(noted)
    return noted


async def settle(app: App, noted: Path | None) -> None:
    """Have the noted places marked in the editor of whoever opens the pages, and all of it told; also
    when the branch has moved on since, and with a page that is gone by now. Once, however often it is
    done. None: there is nothing.
    """
    if noted is None:
        return
    facts = json.loads(await to_thread.run_sync(noted.read_text))
    branch, commit = facts["branch"], facts["commit"]
    for page_path, place in facts["disputes"]:
        await _mark(app, branch, commit, page_path, Conflict(**place))
    for path, other in facts["aside"]:
        event = Event("git.conflict.detected", branch, path, data={"kept_as": other},
                      id=news.event_id("aside", branch, commit, path))  # fmt: skip
        async with app.store.transaction() as tx:
            await event_log.record(tx, [event])
    # The last step: until then all of it is done again after a kill.
    await to_thread.run_sync(_forget, noted)


def _forget(noted: Path) -> None:
    noted.unlink(missing_ok=True)


async def _mark(app: App, branch: str, commit: str, page_path: str, place: Conflict) -> None:
    merged = await to_thread.run_sync(app.repository.read, commit, page_path)
    once = news.event_id("dispute", branch, commit, page_path, str(place.start))
    event = clash.event(branch, page_path, text.readable(merged or b""), place, once)
    row = await _open(app, branch, page_path)
    async with app.store.transaction() as tx:
        if row is not None:
            await conflicts.record(
                tx, conflicts.Conflict(row.id, place.ours, place.theirs, row.heads, "merge", once)
            )
        await event_log.record(tx, [event])


async def _open(app: App, branch: str, page_path: str) -> Document | None:
    try:
        return (await open_flow.document(app, branch, page_path)).document
    except (NoSuchBranch, NoSuchPage):
        return None  # Whoever deleted it saw both versions, or has them in Git.


async def recover(app: App) -> None:
    """Settle what a server owed when it was killed; a merge that did not come about leaves nothing."""
    for noted in sorted((app.state_dir / _FOLDER).glob("*.json")):
        with ExitStack() as held:
            try:
                facts: dict[str, Any] = json.loads(noted.read_text())
                branch, commit = facts["branch"], facts["commit"]
                await to_thread.run_sync(
                    held.enter_context, locks.without_writers(app.repository, branch)
                )
                tip = await to_thread.run_sync(app.repository.tip, branch)
                held.close()
                came = tip is not None and await to_thread.run_sync(
                    app.repository.is_ancestor, commit, tip
                )
                await (settle(app, noted) if came else to_thread.run_sync(_forget, noted))
            except (PrdgenError, FileNotFoundError) as error:
                log.info("%s waits: %s", noted, error)
