"""A process that publishes one commit after another, as a server's worker does: told what by its input."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench import node, repositories
from prdgen import settings
from prdgen.flows import clone as clones
from prdgen.flows import publish

_KIB: Final = 1024


class Publisher:
    """The process, from outside. A context manager; each ask is answered when it is done."""

    def __init__(self, repository: Path) -> None:
        command = [sys.executable, "-m", "bench.publisher", str(repository)]
        self._process = subprocess.Popen(
            command, cwd=node.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def ask(self, kind: str, pages: int = 1) -> dict[str, Any]:
        """Change a word (`body`) or the title (`title`) of so many pages, or bring the search index up
        to date (`search`): `wall_ms` and `cpu_ms` from the commit until it can be read, `rendered`, and
        `rss_mb`, the most memory the process ever had.
        """
        assert self._process.stdin
        assert self._process.stdout
        print(kind, pages, file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Desk:
    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._clone = clones.open_clone(settings.load(repository))
        self._pages = sorted((repository / "pages").glob("*.md"))
        self._all = sorted((repository / "pages").glob("**/*.md"))
        self._turn = 0
        publish.build(self._clone, self._tip())

    def do(self, kind: str, count: int) -> dict[str, Any]:
        """One ask, timed."""
        word, rendered = f"word{self._turn}x{time.time_ns()}", 0
        pages = self._edit(kind, count, word) if kind != "search" else []
        wall, cpu = time.perf_counter(), time.process_time()
        if kind == "search":
            publish.improve(self._clone)
        else:
            rendered = len(publish.build(self._clone, self._tip()).rendered)
            for page in pages:
                self._read(page, word)
        return {
            "wall_ms": (time.perf_counter() - wall) * 1000,
            "cpu_ms": (time.process_time() - cpu) * 1000,
            "rendered": rendered,
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB,
        }

    def _edit(self, kind: str, count: int, word: str) -> list[Path]:
        """Commit a change of some pages; one page at a time, those of the top folder in turns."""
        pages = self._all[:count] if count > 1 else [self._pages[self._turn % len(self._pages)]]
        self._turn += 1
        for page in pages:
            text = page.read_text("utf-8")
            new = f"# {word}\n\n{text}" if kind == "title" else f"{text}\n{word}\n"
            page.write_text(new, "utf-8")
        repositories.commit(self._repository, word)
        return pages

    def _read(self, page: Path, word: str) -> None:
        address = page.relative_to(self._repository / "pages").with_suffix("")
        public = self._clone.public_dir / address / "index.html"
        found = publish.published(self._clone).get(f"{address.as_posix()}/index.html")
        if word not in public.read_text("utf-8") or found is None or word.encode() not in found[0]:
            raise SystemExit(f"{address} was published without its change")

    def _tip(self) -> str:
        return clones.tip_of(self._clone, self._clone.main_branch)


def _serve() -> None:
    desk = _Desk(Path(sys.argv[1]))
    for line in sys.stdin:
        kind, count = line.split()
        print(json.dumps(desk.do(kind, int(count))), flush=True)


if __name__ == "__main__":
    _serve()
