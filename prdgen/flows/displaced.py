"""displaced file → document: what an editor wrote into the file that our swap took out.

An editor that opened the page before the swap writes into the old file, which has no name any
more. So it is looked at again, until nobody writes into it. What it was saved as is noted beside
the clone until it is in the store, so that no kill and no lost database loses it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import text
from prdgen.files.disk import Swapped
from prdgen.flows import aside, made_from, pull, taken, taken_out
from prdgen.flows.context import App
from prdgen.flows.live import Heads, Live, content_hash
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
_LAST_LOOK_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_FOLDER = "displaced"


@dataclass(slots=True)
class Save:
    """A save that our swap took out of the page's file, noted until it is in the document."""

    note: Path
    branch: str
    page_path: str
    base: bytes
    """What the file held when we looked: the save was made from it."""

    def keep(self, data: bytes) -> None:
        """In a thread: note it. A full disk is no reason not to take it in."""
        if data == self.base or looks_half(data, self.base):
            return
        facts = {
            "branch": self.branch, "page_path": self.page_path,
            "base": base64.b64encode(self.base).decode(), "data": base64.b64encode(data).decode(),
        }  # fmt: skip
        fresh = self.note.with_suffix(".new")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(facts), "utf-8")
            fresh.replace(self.note)
        except OSError as error:
            log.warning("a save of %s is noted nowhere until it is taken in: %s",
                        self.page_path, error)  # fmt: skip

    def forget(self) -> None:
        """It is in the store."""
        self.note.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Noted:
    """A noted save of a process that ended before it was in the store."""

    save: Save
    data: bytes


def watch(app: App, live: Live, known: bytes) -> Save:
    """For a write that is about to displace the page's file, which holds `known`."""
    note = app.state_dir / _FOLDER / f"{uuid4().hex}.json"
    return Save(note, live.branch, live.page_path, known)


def noted(app: App) -> list[Noted]:
    """In a thread: every noted save of this clone, oldest first."""
    found = []
    for note in (app.state_dir / _FOLDER).glob("*.json"):
        with contextlib.suppress(FileNotFoundError):  # taken in just now
            facts = json.loads(note.read_text("utf-8"))
            base, data = (base64.b64decode(facts[name]) for name in ("base", "data"))
            save = Save(note, facts["branch"], facts["page_path"], base)
            found.append((note.stat().st_mtime_ns, Noted(save, data)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def follow(app: App, live: Live, swapped: Swapped, save: Save) -> None:
    """Look at what a write displaced, now and 2 s later, beside everything else: what differs from
    what the file held before is taken in.
    """
    task = asyncio.create_task(_follow(app, live, swapped, save), name=f"displaced {save.note}")
    live.trailing.add(task)
    task.add_done_callback(live.trailing.discard)


async def finish(live: Live) -> None:
    """Do all looks now. Call without `live.lock`."""
    live.hurry.set()
    await asyncio.gather(*live.trailing)


async def _follow(app: App, live: Live, swapped: Swapped, save: Save) -> None:
    with swapped:
        for seconds in (app.settings.settle_seconds, _LAST_LOOK_SECONDS):
            if swapped.displaced is None:
                return
            await _until_still(live, swapped, seconds)
            data = swapped.displaced
            if data == save.base or (seconds < _LAST_LOOK_SECONDS and looks_half(data, save.base)):
                continue
            await to_thread.run_sync(save.keep, data)
            await _settle(app, live, save, data)
            save.base = data


async def _until_still(live: Live, swapped: Swapped, seconds: float) -> None:
    while True:
        await _pause(live, seconds)
        changed = await to_thread.run_sync(swapped.late) is not None
        if live.hurry.is_set() or not changed:
            return


async def _pause(live: Live, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(live.hurry.wait(), seconds)


def looks_half(data: bytes, known: bytes) -> bool:
    """Whether somebody seems to be in the middle of writing `known` anew."""
    return len(data) < len(known) and known.startswith(data)


async def _settle(app: App, live: Live, save: Save, data: bytes) -> None:
    """Take it in, as soon as the store and whoever keeps the page let us."""
    while True:
        try:
            await _take_in(app, live, save.base, data)
        except (PrdgenError, OSError) as error:
            retryable = not isinstance(error, PrdgenError) or error.retryable
            if retryable and not live.hurry.is_set():
                await _pause(live, _RETRY_SECONDS)
                continue
            if retryable and save.note.exists():
                log.info("a save of %s is taken in at the next start: %s", live.page_path, error)
                return
            await to_thread.run_sync(aside.put_save, app, live.page_path, data, error)
        save.forget()
        return


async def _take_in(app: App, live: Live, known: bytes, data: bytes) -> None:
    assert app.keeper is not None
    async with app.keeper.locked(live) as current:
        await merge(app, current, known, data)
    current.changed.set()


async def merge(app: App, live: Live, base: bytes, data: bytes, *, kept: bool = False) -> None:
    """Merge a displaced save into the document; twice is once. Call with `live.lock` held. `kept`: what
    it takes out is committed already.

    Raises NotEditable, and what storing raises.
    """

    async def nothing_moves(_tx: Tx, _heads: Heads) -> None:
        """The file holds our text; its agreed point is right already."""

    base_text, theirs = text.decode(base).text, text.decode(data).text
    await pull.tip(app, live)
    if live.met(content_hash(theirs)):
        return  # no save: Git put it there
    tip_heads = live.document.tip_heads
    if await to_thread.run_sync(taken.known, live, tip_heads, theirs):
        return
    base_text = await to_thread.run_sync(taken.base, live, tip_heads, base_text, theirs)
    # It may be older than what our swap expected: Git puts back what was staged a moment ago.
    steps = live.lately_written()
    base_text = await to_thread.run_sync(made_from.text, base_text, steps, theirs)
    if not kept and await taken_out.keep(app, live, base_text, theirs):
        await merge(app, live, base, data, kept=True)
        return
    await pull.take_in(app, live, base_text, theirs, origin="file", move=nothing_moves)
    live.took(base_text, theirs)
