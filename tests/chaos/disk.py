"""A disk of the storm's own that can be full: a small tmpfs, or else a limit on what files hold."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Iterable
from pathlib import Path

_MEGABYTES = 320


class Disk:
    """A folder on a filesystem of its own where this machine lets us mount one (root, Linux).

    Elsewhere `fill` sets RLIMIT_FSIZE of the given processes to zero instead: every write that
    makes a file longer fails, as it does on a full disk, but only theirs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        size = f"size={_MEGABYTES}m"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
        ) if hasattr(os, "geteuid") and os.geteuid() == 0 else None  # fmt: skip
        self.mounted = done is not None and done.returncode == 0
        self._ballast = folder / "ballast"

    @property
    def kind(self) -> str:
        """How it gets full."""
        return "tmpfs" if self.mounted else "RLIMIT_FSIZE"

    def fill(self, pids: Iterable[int]) -> None:
        """From now on nothing more can be written."""
        if not self.mounted:
            self._limit(pids, 0)
            return
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size):
                        pass

    def clear(self, pids: Iterable[int]) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)
        if not self.mounted:
            self._limit(pids, resource.RLIM_INFINITY)

    def close(self) -> None:
        """Give the filesystem back."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True, capture_output=True)
            self.mounted = False

    def _limit(self, pids: Iterable[int], size: int) -> None:
        for pid in pids:
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            except OSError as error:
                if error.errno != errno.ESRCH:  # it ended just now
                    raise
