"""a line in a review's log → those whom it concerns are told of it.

Whose draft it is: who began it, and who wrote in it. A line that was told before is not told again, so
the whole log may be looked at whenever one comes: what was missed by a kill is told with the next one,
or within the hour, to those whom it concerned when it was said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import code_owners, drafts, news, roles
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.news import News
from prdgen.git import log as git_log
from prdgen.review import log as review_log
from prdgen.review import owners
from prdgen.review.log import Entry
from prdgen.review.state import Review, fold
from prdgen.store import people
from prdgen.store.people import Person

log = logging.getLogger(__name__)
_FRESH: Final = timedelta(days=7)
"""What is older is no news: a clone that has just met its remote has years of it."""
_MISSED: Final = timedelta(days=1)
_NEWEST: Final = 30
_SAYS: Final[Mapping[str, str]] = {
    "requested": "{who} asks for a review of {title}",
    "approved": "{who} approved {title}",
    "changes_requested": "{who} asks for changes of {title}",
    "commented": "{who} commented on {title}",
    "replied": "{who} answered in {title}",
    "taken": "{who} took your suggestion in {title}",
    "merged": "{who} merged {title} into {base}",
    "closed": "{who} closed {title}",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What people are told of one line, and the addresses of those it concerns."""

    news: News
    emails: frozenset[str]
    owners: tuple[str, ...] | None = None
    """Of a request: whose approval it takes, as CODEOWNERS writes them; anybody's when none of them has
    an account. None: no request.
    """
    by: str = ""


async def tell(app: App, *ids: str) -> None:
    """Tell people what is new in these reviews. What was said stays said when that cannot be stored now."""
    for id_ in ids:
        try:
            await _tell(app, id_)
        except PrdgenError as error:
            log.warning("people are told later of what happened in the review %s: %s", id_, error)


async def tell_missed(app: App) -> None:
    """Tell what nobody was told within a day: the process was killed, or the store was away. No line comes
    after the end of a draft with which that would be told.
    """
    since = datetime.now(UTC) - _MISSED
    found = await to_thread.run_sync(drafts.reviews, app)
    await tell(app, *[review.id for review in found if review.changed_at > since])


async def _tell(app: App, id_: str) -> None:
    found = await to_thread.run_sync(_of_log, app, id_)
    if not found:
        return
    role_of = await roles.of_all(app)
    async with app.store.transaction() as tx:
        known = await people.list_people(tx)
        for each in found:
            others = [person for person in known if person.email.lower() != each.by]
            await news.tell(tx, each.news, _whom(each, others, role_of))


def _whom(told: _Told, others: list[Person], role_of: Callable[[Person], str]) -> list[Person]:
    if told.owners is None:
        return [person for person in others if person.email.lower() in told.emails]
    named = [
        person
        for person in others
        if any(owners.is_owner(each, person.name, person.email) for each in told.owners)
    ]
    return named or [each for each in others if roles.at_least(role_of(each), "commenter")]


def _of_log(clone: Clone, id_: str) -> list[_Told]:
    """In a thread."""
    entries = review_log.entries(drafts.log_of(clone, id_))
    review = fold(id_, entries)
    since = datetime.now(UTC) - _FRESH
    if review is None:
        return []
    asked = _asked(review, entries)
    fresh = [
        (number, e)
        for number, e in enumerate(entries)
        if e.kind in _SAYS and e.at > since and (e.kind != "requested" or e is asked)
    ]
    if not fresh:
        return []
    wrote = _writers(clone, review)
    return [
        _told(clone, review, entry, entries[: number + 1], wrote)
        for number, entry in fresh[-_NEWEST:]
    ]


def _asked(review: Review, entries: Iterable[Entry]) -> Entry | None:
    """Who asks for a review now; None: nobody does any more."""
    asked = None
    for entry in entries:
        if entry.kind in {"requested", "withdrawn"}:
            asked = entry if entry.kind == "requested" else None
    return asked if review.state == "open" else None


def _told(
    clone: Clone, review: Review, entry: Entry, upto: Sequence[Entry],
    wrote: Iterable[tuple[datetime, str]],
) -> _Told:  # fmt: skip
    """Of the last line `upto` there: who came later is not concerned."""
    title = _SAYS[entry.kind].format(who=entry.name, title=review.title, base=review.base)
    if entry.kind == "commented" and (page_path := entry.facts.get("page_path")):
        title += f": {page_path}"
    thread = str(entry.facts.get("thread") or entry.id)
    at = f"#{thread}" if thread in review.threads else ""
    told = News(
        f"review.{entry.kind}", title, drafts.address(review.id) + at, entry.at,
        news.event_id(review.id, entry.id),
    )  # fmt: skip
    mine = {review.started_by_email.lower(), *(email for at, email in wrote if at <= entry.at)}
    mine |= {each.email.lower() for each in upto if each.kind == "requested"}
    match entry.kind:
        case "requested":
            whose = code_owners.of_draft(clone, review)
            return _Told(told, frozenset(), whose, entry.email.lower())
        case "taken":
            emails = _in_thread(upto, thread)[:1]
        case "replied":
            emails = [*mine, *_in_thread(upto, thread)]
        case "merged" | "closed":
            emails = [*mine, *_spoke(upto)]
        case _:
            emails = [*mine]
    return _Told(told, frozenset(emails), None, entry.email.lower())


def _in_thread(entries: Iterable[Entry], thread: str) -> list[str]:
    """Who spoke in it, who began it first."""
    return [
        entry.email.lower()
        for entry in entries
        if entry.id == thread or (entry.kind == "replied" and entry.facts.get("thread") == thread)
    ]


def _spoke(entries: Iterable[Entry]) -> set[str]:
    """Who said or decided something."""
    said = {"commented", "replied", "approved", "changes_requested", "resolved", "taken"}
    return {entry.email.lower() for entry in entries if entry.kind in said}


def _writers(clone: Clone, review: Review) -> set[tuple[datetime, str]]:
    """Who wrote in the draft, and when."""
    repository = clone.repository
    tip = review.tip or repository.tip(review.branch)
    main = repository.tip(clone.main_branch)
    if review.made and git_log.has_commit(repository, review.made):
        main = next(iter(repository.commit_info(review.made).parents), main)
    if not tip or main is None or not git_log.has_commit(repository, tip):
        return set()
    return {
        (at, signature.email.lower())
        for at, commit in git_log.writers_when(repository, main, tip)
        for signature in commit
    }
