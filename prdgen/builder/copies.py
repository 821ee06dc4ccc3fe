"""The files of a repository that stand beside its pages, or that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from prdgen.builder import artifacts, sizes, sources
from prdgen.builder.manifest import Manifest
from prdgen.builder.sizes import Size
from prdgen.builder.standing import Standing

_NEED: Final = "asset:"
_SHOWN: Final = "picture:"


class Copies:
    """The copied files of one standing site."""

    def __init__(self, store: artifacts.Artifacts) -> None:
        self._store = store
        self.made: dict[str, tuple[str, str]] = {}
        """Repository path → blob and artifact; the manifest's own, so never changed in place."""
        self.problems: dict[str, dict[str, Any]] = {}
        """Of files that are not copied, by path."""
        self.pictures: dict[str, str] = {}
        """Public path with a hash → artifact, of those that pages show; never changed in place."""
        self._sizes: dict[tuple[str, str], Size] = {}
        """As `sources.image_key` names them; never changed in place."""
        self._measured: set[tuple[str, str]] = set()
        self._files: dict[str, str] | None = None

    def update(
        self, standing: Standing, files: Iterable[str], needs: Iterable[str],
        previous: Manifest | None,
    ) -> None:  # fmt: skip
        """Look again at these files, and at those that other pages than before show."""
        asked = {need.partition(":")[2] for need in needs if need.startswith((_NEED, _SHOWN))}
        paths = asked.union(files)
        if not paths:
            return
        made, old = dict(self.made), previous.assets if previous else {}
        for path in paths:
            self.problems.pop(path, None)
            copied = self._copied(standing, path, old.get(path))
            if copied is None:
                made.pop(path, None)
            else:
                made[path] = copied
        if made != self.made:
            self.made, self._files = dict(sorted(made.items())), None
        pictures = {
            sources.picture_path(sources.public_path(path, standing.root), blob): name
            for path, (blob, name) in self.made.items()
            if standing.is_needed(_SHOWN + path)
        }
        if pictures != self.pictures:
            self.pictures, self._files = pictures, None
        self.problems = dict(sorted(self.problems.items()))

    def new(self, previous: Manifest | None) -> list[str]:
        """The copied files that `previous` does not have so, as needs of who shows them."""
        old = previous.assets if previous else {}
        return [_SHOWN + path for path, copy in self.made.items() if old.get(path) != copy]

    def measure(self, standing: Standing, needs: Iterable[str]) -> Mapping[tuple[str, str], Size]:
        """The sizes of all images that are known to have one, as `sources.image_key` names them: the
        needed ones are among them.
        """
        found: dict[tuple[str, str], Size] = {}
        for path in [need.removeprefix(_SHOWN) for need in needs if need.startswith(_SHOWN)]:
            asset = standing.assets.get(path)
            if asset is None or not sizes.has_one(path):
                continue
            key = sources.image_key(path, asset.blob)
            if key in self._measured:
                continue
            self._measured.add(key)
            blob, name = self.made.get(path, ("", ""))
            read = partial(self._bytes, name) if blob == asset.blob else asset.read
            size = sizes.of_blob(path, asset.blob, read)
            if size is not None:
                found[key] = size
        if found:
            self._sizes = self._sizes | found
        return self._sizes

    def files(self, root: str) -> dict[str, str]:
        """Public path → artifact."""
        if self._files is None:
            named = {sources.public_path(path, root): n for path, (_, n) in self.made.items()}
            self._files = self.pictures | named
        return self._files

    def _bytes(self, name: str) -> bytes:
        return self._store.get(name) or b""

    def _copied(
        self, standing: Standing, path: str, old: tuple[str, str] | None
    ) -> tuple[str, str] | None:
        asset, root = standing.assets.get(path), standing.root
        wanted = standing.is_needed(_NEED + path) or path.startswith(
            "" if root == "." else f"{root}/"
        )
        if asset is None or not wanted or not sources.is_publishable(path):
            return None
        if old is not None and old[0] == asset.blob:
            return old
        data = asset.read()
        if sources.is_active_svg(path, data):
            message, hint = sources.ACTIVE_SVG
            self.problems[path] = {
                "page_path": path, "line": 1, "code": "active-svg", "message": message, "hint": hint,
            }  # fmt: skip
            return None
        return asset.blob, self._store.put(data)
