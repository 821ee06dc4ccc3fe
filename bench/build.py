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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from bench import hugo, node, repositories
from bench.figures import Figures, Report, percentile, ratio, spread
from bench.publisher import Publisher

Say = Callable[[str], None]
TARGETS: Final = {
    "cold_ratio": 0.2, "hugo_ratio": 1.0, "unchanged_s": 1.0, "edit_p50_ms": 50, "title_p50_ms": 50,
    "edit_growth": 1.5, "title_growth": 1.5, "search_lag_s": 10, "rss_mb": 250, "wide_s": 10,
}  # fmt: skip
_EDITS: Final = 30
_WIDE: Final = 1000


def run(corpus: Path, say: Say, pages: int = 10_000, *, peers: bool = True) -> Report:
    """A first build, the same again, after one word and after one title; a process that goes on
    publishing, here and in a repository of so many `pages`; and the peers' first builds.
    """
    # As pip does when it installs a package; the peers were installed by it.
    compileall.compile_dir(node.ROOT / "prdgen", quiet=1)
    targets, shown = dict(TARGETS), {}
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as name:
        folder = Path(name)
        origin = repositories.rfcs(folder / "origin", corpus)
        repository = repositories.clone(origin, folder / "ours")
        figures = _commands(repository, say)
        large = repositories.copies(folder / "large", corpus, pages) if pages else None
        figures |= _edits(repository, large, say)
        if large is None:
            targets = {n: t for n, t in targets.items() if not n.endswith(("growth", "wide_s"))}
        if peers:
            theirs = repositories.clone(origin, folder / "theirs")
            figures |= _peers(figures["cold_s"], origin, theirs, folder, say)
            shown = {"mkdocs": {"cold_s": figures["mkdocs_cold_s"], "pages": _pages(theirs)}}
        else:
            targets = {n: t for n, t in targets.items() if not n.endswith("_ratio")}
    return Report("build", figures, targets, shown, {"corpus": str(corpus), "pages": pages})


def _commands(repository: Path, say: Say) -> Figures:
    """`prdgen build`, each time a new process."""
    figures: Figures = {}
    say("prdgen build, cold …")
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
    return figures


def _edits(repository: Path, large: Path | None, say: Say) -> Figures:
    """What one more commit costs a process that published the one before, in turns with the same in the
    large repository.
    """
    figures: Figures = {}
    with ExitStack() as stack:
        desks = {"": stack.enter_context(Publisher(repository))}
        if large is not None:
            say("prdgen build of the large repository, without search …")
            figures["large_cold_s"], figures["large_cold_cpu_s"], made = _prdgen(
                large, "--no-search"
            )
            figures["large_pages"] = made["pages"]
            figures["large_unchanged_s"], _, _ = _prdgen(large, "--no-search")
            desks["large_"] = stack.enter_context(Publisher(large))
        for kind, name in (("body", "edit"), ("title", "title")):
            say(f"{_EDITS} commits of one {kind} each …")
            done = {size: list[dict[str, float]]() for size in desks}
            for _ in range(_EDITS):
                for size, desk in desks.items():
                    done[size].append(desk.ask(kind))
            for size, each in done.items():
                figures |= spread(f"{size}{name}", [one["wall_ms"] for one in each], 0.5, 0.99)
                figures[f"{size}{name}_cpu_ms"] = percentile([one["cpu_ms"] for one in each], 0.5)
                figures[f"{size}rss_mb"] = round(each[-1]["rss_mb"])
            if large is not None:
                few, many = (figures[f"{size}{name}_p50_ms"] for size in desks)
                figures[f"{name}_growth"] = ratio(many, few)
        figures["search_lag_s"] = round(desks[""].ask("search")["wall_ms"] / 1000, 2)
        if large is not None:
            wide = desks["large_"].ask("body", _WIDE)
            figures["wide_s"] = round(wide["wall_ms"] / 1000, 2)
            figures["wide_rss_mb"] = round(wide["rss_mb"])
    return figures


def _peers(ours: float, origin: Path, theirs: Path, folder: Path, say: Say) -> Figures:
    figures: Figures = {}
    say("MkDocs with Material, cold …")
    figures["mkdocs_cold_s"], figures["mkdocs_cpu_s"] = _mkdocs(theirs)
    figures["cold_ratio"] = ratio(ours, figures["mkdocs_cold_s"])
    say("Hugo with bare templates and Pagefind, cold …")
    figures["hugo_cold_s"] = _hugo(repositories.clone(origin, folder / "hugo"))
    figures["hugo_ratio"] = ratio(ours, figures["hugo_cold_s"])
    return figures


def _edit(repository: Path, page: Path, change: Callable[[str], str]) -> None:
    page.write_text(change(page.read_text("utf-8")), "utf-8")
    repositories.commit(repository, "Edit")


def _prdgen(repository: Path, *options: str) -> tuple[float, float, dict[str, Any]]:
    """Seconds of the whole command, search index included, of the clock and of processors; and what it
    says it did.
    """
    seconds, cpu, output = _timed(
        [sys.executable, "-m", "prdgen", "build", "-C", str(repository), "--json", *options],
        repository,
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
