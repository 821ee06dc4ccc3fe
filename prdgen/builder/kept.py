"""Exported files, kept on this disk by what they depend on; all of it can be thrown away."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)
_OWN: Final = Path(__file__).parent
_PACKAGES: Final = (
    "prdgen", "typst", "pikepdf", "pillow", "pypandoc_binary", "resvg-py", "merman", "comrak-ext",
    "latex2mathml", "pygments",
)  # fmt: skip
_SEEN: Final = "seen-"
_NOTES_KEPT: Final = 12
_VERSIONS_KEPT: Final = 3
"""Of one page and format: the newest, and what someone may just be loading."""


class Kept:
    """The files kept in one folder. A file's time is when somebody last asked for that page in that
    format: what nobody asks for is not made again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, page: str, kind: str, key: str, make: Callable[[], bytes]) -> bytes:
        """The file of `page` (a name for it) in the format `kind`, made when there is none for
        `key` yet; whoever asks meanwhile, here or in another process, waits for it. Blocks.
        """
        return self._get(page, kind, key, make, time.time())

    def known(self, page: str, kind: str, seen: str) -> bytes | None:
        """The file that `note` said is the one for `seen`; None when there is none. Blocks."""
        try:
            key = (self._place(page) / f"{_SEEN}{seen}").read_text("ascii")
            path = self._place(page) / f"{key}.{kind}"
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def has(self, page: str, kind: str, seen: str) -> bool:
        """Whether `known` would find a file. Blocks."""
        try:
            key = (self._place(page) / f"{_SEEN}{seen}").read_text("ascii")
        except OSError:
            return False
        return (self._place(page) / f"{key}.{kind}").exists()

    def note(self, page: str, seen: str, key: str) -> None:
        """Note that `key` is what `seen` comes to, so that nobody has to find out again. Blocks."""
        place = self._place(page)
        try:
            _write(place / f"{_SEEN}{seen}", key.encode("ascii"))
            notes = sorted(place.glob(f"{_SEEN}*"), key=lambda path: path.stat().st_mtime)
        except OSError as error:
            log.warning("it is not noted which file was exported: %s", error)
            return
        for path in notes[:-_NOTES_KEPT]:
            path.unlink(missing_ok=True)

    def renew(self, page: str, kind: str, key: str, make: Callable[[], bytes]) -> None:
        """Make the file somebody would have to wait for, without counting as asked for. Blocks."""
        asked = self.asked(page).get(kind)
        if asked is not None:
            self._get(page, kind, key, make, asked)

    def asked(self, page: str) -> dict[str, float]:
        """The formats this page was asked for in, and when last (seconds since 1970)."""
        found: dict[str, float] = {}
        for path in self._files(page):
            kind = path.suffix.removeprefix(".")
            found[kind] = max(found.get(kind, 0.0), path.stat().st_mtime)
        return found

    def tidy(self, seconds: float) -> None:
        """Forget pages that nobody asked for in so many seconds, but none whose file is being made.
        Blocks.
        """
        for folder in self._folder.glob("*"):
            begun = folder.stat().st_mtime
            newest = max((path.stat().st_mtime for path in _files(folder)), default=begun)
            if newest < time.time() - seconds and not _is_held(folder / "lock"):
                shutil.rmtree(folder, ignore_errors=True)

    def _get(
        self, page: str, kind: str, key: str, make: Callable[[], bytes], asked: float
    ) -> bytes:
        path = self._place(page) / f"{key}.{kind}"
        try:
            with self._alone(page):
                data = _read(path)
                if data is None:
                    data = make()
                    _write(path, data)
                    self._drop_old(page, kind)
                os.utime(path, (asked, asked))
        except OSError as error:
            # It is only kept to save time: a full disk is no reason to refuse it.
            log.warning("an exported file is not kept: %s", error)
            return make()
        return data

    def _drop_old(self, page: str, kind: str) -> None:
        mine = [path for path in self._files(page) if path.suffix == f".{kind}"]
        for path in sorted(mine, key=lambda path: path.stat().st_ctime)[:-_VERSIONS_KEPT]:
            path.unlink(missing_ok=True)

    def _files(self, page: str) -> list[Path]:
        return _files(self._place(page))

    def _place(self, page: str) -> Path:
        return self._folder / hashlib.sha256(page.encode()).hexdigest()[:24]

    @contextmanager
    def _alone(self, page: str) -> Iterator[None]:
        """One file of a page is made at a time, on this machine."""
        self._place(page).mkdir(parents=True, exist_ok=True)
        with (self._place(page) / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.*") if not path.name.startswith(".")]


def _is_held(path: Path) -> bool:
    """Whether somebody has the lock just now."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(data)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


@lru_cache(maxsize=1)
def makers() -> str:
    """What an exported file depends on beside its page: the packages, and our own code and styles."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for path in sorted(path for path in _OWN.rglob("*") if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()
