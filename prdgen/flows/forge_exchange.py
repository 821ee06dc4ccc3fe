"""Reviews here ⇄ pull requests at the forge: both have both. A job does it: when something is said,
when a webhook says that something happened, and now and then. What fails is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

from anyio import to_thread

from prdgen.errors import Invalid, PrdgenError
from prdgen.flows import (
    drafts,
    forge_ends,
    forge_in,
    forge_link,
    forge_state,
    forge_wanted,
    remote_state,
    remote_wanted,
    review_news,
)
from prdgen.flows.context import App
from prdgen.flows.forge_in import CommitMissing, Here
from prdgen.flows.forge_out import Out
from prdgen.flows.forge_state import State, Trouble
from prdgen.flows.remote_state import LONGEST_PAUSE
from prdgen.forge.errors import (
    BadForge,
    ForgeAway,
    ForgeBusy,
    ForgeDenied,
    ForgeError,
    ForgeForbids,
    ForgeMissing,
)
from prdgen.forge.values import Forge, Pull
from prdgen.git import locks
from prdgen.review import exchanged, log
from prdgen.review.log import Entry
from prdgen.review.state import Review

_log = logging.getLogger(__name__)
_WHOLE_SECONDS: Final = 600.0
"""So often every review is looked at, also when its pull request does not say that it changed."""
_AFTERWARDS: Final = timedelta(days=3)
"""So long somebody may still say something of a pull request that is over."""
_LOOK_SECONDS: Final = 1.0


async def run(app: App, *, look: bool = False) -> None:
    """One exchange; `look`: at every review. Raises BadForge and ForgeError after noting it."""
    if not forge_wanted.is_on(app):
        return
    with ExitStack() as held:
        await to_thread.run_sync(held.enter_context, locks.held(app.repository, "forge"))
        state = await to_thread.run_sync(forge_state.load, app)
        state.look = state.look or look
        if state.is_put_off:
            await to_thread.run_sync(forge_state.save, app, state)
            return
        state.tried_at = remote_state.now()
        waited = state.waits_for_remote
        try:
            async with forge_wanted.opened(app) as forge:
                await _exchange(app, forge, state, whole=state.look)
        except PrdgenError as error:
            state.failing_since = state.failing_since or state.tried_at
            state.failure, state.hint = error.message, error.hint
            state.not_before = ""
            if isinstance(error, ForgeBusy):
                state.put_off(error.seconds)
            raise
        else:
            state.failure = state.hint = state.failing_since = state.not_before = ""
            state.look = False
            state.looked_at = remote_state.now()
        finally:
            await to_thread.run_sync(forge_state.save, app, state)
    if state.waits_for_remote and not waited:
        # Once: when that does not help, commits and the remote's own clock will.
        await remote_wanted.now(app)


async def attempt(app: App, *, look: bool = False) -> None:
    """One exchange by a job. What the forge does not do is told, and tried again by the clock or with
    the next thing that is said: a job that waited would keep that one back.
    """
    try:
        await run(app, look=look)
    except (BadForge, ForgeError) as error:
        _log.warning("%s %s", error.message, error.hint)


async def _exchange(app: App, forge: Forge, state: State, *, whole: bool) -> None:
    whole = whole or forge_state.ago(state.whole_at) > _WHOLE_SECONDS
    state.waits_for_remote, state.troubles = False, {}
    if whole and not state.failing_since:  # else this is the same look again
        state.try_all_again()
    if whole:
        state.protected = await _is_protected(app, forge)
    pulls = {pull.number: pull for pull in await forge.open_pulls()}
    state.waits_for_remote = await forge_link.adopt(app, forge, list(pulls.values()))
    await forge_link.open_asked(app, forge, state)
    for review in await to_thread.run_sync(forge_link.reviews, app):
        if review.link is not None and review.link.forge == forge.key:
            try:
                await _one(app, forge, state, review, pulls, whole=whole)
            except (ForgeAway, ForgeBusy, ForgeDenied):
                raise
            except ForgeError as error:
                _log.warning("%s: %s %s", review.branch, error.message, error.hint)
                state.troubles[review.id] = Trouble(error.message, error.hint)
            except Invalid as error:  # what the store cannot hold
                _log.warning("%s: %s %s", review.branch, error.message, error.hint)
                state.troubles[review.id] = Trouble(error.message, error.hint)
            except PrdgenError:
                raise  # the store or Git, which the others need as well
            except Exception as error:
                _log.exception("%s could not be exchanged", review.branch)
                state.troubles[review.id] = Trouble(
                    f"What the forge has of it could not be taken in: {type(error).__name__}.",
                    "The other drafts go on. Look into the server's log, and report it.",
                )
    if whole:
        state.whole_at = remote_state.now()


async def _is_protected(app: App, forge: Forge) -> bool | None:
    """Whether main may be changed there by pull requests only; None: not for prdgen to know."""
    try:
        return await forge.is_protected(app.main_branch)
    except (ForgeForbids, ForgeMissing) as error:
        _log.info("whether %s is protected is not known: %s", app.main_branch, error)
        return None


async def _one(
    app: App, forge: Forge, state: State, review: Review, pulls: dict[int, Pull], *, whole: bool
) -> None:
    """One review and its pull request: theirs comes first, then ours goes."""
    link = review.link
    assert link is not None
    known = await to_thread.run_sync(_known, app, review)
    listed, is_over = pulls.get(link.number), review.state != "open"
    unsent = [entry for entry in known.unsent if entry.id not in state.refused]
    if listed is None and is_over and not unsent:
        recent = datetime.now(UTC) - review.changed_at < _AFTERWARDS
        if not (whole and recent):
            return
    number = str(link.number)
    moved = listed is None or state.pulls.get(number) != listed.changed_at.isoformat()
    if moved or whole or unsent:
        # A list shows less than the thing itself: GitLab leaves the compared commits out.
        pull = await forge.pull(link.number)
        here = Here(app, review, link, known, pull)
        state.pulls[number] = pull.changed_at.isoformat()
        review = await _take_in(app, forge, state, here)
        known = await to_thread.run_sync(_known, app, review)
        await Out(app, forge, state, review, link, pull, known).run()
        review = await to_thread.run_sync(drafts.find_review, app, review.id)
        known = await to_thread.run_sync(_known, app, review)
        listed = pull
    assert listed is not None
    if trouble := forge_link.parted(review, listed):
        state.troubles.setdefault(review.id, trouble)
    await Out(app, forge, state, review, link, listed, known).mark()


async def _take_in(app: App, forge: Forge, state: State, here: Here) -> Review:
    """What is new there, as lines of the log; where the review stands then."""
    found = await forge.talk(here.pull)
    new: list[Entry] = []
    try:
        new = await to_thread.run_sync(forge_in.talk, here, found)
    except CommitMissing:
        state.waits_for_remote = True
        state.pulls.pop(str(here.link.number), None)
        state.troubles[here.review.id] = Trouble(
            "Comments come in as soon as the remote has brought the commit they are on.", waits=True
        )
    new += forge_ends.words(here)
    ended = await to_thread.run_sync(forge_ends.end, here)
    if ended is not None:
        new.append(ended)
    review = here.review
    if new:
        review = await to_thread.run_sync(drafts.bring, app, review.id, *new)
        await review_news.tell(app, review.id)
    if ended is not None:
        await forge_ends.follow(app, review, ended)
    return review


def _known(app: App, review: Review) -> exchanged.Exchanged:
    """In a thread."""
    return exchanged.fold(log.entries(drafts.log_of(app, review.id)), review.link)


def is_due(app: App, state: State) -> bool:
    """Whether the clock has an exchange made: when a busy forge said when, then, however long it had failed
    before.
    """
    if state.not_before:
        return not state.is_put_off
    return state.tried_seconds_ago >= _pause(app, state)


def _pause(app: App, state: State) -> float:
    """Seconds between two looks: longer and longer ones while the forge fails."""
    failing = forge_state.ago(state.failing_since) if state.failing_since else 0.0
    return max(app.settings.forge_seconds, min(LONGEST_PAUSE, failing / 2))


async def clock(app: App, stop: asyncio.Event) -> None:
    """Have an exchange made every `forge_seconds` until `stop`: as soon as the server starts, too."""
    if not forge_wanted.is_on(app):
        return
    begins = True
    while not stop.is_set():
        try:
            state = await to_thread.run_sync(forge_state.load, app)
            if not state.is_put_off and (begins or is_due(app, state)):
                await forge_wanted.now(app, look=begins)
                begins = False
        except PrdgenError as error:
            _log.info("the forge is asked later: %s", error)
        await asyncio.sleep(min(_LOOK_SECONDS, app.settings.forge_seconds / 2))
