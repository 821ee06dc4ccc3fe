"""A cache of drawn fragments (code, formulas, diagrams) under the hash of what they come from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

_MEMORY: Final = 32 * 1024 * 1024
_LARGEST_SHARE: Final = 8


class Fragments:
    """Least recently used fragments in memory, and all of them in a folder when one is given.

    Keys are content hashes, so nothing is ever stale; the folder may be deleted at any time and
    shared between processes. Safe to use from threads.
    """

    def __init__(self, folder: Path | None = None, *, limit: int = _MEMORY) -> None:
        self.folder = folder
        self.limit = limit
        self._size = 0
        self._held: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, kind: str, source: str, draw: Callable[[], str]) -> str:
        """The fragment of this kind for `source`; `draw` makes it when it is not there.

        `kind` names everything besides the source that the drawing depends on.
        """
        key = hashlib.sha256(f"{kind}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
        fragment = self._load(key)
        if fragment is None:
            fragment = draw()
            self._save(key, fragment)
        self._hold(key, fragment)
        return fragment

    def _hold(self, key: str, fragment: str) -> None:
        if len(fragment) * _LARGEST_SHARE > self.limit:
            return
        with self._lock:
            if key not in self._held:
                self._held[key] = fragment
                self._size += len(fragment)
            while self._size > self.limit:
                _, oldest = self._held.popitem(last=False)
                self._size -= len(oldest)

    def _load(self, key: str) -> str | None:
        if self.folder is None:
            return None
        try:
            return (self.folder / key[:2] / key).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _save(self, key: str, fragment: str) -> None:
        """Written beside and renamed, so that a reader sees all or nothing.

        May fail silently: the folder only saves time.
        """
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            place = self.folder / key[:2]
            place.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=place, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(fragment)
            Path(name).replace(place / key)


SHARED: Final = Fragments()
"""What a process uses when it is given no other."""
