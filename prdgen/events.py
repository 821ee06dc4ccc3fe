"""What can happen, by the mission's wire names, and the shape of one event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

EVENT_TYPES: Final[dict[str, str]] = {
    "prd.created": "A page came into being on a branch.",
    "prd.updated": "A commit changed a page.",
    "prd.deleted": "A commit removed a page.",
    "prd.version.created": "A person saved a version of a page.",
    "prd.approved": "A review of a page was approved.",
    "prd.exported": "A PDF, Word or JSON file of a page was made.",
    "user.joined": "A person opened a page in an editor.",
    "user.left": "A person's last editor of a page closed.",
    "content.changed": "The text of a live document changed (one event per document and flush).",
    "cursor.moved": "A cursor moved (live only, never stored).",
    "selection.changed": "A selection changed (live only, never stored).",
    "ai.prompt.submitted": "A person asked the language model for text.",
    "ai.generation.started": "The language model began to answer.",
    "ai.generation.completed": "The language model's answer is complete.",
    "ai.generation.failed": "The language model's answer failed.",
    "git.commit.created": "A commit is on a branch, made by the server or from outside.",
    "git.conflict.detected": "Two sides changed the same lines, or one deleted what the other edited: both, or the edited, is kept.",
    "backup.completed": "A backup was written.",
    "metrics.collected": "Figures of the server's work were collected.",
}
"""Wire name → what it means. The names are the mission's; there are no others."""

LIVE_ONLY: Final = frozenset({"cursor.moved", "selection.changed"})
"""Events that travel between open editors and are never written down."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `data` is JSON; texts never travel in it, only places and counts."""

    type: str
    branch: str | None = None
    page_path: str | None = None
    person_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if self.type not in EVENT_TYPES:
            raise ValueError(f"unknown event type {self.type!r}; the names are in EVENT_TYPES")

    def cloud_event(self, number: int | None = None) -> dict[str, Any]:
        """This event as CloudEvents 1.0 JSON; `number` is the relay's sequence number."""
        subject = "/".join(part for part in (self.branch, self.page_path) if part)
        return {
            "specversion": "1.0",
            "id": str(self.id),
            "source": "/prdgen",
            "type": self.type,
            "time": self.at.isoformat(),
            "datacontenttype": "application/json",
            **({"subject": subject} if subject else {}),
            **({"sequence": str(number)} if number is not None else {}),
            "data": {
                "branch": self.branch,
                "page_path": self.page_path,
                "person_id": str(self.person_id) if self.person_id else None,
                **self.data,
            },
        }
