"""The site's search index: made by Pagefind from the pages' words, works from a bare CDN."""

from __future__ import annotations

import base64
import fcntl
import gzip
import importlib.metadata
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import pagefind_bin  # type: ignore[import-untyped]

from prdgen.builder import child, errors, search_order, sources
from prdgen.builder.artifacts import Artifacts

_WHAT: Final = "the search index"
_SECONDS: Final = 300.0
_WRITE_SECONDS: Final = 30.0
_LOOK: Final = 0.005
_LEFT_OUT: Final = ("-ui.", "pagefind-highlight.")
"""Pagefind's own interfaces; the frame brings its own."""
_NAMED_BY_CONTENT: Final = frozenset({".pf_fragment", ".pf_index", ".pf_filter"})
"""Files Pagefind leaves alone when they are there: compressing them is a third of its work."""
# WebAssembly and threads reserve far more address space than they use.
_LIMITS: Final = child.Limits(cpu=240, memory_bytes=16 * 1024**3)
GiveWay = Callable[[], object]


def never() -> None:
    """Gives way to nobody."""


class Index:
    """An index in the making: pages are read by Pagefind in its own process as they are added.

    Pagefind has no way to change one page of an index, so each index is made from all pages: a second
    or two for hundreds of them, nearly all of it while other pages are still being made. What it writes
    is kept in `state`, so that the next time files of unchanged pages are not written again.

    A context manager. `nice` is how far Pagefind steps back behind whoever else wants a processor;
    `give_way` is called before each page and may wait.
    """

    def __init__(
        self, store: Artifacts, state: Path, *, nice: int = 0, give_way: GiveWay = never
    ) -> None:
        self._store, self._state, self._give_way = store, state, give_way
        self._limits = replace(_LIMITS, nice=nice)
        self._stack = ExitStack()
        self._pagefind: child.Program | None = None
        self._pages: dict[str, str] = {}
        self._waiting: list[Future[Any]] = []

    def __enter__(self) -> Self:
        self._thread = self._stack.enter_context(ThreadPoolExecutor(1))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._waiting:
            each.cancel()
        self._stack.close()

    def add(self, url: str, words: str) -> None:
        """The page at `url`, by the artifact of what `words.page` made of it. Does not block."""
        self._pages[url] = words
        self._waiting.append(self._thread.submit(self._add, url, words))

    def files(self, pages: Mapping[str, str]) -> dict[str, str]:
        """Public path → artifact of the search files for exactly these pages, given as to `add`;
        those that were not added are. Give the files to `site.with_search`. Call it once. Raises
        ChildFailed, ChildTookTooLong. Blocks.
        """
        if any(pages.get(url) != words for url, words in self._pages.items()):
            raise ValueError("the index has pages that the build has not")
        for url, words in pages.items():
            if url not in self._pages:
                self.add(url, words)
        for each in self._waiting:
            each.result()
        self._state.mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._files()

    def _files(self) -> dict[str, str]:
        kept = self._state / importlib.metadata.version("pagefind_bin")
        # Out of the way while it changes: whoever is killed meanwhile leaves nothing half written.
        working = self._state / "working"
        shutil.rmtree(working, ignore_errors=True)
        if kept.is_dir():
            kept.rename(working)
        self._write(working)
        found = _found(working)
        if found is None:
            shutil.rmtree(working)
            for url, words in self._pages.items():
                self.add(url, words)
            self._write(working)
            found = list(_all_files(working))
        files = {
            f"pagefind/{path.relative_to(working).as_posix()}": self._put(path)
            for path in sorted(found)
            if not any(part in path.name for part in _LEFT_OUT) and not search_order.replaced(path)
        }
        for name, data in search_order.ordered(working, found).items():
            files[f"pagefind/{name}"] = self._store.put(data)
        for other in self._state.iterdir():
            if other.is_dir() and other != working:
                shutil.rmtree(other)
        working.rename(kept)
        return files

    def _put(self, path: Path) -> str:
        by_content = path.suffix in _NAMED_BY_CONTENT
        return self._store.adopt(path) if by_content else self._store.put(path.read_bytes())

    def _add(self, url: str, words: str) -> None:
        self._give_way()
        page = self._store.get(words) or b""
        self._ask("AddFile", url=sources.href("/", url), file_contents=page.decode())

    def _write(self, folder: Path) -> None:
        """Let Pagefind write what it knows. It answers, and even ends, before its last files have
        anything in them.
        """
        self._thread.submit(self._ask, "WriteFiles", output_path=str(folder)).result()
        deadline = time.monotonic() + _WRITE_SECONDS
        while any(not path.stat().st_size for path in _all_files(folder)):
            if time.monotonic() > deadline:
                raise errors.ChildFailed(what=_WHAT, got="it left empty files")
            time.sleep(_LOOK)
        assert self._pagefind
        self._pagefind.end()
        self._pagefind = None

    def _ask(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Pagefind's answer to one message, as its `pagefind` package for Python sends them."""
        if self._pagefind is None:
            self._pagefind = self._stack.enter_context(
                child.Program(
                    [str(pagefind_bin.get_executable()), "--service"],
                    what=_WHAT, seconds=_SECONDS, limits=self._limits,
                )
            )  # fmt: skip
            self._ask("NewIndex", config={})
        message = {"message_id": 1, "payload": {"type": kind, "index_id": 0, **facts}}
        said = self._pagefind.ask(base64.b64encode(json.dumps(message).encode()), b",")
        answer: dict[str, Any] = json.loads(base64.b64decode(said))["payload"]
        if answer["type"] == "Error":
            raise errors.ChildFailed(what=_WHAT, got=answer.get("message", ""))
        return answer


def _found(output: Path) -> list[Path] | None:
    """The files of the newest index, those of older ones being removed; None when one is missing."""
    entry = json.loads((output / "pagefind-entry.json").read_text("utf-8"))
    metas = {f"pagefind.{each['hash']}.pf_meta" for each in entry["languages"].values()}
    named: set[str] = set()
    for meta in metas:
        content = gzip.decompress((output / meta).read_bytes())
        for language in entry["languages"]:
            name = rf"{re.escape(language)}_[0-9a-f]{{7,}}"
            named.update(match.decode() for match in re.findall(name.encode(), content))
    found, seen = [], set()
    for path in _all_files(output):
        by_content = path.suffix in _NAMED_BY_CONTENT
        if (by_content and path.stem not in named) or (
            path.suffix == ".pf_meta" and path.name not in metas
        ):
            path.unlink()
            continue
        found.append(path)
        if by_content:
            seen.add(path.stem)
    return found if seen == named else None


def _all_files(output: Path) -> Iterator[Path]:
    return (path for path in output.rglob("*") if path.is_file())
