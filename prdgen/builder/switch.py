"""The public folder: always one complete build, for any static web server."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from prdgen.builder import artifacts, errors
from prdgen.builder.manifest import Manifest

_SLOTS: Final = ("a", "b")


class Switch:
    """`public` as a symbolic link to one of two folders of hard links; the other one is prepared.

    Readers that resolved the link just before a switch still see a whole build: their folder is
    only touched by the build after the next one, and files are replaced, never written into.
    """

    def __init__(self, state: Path, public: Path, store: artifacts.Artifacts) -> None:
        self._folder = state / "slots"
        self._public = public
        self._store = store

    def to(self, build: Manifest) -> None:
        """Make `build` what the public folder shows. Call inside `alone`. Raises PublicNotOurs when
        the folder holds files of somebody else.
        """
        self.check_public()
        if not self._public.is_symlink() and self._public.exists():
            self._public.rmdir()
        slot = self._next_slot()
        self._fill(slot, self._wanted(build.files))
        self._point_at(slot)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else decides inside this block what is public. Not re-entrant."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _wanted(self, files: Mapping[str, str]) -> dict[str, str]:
        """Path in the slot → path of the artifact or twin, relative to the store."""
        wanted, folder = {}, str(self._store.folder)
        for path, name in files.items():
            place = artifacts.place(name)
            wanted[path] = place
            twin = f"{folder}/{place}.br"
            if artifacts.compressible(path) and os.path.exists(twin):  # noqa: PTH110 - as below
                wanted |= {f"{path}.{e}": f"{place}.{e}" for e in artifacts.ENCODINGS}
        return wanted

    def _fill(self, slot: Path, wanted: dict[str, str]) -> None:
        note = slot.with_suffix(".json")
        try:
            there: dict[str, str] = json.loads(note.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            shutil.rmtree(slot, ignore_errors=True)
            there = {}
        # Without its note a slot is thrown away: a process killed below leaves no half-truth.
        note.unlink(missing_ok=True)
        slot.mkdir(parents=True, exist_ok=True)
        for path in there.keys() - wanted.keys():
            (slot / path).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                os.removedirs((slot / path).parent)
        made: set[str] = set()
        for path in sorted(path for path, name in wanted.items() if there.get(path) != name):
            self._link(f"{slot}/{path}", wanted[path], made)
        note.write_text(json.dumps(wanted), "utf-8")

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
