"""A lock per branch that holds across threads, processes and Git hooks, and ends with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from prdgen.git.errors import Locked
from prdgen.git.repository import Repository

_PAUSE_SECONDS: Final = 0.01


@contextmanager
def branch(repository: Repository, name: str, *, seconds: float = 10.0) -> Iterator[None]:
    """Hold the lock of a branch inside this block. It is not re-entrant, and blocks the thread.

    An flock: the system lets it go when the holder dies, so nothing is ever left locked. The file
    stays. Raises Locked after `seconds`.
    """
    with held(repository, f"branch-{name}", seconds=seconds):
        yield


@contextmanager
def held(
    repository: Repository, name: str, *, seconds: float = 10.0, shared: bool = False
) -> Iterator[Path]:
    """The same for any name (`seconds=0`: at once or not), `shared` with others who hold it so;
    gives the lock's file.
    """
    folder = repository.common_dir / "prdgen" / "locks"
    path = folder / f"{quote(name, safe='')[:200]}.lock"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except FileNotFoundError:  # the first lock of this clone
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o644)
    try:
        until = time.monotonic() + seconds
        while not _take(descriptor, shared=shared):
            if time.monotonic() >= until:
                holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
                raise Locked(
                    what=f"The lock {name}", got=f"process {holder or 'unknown'}", how="stop it"
                )
            time.sleep(_PAUSE_SECONDS)
        if not shared:
            _sign(descriptor)
        yield path
    finally:
        os.close(descriptor)


@contextmanager
def among_writers(repository: Repository, name: str) -> Iterator[None]:
    """Be one of those who write files and commits of a branch, between two pushes to it.

    Raises Locked at once while a push is under way, or waits for its turn.
    """
    with ExitStack() as stack:
        with held(repository, f"gate-{name}", seconds=0, shared=True):
            stack.enter_context(held(repository, f"push-{name}", seconds=0, shared=True))
        yield


def may_write(repository: Repository, name: str) -> bool:
    """Whether no push to the branch is under way, or waits for its turn, at this moment."""
    try:
        with among_writers(repository, name):
            return True
    except Locked:
        return False


class Gates:
    """Whether pushes keep writers out, for many who ask again and again: a branch that was seen shut is
    looked at again after `seconds`.
    """

    def __init__(self, repository: Repository, seconds: float) -> None:
        self._repository, self._seconds = repository, seconds
        self._shut: dict[str, float] = {}
        """Branch → until when it is not looked at."""

    def are_shut(self, branch: str) -> bool:
        """Whether a push to the branch is under way, or waits for its turn, or did a moment ago."""
        now = time.monotonic()
        if now >= self._shut.get(branch, now):
            if may_write(self._repository, branch):
                self._shut.pop(branch, None)
                return False
            self._shut[branch] = now + self._seconds
        return True


@contextmanager
def without_writers(repository: Repository, name: str, *, seconds: float = 30.0) -> Iterator[None]:
    """Push to a branch inside this block: nobody writes its files and commits meanwhile.

    Those who write now end first, and nobody begins, so that a push waits only for work that is
    under way, however many people type. Blocks the thread; raises Locked after `seconds`.
    """
    with (
        held(repository, f"gate-{name}", seconds=seconds),
        held(repository, f"push-{name}", seconds=seconds),
    ):
        yield


def _sign(descriptor: int) -> None:
    """Say who holds it, if the file does not: a truncated file makes some file systems write at once,
    and whoever waits for the disk then waits for that.
    """
    name = f"{os.getpid()}\n".encode()
    if os.pread(descriptor, 64, 0) != name:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, name, 0)


def _take(descriptor: int, *, shared: bool) -> bool:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
