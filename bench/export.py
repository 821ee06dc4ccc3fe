"""`export`: PDF and Word of the largest pages of the corpus and of the mission's document."""

from __future__ import annotations

import hashlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import node, repositories
from bench.figures import Figures, Report, percentile
from prdgen.files.text import readable
from prdgen.flows import clone as clones
from prdgen.flows import export
from prdgen.settings import Settings

Say = Callable[[str], None]
TARGETS: Final = {"pdf_p50_s": 1.5, "word_p50_s": 1.0, "cached_ms": 20}
_PAGES: Final = 10
_CACHED: Final = 5
"""Times each file is asked for again."""
_MISSION: Final = "data-flow-architecture.md"


def run(corpus: Path, say: Say, *, book: bool = False) -> Report:
    """Each page as both files: first, again, and once more by another process on another day."""
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as name:
        repository = repositories.rfcs(Path(name) / "rfcs", corpus)
        pages = _pages(repository, corpus)
        clone = clones.open_clone(Settings(repository=repository))
        at = clones.tip_of(clone, clone.main_branch)

        def make(page_path: str, kind: str) -> bytes:
            text = readable(clone.repository.read(at, page_path) or b"")
            return export.make(clone, clone.main_branch, page_path, text, at, kind).data

        figures: Figures = {"pages": len(pages)}
        made: dict[tuple[str, str], str] = {}
        cached: list[float] = []
        for kind, title in (("pdf", "pdf"), ("docx", "word")):
            say(f"{title} of {len(pages)} pages …")
            taken = []
            for page_path in pages:
                seconds, data = _timed(make, page_path, kind)
                taken.append(seconds)
                made[page_path, kind] = hashlib.sha256(data).hexdigest()
                cached += [_timed(make, page_path, kind)[0] * 1000 for _ in range(_CACHED)]
            figures |= {
                f"{title}_p50_s": percentile(taken, 0.5), f"{title}_max_s": percentile(taken, 1.0),
            }  # fmt: skip
        figures["cached_ms"] = percentile(cached, 0.5)
        figures["child_mb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
        say("the same in another process …")
        shutil.rmtree(clone.state_dir / "exports")
        figures["reproducible"] = all(
            hashlib.sha256(data).hexdigest() == made[page_path, kind]
            for page_path, kind, data in _elsewhere(repository, pages, Path(name) / "again")
        )
        if book:
            say("all pages as one book …")
            figures |= _book(repository, Path(name) / "book.pdf")
    return Report(
        "export", figures, TARGETS, {}, {"corpus": str(corpus)}, must_hold=("reproducible",)
    )


def _pages(repository: Path, corpus: Path) -> list[str]:
    """The largest pages, and the mission's document where there is one, committed beside them."""
    found = [path for path in repository.rglob("*.md") if ".git" not in path.parts]
    largest = sorted(found, key=lambda path: (-path.stat().st_size, path))[:_PAGES]
    mission = corpus.parent / "mission" / _MISSION
    if mission.is_file():
        target = largest[0].with_name(_MISSION)
        shutil.copyfile(mission, target)
        repositories.git(repository, "add", ".")
        repositories.commit(repository, "The mission's document")
        largest.append(target)
    return [path.relative_to(repository).as_posix() for path in largest]


def _timed(make: Callable[[str, str], bytes], page_path: str, kind: str) -> tuple[float, bytes]:
    begun = time.perf_counter()
    data = make(page_path, kind)
    return time.perf_counter() - begun, data


def _elsewhere(
    repository: Path, pages: Sequence[str], folder: Path
) -> Iterator[tuple[str, str, bytes]]:
    """(page, kind, file) as `prdgen export` makes them."""
    for page_path in pages:
        _command(repository, page_path, "--format", "pdf,docx", "--output", str(folder))
        for kind in ("pdf", "docx"):
            name = Path(page_path).with_suffix(f".{kind}").name
            yield page_path, kind, (folder / name).read_bytes()


def _book(repository: Path, target: Path) -> Figures:
    begun = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _command(repository, "--book", "--output", str(target))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "book_s": round(time.perf_counter() - begun, 1),
        "book_cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "book_child_mb": round(after.ru_maxrss / 1024),
        "book_mb": round(target.stat().st_size / 1e6, 1),
    }


def _command(repository: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "prdgen", "export", "--repository", str(repository), *arguments],
        cwd=node.ROOT, check=True, capture_output=True,
    )  # fmt: skip
