"""The published site of one clone: its artifacts, its current manifest, its public folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from prdgen.builder import artifacts, ledger, redirects, search_parts, site, switch
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import Difference, Manifest, PageRecord
from prdgen.builder.search import GiveWay, never
from prdgen.builder.sources import AssetSource, PageSource, Target

_COMPRESSED_AT_ONCE: Final = 16
"""Files: more are compressed later, by `improve`."""
_GIVE_WAY: Final = 60.0
"""Seconds; then both go on, so that search comes even where builds never end."""
_SWEEP_PAUSE: Final = 900.0
"""Seconds; artifacts stay for hours, and looking at all of them costs time."""
When = Callable[[Manifest | None], bool]


class Site:
    """What is published, on disk: `state` holds artifacts, slots and the current manifest."""

    def __init__(self, state: Path, public: Path) -> None:
        self.state = state
        self.public = public
        self.store = artifacts.Artifacts(state / "artifacts")
        self._ledger = ledger.Ledger(state / "published.db")
        self._switch = switch.Switch(state, public, self.store, self._ledger)
        self._read: tuple[int, Manifest | None] = (0, None)
        self._next_sweep = 0.0
        self._works: site.Works | None = None
        self._builds, self._no_build = 0, threading.Condition()

    def current(self) -> Manifest | None:
        """The manifest of what is public now, or None; read again only when it changed."""
        if self._ledger.turn() != self._read[0]:
            self._read = self._ledger.load()
        return self._read[1]

    def commit(self) -> str:
        """The commit that is public now; empty when nothing is."""
        return self._ledger.fact("commit")

    def url(self, page_path: str) -> str | None:
        """The address of a page that is public now, below the site's base."""
        return self._ledger.url(page_path)

    def page_at(self, url: str) -> str | None:
        """The page that is public now at an address below the site's base."""
        return self._ledger.page_at(url)

    def record(self, page_path: str) -> PageRecord | None:
        """A page that is public now, without the rest of the site."""
        return self._ledger.record(page_path)

    def publish(
        self,
        pages: Iterable[PageSource],
        assets: Iterable[AssetSource],
        *,
        frame: Frame,
        target: Target,
        moved: redirects.Moved | None = None,
    ) -> site.Build:
        """Build what changed since the current build and make it public. Raises ChildFailed,
        ChildTookTooLong, PublicNotOurs; then the old site stays. Blocks; call it in a thread.
        """
        built = site.build(
            pages, assets, frame=frame, target=target, previous=self.current(), store=self.store,
            moved=moved,
        )  # fmt: skip
        if len(built.changed) <= _COMPRESSED_AT_ONCE:
            self._compress({path: built.manifest.files[path] for path in built.changed})
        self.switch(built.manifest, since=built.since)
        return built

    @contextmanager
    def building(self) -> Iterator[None]:
        """Inside this block somebody waits for a build: in this process `improve` stands still."""
        with self._no_build:
            self._builds += 1
        try:
            yield
        finally:
            with self._no_build:
                self._builds -= 1
                self._no_build.notify_all()

    def _stepping_back(self) -> GiveWay:
        """What waits until nothing is being built; in all its calls together not for ever."""
        left = _GIVE_WAY

        def wait() -> None:
            nonlocal left
            began = time.monotonic()
            with self._no_build:
                self._no_build.wait_for(lambda: not self._builds, max(left, 0))
            left -= time.monotonic() - began

        return wait

    def has_works(self) -> bool:
        """Whether this process may know the public build, so that `take_works` is worth asking."""
        return self._works is not None

    def take_works(self, frame: str, target: Target) -> site.Works | None:
        """What knows the public build, if this process made it in the same frame; it is the caller's
        now, to give back to `keep_works` when all went well.
        """
        works, self._works = self._works, None
        fits = works and works.standing.frame.id == frame and works.fits(self.current(), target)
        return works if fits else None

    def keep_works(self, works: site.Works) -> None:
        """Remember what the next build can begin with."""
        self._works = works

    def begin_with(self, manifest: Manifest) -> None:
        """Say that this build is public, where nothing was: only what differs is made next."""
        with self._switch.alone():
            everything = Difference.between(None, manifest)
            self._ledger.intend(everything, anew=True)
            turn = self._ledger.save(None, manifest, everything, slot=None)
            self._read = (turn, manifest)

    def index(self, *, nice: int = 0, give_way: GiveWay = never) -> search_parts.Parts:
        """A search index in the making for this site."""
        return search_parts.Parts(self.store, self.state / "search", nice=nice, give_way=give_way)

    def finish(
        self, built: Manifest, index: search_parts.Parts | None, *, when: When | None = None,
        twins: bool = False,
    ) -> Manifest:  # fmt: skip
        """Make this build the public one with its search index and its `twins`, which come first; the
        build with them. `index` may have its pages already; None leaves the index as it is. `when` as
        in `switch`. Raises as `improve` and `switch` do.
        """
        if self.current() is None:
            # Nobody else can publish anything before: its files are put in place meanwhile.
            with self._switch.alone():
                shown = self._completed(built, index, built.files, prepared=True, twins=twins)
                return self._finished(built, shown, when, twins=twins)
        complete = self._is_complete(built, searched=index is not None, twins=twins)
        shown = built if complete else self._completed(built, index, built.files, twins=twins)
        with self._switch.alone():
            return self._finished(built, shown, when, twins=twins)

    def _finished(
        self, built: Manifest, shown: Manifest, when: When | None, *, twins: bool
    ) -> Manifest:
        if when is not None and not when(self.current()):
            return built
        self._show(shown, anew=shown is not built, twins=twins)
        return shown

    def improve(self, *, nice: int = 0) -> Manifest | None:
        """Bring the search index and the twins of what is public up to date; None without a build.
        `nice` as in `search.Index`. Raises ChildFailed, ChildTookTooLong; then the old index stays.
        Blocks for seconds, and while something is `building`.
        """
        manifest = self.current()
        if manifest is None:
            return None
        compressed = self._ledger.without_twins()
        if not compressed and manifest.indexed == site.index_key(manifest):
            return manifest
        give_way = self._stepping_back()
        with self.index(nice=nice, give_way=give_way) as index:
            made = self._completed(manifest, index, compressed, give_way=give_way, twins=True)
        with self._switch.alone():
            # Another build may have been switched to meanwhile: the index goes with that one.
            newest = self.current()
            assert newest is not None
            shown = site.with_search(newest, made.search, newest, indexed=made.indexed)
            self._ledger.have_twins(compressed)
            self._show(shown, anew=True)
        return shown

    def check_public(self) -> None:
        """Raises PublicNotOurs when nothing can be published where the settings say."""
        self._switch.check_public()

    def switch(
        self, manifest: Manifest, *, when: When | None = None, since: site.Since | None = None
    ) -> bool:
        """Make this build the public one, whole; whether that was done. Raises PublicNotOurs.

        `when` looks at what is public now, while nobody else can change it. `since` is how this build
        differs from another one, which saves comparing them when that is public now.
        """
        with self._switch.alone():
            if when is not None and not when(self.current()):
                return False
            self._show(manifest, since=since)
            return True

    def _show(
        self, manifest: Manifest, *, anew: bool = False, twins: bool = False,
        since: site.Since | None = None,
    ) -> None:  # fmt: skip
        """Switch to the build, `anew` also when only its twins are new; `twins`: all are there."""
        now, slot = self.current(), None
        if since is not None and now is not None and since[0] is now:
            difference = since[1]
        else:
            difference = Difference.between(now, manifest)
        other = bool(difference.files or difference.gone)
        if anew or now is None or other or not self.public.is_symlink():
            self._ledger.intend(difference, anew=now is None)
            slot = self._switch.to(manifest.files)
        if slot is not None or now != manifest:
            turn = self._ledger.save(now, manifest, difference, slot=slot, twins=twins)
            self._read = (turn, manifest)
        else:
            # The same, but the very one that whoever built it goes on with.
            self._read = (self._read[0], manifest)
        if anew and now is not None and time.monotonic() > self._next_sweep:
            self.store.sweep(manifest.artifacts)
            self._next_sweep = time.monotonic() + _SWEEP_PAUSE

    def _is_complete(self, build: Manifest, *, searched: bool, twins: bool) -> bool:
        indexed = not searched or build.indexed == site.index_key(build)
        wanted = ((name, artifacts.twins(path)) for path, name in build.files.items() if twins)
        return indexed and all(
            self.store.is_compressed(name, endings) for name, endings in wanted if endings
        )

    def _completed(
        self, build: Manifest, index: search_parts.Parts | None, files: Mapping[str, str], *,
        prepared: bool = False, give_way: GiveWay = never, twins: bool,
    ) -> Manifest:  # fmt: skip
        """The build with an index of its pages; the `twins` of these files are made meanwhile, and what
        is there already is `prepared` to be shown.
        """
        key, found, indexed = site.index_key(build), build.search, build.indexed
        with ThreadPoolExecutor(1) as beside:
            # Pagefind works in a process of its own, compressing outside of Python's lock.
            compressed = beside.submit(self._compress, files if twins else {}, give_way)
            ready = beside.submit(self._switch.prepare, build.files) if prepared else compressed
            if index is not None and indexed != key:
                found, indexed = index.files(site.searched(build), found, indexed), key
            compressed.result()
            ready.result()
        made = site.with_search(build, found, self.current(), indexed=indexed)
        self._compress({path: made.files[path] for path in found} if twins else {})
        return made

    def _compress(self, files: Mapping[str, str], give_way: GiveWay = never) -> None:
        """Make the twins of these files: public path → artifact."""
        for path, name in files.items():
            give_way()
            endings = artifacts.twins(path)
            if endings:
                self.store.compress(name, endings)

    def get(self, path: str, encoding: str = "") -> tuple[bytes, str] | None:
        """Bytes and artifact name of a public path, or None; `encoding` asks for a twin."""
        name = self._ledger.artifact(path)
        data = self.store.get(name, encoding) if name else None
        return (data, name) if data is not None and name else None


@lru_cache(maxsize=8)
def at(state: Path, public: Path) -> Site:
    """The one site of this process at these places, which knows what it built last."""
    return Site(state, public)
