"""A review's log → where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from prdgen.review.log import Entry

State = Literal["open", "merged", "closed"]


@dataclass(frozen=True, slots=True)
class Review:
    """A draft and what became of it."""

    id: str
    branch: str
    base: str
    """The branch it is to go into."""
    title: str
    description: str
    state: State
    started_by: str
    started_at: datetime
    changed_at: datetime
    tip: str | None = None
    """The draft's last commit, once it is merged or closed."""
    made: str | None = None
    """The commit that merged it."""


def fold(id_: str, entries: Iterable[Entry]) -> Review | None:
    """Where a review stands after these entries, in order; None: it never began."""
    review: Review | None = None
    for entry in entries:
        if entry.kind == "started" and review is None:
            review = _started(id_, entry)
        elif review is not None:
            review = replace(review, changed_at=entry.at, **_changes(entry))
    return review


def _started(id_: str, entry: Entry) -> Review:
    facts = entry.facts
    return Review(
        id=id_, branch=_text(facts, "branch"), base=_text(facts, "base"),
        title=_text(facts, "title"), description="", state="open", started_by=entry.name,
        started_at=entry.at, changed_at=entry.at,
    )  # fmt: skip


def _changes(entry: Entry) -> dict[str, Any]:
    facts = entry.facts
    match entry.kind:
        case "titled":
            return {"title": _text(facts, "title")}
        case "described":
            return {"description": _text(facts, "text")}
        case "closed":
            return {"state": "closed", "tip": _text(facts, "tip")}
        case "merged":
            return {"state": "merged", "tip": _text(facts, "tip"), "made": _text(facts, "made")}
        case "reopened":
            return {"state": "open", "tip": None, "made": None}
    return {}


def _text(facts: Any, key: str) -> str:
    return str(facts.get(key, ""))
