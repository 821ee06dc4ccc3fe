"""The public folder: always one complete build, for any static web server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from prdgen import serving
from prdgen.builder import artifacts, errors, ledger

_SLOTS: Final = ("a", "b")


class Switch:
    """`public` as a symbolic link to one of two folders of hard links; the other one is prepared.

    Readers that resolved the link just before a switch still see a whole build: their folder is
    only touched by the build after the next one, and files are replaced, never written into.
    """

    def __init__(
        self, state: Path, public: Path, store: artifacts.Artifacts, known: ledger.Ledger
    ) -> None:
        self._folder = state / "slots"
        self._public = public
        self._store = store
        self._ledger = known
        self._prepared: dict[str, str] = {}

    def to(self, files: Mapping[str, str]) -> str:
        """Make these files what the public folder shows; the name of the slot they are in. The ledger
        knows what may differ from before. Call inside `alone`. Raises PublicNotOurs when the folder
        holds files of somebody else.
        """
        self.check_public()
        if not self._public.is_symlink() and self._public.exists():
            self._public.rmdir()
        slot = self._next_slot()
        self._fill(slot, files)
        self._point_at(slot)
        return slot.name

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else decides inside this block what is public. Not re-entrant."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                self._prepared = {}

    def prepare(self, files: Mapping[str, str]) -> None:
        """Put files into a slot of which nothing is known yet, so that `to` has less to do in the same
        block of `alone`. Nothing of it is public.
        """
        slot = self._next_slot()
        if self._ledger.pending(slot.name) is None:
            self._fill(slot, files)
            self._prepared = dict(files)

    def _fill(self, slot: Path, files: Mapping[str, str]) -> None:
        """Bring a slot up to date. Killed in here, the ledger still names every path that may be wrong."""
        paths = self._ledger.pending(slot.name)
        if paths is None and self._prepared:
            differs = files.items() ^ self._prepared.items()
            paths = list({path for path, _ in differs})
        elif paths is None or not slot.is_dir():
            shutil.rmtree(slot, ignore_errors=True)
            paths = list(files)
        slot.mkdir(parents=True, exist_ok=True)
        for path in paths:
            if path not in files:
                self._clear(slot, path, files)
        made: set[str] = set()
        for path in sorted(path for path in paths if path in files):
            if path.startswith(("/", "../")) or "/../" in path:
                raise ValueError(f"{path} would lie outside the site")
            place = artifacts.place(files[path])
            serving.be_newer(f"{self._store.folder}/{place}", f"{self._public}/{path}")
            self._link(f"{slot}/{path}", place, made)
            endings = artifacts.twins(path)
            if endings:
                self._link_twins(f"{slot}/{path}", path, place, endings, files)

    def _link_twins(
        self, target: str, path: str, place: str, endings: Collection[str], files: Mapping[str, str]
    ) -> None:
        for encoding in serving.TWINS:
            if f"{path}.{encoding}" in files:
                continue
            twin = f"{self._store.folder}/{place}.{encoding}"
            if encoding in endings and os.path.exists(twin):  # noqa: PTH110 - as below
                serving.be_newer(twin, f"{self._public}/{path}.{encoding}")
                self._link(f"{target}.{encoding}", f"{place}.{encoding}", set())
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{target}.{encoding}")  # noqa: PTH108

    def _clear(self, slot: Path, path: str, files: Mapping[str, str]) -> None:
        """Remove a file with its twins, and the folders that are empty then."""
        for name in (path, *(f"{path}.{encoding}" for encoding in serving.TWINS)):
            if name not in files:
                (slot / name).unlink(missing_ok=True)
        folder = (slot / path).parent
        with contextlib.suppress(OSError):
            while folder != slot:
                folder.rmdir()
                folder = folder.parent

    def _link(self, target: str, name: str, made: set[str]) -> None:
        # Thousands of paths, and Path is slow.
        folder = os.path.dirname(target)  # noqa: PTH120
        if folder not in made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            made.add(folder)
        source = f"{self._store.folder}/{name}"
        try:
            os.link(source, target)
        except OSError:
            _replace(source, target, f"{folder}/.new")

    def _next_slot(self) -> Path:
        current = os.path.realpath(self._public)
        slots = [self._folder / name for name in _SLOTS]
        return slots[1] if os.path.realpath(slots[0]) == current else slots[0]

    def _point_at(self, slot: Path) -> None:
        self._public.parent.mkdir(parents=True, exist_ok=True)
        where = os.path.relpath(slot, os.path.realpath(self._public.parent))
        temporary = self._public.with_name(f".{self._public.name}.new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(where)
        temporary.replace(self._public)

    def check_public(self) -> None:
        """Raises PublicNotOurs when the public folder holds files of somebody else."""
        if self._public.is_symlink() or not self._public.exists():
            return
        if not self._public.is_dir() or any(self._public.iterdir()):
            raise errors.PublicNotOurs(where=str(self._public))


def _replace(source: str, target: str, temporary: str) -> None:
    """The same where there is a file already, or on a disk without links; in one step."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # noqa: PTH108
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)  # noqa: PTH105
    # Two names of one file are not renamed onto each other.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # noqa: PTH108
