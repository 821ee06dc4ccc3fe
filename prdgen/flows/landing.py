"""a branch moved by a push or a merge → its checked-out files, its open documents, index and site.

While a branch is held, nobody writes its files and commits. What is about to move is noted on disk, so
that files and index follow even when this process is killed in the middle.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import checked_out, kept_facts, news, pages_of, watch
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.flows.live import file_path
from prdgen.flows.news import News
from prdgen.git import checkout, locks
from prdgen.git.pushed import Pushed
from prdgen.store import documents

log = logging.getLogger(__name__)
FOLLOWED: Final = "followed"
"""Notes of the moves that files and index have followed; see `overtaken`."""
_WAIT_SECONDS = 30.0
_WIDE: Final = 100
"""Paths: their files take so long that whoever has one of them open is told first."""
_HEAD_START: Final = 3.0
"""Seconds; a page that somebody is long at keeps the files no longer waiting."""


@dataclass(frozen=True, slots=True)
class Move:
    """A branch goes from one tip to another; `old` None: it begins, `new` None: it ends."""

    branch: str
    old: str | None
    new: str | None


class Landing:
    """The branches one push or merge moves: held, noted, and afterwards followed. Of those `of_remote`
    nobody is there who could be answered: maintainers and owners are told of files that did not follow.
    """

    def __init__(self, app: App, *, of_remote: bool = False) -> None:
        self._app = app
        self._of_remote = of_remote
        self._held = ExitStack()
        self._notes: list[Path] = []
        self._telling: asyncio.Task[None] | None = None
        self._paths = 0

    def hold(self, branches: Iterable[str]) -> None:
        """In a thread: stop whoever writes files and commits of these branches. Raises Locked."""
        for branch in sorted(set(branches)):
            for lock in (locks.without_writers, locks.branch):
                self._held.enter_context(lock(self._app.repository, branch, seconds=_WAIT_SECONDS))

    def release(self) -> None:
        """Let the writers go on."""
        self._held.close()

    async def announce(self, moves: Sequence[Move], pushed: Pushed) -> None:
        """Before they move: agree on what edited files were made from, and note the moves."""
        for move in moves:
            if move.old and move.new:
                self._paths += len(await to_thread.run_sync(pushed.between, move.old, move.new))
                for page_path in await to_thread.run_sync(_edited, self._app, pushed, move):
                    # When the page is opened, these edits are merged with what comes now.
                    await open_flow.document(self._app, move.branch, page_path)
        await to_thread.run_sync(self._note, moves)

    def _note(self, moves: Sequence[Move]) -> None:
        for move in moves:
            if move.new and self._app.repository.tree_of(move.branch):
                name = f"{kept_facts.PUSHES}/{uuid4().hex}.json"
                facts = {"branch": move.branch, "old": move.old, "new": move.new,
                         "of_remote": self._of_remote}  # fmt: skip
                kept_facts.save(self._app, name, facts)
                self._notes.append(self._app.state_dir / name)

    async def land(self, branches: Iterable[str]) -> list[str]:
        """Bring along all that belongs to the branches that moved; see `files`."""
        try:
            return await self.files(branches)
        finally:
            await self.told()

    async def files(self, branches: Iterable[str]) -> list[str]:
        """Bring files and Git's index along, then let their writers go on; what was left as it was, in
        words. Open documents, the index and the site are told meanwhile; `told` waits for that.
        """
        left: list[str] = []
        if moved := set(branches):
            # Whoever has a page open need not wait for the files of all the others.
            self._telling = asyncio.create_task(_tell(self._app, moved), name="told of a push")
            if self._paths > _WIDE:
                await asyncio.wait([self._telling], timeout=_HEAD_START)
        # One that fails is no more this one's: its writers are let go, and `catch_up` holds them anew.
        notes, self._notes = self._notes, []
        try:
            for note in notes:
                left += await _follow(self._app, note)
        finally:
            self.release()
        return left

    async def told(self) -> None:
        """Until everything in this process knows of the new tips."""
        telling, self._telling = self._telling, None
        if telling is not None:
            await telling


def _edited(app: App, pushed: Pushed, move: Move) -> list[str]:
    """In a thread: the pages that the move changes and whose file is not as the old tip has it."""
    repository, globs = app.repository, pages_of.globs(app)
    tree = repository.work_tree_of(move.branch)
    if tree is None or move.old is None or move.new is None:
        return []
    found = []
    for change in pushed.between(move.old, move.new):
        path = change.path.decode("utf-8", "replace")
        if change.is_new or not globs.match(path):
            continue
        state = disk.read(file_path(tree, path), tree)
        if isinstance(state, disk.Missing) or checkout.is_blob(state.data, change.was):
            continue
        before = repository.read(move.old, path)
        if before is not None and not _same(before, state.data):
            found.append(path)
    return found


def _same(one: bytes, other: bytes) -> bool:
    try:
        return one == other or text.decode(one).text == text.decode(other).text
    except NotEditable:
        return False


async def _tell(app: App, branches: set[str]) -> None:
    """Let open documents, index and site meet the new tips."""
    beside: list[Awaitable[object]] = [watch.branches(app)] if branches else []
    if app.keeper is not None:  # else the servers see it by themselves
        beside += [watch.moved(app, branch) for branch in sorted(branches)]
    for failure in await asyncio.gather(*beside, return_exceptions=True):
        if isinstance(failure, PrdgenError):
            log.warning("what moved is seen later: %s", failure)
        elif isinstance(failure, BaseException):
            raise failure


async def _follow(app: App, note: Path, *, again: bool = False) -> list[str]:
    """Files and index of one noted branch. Call with its writers stopped."""
    facts = await to_thread.run_sync(kept_facts.load_from, note)
    branch, old, new = facts["branch"], facts["old"], facts["new"]
    try:
        tip = await to_thread.run_sync(app.repository.tip, branch)
        # Other commits may be on top of it when this is done after a kill.
        if tip is not None and await to_thread.run_sync(app.repository.is_ancestor, new, tip):
            leased = await _leased(app, branch)
            left = await to_thread.run_sync(
                partial(checked_out.follow, app, branch, old, tip, leased, again=again)
            )
            left = await _nobodys(app, branch, left)
        else:
            left = {}
    except (PrdgenError, OSError) as error:
        log.warning("the folder of %s does not follow yet: %s", branch, error)
        lines = [f"the server's folder does not follow yet: {error}"]
        await to_thread.run_sync(_keep_news, app, note, facts, lines)
        return lines
    lines = [f"  {path}: {why}" for path, why in left.items()]
    lines = ["left as they are in the server's folder:", *lines]
    if left:
        await to_thread.run_sync(_keep_news, app, note, facts, lines)
    if old is not None:
        facts = {"branch": branch, "old": old, "new": new, "at": time.time()}
        await to_thread.run_sync(kept_facts.save, app, f"{FOLLOWED}/{note.name}", facts)
    # The last step: until then all of it is done again after a kill.
    await to_thread.run_sync(note.unlink)
    return lines if left else []


def _keep_news(app: App, note: Path, facts: Mapping[str, Any], lines: Sequence[str]) -> None:
    """In a thread: who is told of files that the remote's commits left is told even after a kill, once."""
    if facts.get("of_remote"):
        what = " ".join(line.strip() for line in lines)
        title = f"The remote's commits came to {facts['branch']}; {what}"
        once = news.event_id("left", note.stem, lines[0].partition(":")[0])
        news.keep(app, News("remote.left", title, "/remote", event_id=once))


