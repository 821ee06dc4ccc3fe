"""The search index of a site: of a large one in parts, so that an edit makes one part anew."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from prdgen.builder.artifacts import Artifacts
from prdgen.builder.search import GiveWay, Index, never

_LARGE: Final = 1000
"""Pages of a site that has one index."""
_PART: Final = 700
"""Pages of a part, at most, about: Pagefind takes some seconds for them."""
_FOLDER: Final = "pagefind/"
_PLACE: Final = re.compile(r"pagefind/(\d+)/")
_ONCE: Final = re.compile(r"\.(js|css|pagefind)$")
"""Pagefind's own programs, which the first part has for all."""
Pages = Mapping[str, str]
"""Address of each page that is searched → artifact of its words."""


def divided(pages: Pages) -> list[dict[str, str]]:
    """The pages of each part. A page stays in its part until there are twice as many pages."""
    count = 1
    while len(pages) > _LARGE and len(pages) > _PART * count:
        count *= 2
    parts: list[dict[str, str]] = [{} for _ in range(count)]
    for url, words in sorted(pages.items()):
        parts[_number(url) % count if count > 1 else 0][url] = words
    return parts


def key(pages: Pages) -> str:
    """What an index of these pages is made from: a hash for each part."""
    return " ".join(map(_key, divided(pages)))


class Parts:
    """The parts in the making, as `search.Index` is one of them. A context manager."""

    def __init__(
        self, store: Artifacts, state: Path, *, nice: int = 0, give_way: GiveWay = never
    ) -> None:
        self._store, self._state = store, state
        self._nice, self._give_way = nice, give_way
        self._stack = ExitStack()
        self._only: Index | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def expect(self, pages: int) -> None:
        """At most so many pages will come: when they are few, Pagefind reads them as they do."""
        if pages <= _LARGE and self._only is None:
            self._only = self._stack.enter_context(self._index(0))

    def add(self, url: str, words: str) -> None:
        """As `search.Index.add`; of a large site they are read later."""
        if self._only is not None:
            self._only.add(url, words)

    def files(self, pages: Pages, known: Mapping[str, str], made_from: str) -> dict[str, str]:
        """Public path → artifact of the search files for exactly these pages. `known` are those of an
        older index and `made_from` its `key`: parts that are the same stay. Raises as
        `search.Index.files` does. Blocks.
        """
        parts, old = divided(pages), made_from.split(" ")
        same = len(old) == len(parts)
        found: dict[str, str] = {}
        for number, part in enumerate(parts):
            if same and old[number] == _key(part):
                found |= {path: name for path, name in known.items() if _part(path) == number}
            else:
                found |= self._made(number, part, alone=len(parts) == 1)
        found[f"{_FOLDER}parts.json"] = self._store.put(json.dumps({"parts": len(parts)}).encode())
        self._tidy(len(parts))
        return found

    def _made(self, number: int, part: Pages, *, alone: bool) -> dict[str, str]:
        if alone and self._only is not None:
            return self._only.files(part)
        with self._index(number) as index:
            files = index.files(part)
        if number == 0:
            return files
        place = f"{_FOLDER}{number}/"
        return {
            place + path.removeprefix(_FOLDER): name
            for path, name in files.items()
            if not _ONCE.search(path)
        }

    def _index(self, number: int) -> Index:
        folder = self._state if number == 0 else self._beside(number)
        return Index(self._store, folder, nice=self._nice, give_way=self._give_way)

    def _beside(self, number: int | str) -> Path:
        return self._state.with_name(f"{self._state.name}-{number}")

    def _tidy(self, count: int) -> None:
        for folder in self._state.parent.glob(self._beside("*").name):
            number = folder.name.rpartition("-")[2]
            if number.isdigit() and int(number) >= count:
                shutil.rmtree(folder, ignore_errors=True)


def _number(url: str) -> int:
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big")


def _part(path: str) -> int:
    found = _PLACE.match(path)
    return int(found[1]) if found else 0


def _key(part: Pages) -> str:
    return hashlib.sha256(repr(sorted(part.items())).encode()).hexdigest()[:20]
