"""The branches of this clone and of its remote → both have both: fetched, merged, pushed, said.

A job does it: when a commit is made, when a webhook says that something came, and now and then.
One process at a time; what fails is tried again, less and less often.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Container, Mapping
from contextlib import ExitStack
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import (
    exchange_reviews,
    fetch,
    forge_link,
    forge_state,
    forge_wanted,
    landing,
    news,
    overtaken,
    remote_state,
    remote_wanted,
    send,
)
from prdgen.flows.context import App
from prdgen.flows.fetch import BranchWaits, PersonDecides
from prdgen.flows.news import News
from prdgen.flows.remote_state import State
from prdgen.flows.send import Refusal
from prdgen.git import locks
from prdgen.git.errors import RemoteDenied, RemoteMissing
from prdgen.git.remote import Remote
from prdgen.store import documents

log = logging.getLogger(__name__)
_TRIES: Final = 6
_PAUSE_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 1.0


async def run(app: App) -> None:
    """One exchange. Raises RemoteAway, RemoteDenied, RemoteMissing and BadRemote after noting it."""
    if not app.settings.remote:
        return
    with ExitStack() as held:
        await to_thread.run_sync(held.enter_context, locks.held(app.repository, "remote"))
        state = await to_thread.run_sync(remote_state.load, app)
        before = _undecided(state)
        state.tried_at = remote_state.now()
        try:
            await landing.recover(app)
            await overtaken.tend(app)  # before it is merged with what comes
            reach = await to_thread.run_sync(remote_state.reach, app)
            state.address = reach.address
            remote = Remote(app.repository, reach)
            await _rounds(app, remote, state)
            await exchange_reviews.run(app, remote)
        except PrdgenError as error:
            if not state.failing_since or state.hint != error.hint:
                log.warning("%s %s", error.message, error.hint)
            state.failing_since = state.failing_since or state.tried_at
            state.failure, state.hint = error.message, error.hint
            state.denied = isinstance(error, RemoteDenied | RemoteMissing)
            raise
        else:
            if state.failing_since:
                log.info(
                    "The remote %s is there again, after %s.", state.address, state.failing_since
                )
            state.failure = state.hint = state.failing_since = ""
            state.denied = False
        finally:
            found = _news(before, _undecided(state))
            for each in found:
                log.warning("%s", each.title)
            await news.to_keepers(app, found)
            await to_thread.run_sync(remote_state.save, app, state)
    if (await to_thread.run_sync(forge_state.load, app)).waits_for_remote:
        await forge_wanted.now(app)


def _undecided(state: State) -> dict[tuple[str, str], str]:
    """The branches where a person has to do something, and what makes it another thing to do, with why:
    a remote that refuses says it in other words for each commit.
    """
    found = {(name, each.decide): each.decide for name, each in state.branches.items()}
    found |= {
        (name, "refused"): f"The remote does not take the commits of {name}: {each.refused}"
        for name, each in state.branches.items()
        if each.refused
    }
    return {key: why for key, why in found.items() if why}


def _news(before: Container[tuple[str, str]], now: Mapping[tuple[str, str], str]) -> list[News]:
    return [
        News("remote.undecided", why, "/remote") for key, why in now.items() if key not in before
    ]


async def _rounds(app: App, remote: Remote, state: State) -> None:
    """Fetch, merge, push; again when somebody else pushed in between."""
    first: dict[str, Refusal] = {}
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0))
        there = await to_thread.run_sync(remote.branches, abandon_on_cancel=True)
        await to_thread.run_sync(remote_state.forget, app, remote.reach.name, there)
        names = await _names(app, there)
        state.branches = {name: state.branch(name) for name in names}
        wanted = [n for n in names if n in there and there[n] != app.repository.tip(n)]
        fresh = [n for n in wanted if not await to_thread.run_sync(_is_here, app, there[n])]
        late = await _fetched(app, remote, fresh)
        for name in [name for name in fresh if name not in late]:
            # What the fetch brought; it may have moved on since the look.
            if brought := await to_thread.run_sync(remote.tip, name):
                there[name] = brought
        await to_thread.run_sync(_track, remote, there, [n for n in names if n not in late])
        state.fetched_at = remote_state.now()
        free = []
        for name in names:
            if name in late:
                state.branch(name).waits = late[name]
            elif await _taken(app, remote, name, there, state):
                free.append(name)
        await overtaken.tend(app)  # before others get it
        moved = await send.branches(app, remote, free, there, state)
        if not moved:
            return
        first = moved | first
    for name, last in moved.items():
        if last.there == first[name].there:  # nobody pushed: so the remote does not want it
            send.note(state.branch(name), last)
        else:
            state.branch(name).waits = "others push there all the time"
    if any(state.branch(name).waits for name in moved):
        await remote_wanted.now(app)


async def _fetched(app: App, remote: Remote, names: list[str]) -> dict[str, str]:
    """Fetch branches; those that could not be, when others could, with the reason."""
    try:
        if names:
            await to_thread.run_sync(remote.fetch, names, abandon_on_cancel=True)
        return {}
    except PrdgenError as error:
        if names == [app.main_branch]:
            raise
        log.info("branches are fetched one by one: %s", error)
    late = {}
    for name in names:
        try:
            await to_thread.run_sync(remote.fetch, [name], abandon_on_cancel=True)
        except PrdgenError as error:
            if name == app.main_branch:
                raise
            late[name] = error.message
    return late


async def _names(app: App, there: dict[str, str]) -> list[str]:
    async with app.store.transaction() as tx:
        opened = {row.branch for row in await documents.list_live(tx)}
    reviewed = await to_thread.run_sync(forge_link.branches, app)
    return await to_thread.run_sync(remote_state.chosen, app, opened, there, reviewed)


def _is_here(app: App, commit: str) -> bool:
    return app.repository.is_ancestor(commit, commit)


def _track(remote: Remote, there: dict[str, str], names: list[str]) -> None:
    """`git status` in the folder tells the truth."""
    for name in names:
        if name in there and remote.tip(name) != there[name]:
            remote.track(name, there[name])


async def _taken(app: App, remote: Remote, name: str, there: dict[str, str], state: State) -> bool:
    """Take in one branch; whether it may be pushed now. Why not is in the state."""
    branch = state.branch(name)
    branch.decide = branch.hint = branch.waits = ""
    try:
        if await to_thread.run_sync(_was_deleted_here, app, remote, name, there.get(name)):
            return False
        if name not in there:
            branch.waits = await to_thread.run_sync(
                _was_deleted, app, remote, name, there, state.branches
            )
            return not branch.waits
        found = await fetch.branch(app, remote.reach, name, there[name])
    except PersonDecides as error:
        log.info("%s %s", error.message, error.hint)
        branch.decide, branch.hint = error.message, error.hint
        return False
    except BranchWaits as error:
        log.info("%s", error.message)
        branch.waits = error.message
        return False
    if found:
        branch.clashes = found
    return True


def _was_deleted_here(app: App, remote: Remote, name: str, there: str | None) -> bool:
    """In a thread: whether both had the branch and we have it no longer: it is not made again, nor
    deleted there. New commits there are news.
    """
    if app.repository.tip(name) is not None:
        return False
    agreed = remote_state.agreed(app, remote.reach.name, name)
    return there is None or there == agreed


def _was_deleted(
    app: App, remote: Remote, name: str, there: dict[str, str], names: Container[str]
) -> str:
    """In a thread: in words, that a branch was deleted there, so that it is not made again; empty:
    it never was there. `names`: the branches that are exchanged. Raises PersonDecides when it has commits
    that are nowhere there, or is the main branch; then what `Remote.head` raises, too.
    """
    repository, tip = app.repository, app.repository.tip(name)
    agreed = remote_state.agreed(app, remote.reach.name, name)
    if agreed is None or tip is None:
        return ""
    kept = [agreed, there.get(app.main_branch, agreed)]
    if name != app.main_branch and any(repository.is_ancestor(tip, each) for each in kept):
        return "it was deleted there, and stays here until somebody deletes it"
    how = f"To have it there again, push it by hand (`git push {remote.reach.spoken} {name}`)"
    if name != app.main_branch:
        why, how = (
            "it was deleted there, and has commits of its own",
            f"{how}; else delete it here, too.",
        )
    elif (new := remote.head()) in there:
        why = f"it is not there any more, and the main branch there is {new}"
        how = f"If it was renamed there: {_followed(app, name, new, names)}. {how}."
    else:
        why, how = "it was deleted there, and is the main branch here", f"{how}."
    raise PersonDecides(branch=name, why=why, how=how)


def _followed(app: App, name: str, new: str, names: Container[str]) -> str:
    """In a thread: what to do so that the main branch is called here as it is there: one command, or two
    when there is, or is about to be, a branch of that name.
    """
    is_here = new in names or app.repository.tip(new) is not None
    do = (
        f"`git switch {new}` and `git merge {name}`" if is_here else f"`git branch -m {name} {new}`"
    )
    return (
        f"stop the server, {do} in the clone, and start the server with `main_branch` "
        f"(PRDGEN_MAIN_BRANCH) set to {new}"
    )


async def clock(app: App, stop: asyncio.Event) -> None:
    """Have an exchange made every `remote_seconds` until `stop`: as soon as the server starts, too."""
    if not app.settings.remote:
        return
    begins = True  # what was wrong when a server stopped may be right by now
    while not stop.is_set():
        try:
            state = await to_thread.run_sync(remote_state.load, app)
            if begins:
                await app.queue.hurry(remote_wanted.TASK)
            if begins or remote_wanted.is_due(app, state):
                await remote_wanted.now(app)
                begins = False
        except PrdgenError as error:
            log.info("the remote is asked later: %s", error)
        await asyncio.sleep(min(_LOOK_SECONDS, app.settings.remote_seconds / 2))
