"""`start`: how soon a server answers on a new clone and again, and what it weighs when idle."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench import processes, repositories
from bench.figures import Figures, Report
from bench.served import Served, ServerFailed, Visitor

Say = Callable[[str], None]
TARGETS: Final = {"first_s": 8, "warm_s": 3, "index_s": 10, "rss_mb": 300}
_PATIENCE: Final = 300.0


def run(corpus: Path, say: Say) -> Report:
    """Start on a new clone of the corpus, wait until all is there, stop, start again."""
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        origin = repositories.rfcs(Path(folder) / "origin", corpus)
        repository = repositories.clone(origin, Path(folder) / "clone")
        pages = sorted((repository / "pages").glob("*.md"))
        figures: Figures = {"pages": len(pages)}
        say("first start on a new clone …")
        with Served(repository) as served:
            figures["first_s"] = round(served.wait_healthy(), 2)
            visitor = served.sign_in()
            say("waiting for the index, then for the site …")
            figures["index_s"] = _until(served, lambda: _finds_all(visitor, pages))
            figures["site_s"] = _until(served, lambda: _readable(visitor, pages[-1]))
            processes.wait_idle(served.pid)
            figures |= _memory(served)
        say("second start …")
        with Served(repository) as served:
            figures["warm_s"] = round(served.wait_healthy(), 2)
    return Report("start", figures, TARGETS, options={"corpus": str(corpus)})


def _until(served: Served, holds: Callable[[], bool]) -> float:
    """Seconds from the server's start until `holds()`."""
    while not holds():
        if time.monotonic() - served.began > _PATIENCE:
            raise ServerFailed("index and site did not come")
        time.sleep(0.02)
    return round(time.monotonic() - served.began, 2)


def _finds_all(visitor: Visitor, pages: list[Path]) -> bool:
    """Whether every page is listed and the search finds words of the last one."""
    found = visitor.list_pages()
    if found < len(pages):
        return False
    words = pages[-1].stem.partition("-")[2].replace("-", "+")
    hits = visitor.api("GET", f"/api/search?q={words}")["items"]
    return f"pages/{pages[-1].name}" in {hit["page_path"] for hit in hits}


def _readable(visitor: Visitor, page: Path) -> bool:
    return visitor.get(f"/site/{page.stem}/")[0] == HTTPStatus.OK


def _memory(served: Served) -> Figures:
    """Server and worker, and beside them what Postgres and Valkey take."""
    services = processes.services(served.pid, served.state_dir)
    return {
        "rss_mb": processes.megabytes(processes.tree(served.pid)),
        "services_mb": processes.megabytes(services),
    }
