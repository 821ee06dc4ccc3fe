"""The site's search index: made by Pagefind from the public build, works from a bare CDN."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import pagefind_bin  # type: ignore[import-untyped]

from prdgen.builder import child
from prdgen.builder.artifacts import Artifacts

_SECONDS: Final = 120.0
_LEFT_OUT: Final = ("-ui.", "pagefind-highlight.")
"""Pagefind's own interfaces; the frame brings its own."""
# WebAssembly and threads reserve far more address space than they use.
# It takes every processor for seconds: whoever publishes or types meanwhile goes first.
_LIMITS: Final = child.Limits(cpu=240, memory_bytes=16 * 1024**3, nice=10)


def index(public: Path, store: Artifacts) -> dict[str, str]:
    """Public path → artifact of the search files for the build that stands in `public`.

    Takes a second or two for hundreds of pages, in a child process; give what comes back to
    `site.with_search`. Raises ChildFailed, ChildTookTooLong. Blocks; call it in a thread.
    """
    with tempfile.TemporaryDirectory(prefix="prdgen-search-") as folder:
        out = Path(folder) / "pagefind"
        child.run(
            [str(pagefind_bin.get_executable()), "--site", str(public.resolve()),
             "--output-path", str(out), "--quiet"],
            what="the search index",
            seconds=_SECONDS,
            limits=_LIMITS,
        )  # fmt: skip
        files = sorted(path for path in out.rglob("*") if path.is_file())
        return {
            f"pagefind/{path.relative_to(out).as_posix()}": store.put(path.read_bytes())
            for path in files
            if not any(part in path.name for part in _LEFT_OUT)
        }