async def _leased(app: App, branch: str) -> frozenset[str]:
    """The pages whose files are written from their documents."""
    async with app.store.transaction() as tx:
        return await documents.leased(tx, branch)


async def _nobodys(app: App, branch: str, left: dict[str, str]) -> dict[str, str]:
    """Without the pages that documents write by now: one that was renamed may have got there first."""
    ours = await _leased(app, branch) if left else ()
    return {path: why for path, why in left.items() if path not in ours}


async def catch_up(app: App) -> None:
    """Let files and index follow where Git was busy in the folder when the branch moved; while it
    still is, or while a push is under way, that waits for the next time.
    """
    for _, branch in _noted(app):
        if app.repository.busy_reason(branch) or not locks.may_write(app.repository, branch):
            continue
        await recover(app)
        return


def _noted(app: App) -> Iterator[tuple[Path, str]]:
    """Every note that there is, with its branch."""
    for note in sorted((app.state_dir / kept_facts.PUSHES).glob("*.json")):
        if facts := kept_facts.load_note(note):
            yield note, facts["branch"]


async def recover(app: App) -> None:
    """Let files and index follow what was about to move when a server was killed."""
    for note, branch in _noted(app):
        with ExitStack() as held:
            try:
                await to_thread.run_sync(
                    held.enter_context, locks.without_writers(app.repository, branch)
                )
                left = await _follow(app, note, again=True) if note.exists() else []
            except PrdgenError as error:
                log.info("%s waits: %s", note, error)
                continue
        for line in left:
            log.warning("files that followed late: %s", line)
