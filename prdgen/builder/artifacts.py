"""Immutable files by the hash of their bytes, with their compressed twins."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import brotli
from backports import zstd

KEEP_SECONDS: Final = 7200.0
"""An artifact nobody names any more stays this long: longer than any cache holds its page."""
_READ: Final = re.compile(r"\.(html|css|js|json|svg|ttf|otf|wasm|webmanifest)$")
"""What a browser loads while somebody waits."""
_FETCHED: Final = re.compile(r"\.(md|txt|xml|csv)$")
"""What programs fetch, and seldom: gzip is enough, which all of them know."""
_WORTH_COMPRESSING: Final = 600
_COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gz": lambda data: gzip.compress(data, 4, mtime=0),
    "br": lambda data: brotli.compress(data, quality=5),
    "zst": lambda data: zstd.compress(data, level=4),
}
"""Ending of each twin → how it is made, at the level after which bytes get dear: brotli 9 takes
eighteen times as long for 1.5 % fewer, zstd 6 twice as long for 6 %, and whoever takes zstd takes brotli.
"""
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def digest(data: bytes) -> str:
    """The name of these bytes: the first 160 bits of their SHA-256."""
    return hashlib.sha256(data).hexdigest()[:40]


def place(name: str) -> str:
    """Where an artifact of this name lies in its folder."""
    return f"{name[:2]}/{name}"


def twins(path: str) -> tuple[str, ...]:
    """Endings of the compressed twins that a file of this name gets; nothing when it would not shrink."""
    if _READ.search(path):
        return tuple(_COMPRESS)
    return ("gz",) if _FETCHED.search(path) else ()


def _touch(path: str) -> None:
    """It is in use now. A second that was given to it because an older version had this one stays."""
    if os.stat(path).st_mtime < time.time():  # noqa: PTH116 - thousands of them, and Path is slow
        os.utime(path)


class Artifacts:
    """A folder of artifacts; several processes may write to it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str, encoding: str = "") -> Path:
        """Where the artifact, or its twin with the ending `encoding`, lies when it exists."""
        return self.folder / place(f"{name}.{encoding}" if encoding else name)

    def put(self, data: bytes) -> str:
        """Write the bytes if they are new; their name."""
        name = digest(data)
        target = self._place(name)
        try:
            _touch(target)
        except FileNotFoundError:
            self._write(target, data)
        return name

    def adopt(self, path: Path) -> str:
        """Take a file in as it lies there, when it is new; its name. It must not change any more."""
        data = path.read_bytes()
        name = digest(data)
        target = self.path(name)
        path.chmod(0o444)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)
        except FileExistsError:
            _touch(str(target))
        except OSError:  # another disk, or one without links
            self._write(str(target), data)
        return name

    def link(self, name: str, path: Path) -> None:
        """Let the artifact stand at `path` too, where nothing is yet."""
        try:
            path.hardlink_to(self.path(name))
        except OSError:  # another disk, or one without links
            shutil.copyfile(self.path(name), path)

    def get(self, name: str, encoding: str = "") -> bytes | None:
        """The bytes, or those of the twin in `encoding`; None when there are none."""
        try:
            return self.path(name, encoding).read_bytes()
        except FileNotFoundError:
            return None

    def compress(self, name: str, endings: Sequence[str]) -> None:
        """Make these twins of one artifact, as `twins` has them, if it is worth it."""
        if self.is_compressed(name, endings):
            return
        data = self.get(name)
        if data is None or len(data) < _WORTH_COMPRESSING:
            return
        target = self._place(name)
        for ending in endings:
            self._write(f"{target}.{ending}", _COMPRESS[ending](data))

    def is_compressed(self, name: str, endings: Sequence[str]) -> bool:
        """Whether the artifact has these twins, or is too small to have any."""
        place = self._place(name)
        # The last one is written last and stands for all. Thousands of paths, and Path is slow.
        if os.path.exists(f"{place}.{endings[-1]}"):  # noqa: PTH110
            return True
        return os.stat(place).st_size < _WORTH_COMPRESSING  # noqa: PTH116

    def sweep(self, named: Iterable[str], now: float | None = None) -> int:
        """Remove artifacts that are not named and were not for KEEP_SECONDS; how many."""
        kept, limit = set(named), (now or time.time()) - KEEP_SECONDS
        removed = 0
        for folder in self.folder.glob("??"):
            with os.scandir(folder) as found:
                for each in found:
                    if each.name.partition(".")[0] in kept or each.stat().st_mtime > limit:
                        continue
                    Path(each.path).unlink(missing_ok=True)
                    removed += 1
        return removed

    def _place(self, name: str) -> str:
        return f"{self.folder}/{place(name)}"

    def _write(self, target: str, data: bytes) -> None:
        # One name per process and thread is enough, and far cheaper than asking for a free one.
        temporary = f"{target}.{os.getpid()}-{threading.get_ident()}.new"
        try:
            handle = os.open(temporary, _CREATE, 0o444)
        except FileNotFoundError:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(temporary, _CREATE, 0o444)
        except FileExistsError:
            Path(temporary).unlink(missing_ok=True)
            handle = os.open(temporary, _CREATE, 0o444)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.rename(temporary, target)  # noqa: PTH104 - as above
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
