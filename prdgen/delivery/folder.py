"""A site in a folder: each build whole in a folder of its own, and a link to the one that is public.

A web server shows `current`. Unchanged files are hard links, so a build costs what changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from prdgen import serving
from prdgen.delivery.build import NOTHING, Build, File, Kind, otherwise
from prdgen.delivery.errors import (
    BuildDamaged,
    FileGone,
    FolderRefused,
    NoSuchBuild,
    TargetBusy,
    TargetGarbled,
    TargetNotOurs,
)
from prdgen.delivery.state import State
from prdgen.delivery.target import Outcome, Progress, Read, silent

log = logging.getLogger(__name__)
_FLUSHED_ONE_BY_ONE: Final = 200


class FolderTarget:
    """One folder; see `target.Target`. Whoever is killed lets go of its lock."""

    def __init__(
        self, path: Path, *, keep: int, keep_seconds: float, notes_changes: bool = False
    ) -> None:
        self.where = str(path)
        self._path, self._keep, self._keep_seconds = path, keep, keep_seconds
        self._notes = notes_changes
        self._home, self._builds = path / ".prdgen", path / "builds"
        self._link = path / "current"

    def state(self) -> State | None:
        """See `Target`."""
        with self._asking():
            return self._state()

    def _state(self) -> State | None:
        try:
            state = State.unpacked((self._home / "state.json").read_bytes(), self.where)
        except FileNotFoundError:
            others = (each.name for each in self._path.iterdir()) if self._path.is_dir() else ()
            other = next((name for name in others if name != ".prdgen"), None)
            if other is not None:
                raise TargetNotOurs(where=self.where, got=other) from None
            return None
        # The link is what readers see, also when whoever moved it was killed right then.
        try:
            shown = self._link.readlink().name
        except FileNotFoundError:
            return state
        if shown != state.current and (build := self._load(shown)) is not None:
            state.switched(build, self._keep, back=state.find(shown) is not None)
        state.current = shown
        return state

    def plan(self, build: Build) -> Outcome:
        """See `Target`."""
        with self._asking():
            state = self._state() or State()
            old = self._load(state.current) or NOTHING
            return self._outcome(old, build, self._touched(old))

    def publish(
        self,
        build: Build,
        read: Read,
        progress: Progress = silent,
        *,
        check: bool = False,  # noqa: ARG002
    ) -> Outcome:
        """See `Target`; files are always compared, by size and time."""
        with self._alone() as state:
            old = self._load(state.current) or NOTHING
            touched = self._touched(old)
            outcome = self._outcome(old, build, touched)
            if outcome.nothing and not touched and state.current == build.id:
                self._save(state)  # Whoever was killed right after the switch did not.
                return outcome
            made, written = self._made(build, old, touched, read, progress)
            self._switch(state, old, made, outcome)
            size = sum(made.files[path].size for path in written)
            return replace(outcome, sent=len(written), sent_bytes=size)

    def roll_back(self, build: str, progress: Progress = silent) -> Outcome:
        """See `Target`."""
        with self._alone() as state:
            entry = state.find(build) if build else state.before
            wanted = self._load(entry.id) if entry else None
            if entry is None or wanted is None:
                raise NoSuchBuild(where=self.where, build=build or "before the public one")
            if wrong := self._touched(wanted):
                got = f"{min(wrong)} is gone or changed"
                raise BuildDamaged(where=self.where, build=entry.id, got=got)
            wanted = self._tightened(wanted)
            old = self._load(state.current) or NOTHING
            outcome = replace(self._outcome(old, wanted, set()), sent=0)
            self._switch(state, old, wanted, outcome, back=True)
            progress("switched", 1, 1)
            return outcome

    def told(self, changes: Mapping[str, int]) -> None:
        """See `Target`."""
        with self._alone() as state:
            state.forget(changes)
            self._save(state)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """What the system says of the folder is said in prdgen's words: FolderRefused."""
        try:
            yield
        except OSError as error:
            place = error.filename or self.where
            got = f"{place}: {error.strerror or error}"
            raise FolderRefused(where=self.where, got=got) from error

    @contextlib.contextmanager
    def _alone(self) -> Iterator[State]:
        """Publish inside this block; the target's state. Raises TargetBusy, TargetNotOurs and
        FolderRefused.
        """
        with self._asking(), self._locked() as state:
            yield state

    @contextlib.contextmanager
    def _locked(self) -> Iterator[State]:
        state = self._state()
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                who = f"Process {lock.read(20).strip() or '?'}"
                raise TargetBusy(where=self.where, who=who) from None
            lock.seek(0)
            lock.truncate()
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            found = self._state()
            if found is None:
                found = state or State()
                self._save(found)
            yield found

    def _made(
        self, build: Build, old: Build, touched: set[str], read: Read, progress: Progress
    ) -> tuple[Build, list[str]]:
        """The build's folder, whole; the build as it lies there, and the addresses that were written.

        Whoever goes on after a kill finds each file there or not there: none is half written.
        """
        ready, working = self._builds / build.id, self._builds / f".{build.id}.new"
        if ready.is_dir():
            working = ready  # Public now or before: what is wrong in it is written again.
        begun = working.is_dir()
        files: dict[str, File] = {}
        written: list[str] = []
        usable = {path: file for path, file in old.files.items() if path not in touched}
        known = (self._load(build.id) or NOTHING).files
        if begun:
            self._loosen(build.id, working, old.id)
        for number, (path, file) in enumerate(sorted(build.files.items()), 1):
            target = working / path
            same = usable.get(path)
            shown = self._builds / old.id / path
            was = known.get(path)
            if was and was.check and _is_whole(target, was) and serving.is_newer(target, shown):
                files[path] = replace(file, size=was.size, check=was.check)
                continue
            if same is None or same.name != file.name or not self._linked(old, path, target):
                data = _got(read, file, path, self.where)
                # What is there already may be a file of other builds too: it is left with its time.
                if not (begun and _holds(target, data) and serving.is_newer(target, shown)):
                    _write(target, data)
                    serving.be_newer(target, shown)
                    written.append(path)
            found = target.stat()
            files[path] = replace(file, size=found.st_size, check=str(found.st_mtime_ns))
            progress("files in place", number, len(build.files))
        _flush([working / path for path in written])
        made = self._recorded(replace(build, files=files))
        if working != ready:
            working.rename(ready)
        return made, written

    def _tightened(self, build: Build) -> Build:
        """A kept build with the times of those files that `_loosen` forgot, as they stand now."""
        folder = self._builds / build.id
        files = {
            path: replace(file, check=str((folder / path).stat().st_mtime_ns))
            for path, file in build.files.items()
            if not file.check
        }
        return self._recorded(replace(build, files={**build.files, **files})) if files else build

    def _recorded(self, build: Build) -> Build:
        _replace(self._home / "builds" / f"{build.id}.json.gz", build.packed())
        return build

    def _loosen(self, build: str, folder: Path, shown: str) -> None:
        """Forget the times of a kept build's files that are about to get later ones: whoever is killed
        in between leaves a build to go back to, each of its files with the one time or the other.
        """
        kept = self._load(build)
        if kept is None:
            return
        later = {
            path: replace(file, check="")
            for path, file in kept.files.items()
            if _is_whole(folder / path, file)
            and not serving.is_newer(folder / path, self._builds / shown / path)
        }
        if later:
            self._recorded(replace(kept, files={**kept.files, **later}))

    def _switch(
        self, state: State, old: Build, build: Build, outcome: Outcome, *, back: bool = False
    ) -> None:
        """Show this build, which is whole, and forget those that are not kept."""
        self._keep_fixed(state, old, build)
        if self._notes:
            state.note({*outcome.changed, *outcome.gone, *outcome.mended})
        self._save(state)
        fresh = self._path / ".current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(f"builds/{build.id}")
        fresh.replace(self._link)
        state.switched(build, self._keep, back=back)
        self._save(state)
        kept = {each.id for each in state.builds}
        for folder in self._builds.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)
        for each in (self._home / "builds").iterdir():
            if each.name.partition(".")[0] not in kept:
                each.unlink()

    def _keep_fixed(self, state: State, old: Build, build: Build) -> None:
        """Fixed files of the build before stay for its open pages, longer than any cache."""
        now, folder = time.time(), self._builds / build.id
        before = {path for path, file in old.files.items() if file.kind is Kind.FIXED}
        since = {path: state.retired.get(path, now) for path in {*before, *state.retired}}
        state.retired = {
            path: moment for path, moment in sorted(since.items())
            if path not in build.files and 0 <= now - moment < self._keep_seconds
            and ((folder / path).exists() or self._linked(old, path, folder / path))
        }  # fmt: skip

    def _linked(self, old: Build, path: str, target: Path) -> bool:
        """Let a file of the public build stand in another one too; False: it is not there."""
        source = self._builds / old.id / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target
        if os.path.lexists(target):  # What stands there does so until the other one does.
            fresh = _beside(target)
            fresh.unlink(missing_ok=True)
        try:
            fresh.hardlink_to(source)
        except FileNotFoundError:
            return False
        except OSError:  # a disk without links
            shutil.copy2(source, fresh)
        if fresh != target:
            fresh.replace(target)
            fresh.unlink(missing_ok=True)  # It is left when both were one file already.
        return True

    def _touched(self, build: Build) -> set[str]:
        """Addresses where there is not what was published."""
        folder = self._builds / build.id
        return {path for path, file in build.files.items() if not _is_whole(folder / path, file)}

    def _outcome(self, old: Build, build: Build, touched: set[str]) -> Outcome:
        differs = otherwise(old, build)
        fixed = {path for path, file in old.files.items() if file.kind is Kind.FIXED}
        here = differs & build.files.keys()
        gone = differs - here - fixed
        changed = {path for path in here if build.files[path].kind is not Kind.FIXED}
        sent = here | (touched & build.files.keys())
        return Outcome(
            build.id, build.commit, len(sent), 0, tuple(sorted(changed)), tuple(sorted(gone)),
            tuple(sorted(touched - differs)),
        )  # fmt: skip

    def _load(self, build: str) -> Build | None:
        path = self._home / "builds" / f"{build}.json.gz"
        try:
            return Build.unpacked(path.read_bytes(), str(path)) if build else None
        except FileNotFoundError:
            return None
        except TargetGarbled as error:
            log.warning("%s", error)
            return None

    def _save(self, state: State) -> None:
        state.turn += 1
        _replace(self._home / "state.json", state.packed())


def _is_whole(path: Path, file: File) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_size == file.size and file.check in {"", str(found.st_mtime_ns)}


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _write(target: Path, data: bytes) -> None:
    """Write a file in one step; nobody writes into it afterwards: other builds may share it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _beside(target)
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(data)
    fresh.chmod(0o444)
    fresh.replace(target)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.new")


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _flush(paths: list[Path]) -> None:
    """Have the disk hold what was written, before anything points to it."""
    if len(paths) > _FLUSHED_ONE_BY_ONE:
        os.sync()
        return
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _got(read: Read, file: File, path: str, where: str) -> bytes:
    data = read(file.name)
    if data is None:
        raise FileGone(path=path, where=where)
    return data
