"""remote → branch, its files, open documents, index and site: merged as everything else is.

Judged by three commits: the one both sides had last, ours and theirs. What only one side did is
taken; what both did is merged by `join`; what was rewritten there is followed, with our own commits
put on top of it; and what a machine should not decide is left to a person, with both sides as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from anyio import CancelScope, to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import dispute, join, judge, news, remote_state, replay
from prdgen.flows.context import App
from prdgen.flows.dispute import Aside, Disputes
from prdgen.flows.errors import WorkTreePaused
from prdgen.flows.join import Made, Revived
from prdgen.flows.landing import Landing, Move
from prdgen.flows.signatures import SERVER
from prdgen.git import commits
from prdgen.git.errors import Locked, TipMoved, Unmergeable, UnrelatedHistories
from prdgen.git.pushed import Pushed
from prdgen.git.remote_address import Reach

log = logging.getLogger(__name__)
Taken = tuple[Disputes, Aside, Revived]
"""What was taken in: where people have to look."""


class PersonDecides(PrdgenError):
    """The branch {branch} is not exchanged with the remote: {why}."""

    cure = "{how}"
    status = 409


class BranchWaits(PrdgenError):
    """The branch {branch} is not exchanged with the remote just now: {why}."""

    cure = "Nothing to do: it is tried again by itself."
    status = 409
    retryable = True


async def branch(app: App, remote: Reach, name: str, there: str) -> list[str]:
    """Bring one branch to where it holds what the remote's tip `there` holds; where people have to
    look, in words. The objects are here already.

    Raises PersonDecides and BranchWaits; then the branch is as it was.
    """
    try:
        disputes, aside, revived = await _take(app, remote, name, there)
    except (WorkTreePaused, Locked, TipMoved) as error:
        raise BranchWaits(branch=name, why=error.message) from error
    except UnrelatedHistories as error:
        raise _unrelated(remote, name, there) from error
    except Unmergeable as error:
        raise PersonDecides(branch=name, why=error.message, how=error.hint) from error
    await to_thread.run_sync(remote_state.agree, app, remote.name, name, there)
    pages = dict.fromkeys(page_path for page_path, _ in disputes)
    return [
        *(f"{path}: both sides changed the same words; both versions stand" for path in pages),
        *(
            f"{path}: both sides changed it; what was here is kept as {kept}"
            for path, kept in aside
        ),
        *(
            f"{path}: {'edited here and deleted there' if by == 'ours' else 'deleted here and edited there'}; "
            "it is there as it was edited"
            for path, by in revived
        ),
    ]


async def _take(app: App, remote: Reach, name: str, there: str) -> Taken:
    repository = app.repository
    ours = await to_thread.run_sync(repository.tip, name)
    if ours == there:
        return (), (), ()
    await to_thread.run_sync(_check, app, name, ours, there)
    if ours is None:
        await _move(app, name, None, there)
        return (), (), ()
    agreed = await to_thread.run_sync(remote_state.agreed, app, remote.name, name)
    had_here, had_there = (
        agreed is not None and repository.is_ancestor(agreed, tip) for tip in (ours, there)
    )
    if agreed is None or had_here == had_there:
        message = f"Merge {name} of {remote.spoken}"
        landed = await join.into(app, name, there, message=message, author=SERVER, aside=True,
                                 of_remote=True)  # fmt: skip
        await _left(app, name, landed.left)
        await join.tell_revived(app, name, remote.spoken, landed.revived)
        return landed.disputes, landed.aside, landed.revived
    if had_there:
        raise _rewritten_here(remote, name, there)
    if repository.merge_base(agreed, there) is None:
        raise _unrelated(remote, name, there)
    return *await _follow(app, name, agreed, ours, there), ()


def _check(app: App, name: str, ours: str | None, there: str) -> None:
    """In a thread: whether it can be taken in now, and is nothing that nobody may push here."""
    if why := app.repository.busy_reason(name):
        raise WorkTreePaused(reason=why)
    if bad := judge.unsafe(Pushed(app.repository, ""), ours, there):
        raise PersonDecides(
            branch=name, why="; ".join(bad),
            how="Rename or remove that at the remote, in a new commit; docs/git.md has the rules.",
        )  # fmt: skip


async def _follow(
    app: App, name: str, agreed: str, ours: str, there: str
) -> tuple[Disputes, Aside]:
    """Rewritten there: the new history, and on top of it the commits that only we have."""
    at, disputes, aside = await to_thread.run_sync(_replayed, app, name, agreed, ours, there)
    log.warning("%s was rewritten at the remote: %s is followed by %s", name, ours[:10], at[:10])
    await _move(app, name, ours, at, disputes, aside)
    return disputes, aside


def _replayed(app: App, name: str, agreed: str, ours: str, there: str) -> Made:
    """In a thread: our own commits once more, each by whom it was, on another history."""
    line = app.repository.commits_between(agreed, ours)
    return replay.onto(app, name, there, line, mark=f"ours-{ours[:8]}")


async def _move(
    app: App, name: str, old: str | None, new: str, disputes: Disputes = (), aside: Aside = ()
) -> None:
    """Move a branch, or make it, with everything that belongs to it. Raises TipMoved and Locked."""
    landing = Landing(app, of_remote=True)
    try:
        await to_thread.run_sync(landing.hold, [name])
        if await to_thread.run_sync(app.repository.tip, name) != old:
            raise TipMoved(what=f"The branch {name}", branch=name, expected=old, got="another")
        await landing.announce([Move(name, old, new)], Pushed(app.repository, ""))
        with CancelScope(shield=True):
            owed = await to_thread.run_sync(dispute.note, app, name, new, disputes, aside)
            await to_thread.run_sync(
                commits.advance, app.repository, name, old, new, f"remote: {new[:10]}"
            )
            await _left(app, name, await landing.land([name]))
            await dispute.settle(app, owed)
    finally:
        landing.release()


async def _left(app: App, name: str, left: Iterable[str]) -> None:
    """Say which files of the server's folder did not follow: the landing has kept that as news."""
    if lines := [line.strip() for line in left]:
        log.warning("after the remote's commits came to %s: %s", name, lines)
        await news.to_keepers(app, ())


def _rewritten_here(remote: Reach, name: str, there: str) -> PersonDecides:
    """Commits that the remote has were taken out of our branch. prdgen never forces them out there,
    and bringing them back would undo what somebody meant.
    """
    return PersonDecides(
        branch=name, why=f"its history was rewritten here, and {remote.spoken} has the one before",
        how=f"In the clone: to have the new one there too, `git push --force-with-lease={name}:"
        f"{there[:12]} {remote.spoken} {name}`; to have the old one back, `git merge {there[:12]}`.",
    )  # fmt: skip


def _unrelated(remote: Reach, name: str, there: str) -> PersonDecides:
    return PersonDecides(
        branch=name, why=f"its history and the one {remote.spoken} has begin with different commits",
        how="Check that `remote` names this repository's remote. If both are meant to be one, merge "
        f"them once in the clone: `git merge --allow-unrelated-histories {there[:12]}`.",
    )  # fmt: skip
