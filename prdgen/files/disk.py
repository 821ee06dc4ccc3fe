"""Reading and writing a page's file so that nobody's save is lost.

A write exchanges the new file with the old one and hands out what was there at that very moment,
so a save made by somebody else between looking and writing is never overwritten.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import anyio
from anyio import to_thread

from prdgen.files import attributes, place, rename
from prdgen.files.errors import FileNotWritable, FileTooLarge, LinkRefused, NotAFile
from prdgen.files.place import NoSuchFolder, Place

SIZE_LIMIT: Final = 64 * 1024 * 1024
OWN_NAME: Final = re.compile(r"\.(?P<name>.{1,200})\.[0-9a-f]{8}\.prdgen~", re.DOTALL)
"""Names of files that exist only while one is written; watchers and Git should ignore them."""
IGNORE_PATTERN: Final = ".*.prdgen~"
"""The same for `.git/info/exclude`."""
_EMPTY_SECONDS: Final = 2.0
_SET_SECONDS: Final = 0.05
"""A clock that is kept right by small corrections moves by less between two looks."""
Keep = Callable[[bytes], None]
"""Keeps displaced bytes where a kill does not reach them."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes about a file when somebody writes it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp in what `stat` says."""
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )


@dataclass(frozen=True, slots=True)
class FileState:
    """A file's bytes, and its stamp when they were read."""

    data: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no file."""


def read(path: Path, root: Path, *, limit: int = SIZE_LIMIT) -> FileState | Missing:
    """The regular file at `path` below `root`, read while its stamp did not move.

    Raises LinkRefused (a link anywhere on the way), OutsideRoot, NotAFile, FileTooLarge and
    FileNotWritable (no right to read).
    """
    try:
        with place.opened(path, root) as where:
            descriptor = place.open_file(where)
            try:
                return _consistent(descriptor, path, limit)
            finally:
                os.close(descriptor)
    except (NoSuchFolder, FileNotFoundError):
        return Missing()


def _consistent(descriptor: int, path: Path, limit: int) -> FileState:
    while True:
        before = Stamp.of(os.fstat(descriptor))
        if before.size > limit:
            raise FileTooLarge(
                what="The file", where=path, path=path, got=before.size, expected=limit
            )
        data = _read_all(descriptor, limit)
        if Stamp.of(os.fstat(descriptor)) == before:
            return FileState(data, before)


def _read_all(descriptor: int, limit: int) -> bytes:
    parts, at = [], 0
    size = os.fstat(descriptor).st_size
    # One byte more than there should be: one look then finds the end, too. A file that grows meanwhile,
    # from nothing perhaps, is not read byte by byte.
    wanted = min(max(size + 1, 1 << 16), 1 << 20)
    while at <= limit and (part := os.pread(descriptor, wanted, at)):
        parts.append(part)
        at += len(part)
        if at == size and len(part) < wanted:
            break
    return b"".join(parts)


async def stood_still(
    path: Path, root: Path, seconds: float, *, shorter_prefix_of: bytes | None = None
) -> FileState | Missing:
    """The file once it did not change for `seconds`; for 2 s when it looks half written: missing,
    empty, or a shorter beginning of what it was (`shorter_prefix_of`).

    How long it stands already counts, by its change time, which no program can set back, and only
    since the machine's clock was last set: before that the two say nothing about each other.
    """
    seen, since = await to_thread.run_sync(_look, path, root)
    while True:
        needed = _needed(seen, seconds, shorter_prefix_of)
        remaining = since + needed - time.monotonic()
        if remaining <= 0:
            return seen
        await anyio.sleep(min(remaining, max(seconds, 0.01)))
        now, changed = await to_thread.run_sync(_look, path, root)
        if now != seen:
            seen, since = now, changed


def _look(path: Path, root: Path) -> tuple[FileState | Missing, float]:
    """The file now, and when it last changed, on the clock that is never set (now: there is none)."""
    state, now = read(path, root), time.monotonic()
    if isinstance(state, Missing):
        return state, now
    return state, now - _CLOCK.age(max(state.stamp.ctime_ns, state.stamp.mtime_ns) / 1e9)


class _Clock:
    """Compares the clock that files are stamped by with the one that is never set."""

    def __init__(self) -> None:
        self._apart, self._since = time.time() - time.monotonic(), time.monotonic()

    def age(self, changed: float) -> float:
        """Seconds since `changed`, at most those since the clock was set."""
        now, steady = time.time(), time.monotonic()
        if abs(now - steady - self._apart) > _SET_SECONDS:
            self._since = steady
        self._apart = now - steady
        return max(0.0, min(now - changed, steady - self._since))


_CLOCK: Final = _Clock()


def _needed(seen: FileState | Missing, seconds: float, whole: bytes | None) -> float:
    if isinstance(seen, Missing) or not seen.data:
        return max(seconds, _EMPTY_SECONDS)
    if whole is not None and len(seen.data) < len(whole) and whole.startswith(seen.data):
        return max(seconds, _EMPTY_SECONDS)
    return seconds


class Swapped:
    """What a write found at the page's place. Close it, or use it as a context manager."""

    def __init__(self, displaced: bytes | None, *, written: bool, descriptor: int | None) -> None:
        self.displaced = displaced
        """The bytes that were there; None: no file."""
        self.written = written
        """False: a file was expected and is gone, and none was made."""
        self._descriptor = descriptor

    def late(self) -> bytes | None:
        """What the displaced file holds now if it changed since, else None.

        Look about 2 s after the write: an editor that held the old file open writes into that.
        """
        if self._descriptor is None:
            return None
        data = _read_all(self._descriptor, SIZE_LIMIT)
        if data == self.displaced:
            return None
        self.displaced = data
        return data

    def close(self) -> None:
        """Let the displaced file go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def exchange(
    path: Path, root: Path, data: bytes, expected: bytes | None, *, fsync: bool = False,
    keep: Keep | None = None,
) -> Swapped:  # fmt: skip
    """Put `data` at `path`, and hand out what was there: a caller that finds `displaced` other than
    `expected` takes it in.

    `expected` None: there should be no file, and missing folders are made. Expected bytes and no
    file: nothing is written (`written` is False). Mode, owner and extended attributes stay. `keep`
    is given the displaced bytes before their file goes: until then a kill leaves it to `leftovers`.
    Raises what `read` raises, DiskFull and FileNotWritable; then the old file is untouched.
    """
    try:
        with place.opened(path, root, make_folders=expected is None) as where:
            return _exchange(where, data, expected, fsync=fsync, keep=keep)
    except NoSuchFolder:
        return Swapped(None, written=False, descriptor=None)


def _exchange(
    where: Place, data: bytes, expected: bytes | None, *, fsync: bool, keep: Keep | None
) -> Swapped:
    fresh = Place(where.folder, _own_name(where.name), where.path)
    _write_new(fresh, data, _existing(where), fsync=fsync)
    try:
        swapped = _trade(where, fresh, make=expected is None, keep=keep)
        if fsync:
            os.fsync(where.folder)
        return swapped
    except BaseException:
        _remove(fresh)
        raise


def _own_name(name: str) -> str:
    return f".{name.encode()[:200].decode('utf-8', 'ignore')}.{secrets.token_hex(4)}.prdgen~"


def _existing(where: Place) -> int | None:
    try:
        return place.open_file(where)
    except FileNotFoundError:
        return None


def _write_new(fresh: Place, data: bytes, existing: int | None, *, fsync: bool) -> None:
    """Write the file that will be put in place, with the attributes of the one it replaces."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        if existing is not None and not os.fstat(existing).st_mode & 0o222:
            raise FileNotWritable(path=fresh.path, got="its mode says read-only")
        mode = 0o666 if existing is None else 0o600
        descriptor = os.open(fresh.name, flags, mode, dir_fd=fresh.folder)
        try:
            with os.fdopen(descriptor, "wb", buffering=0, closefd=False) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) or 0 :]
            if existing is not None:
                attributes.copy(existing, descriptor, str(fresh.path))
            if fsync:
                os.fsync(descriptor)
        except BaseException:
            _remove(fresh)
            raise
        finally:
            os.close(descriptor)
    finally:
        if existing is not None:
            os.close(existing)


