"""`merge`: three-way merges of pages, real ones and made ones, beside `git merge-file`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import made, merges, node
from bench.figures import Figures, Report, percentile, ratio
from bench.merges import Triple
from prdgen.files import text as file_text
from prdgen.files.errors import NotEditable
from prdgen.flows import merge_file
from prdgen.merge import three_way
from prdgen.merge.markers import Markers

Say = Callable[[str], None]
TARGETS: Final = {"conflict_ratio": 0.3, "lost_edits": 0, "garbled": 0, "merge_p99_ms": 50}
_WORD: Final = re.compile(r"\w+(?:[-.@='’]\w+)*")
_STARTS: Final = 15


@dataclass
class Seen:
    """What came of some merges."""

    merges: int = 0
    conflicts: int = 0
    conflicts_git: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    garbled: list[str] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)

    def figures(self, name: str) -> Figures:
        """Beside Git's: how many merges of this kind left somebody a choice."""
        return {
            f"{name}_merges": self.merges,
            f"{name}_conflicts": self.conflicts,
            f"{name}_conflicts_git": self.conflicts_git,
            f"{name}_conflict_ratio": ratio(self.conflicts, self.conflicts_git),
        }


def run(
    corpus: Path, say: Say, count: int = 5000, seed: int = 1, history: Path = node.ROOT,
    *, with_packages: bool = True,
) -> Report:  # fmt: skip
    """Merge them all with ours and with Git's; words are counted against all three sides."""
    say("merges of the repository's history …")
    kinds = {"history": _seen(merges.of_repository(history))}
    if with_packages:
        say("merges between release lines of npm packages …")
        kinds["lines"] = _seen(merges.of_packages(say))
    say(f"{count} made merges …")
    kinds["made"] = _seen(made.triples(count, seed, corpus))
    say("the driver as a process …")
    return Report("merge", _figures(kinds), TARGETS, options={
        "corpus": str(corpus), "history": str(history), "made": count, "seed": seed,
    })  # fmt: skip


def _figures(kinds: dict[str, Seen]) -> Figures:
    every = kinds.values()
    ours, gits = (
        sum(getattr(seen, name) for seen in every) for name in ("conflicts", "conflicts_git")
    )
    cpu, wall = (
        [ms for seen in every for ms in getattr(seen, name)] for name in ("cpu_ms", "wall_ms")
    )
    bad = {name: [each for seen in every for each in getattr(seen, name)]
           for name in ("lost", "doubled", "garbled")}  # fmt: skip
    return {
        "conflict_ratio": ratio(ours, gits),
        "lost_edits": len(bad["lost"]),
        "doubled": len(bad["doubled"]),
        "garbled": len(bad["garbled"]),
        "merge_p50_ms": percentile(cpu, 0.5),
        "merge_p99_ms": percentile(cpu, 0.99),
        "merge_max_ms": percentile(cpu, 1),
        "merge_wall_p99_ms": percentile(wall, 0.99),
        "driver_p50_ms": _driver_ms(),
        **{key: value for name, seen in kinds.items() for key, value in seen.figures(name).items()},
        "examples": [*bad["lost"], *bad["doubled"], *bad["garbled"]][:5],
    }


def _seen(triples: Iterable[Triple]) -> Seen:
    seen = Seen()
    for triple in triples:
        if triple.is_merge:
            look(triple, seen)
    return seen


def look(triple: Triple, seen: Seen) -> None:
    """Merge once with ours and once with Git's, and note what came of it."""
    try:
        base, ours, theirs = (
            file_text.decode(data).text for data in (triple.base, triple.ours, triple.theirs)
        )
    except NotEditable:
        return
    cpu, wall = time.process_time(), time.perf_counter()
    outcome = merge_file.merge(triple.base, triple.ours, triple.theirs, Markers())
    seen.cpu_ms.append((time.process_time() - cpu) * 1000)
    seen.wall_ms.append((time.perf_counter() - wall) * 1000)
    seen.merges += 1
    seen.conflicts += bool(outcome.conflicts)
    seen.conflicts_git += _git_conflicts(triple)
    merged = three_way.merge(base, theirs, ours, merge_file.LIMIT_MS).text
    sides = [Counter(_WORD.findall(text)) for text in (base, ours, theirs)]
    found = Counter(_WORD.findall(merged))
    seen.garbled += [f"{triple.name}: {word}" for word in found if not any(s[word] for s in sides)]
    new = {word for side in sides[1:] for word in side if not sides[0][word]}
    for word in new:
        one, other = sides[1][word], sides[2][word]
        if found[word] < max(one, other):
            seen.lost.append(f"{triple.name}: {word}")
        elif found[word] > max(one, other) and not (one and other):
            seen.doubled.append(f"{triple.name}: {word}")


def _git_conflicts(triple: Triple) -> bool:
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        paths = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for path, data in zip(paths, (triple.ours, triple.base, triple.theirs), strict=True):
            path.write_bytes(data.replace(b"\r\n", b"\n"))
        done = subprocess.run(
            ["git", "merge-file", "--stdout", *map(str, paths)], capture_output=True, check=False
        )
    return done.returncode != 0


def _driver_ms() -> float | None:
    """The whole of `prdgen merge-file` for a small page: nearly all of it is Python's start."""
    times = []
    with tempfile.TemporaryDirectory(prefix="prdgen-bench-") as folder:
        for name, text in (("base", "a b c\n"), ("ours", "x b c\n"), ("theirs", "a b y\n")):
            (Path(folder) / name).write_text(text, "utf-8")
        command = [sys.executable, "-m", "prdgen", "merge-file", "-p", "base", "ours", "theirs"]
        environment = {**os.environ, "PYTHONPATH": str(node.ROOT)}
        for _ in range(_STARTS):
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
            times.append((time.perf_counter() - began) * 1000)
    return percentile(times, 0.5)
