"""A lock per branch that holds across threads, processes and Git hooks, and ends with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
def held(repository: Repository, name: str, *, seconds: float = 10.0) -> Iterator[Path]:
    """The same for any name (`seconds=0`: at once or not); gives the lock's file."""
    folder = repository.common_dir / "prdgen" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{quote(name, safe='')[:200]}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        until = time.monotonic() + seconds
        while not _take(descriptor):
            if time.monotonic() >= until:
                holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
                raise Locked(
                    what=f"The lock {name}", got=f"process {holder or 'unknown'}", how="stop it"
                )
            time.sleep(_PAUSE_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield path
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
