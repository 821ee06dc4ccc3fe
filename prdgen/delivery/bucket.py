"""A site in a bucket: each file at its own address, so that any CDN can serve it without code.

New fixed files come first, then pages, then what leads to pages, then old pages go, then the state.
The contents of every kept build stay beside, so that going back copies within the bucket.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from prdgen.delivery import headers
from prdgen.delivery.build import NOTHING, Build, File, Kind, in_order, otherwise
from prdgen.delivery.errors import BuildDamaged, FileGone, NoSuchBuild, TargetGarbled, TargetNotOurs
from prdgen.delivery.headers import Ages
from prdgen.delivery.lease import HOME, STATE, Lease
from prdgen.delivery.state import State
from prdgen.delivery.target import Outcome, Progress, Read, silent
from prdgen.storage.bucket import Bucket, Seen

log = logging.getLogger(__name__)
_OBJECTS: Final = f"{HOME}/objects/"
_BUILDS: Final = f"{HOME}/builds/"
_AT_ONCE: Final = 16
_DAY: Final = 86_400.0
_PACKED: Final = {"Content-Type": "application/gzip", "Cache-Control": "no-store"}


class BucketTarget:
    """One folder of a bucket; see `target.Target`."""

    def __init__(
        self, bucket: Bucket, ages: Ages, *, keep: int, keep_seconds: float,
        notes_changes: bool = False, lease_seconds: float = 30.0,
    ) -> None:  # fmt: skip
        self.where = bucket.where
        self._bucket, self._ages, self._keep = bucket, ages, keep
        self._notes = notes_changes
        self._keep_seconds, self._lease_seconds = keep_seconds, lease_seconds
        self._known: dict[str, Build] = {}
        """Builds as they lie there, which never change."""

    def state(self) -> State | None:
        """See `Target`."""
        found = self._bucket.get(STATE)
        if found is not None:
            return State.unpacked(found[0], self.where)
        other = next(iter(self._bucket.objects()), None)
        if other is not None:
            raise TargetNotOurs(where=self.where, got=other.key)
        return None

    def plan(self, build: Build) -> Outcome:
        """See `Target`."""
        state, build = self.state() or State(), _marked(build, self._ages)
        return _Change(state, build, *self._standing(state)).outcome()

    def publish(
        self, build: Build, read: Read, progress: Progress = silent, *, check: bool = False
    ) -> Outcome:
        """See `Target`."""
        with Lease(self._bucket, self._lease_seconds) as lease:
            old, doubt, fixed = self._standing(lease.state)
            ago = time.time() - lease.state.checked_at
            checked = check or not 0 <= ago < _DAY
            listed = self._listed(progress) if checked or lease.state.underway else {}
            if checked:
                doubt |= _touched(old, listed)
            if lease.took_over:
                lease.state.checked_at = 0.0
            change = _Change(lease.state, _marked(build, self._ages), old, doubt, fixed)
            done = self._bring(lease, change, listed, read, progress)
            if checked:
                self._sweep(lease, listed)
                # Only now all is right: a repair that failed is tried again.
                if not lease.took_over:
                    lease.state.checked_at = time.time()
            return done

    def roll_back(self, build: str, progress: Progress = silent) -> Outcome:
        """See `Target`."""
        with Lease(self._bucket, self._lease_seconds) as lease:
            entry = lease.state.find(build) if build else lease.state.before
            wanted = self._load(entry.id) if entry else None
            if entry is None or wanted is None:
                raise NoSuchBuild(where=self.where, build=build or "before the public one")
            old, doubt, fixed = self._standing(lease.state)
            listed = self._listed(progress)
            change = _Change(lease.state, wanted, old, doubt | _touched(old, listed), fixed)
            lost = [p for p, f in wanted.files.items() if _key(p, f) not in listed]
            if lost:
                raise BuildDamaged(where=self.where, build=entry.id, got=f"{lost[0]} is gone")
            return self._bring(lease, change, listed, None, progress)

    def told(self, changes: Mapping[str, int]) -> None:
        """See `Target`."""
        with Lease(self._bucket, self._lease_seconds) as lease:
            lease.state.forget(changes)
            lease.save(last=True)

    def _bring(
        self, lease: Lease, change: _Change, listed: dict[str, Seen], read: Read | None,
        progress: Progress,
    ) -> Outcome:  # fmt: skip
        """Put the build in place. `read` None: all its objects are there already."""
        state, build = lease.state, change.build
        if change.is_nothing:
            return change.outcome()
        if read is not None:
            build = self._measured(change, read)
            self._bucket.put(f"{_BUILDS}{build.id}.json.gz", build.packed(), _PACKED)
        sent = change.to_send(listed) if read else []
        state.underway = [*(each for each in state.underway if each != build.id), build.id]
        lease.save()

        def send(path: str) -> None:
            assert read is not None
            file = build.files[path]
            data = _got(read, file, path, self.where)
            self._bucket.put(_key(path, file), data, headers.of(path, file, self._ages))

        self._each(lease, sent, send, progress, "files sent")
        for step in in_order(build, change.placed):
            self._each(
                lease, step, lambda path: self._bucket.copy(_key(path, build.files[path]), path),
                progress, "addresses brought up to date",
            )  # fmt: skip
        lease.hold()
        self._bucket.delete(sorted(change.gone))
        self._known[build.id] = build
        late = [each for each in state.underway if each != build.id] if lease.took_over else []
        state.switched(build, self._keep, back=read is None)
        state.underway = late
        state.retired = change.retired(time.time())
        if self._notes:
            state.note(change.placed | change.gone)
        lease.save()
        return replace(
            change.outcome(), sent=len(sent), sent_bytes=sum(build.files[p].size for p in sent)
        )

    def _standing(self, state: State) -> tuple[Build, set[str], set[str]]:
        """The build that is public, the addresses where something else may stand (a publisher was
        killed, or what it wrote of its build is lost), and the fixed files that came with that.
        """
        old = self._load(state.current) if state.current else NOTHING
        doubt: set[str] = set()
        fixed: set[str] = set()
        if old is None:
            log.warning("%s: the list of its public build is gone; all is sent again", self.where)
            old = NOTHING
            for each in state.builds:
                doubt |= (self._load(each.id) or NOTHING).files.keys()
        for each_id in state.underway:
            begun = self._load(each_id) or NOTHING
            doubt |= otherwise(old, begun)
            fixed |= {path for path, file in begun.files.items() if file.kind is Kind.FIXED}
        return old, doubt, fixed

    def _load(self, build: str) -> Build | None:
        if build in self._known:
            return self._known[build]
        key = f"{_BUILDS}{build}.json.gz"
        found = self._bucket.get(key)
        try:
            made = Build.unpacked(found[0], f"{self.where}/{key}") if found else None
        except TargetGarbled as error:
            log.warning("%s", error)
            return None
        if made is not None:
            self._known = dict(list(self._known.items())[-1:]) | {build: made}
        return made

    def _listed(self, progress: Progress) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        for each in self._bucket.objects():
            found[each.key] = each
            if len(found) % 1000 == 0:
                progress("objects compared", len(found), 0)
        return found

    def _measured(self, change: _Change, read: Read) -> Build:
        """The build with size and check of every file; bytes are read where no older build has them."""
        known = {file.mark: file for file in change.old.files.values()}
        files = {}
        for path, file in change.build.files.items():
            if (same := known.get(file.mark)) is None:
                data = _got(read, file, path, self.where)
                check = hashlib.md5(data, usedforsecurity=False).hexdigest()
                same = replace(file, size=len(data), check=check)
            files[path] = replace(file, size=same.size, check=same.check)
        change.build = replace(change.build, files=files)
        return change.build

    def _each(
        self, lease: Lease, paths: list[str], do: Callable[[str], None], progress: Progress,
        words: str,
    ) -> None:  # fmt: skip
        """Do something at every address, several at once; the first failure ends it."""

        def one(path: str) -> None:
            lease.hold()
            do(path)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            waiting = [pool.submit(one, path) for path in paths]
            try:
                for number, each in enumerate(waiting, 1):
                    each.result()
                    progress(words, number, len(paths))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                lease.hold()  # Who lost its lease finds things gone, and that is why.
                raise

    def _sweep(self, lease: Lease, listed: dict[str, Seen]) -> None:
        """Remove what no kept build needs, and fixed files nobody asks for any more."""
        kept = {*(each.id for each in lease.state.builds), *lease.state.underway}
        needed: set[str] = set()
        fixed: set[str] = set()
        for each in kept:
            build = self._load(each)
            if build is None and each in lease.state.underway:
                continue
            if build is None:
                return
            for path, file in build.files.items():
                (fixed if file.kind is Kind.FIXED else needed).add(_key(path, file))
        limit = time.time() - self._keep_seconds
        late = [p for p, since in lease.state.retired.items() if since < limit and p not in fixed]
        stale = [
            key for key in listed
            if (key.startswith(_OBJECTS) and key not in needed)
            or (key.startswith(_BUILDS) and key.removeprefix(_BUILDS).partition(".")[0] not in kept)
        ]  # fmt: skip
        lease.hold()
        self._bucket.delete([*late, *stale])
        for path in late:
            del lease.state.retired[path]


class _Change:
    """From what stands at the target to a build."""

    def __init__(
        self, state: State, build: Build, old: Build, doubt: set[str], fixed: set[str]
    ) -> None:
        self.state, self.old, self.build, self.doubt = state, old, build, doubt
        self.differs = otherwise(old, build)
        wrong = self.differs | doubt
        there = {p: f for p, f in build.files.items() if p in wrong}
        self._fixed = {path for path, file in there.items() if file.kind is Kind.FIXED}
        self.placed = there.keys() - self._fixed
        """Addresses that get another file than they have."""
        left = wrong - build.files.keys()
        fixed = fixed | {path for path, file in old.files.items() if file.kind is Kind.FIXED}
        self._unasked = left & fixed
        self.gone = left - self._unasked
        """Addresses that get nothing."""

    @property
    def is_nothing(self) -> bool:
        """Whether the build is public already, whole."""
        right = not (self.placed or self._fixed or self.gone or self.state.underway)
        return right and self.state.current == self.build.id

    def to_send(self, listed: dict[str, Seen]) -> list[str]:
        """Addresses of the files whose bytes are not at the target yet; of each object one."""
        old = {file.mark for file in self.old.files.values() if file.kind is not Kind.FIXED}
        found: dict[str, str] = {}
        for path in sorted(self.placed | self._fixed):
            file = self.build.files[path]
            key = _key(path, file)
            is_there = file.mark in old and path not in self.doubt and not listed
            if not is_there and not _is_whole(listed.get(key), file):
                found.setdefault(key, path)
        return list(found.values())

    def retired(self, now: float) -> dict[str, float]:
        """Fixed files that stay for pages that are open somewhere, and since when."""
        earlier = self.state.retired
        names = {*earlier, *self._unasked} - self.build.files.keys()
        return {path: earlier.get(path, now) for path in sorted(names)}

    def outcome(self) -> Outcome:
        """What readers notice."""
        changed, gone = self.differs & self.placed, self.differs & self.gone
        return Outcome(
            self.build.id, self.build.commit, len(self.to_send({})), 0, tuple(sorted(changed)),
            tuple(sorted(gone)), tuple(sorted(self.doubt - self.differs)),
        )  # fmt: skip


def _marked(build: Build, ages: Ages) -> Build:
    """The build with what each object depends on besides its bytes."""
    files = {}
    for path, file in build.files.items():
        lines = (f"{name}\0{value}" for name, value in sorted(headers.of(path, file, ages).items()))
        state = "\n".join((file.name, *lines))
        files[path] = replace(file, mark=hashlib.sha256(state.encode()).hexdigest()[:24])
    return replace(build, files=files)


def _key(path: str, file: File) -> str:
    """Where the bytes of a file lie: fixed ones at their address, others beside, for every build."""
    return path if file.kind is Kind.FIXED else f"{_OBJECTS}{file.mark[:2]}/{file.mark}"


def _touched(old: Build, listed: dict[str, Seen]) -> set[str]:
    """Addresses at which there is not what was published."""
    # Some storage gives ETags of another kind; then sizes must do.
    told = any(_is_whole(listed.get(path), file) for path, file in old.files.items())
    return {
        path for path, file in old.files.items()
        if (seen := listed.get(path)) is None or seen.size != file.size
        or (told and not _is_whole(seen, file))
    }  # fmt: skip


def _is_whole(seen: Seen | None, file: File) -> bool:
    return seen is not None and bool(file.check) and seen.etag.strip('"') == file.check


def _got(read: Read, file: File, path: str, where: str) -> bytes:
    data = read(file.name)
    if data is None:
        raise FileGone(path=path, where=where)
    return data
