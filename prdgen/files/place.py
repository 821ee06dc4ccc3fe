"""Finding a page's place on disk without ever following a link out of the working tree."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.files.errors import (
    DiskFull,
    FileNotWritable,
    LinkRefused,
    NotAFile,
    OutsideRoot,
)

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS: Final = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """An open folder and the name of a file in it; `path` is for messages."""

    folder: int
    name: str
    path: Path


class NoSuchFolder(Exception):
    """A folder on the way is missing; for callers in this package."""


@contextmanager
def opened(path: Path, root: Path, *, make_folders: bool = False) -> Iterator[Place]:
    """The place of `path` (relative to `root`, or absolute below it), each folder opened in turn.

    Raises OutsideRoot, LinkRefused, NotAFile (a file where a folder should be), NoSuchFolder, and
    translates what the system refuses inside the block.
    """
    parts = _parts(path, root)
    shown = Path(*parts)
    with translated(shown):
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for depth, part in enumerate(parts[:-1], 1):
                below = _step(folder, part, Path(*parts[:depth]), shown, make=make_folders)
                os.close(folder)
                folder = below
            yield Place(folder, parts[-1], shown)
        finally:
            os.close(folder)


def _parts(path: Path, root: Path) -> tuple[str, ...]:
    relative = path
    if path.is_absolute():
        try:
            relative = path.relative_to(root)
        except ValueError as error:
            raise OutsideRoot(path=path, root=root) from error
    if not relative.parts or ".." in relative.parts or "\0" in str(relative):
        raise OutsideRoot(path=path, root=root)
    if ".git" in (part.lower() for part in relative.parts):
        raise OutsideRoot(path=path, root=root)
    return relative.parts


def _step(folder: int, name: str, at: Path, path: Path, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError as error:
        if not make:
            raise NoSuchFolder from error
        with suppress(FileExistsError):  # made meanwhile; opening says whether it is a folder
            os.mkdir(name, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
            raise
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise LinkRefused(path=path, at=at) from error
        raise NotAFile(path=path, got=f"below {at}, which is a file") from error


def open_file(place: Place, flags: int = os.O_RDONLY) -> int:
    """The regular file at a place. Raises FileNotFoundError, LinkRefused and NotAFile."""
    # O_NONBLOCK: opening a pipe must not wait for a writer.
    try:
        descriptor = os.open(
            place.name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place.folder
        )
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise LinkRefused(path=place.path, at=place.path) from error
        if error.errno in {errno.ENXIO, errno.EISDIR}:
            raise NotAFile(path=place.path, got="a socket, a pipe or a folder") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise NotAFile(path=place.path, got=_KINDS.get(stat.S_IFMT(mode), "something else"))
    return descriptor


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what the system refuses into errors with a cure; what is missing passes."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        said = error.strerror or str(error)
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFull(what="The disk", path=path, got=said) from error
        raise FileNotWritable(path=path, got=said) from error
