"""`build`: the static site of the corpus, beside MkDocs with Material."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench import repositories
from bench.figures import Figures, Report, ratio

Say = Callable[[str], None]
TARGETS: Final = {"cold_ratio": 0.2}


def run(corpus: Path, say: Say) -> Report:
    """A first build, the same after one word and after one title, and MkDocs' first build."""
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        origin = repositories.rfcs(Path(folder) / "origin", corpus)
        say("prdgen build, cold …")
        repository = repositories.clone(origin, Path(folder) / "ours")
        figures: Figures = {}
        figures["cold_s"], made = _prdgen(repository)
        figures["pages"] = made["pages"]
        say("… after one word, and after one title")
        page = min((repository / "pages").glob("*.md"))
        _edit(repository, page, lambda text: text + "\nOne word more.\n")
        figures["word_s"], made = _prdgen(repository)
        figures["word_rendered"] = made["rendered"]
        _edit(repository, page, lambda text: "# Another title\n\n" + text)
        figures["title_s"], made = _prdgen(repository)
        figures["title_rendered"] = made["rendered"]
        say("MkDocs with Material, cold …")
        theirs = repositories.clone(origin, Path(folder) / "theirs")
        figures["mkdocs_cold_s"] = _mkdocs(theirs)
        figures["cold_ratio"] = ratio(figures["cold_s"], figures["mkdocs_cold_s"])
        peers = {"mkdocs": {"cold_s": figures["mkdocs_cold_s"], "pages": _pages(theirs)}}
    return Report("build", figures, TARGETS, peers, {"corpus": str(corpus)})


def _edit(repository: Path, page: Path, change: Callable[[str], str]) -> None:
    page.write_text(change(page.read_text("utf-8")), "utf-8")
    repositories.commit(repository, "Edit")


def _prdgen(repository: Path) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole command, search index included, and what it says it did."""
    seconds, output = _timed(["-m", "prdgen", "build", "-C", str(repository), "--json"], repository)
    made: dict[str, Any] = json.loads(output.splitlines()[-1])
    return seconds, made


def _mkdocs(repository: Path) -> float:
    return _timed(["-m", "mkdocs", "build", "-q", "-d", "out"], repository)[0]


def _pages(repository: Path) -> int:
    return sum(1 for _ in (repository / "out").rglob("index.html"))


def _timed(arguments: list[str], folder: Path) -> tuple[float, str]:
    """Seconds a Python program takes from its start to its end, and its output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PRDGEN_")}
    environment |= repositories.PLAIN_GIT | {"NO_MKDOCS_2_WARNING": "1"}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    return round(time.monotonic() - began, 2), done.stdout
