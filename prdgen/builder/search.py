"""The site's search index: made by Pagefind from the public build, works from a bare CDN."""

from __future__ import annotations

import fcntl
import gzip
import importlib.metadata
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pagefind_bin  # type: ignore[import-untyped]

from prdgen.builder import child
from prdgen.builder.artifacts import Artifacts

_SECONDS: Final = 120.0
_LEFT_OUT: Final = ("-ui.", "pagefind-highlight.")
"""Pagefind's own interfaces; the frame brings its own."""
_NAMED_BY_CONTENT: Final = frozenset({".pf_fragment", ".pf_index", ".pf_filter"})
"""Files Pagefind leaves alone when they are there: compressing them is a third of its work."""
# WebAssembly and threads reserve far more address space than they use.
# It takes every processor for seconds: whoever publishes or types meanwhile goes first.
_LIMITS: Final = child.Limits(cpu=240, memory_bytes=16 * 1024**3, nice=10)


def index(pages: Mapping[str, str], store: Artifacts, state: Path) -> dict[str, str]:
    """Public path → artifact of the search files, for pages by address: what `words.page` made of
    them, as artifacts of `store`.

    Pagefind has no way to change one page of an index: it reads all pages again, in a child process,
    a second or two for hundreds of them. What it writes is kept in `state`, so that the next time
    files of unchanged pages are not written again. Raises ChildFailed, ChildTookTooLong. Blocks;
    call it in a thread.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _index(pages, store, state)


def _index(pages: Mapping[str, str], store: Artifacts, state: Path) -> dict[str, str]:
    kept = state / importlib.metadata.version("pagefind_bin")
    site = state / "pages"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    for url, name in pages.items():
        folder = site / url
        folder.mkdir(parents=True, exist_ok=True)
        store.link(name, folder / "index.html")
    # Out of the way while it changes: whoever is killed meanwhile leaves nothing half written.
    working = state / "working"
    shutil.rmtree(working, ignore_errors=True)
    if kept.is_dir():
        kept.rename(working)
    _pagefind(site, working)
    found = _found(working)
    if found is None:
        shutil.rmtree(working)
        _pagefind(site, working)
        found = list(_files(working))
    files = {
        f"pagefind/{path.relative_to(working).as_posix()}": _put(path, store)
        for path in sorted(found)
        if not any(part in path.name for part in _LEFT_OUT)
    }
    for other in state.iterdir():
        if other.is_dir() and other != working:
            shutil.rmtree(other)
    working.rename(kept)
    return files


def _pagefind(pages: Path, output: Path) -> None:
    child.run(
        [str(pagefind_bin.get_executable()), "--site", str(pages.resolve()),
         "--output-path", str(output), "--quiet"],
        what="the search index", seconds=_SECONDS, limits=_LIMITS,
    )  # fmt: skip


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
    for path in _files(output):
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


def _files(output: Path) -> Iterator[Path]:
    return (path for path in output.rglob("*") if path.is_file())


def _put(path: Path, store: Artifacts) -> str:
    return store.adopt(path) if path.suffix in _NAMED_BY_CONTENT else store.put(path.read_bytes())
