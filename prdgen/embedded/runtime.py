"""The short private folder for sockets: a socket's path may have about 100 characters."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from prdgen.embedded import errors

_LONGEST = 80
"""Leaves room for `/.s.PGSQL.5432` below the 100 characters every system grants a socket."""


def folder(state_dir: Path, service: str) -> Path:
    """The folder for the sockets of `service`, made with mode 0700 if need be.

    The same for every process that uses `state_dir`; the first one's choice is written down there.
    Raises RuntimeFolderUnsafe when somebody else made it.
    """
    note = state_dir / f"{service}.runtime"
    noted = Path(note.read_text("utf-8").strip()) if note.exists() else None
    if noted and noted.is_absolute() and len(str(noted)) <= _LONGEST and noted.parent.is_dir():
        return _private(noted)
    chosen = _private(_choose(state_dir, service))
    note.write_text(f"{chosen}\n", "utf-8")
    return chosen


def discard(state_dir: Path, service: str) -> None:
    """Remove the folder again, when the server that had its socket there has ended."""
    note = state_dir / f"{service}.runtime"
    if note.exists():
        shutil.rmtree(note.read_text("utf-8").strip(), ignore_errors=True)
        note.unlink()


def _choose(state_dir: Path, service: str) -> Path:
    name = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:12]
    for above in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108
        path = Path(above or "") / f"prdgen-{os.geteuid()}-{name}-{service[0]}"
        if above and len(str(path)) <= _LONGEST and os.access(above, os.W_OK):
            return path
    raise errors.RuntimeFolderUnsafe(where=tempfile.gettempdir(), got="its path is too long")


def _private(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise errors.RuntimeFolderUnsafe(where=path, got="it is not a folder")
    # Root also uses folders it once handed to the user PostgreSQL runs as.
    if os.geteuid() not in {0, found.st_uid}:
        raise errors.RuntimeFolderUnsafe(where=path, got=f"it belongs to user {found.st_uid}")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path
