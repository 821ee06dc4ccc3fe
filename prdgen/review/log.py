"""A review's log: JSON lines, each what somebody said or did. Logs merge by union.

Two servers may append to one review without hearing of each other: the merged log has every line of
both, once, by time and id, so it is the same whoever merges.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

KINDS: Final = frozenset({
    "started", "titled", "described", "closed", "reopened", "merged",
    "requested", "withdrawn", "approved", "changes_requested",
    "commented", "replied", "resolved", "unresolved", "taken",
    "linked", "sent", "reworded", "undecided", "renamed",
})  # fmt: skip
"""What can be in a log; lines of other kinds are kept and not understood."""

_TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what was said or done, by whom, when."""

    kind: str
    name: str
    email: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: uuid4().hex)

    def line(self) -> str:
        """The entry as one line of JSON, the same for the same entry."""
        whole = {"id": self.id, "at": self.at.isoformat(), "kind": self.kind,
                 "by": {"name": self.name, "email": self.email}, **self.facts}  # fmt: skip
        return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def entries(log: bytes) -> list[Entry]:
    """The entries of a log that are understood, in order; others stay in the log unread."""
    found = [entry for line in log.splitlines() if (entry := _entry(line)) is not None]
    found.sort(key=lambda entry: (entry.at, entry.id))
    # Two servers may bring in one thing from a forge, and see its place each in its own way.
    return list({entry.id: entry for entry in reversed(found)}.values())[::-1]


def merged(logs: Iterable[bytes]) -> bytes:
    """One log with every line of all of them, once, in order."""
    lines = {line for log in logs for line in log.splitlines() if line.strip()}
    return b"".join(line + b"\n" for line in sorted(lines, key=_order))


def appended(log: bytes, new: Iterable[Entry]) -> bytes:
    """The log with more entries."""
    return merged([log, *(entry.line().encode() for entry in new)])


def said_now(log: bytes, new: Iterable[Entry]) -> list[Entry]:
    """What is said on this machine now, behind everything that the log has: the clock that gave that its
    time may be ahead of ours, and an answer must not come before what it answers.
    """
    known = entries(log)
    last = known[-1].at if known else None
    placed = list[Entry]()
    for entry in new:
        at = entry.at if last is None else max(entry.at, last + _TICK)
        placed.append(replace(entry, at=at))
        last = placed[-1].at
    return placed


def _order(line: bytes) -> tuple[str, bytes]:
    entry = _entry(line)
    return (entry.at.astimezone(UTC).isoformat() if entry else "", line)


def _entry(line: bytes) -> Entry | None:
    """What a line says; None: something this version does not know, or no JSON."""
    try:
        found = json.loads(line)
        by = found.pop("by")
        at = datetime.fromisoformat(found.pop("at"))
        entry = Entry(
            str(found.pop("kind")), str(by["name"]), str(by["email"]), found,
            at if at.tzinfo else at.replace(tzinfo=UTC), str(found.pop("id")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return entry if entry.kind in KINDS else None
