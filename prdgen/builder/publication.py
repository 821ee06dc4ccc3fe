"""The published site of one clone: its artifacts, its current manifest, its public folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from prdgen.builder import artifacts, search, site, switch
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import Manifest
from prdgen.builder.sources import AssetSource, PageSource, Target

_COMPRESSED_AT_ONCE: Final = 16
"""Files: more are compressed later, by `tidy`."""
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
    ) -> site.Build:
        """Build what changed since the current build and make it public. Raises ChildFailed,
        ChildTookTooLong, PublicNotOurs; then the old site stays. Blocks; call it in a thread.
        """
        built = site.build(
            pages, assets, frame=frame, target=target, previous=self.current(), store=self.store
        )
        if len(built.changed) <= _COMPRESSED_AT_ONCE:
            for path in built.changed:
                if artifacts.compressible(path):
                    self.store.compress(built.manifest.files[path])
        self.switch(built.manifest)
        return built

    def index(self) -> Manifest | None:
        """Make the search index of the current build and switch to it; None without a build.
        Raises ChildFailed, ChildTookTooLong; then the old index stays. Blocks for seconds.
        """
        if self.current() is None:
            return None
        files = search.index(self.public, self.store)
        with self._switch.alone():
            # Another build may have been switched to meanwhile: the index goes with that one.
            newest = self.current()
            assert newest is not None
            manifest = site.with_search(newest, files, newest)
            self._show(manifest)
        return manifest

    def switch(self, manifest: Manifest, *, when: When | None = None) -> bool:
        """Make this build the public one, whole; whether that was done. Raises PublicNotOurs.

        `when` looks at what is public now, while nobody else can change it.
        """
        with self._switch.alone():
            if when is not None and not when(self.current()):
                return False
            self._show(manifest)
            return True

    def _show(self, manifest: Manifest) -> None:
        now = self.current()
        if now is None or now.id != manifest.id or not self.public.is_symlink():
            self._switch.to(manifest)
        self._save(manifest)

    def get(self, path: str, encoding: str = "") -> tuple[bytes, str] | None:
        """Bytes and artifact name of a public path, or None; `encoding` asks for a twin."""
        manifest = self.current()
        name = manifest.files.get(path) if manifest else None
        data = self.store.get(name, encoding) if name else None
        return (data, name) if data is not None and name else None

    def compress(self) -> None:
        """Make the twins of what is public; they are shown from the next switch or `tidy` on."""
        manifest = self.current()
        for path, name in manifest.files.items() if manifest else ():
            if artifacts.compressible(path):
                self.store.compress(name)

    def tidy(self) -> int:
        """Compress what is public and sweep what nobody names any more; how many were swept."""
        self.compress()
        with self._switch.alone():
            manifest = self.current()
            if manifest is None:
                return 0
            self._switch.to(manifest)
        return self.store.sweep(manifest.files.values())

    @property
    def _note(self) -> Path:
        return self.state / "current.json"

    def _save(self, manifest: Manifest) -> None:
        temporary = self._note.with_suffix(f".{os.getpid()}.new")
        temporary.write_text(manifest.to_json(), "utf-8")
        temporary.replace(self._note)
        self._read = (self._note.stat().st_mtime_ns, manifest)