def _trade(where: Place, fresh: Place, *, make: bool, keep: Keep | None) -> Swapped:
    while True:
        try:
            rename.exchange(where.folder, fresh.name, where.name)
        except FileNotFoundError:
            if not make:
                _remove(fresh)
                return Swapped(None, written=False, descriptor=None)
            if _put(where, fresh):
                return Swapped(None, written=True, descriptor=None)
        except OSError as error:
            if error.errno not in rename.UNSUPPORTED:
                raise
            return trade_slowly(where, fresh, make=make, keep=keep)
        else:
            return _displaced(where, fresh, keep)


def trade_slowly(where: Place, fresh: Place, *, make: bool, keep: Keep | None = None) -> Swapped:
    """`exchange` for filesystems that cannot: what is there is moved aside, never overwritten.

    For a moment the page's name does not exist; a process killed just then leaves both files
    behind under names that `leftovers` finds.
    """
    aside = Place(where.folder, _own_name(where.name), where.path)
    there = True
    try:
        os.rename(where.name, aside.name, src_dir_fd=where.folder, dst_dir_fd=where.folder)
    except FileNotFoundError:
        there = False
        if not make:
            _remove(fresh)
            return Swapped(None, written=False, descriptor=None)
    while not _put(where, fresh):
        os.rename(where.name, aside.name, src_dir_fd=where.folder, dst_dir_fd=where.folder)
        there = True
    return _displaced(where, aside, keep) if there else Swapped(None, written=True, descriptor=None)


