"""`build`: the static site of the corpus, beside MkDocs with Material and bare Hugo with Pagefind."""

from __future__ import annotations

import compileall
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from bench import hugo, node, repositories
from bench.figures import Figures, Report, ratio

Say = Callable[[str], None]
TARGETS: Final = {"cold_ratio": 0.2, "hugo_ratio": 1.0, "unchanged_s": 1.0}


def run(corpus: Path, say: Say) -> Report:
    """A first build, the same again, after one word and after one title; the peers' first builds."""
    # As pip does when it installs a package; the peers were installed by it.
    compileall.compile_dir(node.ROOT / "prdgen", quiet=1)
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        origin = repositories.rfcs(Path(folder) / "origin", corpus)
        say("prdgen build, cold …")
        repository = repositories.clone(origin, Path(folder) / "ours")
        figures: Figures = {}
        figures["cold_s"], figures["cold_cpu_s"], made = _prdgen(repository)
        figures["pages"] = made["pages"]
        say("… with nothing changed, after one word, and after one title")
        figures["unchanged_s"], _, _ = _prdgen(repository)
        page = min((repository / "pages").glob("*.md"))
        _edit(repository, page, lambda text: text + "\nOne word more.\n")
        figures["word_s"], _, made = _prdgen(repository)
        figures["word_rendered"] = made["rendered"]
        _edit(repository, page, lambda text: "# Another title\n\n" + text)
        figures["title_s"], _, made = _prdgen(repository)
        figures["title_rendered"] = made["rendered"]
        say("MkDocs with Material, cold …")
        theirs = repositories.clone(origin, Path(folder) / "theirs")
        figures["mkdocs_cold_s"], figures["mkdocs_cpu_s"] = _mkdocs(theirs)
        figures["cold_ratio"] = ratio(figures["cold_s"], figures["mkdocs_cold_s"])
        say("Hugo with bare templates and Pagefind, cold …")
        figures["hugo_cold_s"] = _hugo(repositories.clone(origin, Path(folder) / "hugo"))
        figures["hugo_ratio"] = ratio(figures["cold_s"], figures["hugo_cold_s"])
        peers = {"mkdocs": {"cold_s": figures["mkdocs_cold_s"], "pages": _pages(theirs)}}
    return Report("build", figures, TARGETS, peers, {"corpus": str(corpus)})


def _edit(repository: Path, page: Path, change: Callable[[str], str]) -> None:
    page.write_text(change(page.read_text("utf-8")), "utf-8")
    repositories.commit(repository, "Edit")


def _prdgen(repository: Path) -> tuple[float, float, dict[str, Any]]:
    """Seconds of the whole command, search index included, of the clock and of processors; and what it
    says it did.
    """
    seconds, cpu, output = _timed(
        [sys.executable, "-m", "prdgen", "build", "-C", str(repository), "--json"], repository
    )
    made: dict[str, Any] = json.loads(output.splitlines()[-1])
    return seconds, cpu, made


def _mkdocs(repository: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", "out"]
    return _timed(command, repository)[:2]


def _hugo(repository: Path) -> float | None:
    """Seconds of Hugo and then Pagefind; None where Hugo cannot be installed."""
    if not hugo.install():
        return None
    hugo.prepare(repository)
    spent = [_timed(command, repository)[0] for command in hugo.commands(repository)]
    return round(sum(spent), 2)


def _pages(repository: Path) -> int:
    return sum(1 for _ in (repository / "out").rglob("index.html"))


def _timed(command: Sequence[str], folder: Path) -> tuple[float, float, str]:
    """Seconds a program takes from its start to its end, processor seconds, and its output."""
    dropped = ("PRDGEN_", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    environment |= repositories.PLAIN_GIT | {"NO_MKDOCS_2_WARNING": "1"}
    began, spent = time.monotonic(), _spent()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return round(time.monotonic() - began, 2), round(_spent() - spent, 2), done.stdout


def _spent() -> float:
    """Processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
