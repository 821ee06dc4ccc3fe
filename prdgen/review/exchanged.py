"""A review's log → what of it the pull request has already, and what came from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from prdgen.review.log import Entry
from prdgen.review.state import Link

_GOES: Final = frozenset({
    "commented", "replied", "approved", "changes_requested", "resolved", "unresolved", "taken",
    "titled", "described", "closed", "reopened", "merged",
})  # fmt: skip
STATES: Final = frozenset({"started", "closed", "reopened", "merged"})
SETTLED_THERE: Final = "settled"
"""What is noted as the forge's id of a settled thread, when the forge could settle it."""
_BEGINS: Final = frozenset({"commented", "approved", "changes_requested"})


class There(NamedTuple):
    """What the forge calls a comment, and the thread it is in."""

    id: str
    thread: str


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Both sides of one review and one pull request."""

    entries: tuple[Entry, ...]
    sent: Mapping[str, There] = field(default_factory=dict)
    """Our entry → what the forge calls it."""
    came: Mapping[str, Entry] = field(default_factory=dict)
    """What the forge calls it → the entry that brought it in."""
    threads: Mapping[str, Entry] = field(default_factory=dict)
    """The forge's thread → the entry that began it here."""

    @property
    def unsent(self) -> list[Entry]:
        """What was said or done here and is not there yet, oldest first."""
        return [e for e in self.entries if is_ours(e) and e.kind in _GOES and e.id not in self.sent]

    @property
    def own(self) -> Mapping[str, Entry]:
        """What was said or done here, by its id."""
        return {entry.id: entry for entry in self.entries if is_ours(entry)}

    @property
    def last_state(self) -> Entry | None:
        """What it last became: begun, closed, opened again or merged."""
        return next((e for e in reversed(self.entries) if e.kind in STATES), None)

    def first_of(self, thread: str) -> There | None:
        """Where the forge has the beginning of one of our threads; None: it has it not yet."""
        if found := self.sent.get(thread):
            return found
        for id_, entry in self.came.items():
            if entry.id == thread:
                return There(id_, str(entry.facts.get("thread_there", id_)))
        return None

    def count(self, *kinds: str, **facts: Any) -> int:
        """How many entries there are of these kinds and with these facts."""
        return sum(
            entry.kind in kinds and all(entry.facts.get(k) == v for k, v in facts.items())
            for entry in self.entries
        )


def fold(entries: Iterable[Entry], link: Link | None) -> Exchanged:
    """What was exchanged with the pull request that is linked now."""
    known = tuple(entries)
    if link is None:
        return Exchanged(known)
    here = pull_key(link)
    by_id = {entry.id: entry for entry in known}
    sent, came, threads = dict[str, There](), dict[str, Entry](), dict[str, Entry]()
    for entry in known:
        if entry.facts.get("pull") != here:
            continue
        there = There(str(entry.facts.get("there", "")), str(entry.facts.get("thread_there", "")))
        if entry.kind == "sent":
            of = str(entry.facts.get("entry"))
            sent.setdefault(of, there)
            begun = by_id.get(of)
        else:
            came.setdefault(there.id, entry)
            begun = entry
        if begun is not None and begun.kind in _BEGINS and there.thread:
            threads.setdefault(there.thread, begun)
    return Exchanged(known, sent, came, threads)


def is_ours(entry: Entry) -> bool:
    """Whether it was said here, not at a forge."""
    return "pull" not in entry.facts and entry.kind not in {"linked", "sent"}


def pull_key(link: Link) -> str:
    """The pull request, as the log's entries name it."""
    return f"{link.forge}#{link.number}"


def came_id(link: Link, *what: object) -> str:
    """The id of an entry for something at the forge: the same whoever brings it in."""
    # Without the project: it may get another name, and its comments keep their numbers.
    name = "\0".join((str(link.number), *map(str, what)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def after(moment: datetime, *earlier: datetime | None) -> datetime:
    """The moment, or one just behind what must come before it: two machines' clocks differ."""
    least = [each + timedelta(milliseconds=1) for each in earlier if each is not None]
    return max([moment, *least])