def _put(where: Place, fresh: Place) -> bool:
    """Give the new file its name unless somebody has taken it meanwhile."""
    try:
        rename.no_replace(where.folder, fresh.name, where.name)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in rename.UNSUPPORTED:
            raise
        try:
            os.link(
                fresh.name, where.name, src_dir_fd=where.folder, dst_dir_fd=where.folder,
                follow_symlinks=False,
            )  # fmt: skip
        except FileExistsError:
            return False
        _remove(fresh)
    return True


def _displaced(where: Place, aside: Place, keep: Keep | None) -> Swapped:
    """What came out of the exchange; a link or folder that slipped in goes back to its place."""
    try:
        descriptor = place.open_file(Place(aside.folder, aside.name, where.path))
    except (LinkRefused, NotAFile):
        rename.exchange(where.folder, aside.name, where.name)
        raise
    try:
        data = _consistent(descriptor, where.path, SIZE_LIMIT).data
        if keep is not None:
            keep(data)
        _remove(aside)
    except BaseException:
        os.close(descriptor)
        raise
    return Swapped(data, written=True, descriptor=descriptor)


def remove(path: Path, root: Path, expected: bytes) -> Swapped:
    """Delete the file if it holds `expected`; otherwise it stays (`written` is False) and
    `displaced` is what it holds, or None when there was none.
    """
    try:
        with place.opened(path, root) as where:
            aside = Place(where.folder, _own_name(where.name), where.path)
            os.rename(where.name, aside.name, src_dir_fd=where.folder, dst_dir_fd=where.folder)
            descriptor = -1
            try:
                descriptor = place.open_file(aside)
                data = _consistent(descriptor, where.path, SIZE_LIMIT).data
            finally:
                if descriptor < 0 or data != expected:
                    _put(where, aside)
            if data == expected:
                _remove(aside)
            return Swapped(data, written=data == expected, descriptor=descriptor)
    except (NoSuchFolder, FileNotFoundError):
        return Swapped(None, written=False, descriptor=None)


def _remove(file: Place) -> None:
    try:
        os.unlink(file.name, dir_fd=file.folder)
    except FileNotFoundError:
        return
