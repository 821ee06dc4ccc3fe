"""Where files went, by the renames that Git finds in the commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from prdgen.git import process
from prdgen.git.repository import Repository

Rename = tuple[str, str]
"""The path before, and the path after."""


@dataclass(frozen=True)
class Renames:
    """The renames of some commits, the oldest first."""

    found: Sequence[Rename] = ()
    _of: dict[str, list[tuple[int, str]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for number, (old, new) in enumerate(self.found):
            of[old].append((number, new))
        object.__setattr__(self, "_of", dict(of))

    def ends(self, path: str) -> list[str]:
        """Where the files went that were at `path`, each to the end of its way; the one that left
        last comes first. A way back to `path` ends there, so that no way is endless.
        """
        found: dict[str, None] = {}
        gone: set[int] = set()
        waiting = [(-1, path)]
        while waiting:
            since, place = waiting.pop()
            later = [step for step in self._of.get(place, ()) if step[0] > since]
            if not later and since >= 0:
                found.setdefault(place)
            waiting.extend(step for step in later if step[0] not in gone)
            gone.update(number for number, _ in later)
        return list(found)

    def olds(self) -> list[str]:
        """Every path that was left."""
        return list(self._of)


def between(repository: Repository, old: str | None, new: str) -> list[Rename]:
    """The renames of the commits of `new` that are not in `old`, the oldest first.

    A merge counts by what it renamed of each of its parents. Blocks for as long as Git needs to
    compare every commit with the one before.
    """
    start = [f"^{old}"] if old else []
    printed = process.output(
        repository.work_tree, "log", "--reverse", "--date-order", "-m", "-M", "--diff-filter=R",
        "--name-status", "-z", "--format=", "--end-of-options", new, *start, "--", seconds=300,
    )  # fmt: skip
    parts = iter(printed.decode("utf-8", "replace").split("\0"))
    return [(next(parts), next(parts)) for kind in parts if kind.strip().startswith("R")]
