"""an earlier version, or a passage of it → the page, by an ordinary edit of who wants it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from anyio import to_thread

from prdgen.crdt.replica import Change, Replica
from prdgen.errors import NotFound
from prdgen.flows import create, edit, read
from prdgen.flows.context import App
from prdgen.flows.edit import Version
from prdgen.flows.errors import NoSuchBranch, NoSuchPage, PassageChanged
from prdgen.git.errors import UnknownRevision
from prdgen.merge import diff, three_way
from prdgen.merge.alignment import Effort
from prdgen.merge.diff import LIMIT_MS
from prdgen.store.people import Person
from prdgen.sync import ports

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole lines that differs between two versions."""

    number: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoring came to: the version it made, and the commit `undo` brings back (None: the page
    was not there).
    """

    version: Version
    before: str | None

    @property
    def after(self) -> str | None:
        """The commit that has what was restored; None: nothing was another one, or a hook refused it."""
        return self.version.commits[-1] if self.version.commits else None


def passages(old: str, new: str) -> list[Passage]:
    """Where two texts of a page differ, in whole lines, from the top."""
    spans = diff.line_spans(old, new, Effort.lasting(LIMIT_MS))
    return [
        Passage(number, old[s.start : s.end], new[s.new_start : s.new_end])
        for number, s in enumerate(spans)
    ]


async def version(app: App, branch: str, page_path: str, commit: str, person: Person) -> Restored:
    """Make the page what it was at a commit, under whatever name it had then, and save that as a
    version. What others have typed and not committed is in the version before.

    A page that was deleted is there again. Raises NoSuchPage, PageNotLive, and what an unknown commit raises.
    """
    then = await text_at(app, branch, page_path, commit)
    message = f"Restore the version {commit[:10]}"
    try:
        before = await _saved(app, branch, page_path, person)
    except NoSuchPage:
        at, name = await _place_at(app, branch, page_path, commit)
        data = await to_thread.run_sync(app.repository.read, at, name) or then.encode()
        made = await create.again(app, branch, page_path, data, person.id, message)
        return Restored(Version((made,)), None)
    await _edit(app, branch, page_path, person, lambda _: then)
    return Restored(await edit.save_version(app, branch, page_path, message, person.id), before)


async def undo(
    app: App, branch: str, page_path: str, before: str, after: str, person: Person
) -> Restored:
    """Take back what a restoring changed between two commits, and leave what was written since.
    Raises PassageChanged when the same words were changed again.
    """
    wanted = await text_at(app, branch, page_path, before)
    restored = await text_at(app, branch, page_path, after)
    return await _merged(app, branch, page_path, person, restored, wanted, f"Undo {after[:10]}")


async def _merged(
    app: App, branch: str, page_path: str, person: Person, base: str, wanted: str, message: str
) -> Restored:
    """Bring what differs between `base` and `wanted` into the live page, as a version."""

    def to(now: str) -> str:
        merged = three_way.merge(base, wanted, now)
        if merged.conflicts:
            raise PassageChanged(page_path=page_path)
        return merged.text

    saved = await _saved(app, branch, page_path, person)
    await _edit(app, branch, page_path, person, to)
    return Restored(await edit.save_version(app, branch, page_path, message, person.id), saved)


async def _saved(app: App, branch: str, page_path: str, person: Person) -> str:
    """Commit what is typed in a page; the branch's last commit then."""
    await edit.save_version(app, branch, page_path, None, person.id)
    tip = await to_thread.run_sync(app.repository.tip, branch)
    if tip is None:
        raise NoSuchBranch(branch=branch)
    return tip


async def passage(
    app: App, branch: str, page_path: str, old: str, new: str, number: int, person: Person
) -> Restored:
    """Bring one passage of the version `old` back that is another one in `new` (see `passages`), and
    leave everything else as it is now. Raises PassageChanged when it was changed again since `new`.
    """
    before = await text_at(app, branch, page_path, old)
    after = await text_at(app, branch, page_path, new)
    spans = diff.line_spans(before, after, Effort.lasting(LIMIT_MS))
    if not 0 <= number < len(spans):
        raise NotFound(what="passage", where=f"{page_path}, {number}")
    span = spans[number]
    wanted = after[: span.new_start] + before[span.start : span.end] + after[span.new_end :]
    message = f"Bring back a passage of {old[:10]}"
    return await _merged(app, branch, page_path, person, after, wanted, message)


async def text_at(app: App, branch: str, page_path: str, commit: str) -> str:
    """A page's text at a commit, under whatever name it had then. Raises what an unknown one raises."""
    at, name = await _place_at(app, branch, page_path, commit)
    return (await read.source(app, branch, name, at))[0]


async def _place_at(app: App, branch: str, page_path: str, commit: str) -> tuple[str, str]:
    """The commit's whole name, and the path that the page had there."""
    if not _COMMIT.fullmatch(commit):
        raise UnknownRevision(what="commit", where=page_path, got=commit[:100])
    commit = await to_thread.run_sync(app.repository.resolve, commit)
    history = await read.history(app, branch, page_path, limit=1000)
    names = {version.commit: version.page_path for version in history}
    return commit, names.get(commit, page_path)


async def _edit(
    app: App, branch: str, page_path: str, person: Person, to: Callable[[str], str]
) -> None:
    """Edit the live page, by this person."""
    assert app.keeper is not None

    def make(replica: Replica) -> Sequence[Change]:
        now = replica.text()
        return replica.edit(diff.splices(now, to(now)))

    async with app.keeper.locked(await app.keeper.get(branch, page_path)) as live:
        await live.room.edit(make, origin=ports.PEER, person_id=person.id)
