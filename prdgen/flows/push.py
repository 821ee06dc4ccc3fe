"""git push → branch, checked-out files, open documents, index and site.

A push is judged by the committed tip only, and nothing is committed because of it: so whoever
pulled can push, however many people type. Between its two hooks nobody writes files and commits of
its branches. Then the live text meets the new tip, like any other that moved.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from anyio import CancelScope, to_thread

from prdgen.errors import PrdgenError
from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import checked_out, judge, pages_of, watch
from prdgen.flows import open as open_flow
from prdgen.flows.context import App
from prdgen.flows.judge import Pusher
from prdgen.flows.live import file_path
from prdgen.git import locks
from prdgen.git.http_backend import Backend, Question, Update
from prdgen.git.pushed import Pushed
from prdgen.store import documents

log = logging.getLogger(__name__)
_FOLDER = "pushes"
_WAIT_SECONDS = 30.0
_REFUSED = "nothing was taken; the rules are in docs/git.md under Pushing"


@dataclass(slots=True)
class _Push:
    """One push on its way: what was accepted, and what is held for it."""

    held: ExitStack = field(default_factory=ExitStack)
    accepted: tuple[Update, ...] = ()
    notes: list[Path] = field(default_factory=list)


async def run(app: App, backend: Backend, who: Pusher) -> None:
    """Answer what the hooks of a push ask until it is over; however it ends, everything follows."""
    push = _Push()
    try:
        async for question in backend.questions():
            if question.hook == "pre-receive":
                refusals = await _judged(app, who, push, question)
                backend.reply(_told(refusals), accept=not refusals)
            else:
                left = await _landed(app, push)
                backend.reply([f"prdgen: {line}" for line in left], accept=True)
    finally:
        with CancelScope(shield=True):
            await _landed(app, push)


def _told(refusals: Sequence[str]) -> list[str]:
    return [f"prdgen: {line}" for line in (*refusals, _REFUSED)] if refusals else []


async def _judged(app: App, who: Pusher, push: _Push, question: Question) -> list[str]:
    """Why the push is refused; nothing: it is accepted, and its branches are held."""
    try:
        pushed = Pushed(app.repository, question.quarantine)
        refusals = await to_thread.run_sync(judge.refs, app, who, question.updates)
        if not refusals and any(update.new for update in question.updates):
            refusals = await to_thread.run_sync(judge.commits, app, who, pushed, question.updates)
        if not refusals:
            await to_thread.run_sync(_hold, app, push, question.updates)
            for update in question.updates:
                refusals += await to_thread.run_sync(judge.tip, app, who, pushed, update)
        if not refusals:
            await _agree(app, pushed, question.updates)
            await to_thread.run_sync(_note, app, push, question.updates)
            push.accepted = question.updates
    except PrdgenError as error:
        log.warning("a push by %s could not be judged: %s", who.person.name, error)
        refusals = [f"{error.message} {error.hint}"]
    except Exception:
        log.exception("a push by %s could not be judged", who.person.name)
        refusals = ["the server could not judge this push; its log says why"]
    if refusals:
        push.held.close()
    return refusals


def _hold(app: App, push: _Push, updates: Sequence[Update]) -> None:
    """In a thread: stop whoever writes files and commits of these branches. Raises Locked."""
    for branch in sorted({name for update in updates if (name := judge.branch_of(update))}):
        push.held.enter_context(
            locks.without_writers(app.repository, branch, seconds=_WAIT_SECONDS)
        )
        push.held.enter_context(locks.branch(app.repository, branch, seconds=_WAIT_SECONDS))


async def _agree(app: App, pushed: Pushed, updates: Sequence[Update]) -> None:
    """Note for each page whose file has edits that nobody took in yet what they were made from:
    when the page is opened, they are merged with what is pushed now.
    """
    for update in updates:
        branch = judge.branch_of(update)
        if branch and update.old and update.new:
            for page_path in await to_thread.run_sync(_edited, app, pushed, branch, update):
                await open_flow.document(app, branch, page_path)


def _edited(app: App, pushed: Pushed, branch: str, update: Update) -> list[str]:
    """In a thread: the pages that the push changes and whose file is not as the old tip has it."""
    repository, tree, globs = (
        app.repository,
        app.repository.work_tree_of(branch),
        pages_of.globs(app),
    )
    if tree is None or update.old is None or update.new is None:
        return []
    found = []
    for change in pushed.between(update.old, update.new):
        path = change.path.decode("utf-8", "replace")
        if change.is_new or not globs.match(path):
            continue
        before = repository.read(update.old, path)
        state = disk.read(file_path(tree, path), tree)
        if isinstance(state, disk.FileState) and before is not None:
            found += [] if _same(before, state.data) else [path]
    return found


def _same(one: bytes, other: bytes) -> bool:
    try:
        return one == other or text.decode(one).text == text.decode(other).text
    except NotEditable:
        return False


def _note(app: App, push: _Push, updates: Sequence[Update]) -> None:
    """In a thread: note what is about to move, so that it follows even if this process is killed."""
    folder = app.state_dir / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for update in updates:
        branch = judge.branch_of(update)
        if branch and update.new and app.repository.tree_of(branch):
            note = folder / f"{uuid4().hex}.json"
            fresh = note.with_suffix(".new")
            fresh.write_text(json.dumps({"branch": branch, "old": update.old, "new": update.new}))
            fresh.replace(note)
            push.notes.append(note)


async def _landed(app: App, push: _Push) -> list[str]:
    """Bring along what belongs to the branches that moved, then let their writers go on; what was
    left as it was, in words.
    """
    updates, push.accepted = push.accepted, ()
    left: list[str] = []
    try:
        for note in push.notes:
            left += await _follow(app, note)
        push.notes.clear()
    finally:
        push.held.close()
    if updates:
        await _tell(app, {name for update in updates if (name := judge.branch_of(update))})
    return left


async def _tell(app: App, branches: set[str]) -> None:
    """Let open documents, index and site meet the new tips."""
    try:
        for branch in sorted(branches):
            await watch.moved(app, branch)
        await watch.branches(app)
    except PrdgenError as error:
        log.warning("what a push changed is seen later: %s", error)


async def _follow(app: App, note: Path) -> list[str]:
    """Files and index of one noted branch. Call with its writers stopped."""
    facts = json.loads(await to_thread.run_sync(note.read_text))
    branch, old, new = facts["branch"], facts["old"], facts["new"]
    try:
        tip = await to_thread.run_sync(app.repository.tip, branch)
        # Other commits may be on top of it when this is done after a kill.
        if tip is not None and await to_thread.run_sync(app.repository.is_ancestor, new, tip):
            leased = await _leased(app, branch)
            left = await to_thread.run_sync(checked_out.follow, app, branch, old, tip, leased)
        else:
            left = []
    except (PrdgenError, OSError) as error:
        log.warning("the folder of %s does not follow a push yet: %s", branch, error)
        return [f"the server's folder does not follow yet: {error}"]
    await to_thread.run_sync(note.unlink)
    if not left:
        return []
    return ["left as they are in the server's folder:", *(f"  {line}" for line in left)]


async def _leased(app: App, branch: str) -> frozenset[str]:
    """The pages whose files are written from their documents."""
    async with app.store.transaction() as tx:
        rows = await documents.list_live(tx, branch)
    return frozenset(row.page_path for row in rows if row.lease_holder is not None)


async def recover(app: App) -> None:
    """Let files and index follow the pushes that were accepted when a server was killed."""
    for note in sorted((app.state_dir / _FOLDER).glob("*.json")):
        with ExitStack() as held:
            try:
                branch = json.loads(note.read_text())["branch"]
                await to_thread.run_sync(
                    held.enter_context, locks.without_writers(app.repository, branch)
                )
                left = await _follow(app, note) if note.exists() else []
            except (PrdgenError, FileNotFoundError) as error:
                log.info("%s waits: %s", note, error)
                continue
        for line in left:
            log.warning("after a push that was cut off: %s", line)
