"""a commit made in the folder before its files had what just came → what it took out comes back.

A branch moves, and its folder follows a moment later, or much later where Git was busy. Who commits there
in between does so on top of what came, and from files or an index without it: Git takes that for a wish
to take it out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.files import text
from prdgen.files.errors import NotEditable
from prdgen.flows import join, kept_facts, landing, merge_base, pages_of
from prdgen.flows.context import App
from prdgen.flows.signatures import SERVER
from prdgen.git import checkout, commits, locks, reflog
from prdgen.git.errors import NameTaken, NotAPage
from prdgen.git.values import Side
from prdgen.ids import BadPagePath
from prdgen.merge import nearness, three_way

log = logging.getLogger(__name__)
_SECONDS: Final = 1.0
"""Who commits so soon after the files followed may have read them before."""
_OURS: Final = ("push", "merge by prdgen", "remote: ")
_LIMIT_MS: Final = 200
_EVER: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class _Followed:
    """One move of a branch, and when the folder had followed it (seconds since 1970)."""

    note: Path
    branch: str
    old: str
    new: str
    at: float
    done: tuple[str, ...]


async def tend(app: App) -> None:
    """Look at the commits that were made on top of what came lately: what they took out of it unseen
    is merged with them. Each is looked at until nobody can make another one; where a branch cannot be
    moved just now, it is done later. Raises Locked.
    """
    if not _notes(app):
        return
    with ExitStack() as held:
        alone = locks.held(app.repository, "overtaken")
        await to_thread.run_sync(held.enter_context, alone)
        for branch, notes in (await to_thread.run_sync(_by_branch, app)).items():
            try:
                await _bring_back(app, branch, notes)
            except PrdgenError as error:
                log.info(
                    "what commits took out of %s unseen is brought back later: %s", branch, error
                )


async def _bring_back(app: App, branch: str, notes: Sequence[_Followed]) -> None:
    for commit, made in await to_thread.run_sync(_undone, app, notes):
        if made is not None:
            log.warning("%s took out of %s what its files had not yet", commit[:10], branch)
            # What came may be back by now: people had it in their open pages.
            await join.into(
                app, branch, made, message=_message(commit), author=SERVER, aside=True, once=True
            )
        await to_thread.run_sync(_remember, app, notes, commit)
    await to_thread.run_sync(_forget, notes)


def _message(commit: str) -> str:
    return f"{merge_base.BROUGHT_BACK}{commit[:10]} was made in the folder"


def _notes(app: App) -> list[Path]:
    return sorted((app.state_dir / landing.FOLLOWED).glob("*.json"))


def _by_branch(app: App) -> dict[str, list[_Followed]]:
    """In a thread: the notes of every branch, oldest first."""
    found: dict[str, list[_Followed]] = {}
    for note in _notes(app):
        if facts := kept_facts.load_note(note):
            one = _Followed(note, facts["branch"], facts["old"], facts["new"], facts["at"],
                            tuple(facts.get("done", ())))  # fmt: skip
            found.setdefault(one.branch, []).append(one)
    for notes in found.values():
        notes.sort(key=lambda one: one.at)
    return found


def _remember(app: App, notes: Sequence[_Followed], commit: str) -> None:
    for one in notes:
        facts = kept_facts.load_from(one.note)
        facts["done"] = [*facts.get("done", ()), commit]
        kept_facts.save(app, f"{landing.FOLLOWED}/{one.note.name}", facts)


def _forget(notes: Sequence[_Followed]) -> None:
    for one in notes:
        if time.time() > one.at + _SECONDS + 1:  # a reflog knows whole seconds
            one.note.unlink(missing_ok=True)


def _undone(app: App, notes: Sequence[_Followed]) -> list[tuple[str, str | None]]:
    """In a thread: each commit that was made in the folder on top of what came, with a commit on top of it
    that has all of that; None: it has it itself.
    """
    repository, branch = app.repository, notes[0].branch
    done = {commit for one in notes for commit in one.done}
    came: set[str] = set()
    found: list[tuple[str, str | None]] = []
    for step in reflog.last_steps(repository, branch, since=_EVER):
        if any(step.new == one.new for one in notes):
            came.add(step.new)
        elif not step.message.startswith(("commit", *_OURS)):
            came.clear()  # Git itself brought the files to what the branch has
        if not step.message.startswith("commit") or step.new in done:
            continue
        info = repository.commit_info(step.new)
        if info.committer == SERVER or len(info.parents) != 1:
            continue
        (parent,) = info.parents
        known = [
            one for one in notes
            if one.new in came and step.at.timestamp() <= one.at + _SECONDS
            and repository.is_ancestor(one.new, parent)
        ]  # fmt: skip
        if known:
            wanted = _taken_out(app, _chain(known), parent, step.new)
            found.append((step.new, _made(app, branch, step.new, wanted) if wanted else None))
    return found


def _chain(notes: Sequence[_Followed]) -> list[str]:
    """What the branch was at, oldest first, up to the newest move: its files may be as any of these."""
    found = [notes[-1].old, notes[-1].new]
    for one in reversed(notes[:-1]):
        if one.new == found[0]:
            found.insert(0, one.old)
    return found


def _taken_out(
    app: App, chain: Sequence[str], parent: str, commit: str
) -> Mapping[str, bytes | None]:
    """In a thread: the files as they would be if `commit` had been made from the newest of the chain."""
    repository, globs = app.repository, pages_of.globs(app)
    moves = {m.path: m for m in checkout.moved(repository, chain[0], chain[-1]) if m.is_plain}
    before, after = (
        {} if one is None else checkout.at(repository, one, moves) for one in (parent, commit)
    )
    wanted: dict[str, bytes | None] = {}
    for path, moved in moves.items():
        came, now = moved.new, after.get(path)
        if before.get(path) != came or now == came:
            continue  # others changed it since, or it is in
        older = [checkout.at(repository, each, [path]).get(path) for each in chain[:-1]]
        if now in older:
            wanted[path] = None if came is None else checkout.raw(repository, came[1])
        elif came is None or now is None:
            continue  # edited where it was deleted, or the other way round: that is meant
        elif globs.match(path) and (merged := _merged(app, older, came, now)) is not None:
            wanted[path] = merged
    return wanted


def _merged(
    app: App, older: Sequence[Side], came: tuple[int, str], now: tuple[int, str]
) -> bytes | None:
    """A page with what came; None: it was made from that, or is no text."""
    blobs = [
        b"" if side is None else checkout.raw(app.repository, side[1])
        for side in (*older, came, now)
    ]
    try:
        *olds, theirs, ours = [text.decode(blob).text for blob in blobs]
    except NotEditable:
        return None
    base = olds[0]
    for later in (*olds[1:], theirs):
        base = nearness.nearer(base, later, ours)
    if base == theirs:
        return None
    return text.patch(blobs[-1], three_way.merge(base, theirs, ours, _LIMIT_MS).hunks)


def _made(app: App, branch: str, commit: str, wanted: Mapping[str, bytes | None]) -> str | None:
    repository = app.repository
    try:
        tree = checkout.with_files(repository, commit, wanted)
    except (BadPagePath, NameTaken, NotAPage) as error:
        log.warning("what %s took out of %s stays out: %s", commit[:10], branch, error)
        return None
    return commits.join(
        repository, branch, commit, (), tree,
        message=_message(commit), author=SERVER, committer=SERVER,
    )  # fmt: skip
