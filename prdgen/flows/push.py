"""git push → branch, checked-out files, open documents, index and site.

A push is judged by the committed tip only, and nothing is committed because of it: so whoever
pulled can push, however many people type. Between its two hooks nobody writes files and commits of
its branches. Once they moved the live text meets the new tip, like any other, while the files follow.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from anyio import CancelScope, to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import judge, push_renames, roles
from prdgen.flows.context import App
from prdgen.flows.judge import Pusher
from prdgen.flows.landing import Landing, Move
from prdgen.git.http_backend import Backend, Question, Update
from prdgen.git.pushed import Pushed
from prdgen.git.values import Signature

log = logging.getLogger(__name__)
_REFUSED = "nothing was taken; the rules are in prdgen's docs/git.md under What is refused"
_OVER = (
    "while this push came, the token was revoked or the role taken away that it takes (editor): make a new "
    "token at /tokens, or ask an owner for the role, and push again"
)
Again = Callable[[], Awaitable[Pusher | None]]
"""Who pushes, by the token and the roles there are now; None: nobody any more."""


@dataclass(slots=True)
class _Push:
    """One push on its way: the landing it is held for, and what was accepted."""

    landing: Landing
    accepted: tuple[Update, ...] = ()


async def run(app: App, backend: Backend, who: Pusher, now: Again) -> None:
    """Answer what the hooks of a push ask until it is over; however it ends, everything follows.

    `now` looks again who pushes, once all of it came: that may have taken minutes.
    """
    push = _Push(Landing(app))
    try:
        async for question in backend.questions():
            if question.hook == "pre-receive":
                refusals = await _judged(app, now, push, question)
                backend.reply(_told(refusals), accept=not refusals)
            else:
                await _noted(app, who, push.accepted)
                try:
                    left = await _landed(push)
                except Exception:  # whoever waits for an answer gets one
                    log.exception("a push by %s is followed later", who.person.name)
                    left = ["the server's folder does not follow yet; its log says why"]
                # Whoever pushed need not wait for open pages, index and site.
                backend.reply([f"prdgen: {line}" for line in left], accept=True)
    finally:
        with CancelScope(shield=True):
            await _landed(push)
            await push.landing.told()


async def _noted(app: App, who: Pusher, updates: Sequence[Update]) -> None:
    """What the push renamed is known before anybody asks; without the note it counts as deleted."""
    by = Signature(who.person.name, who.person.email)
    try:
        await to_thread.run_sync(push_renames.note, app, updates, by)
    except (PrdgenError, OSError) as error:
        log.warning("a branch that a push renamed counts as deleted: %s", error)


async def _landed(push: _Push) -> list[str]:
    """Files and Git's index follow; what was left as it was."""
    updates, push.accepted = push.accepted, ()
    return await push.landing.files(_branches(updates))


def _branches(updates: Sequence[Update]) -> set[str]:
    return {name for update in updates if (name := judge.branch_of(update))}


def _told(refusals: Sequence[str]) -> list[str]:
    return [f"prdgen: {line}" for line in (*refusals, _REFUSED)] if refusals else []


async def _judged(app: App, now: Again, push: _Push, question: Question) -> list[str]:
    """Why the push is refused; nothing: it is accepted, and its branches are held."""
    updates = question.updates
    try:
        who = await now()
        if who is None or not roles.at_least(who.role, "editor"):
            return [_OVER]
        pushed = Pushed(app.repository, question.quarantine)
        refusals = await to_thread.run_sync(judge.refs, app, who, updates)
        if not refusals and any(update.new for update in updates):
            refusals = await to_thread.run_sync(judge.commits, app, who, pushed, updates)
        if not refusals:
            await to_thread.run_sync(push.landing.hold, _branches(updates))
            for update in updates:
                refusals += await to_thread.run_sync(judge.tip, app, who, pushed, update)
        if not refusals:
            await push.landing.announce(_moves(updates), pushed)
            push.accepted = updates
    except PrdgenError as error:
        log.warning("a push could not be judged: %s", error)
        refusals = [f"{error.message} {error.hint}"]
    except Exception:
        log.exception("a push could not be judged")
        refusals = ["the server could not judge this push; its log says why"]
    if refusals:
        push.landing.release()
    return refusals


def _moves(updates: Sequence[Update]) -> list[Move]:
    named = ((judge.branch_of(update), update) for update in updates)
    return [Move(name, update.old, update.new) for name, update in named if name]
