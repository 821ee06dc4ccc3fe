"""something happened → those whom it concerns are told once, with what they can do about it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

from anyio import to_thread

from prdgen.errors import PrdgenError
from prdgen.flows import kept_facts, roles
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.git.values import Signature
from prdgen.store import notifications, people
from prdgen.store.people import Person
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
_SPACE: Final = UUID("5f0b9a34-6f0e-5a6e-9f0c-2f6d3a1c7e11")
_LONGEST: Final = 300
_UNTOLD: Final = "untold.json"
_MOST_UNTOLD: Final = 100
TO_DO: Final[Mapping[str, str]] = {
    "git.conflict.detected": "Open it and choose: until then both are kept.",
    "file.kept": "Compare the two and keep one; the other is taken away like any file, with Git.",
    "file.revived": "Look whether it is to stay; it can be deleted again.",
    "text.recovered": "Open it: put the words back, or discard them.",
    "review.requested": "Read what it changes; then approve it, or ask for changes.",
    "review.approved": "Merge it when nothing else is missing.",
    "review.changes_requested": "Read what is asked for, change it, and ask for a review again.",
    "review.commented": "Answer it, or resolve it.",
    "review.replied": "Answer it, or resolve it.",
    "review.taken": "",
    "review.merged": "Nothing to do: its pages are on the main branch now.",
    "review.closed": "Its text is kept; who may write can open it again.",
    "remote.undecided": "The page of the remote says what can be done, in the clone on the server.",
    "remote.left": "Look at these files in the folder on the server (`git status`): commit them, or put back what Git has.",
}
"""What people are told of, and what they can do then."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened, as people read it. The same `event_id` twice is once."""

    type: str
    title: str
    href: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    event_id: UUID = field(default_factory=uuid4)


def event_id(*what: str) -> UUID:
    """The id of something that may be told more than once, and is heard once."""
    return uuid5(_SPACE, "\0".join(what))


async def tell(tx: Tx, told: News, whom: Iterable[Person]) -> None:
    """Tell these people, in the transaction of what happened, or in one of its own."""
    title = told.title if len(told.title) <= _LONGEST else f"{told.title[: _LONGEST - 1]}…"
    await notifications.notify(
        tx, [person.id for person in whom], told.event_id,
        type=told.type, title=title, href=told.href, at=told.at,
    )  # fmt: skip


async def with_role(app: App, tx: Tx, role: str) -> list[Person]:
    """Everybody who has at least this role."""
    role_of = await roles.of_all(app)
    return [p for p in await people.list_people(tx) if roles.at_least(role_of(p), role)]


async def to_keepers(app: App, told: Iterable[News]) -> None:
    """Tell maintainers and owners, also what could not be told before. What is done already is not undone
    when that cannot be stored now: it is told with the next call, which may have nothing new.
    """
    kept = await to_thread.run_sync(_untold, app)
    found = [*kept, *told]
    if not found:
        return
    try:
        async with app.store.transaction() as tx:
            whom = await with_role(app, tx, "maintainer")
            for each in found:
                await tell(tx, each, whom)
    except PrdgenError as error:
        log.warning("it is told later that %s: %s", found[0].title, error)
        await to_thread.run_sync(_add, app, found)
    else:
        if kept:
            await to_thread.run_sync(_drop, app, frozenset(each.event_id for each in found))


def keep(clone: Clone, told: News) -> None:
    """In a thread: have this told with the next call of `to_keepers`, whatever becomes of this process."""
    _add(clone, [told])


def _add(clone: Clone, told: Iterable[News]) -> None:
    found = {each.event_id: each for each in (*_untold(clone), *told)}
    _keep(clone, [*found.values()][-_MOST_UNTOLD:])


def _drop(clone: Clone, ids: frozenset[UUID]) -> None:
    _keep(clone, [each for each in _untold(clone) if each.event_id not in ids])


def _untold(clone: Clone) -> list[News]:
    """In a thread."""
    try:
        return [
            News(
                each["type"], each["title"], each["href"],
                datetime.fromisoformat(each["at"]), UUID(each["event_id"]),
            )
            for each in kept_facts.load(clone, _UNTOLD).get("news", [])
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        log.warning("what could not be told before cannot be read: %s", error)
        return []


def _keep(clone: Clone, told: Iterable[News]) -> None:
    """In a thread: keep what could not be told, in a file of the clone: the store is away."""
    facts = [
        {**asdict(each), "at": each.at.isoformat(), "event_id": str(each.event_id)} for each in told
    ]
    kept_facts.save(clone, _UNTOLD, {"news": facts})


async def of_recovered(
    app: App, tx: Tx, branch: str, href: str, page_path: str, by: Iterable[Signature]
) -> None:
    """Tell those whose words are kept as a draft of their own; whoever may write when none of them has an
    account.
    """
    emails = {each.email.lower() for each in by}
    whom = [person for person in await people.list_people(tx) if person.email.lower() in emails]
    title = f"Your words in {page_path} have no page any more; they are kept"
    if not whom:
        whom = await with_role(app, tx, "editor")
        title = f"Words in {page_path} have no page any more; they are kept"
    told = News("text.recovered", title, href, event_id=event_id("recovered", branch))
    await tell(tx, told, whom)
