"""Who was found to be a reader a moment ago, so that each file of a page is not a question to the database."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

SECONDS: Final = 5.0
"""How soon somebody can no longer read whose session ended in another process."""
_MOST: Final = 10_000
Credentials = tuple[bytes | None, bytes | None]
"""The headers Cookie and Authorization, as they came."""


def credentials_of(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """With what a request came; neither: it is nobody's."""
    found = dict(headers)
    return found.get(b"cookie"), found.get(b"authorization")


class Readers:
    """Whose credentials were good a moment ago, for reading the site; for nothing else."""

    def __init__(self) -> None:
        self._until: dict[Credentials, float] = {}
        self.turn = 0
        """One more whenever everyone is to be checked again."""

    def let_in(self, who: Credentials, turn: int) -> None:
        """They were checked, and may read; `turn` was the turn before they were."""
        if turn != self.turn:
            return
        if len(self._until) >= _MOST:
            self._until.clear()
        self._until[who] = time.monotonic() + SECONDS

    def know(self, who: Credentials) -> bool:
        """Whether they still count."""
        return self._until.get(who, 0.0) > time.monotonic()

    def forget(self) -> None:
        """Something was changed here, perhaps who may read: everyone is checked again."""
        self.turn += 1
        self._until.clear()
