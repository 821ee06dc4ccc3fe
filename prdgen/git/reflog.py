"""A branch's last moves, as its reflog tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prdgen.git.repository import Repository

_READ: Final = 64 * 1024
"""Bytes at the end of a reflog: the last few hundred moves."""
_LINE: Final = re.compile(
    rb"(?P<old>[0-9a-f]{40,64}) (?P<new>[0-9a-f]{40,64}) [^\t]*> (?P<at>\d+) [+-]\d{4}(?:\t(?P<message>.*))?"
)
"""As gitformat-reflog(5) says: old and new id, who, when, and what for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a branch."""

    old: str
    new: str
    at: datetime
    message: str


def last_steps(repository: Repository, branch: str, *, since: datetime) -> list[Step]:
    """In a thread: the moves of a branch since then, oldest first, as far as the end of its reflog has
    them. Empty: it did not move, or has no reflog.
    """
    path = repository.common_dir / "logs" / "refs" / "heads" / branch
    try:
        if path.stat().st_mtime < since.timestamp():
            return []
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _READ))
            lines = file.read().split(b"\n")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return []
    found = []
    for line in lines:
        if (parts := _LINE.fullmatch(line)) is None:
            continue  # the rest of a line that began before
        at = datetime.fromtimestamp(int(parts["at"]), UTC)
        if at >= since:
            message = (parts["message"] or b"").decode("utf-8", "replace")
            found.append(Step(parts["old"].decode(), parts["new"].decode(), at, message))
    return found
