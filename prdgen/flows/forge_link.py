"""review ⇄ pull request: which belongs to which; opened there for a draft, begun here for theirs."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import datetime

from anyio import to_thread

from prdgen.flows import drafts, forge_wanted, remote_state
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.forge_state import State, Trouble
from prdgen.flows.signatures import SERVER
from prdgen.forge.values import Forge, Pull
from prdgen.review import exchanged, log, posting
from prdgen.review.log import Entry
from prdgen.review.state import Link, Review

_log = logging.getLogger(__name__)
_OPENED = frozenset({"titled", "described"})


def reviews(clone: Clone) -> list[Review]:
    """In a thread: every review, each with a branch that is certainly its own: what is only guessed to be
    a draft's is neither pushed nor joined to a pull request.
    """
    return drafts.reviews(clone, guess=False)


def branches(clone: Clone) -> set[str]:
    """In a thread: the branches that the forge has to have, or has."""
    if not forge_wanted.is_on(clone):
        return set()
    found = reviews(clone)
    return {each.branch for each in found if each.state == "open" and (each.asked_by or each.link)}


async def adopt(app: App, forge: Forge, pulls: list[Pull]) -> bool:
    """Link each open pull request into main to the review of its branch; one is begun where there is
    none. Whether the remote has a branch of one of these that is not here yet.
    """
    comes = False
    found = await to_thread.run_sync(reviews, app)
    linked = {(each.link.forge, each.link.number) for each in found if each.link}
    for pull in pulls:
        link = Link(forge.key, pull.number, pull.address)
        if (link.forge, link.number) in linked or pull.is_foreign or pull.base != app.main_branch:
            continue
        known = next((r for r in found if r.branch == pull.branch and r.state == "open"), None)
        await to_thread.run_sync(_adopt, app, link, pull, known)
        comes = comes or await to_thread.run_sync(app.repository.tip, pull.branch) != pull.tip
    return comes


def _adopt(app: App, link: Link, pull: Pull, known: Review | None) -> None:
    """In a thread."""
    said, pull_key = [], exchanged.pull_key(link)
    facts: dict[str, object] = {"pull": pull_key}
    if known is None:
        day, mark = pull.began_at, hashlib.sha256(pull_key.encode()).hexdigest()[:8]
        id_ = f"{day:%Y%m%d}-{mark}"
        began = {**facts, "branch": pull.branch, "base": pull.base, "title": pull.title,
                 "tip": pull.tip}  # fmt: skip
        said.append(_entry(link, "started", pull, began))
        if text := posting.description_of(pull.body):
            said.append(_entry(link, "described", pull, {**facts, "text": text}))
    else:
        id_ = known.id
        if known.asked_by is None:
            said.append(_entry(link, "requested", pull, facts))
    last = said[-1].at if said else pull.began_at
    at = exchanged.after(last, pull.began_at, known.changed_at if known else None)
    said.append(_linked(link, at))
    _log.info("the pull request %s is the review %s", pull_key, id_)
    drafts.bring(app, id_, *said)


def _entry(link: Link, kind: str, pull: Pull, facts: dict[str, object]) -> Entry:
    return Entry(
        kind, pull.author.name, pull.author.email, facts, pull.began_at,
        exchanged.came_id(link, kind, "begun"),
    )  # fmt: skip


def _linked(link: Link, at: datetime | None = None) -> Entry:
    facts = {"forge": link.forge, "number": link.number, "address": link.address}
    made = Entry("linked", SERVER.name, SERVER.email, facts)
    return made if at is None else replace(made, at=at)


async def open_asked(app: App, forge: Forge, state: State) -> None:
    """Open a pull request for each draft whose review is asked for, when the remote has its branch."""
    for review in await to_thread.run_sync(reviews, app):
        if review.state == "open" and review.asked_by and review.link is None:
            await _open(app, forge, state, review)


async def _open(app: App, forge: Forge, state: State, review: Review) -> None:
    tip, there = await to_thread.run_sync(_tips, app, review.branch)
    if tip is None:
        state.troubles[review.id] = Trouble(
            f"No pull request is opened: the draft's branch {review.branch} is not here.",
            f"To have one, make the branch again (`git branch {review.branch} COMMIT`); "
            "else there is nothing to do.",
        )
        return
    if there is None or not app.repository.is_ancestor(there, tip):
        state.waits_for_remote = True
        state.troubles[review.id] = Trouble(
            "The pull request is opened as soon as the remote has the branch.", waits=True
        )
        return
    main = await to_thread.run_sync(app.repository.tip, app.main_branch)
    if main and app.repository.is_ancestor(there, main):
        state.waits_for_remote = True
        state.troubles[review.id] = Trouble(
            "The pull request is opened with the draft's first change.", waits=True
        )
        return
    text = posting.body(review.description, drafts_address(app, review))
    pull = await forge.open(review.title, text, review.branch, review.base or app.main_branch)
    await to_thread.run_sync(_note_opened, app, review, Link(forge.key, pull.number, pull.address))


def parted(review: Review, pull: Pull) -> Trouble | None:
    """Why the draft, which goes on, and its pull request are not one any more, and what to do; None: they
    are.
    """
    if review.state != "open":
        return None
    how = (
        f"Open another one there, from {review.branch} into {review.base}: prdgen takes that one, with what "
        "was said."
    )
    if pull.state == "merged":
        return Trouble(
            f"The draft is open, and its pull request was merged into {pull.base}.",
            f"{how} If nothing is to be merged any more, close the draft.",
        )
    if pull.branch != review.branch:
        return Trouble(
            f"The draft's branch is called {review.branch} now, and its pull request is for {pull.branch}: "
            "commits of the draft do not get there.",
            f"{how} Or give the branch its name back (`git branch -m {review.branch} {pull.branch}`).",
        )
    return None


def _tips(app: App, branch: str) -> tuple[str | None, str | None]:
    return app.repository.tip(branch), remote_state.agreed(
        app, remote_state.reach(app).name, branch
    )


def _note_opened(app: App, review: Review, link: Link) -> None:
    """In a thread: from now on they are one; title and description are there already."""
    entries = log.entries(drafts.log_of(app, review.id))
    sent = [sent_entry(link, each) for each in entries
            if each.kind in _OPENED and exchanged.is_ours(each)]  # fmt: skip
    drafts.say(app, review.id, _linked(link), *sent)


def sent_entry(link: Link, entry: Entry, id_: str = "", thread: str = "") -> Entry:
    """The log's line for what the forge has from now on."""
    facts = {"pull": exchanged.pull_key(link), "entry": entry.id, "there": id_,
             "thread_there": thread}  # fmt: skip
    return Entry("sent", SERVER.name, SERVER.email, facts)


def drafts_address(app: App, review: Review) -> str:
    """Where people read the review in prdgen; empty when this server has no address of its own."""
    base = app.settings.base_url.rstrip("/")
    return f"{base}{drafts.address(review.id)}" if base else ""
