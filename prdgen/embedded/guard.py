"""Who uses a server: locks that the system lets go of however a process ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Users:
    """The processes that use one server; the last one out may stop it.

    Held as a shared file lock, so a process killed with -9 no longer counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: IO[bytes] | None = None

    def join(self) -> None:
        """Count this process in, until `leave`."""
        if self._held is None:
            self._held = self._path.open("ab")
            fcntl.flock(self._held, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """Count this process out; True when nobody else is left."""
        held, self._held = self._held, None
        if held is None:
            return False
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Starting and stopping one server is done by one process at a time."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
