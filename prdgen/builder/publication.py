"""The published site of one clone: its artifacts, its current manifest, its public folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from prdgen.builder import artifacts, redirects, search, site, switch
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import Manifest
from prdgen.builder.sources import AssetSource, PageSource, Target

_COMPRESSED_AT_ONCE: Final = 16
"""Files: more are compressed later, by `improve`."""
When = Callable[[Manifest | None], bool]


class Site:
    """What is published, on disk: `state` holds artifacts, slots and the current manifest."""

    def __init__(self, state: Path, public: Path) -> None:
        self.state = state
        self.public = public
        self.store = artifacts.Artifacts(state / "artifacts")
        self._switch = switch.Switch(state, public, self.store)
        self._read: tuple[int, Manifest | None] = (0, None)

    def current(self) -> Manifest | None:
        """The manifest of what is public now, or None; read again only when it changed."""
        try:
            stamp = self._note.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if stamp != self._read[0]:
            try:
                manifest = Manifest.from_json(self._note.read_text("utf-8"))
            except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
                # A cache: whoever broke it, building again from nothing is right.
                manifest = None
            self._read = (stamp, manifest)
        return self._read[1]

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
            for path in built.changed:
                if artifacts.compressible(path):
                    self.store.compress(built.manifest.files[path])
        self.switch(built.manifest)
        return built

    def index(self, *, nice: int = 0) -> search.Index:
        """A search index in the making for this site."""
        return search.Index(self.store, self.state / "search", nice=nice)

    def finish(
        self, built: Manifest, index: search.Index | None, *, when: When | None = None
    ) -> Manifest:
        """Make this build the public one with its search index and its twins, which come first; the
        build with them. `index` may have its pages already; None leaves the index as it is. `when` as
        in `switch`. Raises as `improve` and `switch` do.
        """
        complete = self._is_complete(built, searched=index is not None)
        shown = built if complete else self._completed(built, index)
        with self._switch.alone():
            if when is not None and not when(self.current()):
                return built
            self._show(shown, anew=not complete)
        return shown

    def improve(self, *, nice: int = 0) -> Manifest | None:
        """Bring the search index and the twins of what is public up to date; None without a build.
        `nice` as in `search.index`. Raises ChildFailed, ChildTookTooLong; then the old index stays.
        Blocks for seconds.
        """
        manifest = self.current()
        if manifest is None or self._is_complete(manifest):
            return manifest
        with self.index(nice=nice) as index:
            made = self._completed(manifest, index)
        with self._switch.alone():
            # Another build may have been switched to meanwhile: the index goes with that one.
            newest = self.current()
            assert newest is not None
            shown = site.with_search(newest, made.search, newest, indexed=made.indexed)
            self._show(shown, anew=True)
        return shown

    def check_public(self) -> None:
        """Raises PublicNotOurs when nothing can be published where the settings say."""
        self._switch.check_public()

    def switch(self, manifest: Manifest, *, when: When | None = None) -> bool:
        """Make this build the public one, whole; whether that was done. Raises PublicNotOurs.

        `when` looks at what is public now, while nobody else can change it.
        """
        with self._switch.alone():
            if when is not None and not when(self.current()):
                return False
            self._show(manifest)
            return True

    def _show(self, manifest: Manifest, *, anew: bool = False) -> None:
        """Switch to the build, `anew` also when only its twins are new."""
        now = self.current()
        if anew or now is None or now.id != manifest.id or not self.public.is_symlink():
            self._switch.to(manifest)
        if now != manifest:
            self._save(manifest)
        if anew and now is not None:
            self.store.sweep(manifest.artifacts)

    def _is_complete(self, build: Manifest, *, searched: bool = True) -> bool:
        indexed = not searched or build.indexed == site.index_key(build)
        return indexed and all(map(self.store.is_compressed, _compressible(build)))

    def _completed(self, build: Manifest, index: search.Index | None) -> Manifest:
        """The build with an index of its pages; the twins of its files are made meanwhile."""
        key, files, indexed = site.index_key(build), build.search, build.indexed
        with ThreadPoolExecutor(1) as beside:
            # Pagefind works in a process of its own, compressing outside of Python's lock.
            compressed = beside.submit(self._compress, build)
            if index is not None and indexed != key:
                files, indexed = index.files(site.searched(build)), key
            compressed.result()
        made = site.with_search(build, files, self.current(), indexed=indexed)
        self._compress(made)
        return made

    def _compress(self, build: Manifest) -> None:
        for name in _compressible(build):
            self.store.compress(name)

    def get(self, path: str, encoding: str = "") -> tuple[bytes, str] | None:
        """Bytes and artifact name of a public path, or None; `encoding` asks for a twin."""
        manifest = self.current()
        name = manifest.files.get(path) if manifest else None
        data = self.store.get(name, encoding) if name else None
        return (data, name) if data is not None and name else None

    @property
    def _note(self) -> Path:
        return self.state / "current.json"

    def _save(self, manifest: Manifest) -> None:
        temporary = self._note.with_suffix(f".{os.getpid()}.new")
        temporary.write_text(manifest.to_json(), "utf-8")
        temporary.replace(self._note)
        self._read = (self._note.stat().st_mtime_ns, manifest)


def _compressible(build: Manifest) -> list[str]:
    return [name for path, name in build.files.items() if artifacts.compressible(path)]
