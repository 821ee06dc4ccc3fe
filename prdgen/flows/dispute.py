"""places of a merge where both versions stand → marks in the editor, and news; owed even after a kill.

What a merge leaves to people is noted on disk before its branch moves, and the note goes when everybody
can see it.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final
from uuid import uuid4

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.events import Event
from prdgen.files import text
from prdgen.flows import clash, kept_facts, news
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
    name = f"{_FOLDER}/{uuid4().hex}.json"
    places = [[page_path, asdict(place)] for page_path, place in disputes]
    facts = {"branch": branch, "commit": commit, "disputes": places, "aside": aside}
    kept_facts.save(app, name, facts)
    return app.state_dir / name


async def settle(app: App, noted: Path | None) -> None:
    """Have the noted places marked in the editor of whoever opens the pages, and all of it told; also
    when the branch has moved on since, and with a page that is gone by now. Once, however often it is
    done. None: there is nothing.
    """
    facts = await to_thread.run_sync(kept_facts.load_note, noted) if noted else {}
    if noted is None or not facts:
        return  # nothing, or another process was there first
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


async def catch_up(app: App) -> None:
    """Settle what is owed by a server that was killed, or that had no store just then; a merge that did not
    come about leaves nothing.
    """
    for noted in sorted((app.state_dir / _FOLDER).glob("*.json")):
        try:
            came = await to_thread.run_sync(_came, app, noted)
            if came is not None:
                await (settle(app, noted) if came else to_thread.run_sync(_forget, noted))
        except PrdgenError as error:
            log.info("%s waits: %s", noted, error)


def _came(app: App, noted: Path) -> bool | None:
    """In a thread: whether the branch has the merge; None: it may still come, or there is no note any more."""
    facts = kept_facts.load_note(noted)
    if not facts or not locks.may_write(app.repository, facts["branch"]):
        return None
    tip = app.repository.tip(facts["branch"])
    return tip is not None and app.repository.is_ancestor(facts["commit"], tip)
