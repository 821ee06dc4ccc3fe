"""How files of a branch changed from commit to commit, along its own line: the first parent of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pygit2

from prdgen.git import process, trees
from prdgen.git.repository import Repository
from prdgen.git.values import REGULAR

_AT_ONCE: Final = 50
"""Commits that are looked at without a process."""
Wanted = Callable[[str], bool]
"""Whether the file at a path is looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file that another commit has otherwise: where it was and is, and its blobs."""

    before: str
    after: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """The commits of a branch that another one does not have."""

    base: str
    """The commit below the oldest of them; empty when that has no parent."""
    commits: Sequence[Sequence[Step]]
    """What each of them changed, the oldest first. What came or went is no step."""


def since(repository: Repository, old: str | None, new: str, wanted: Wanted, *, limit: int) -> Line:
    """The line of `new` down to what `old` has (None: to its beginning), its newest `limit` commits at
    most; of each, the files whose paths are `wanted`. Blocks for as long as Git needs for the renames
    when any file came in a commit in which another one went.
    """
    quick = _quickly(repository, old, new, wanted) if old else None
    if quick is not None:
        return quick
    start = [f"^{old}"] if old else []
    printed = process.output(
        repository.work_tree, "log", "-m", "--first-parent", "--raw", "--no-abbrev", "-M", "-l1000",
        "-z", "--format=%x1e%P", f"--max-count={limit}", "--end-of-options", new, *start, "--",
        seconds=300,
    )  # fmt: skip
    commits: list[list[Step]] = []
    base = new
    parts = iter(printed.decode("utf-8", "replace").split("\0"))
    for part in parts:
        said = part.lstrip("\n")
        if said.startswith("\x1e"):
            base = said[1:].partition(" ")[0]
            commits.append([])
        elif said.startswith(":"):
            mode, now, was, blob, kind = said[1:].split(" ")
            before = next(parts)
            after = next(parts) if kind[0] in "RC" else before
            plain = {int(mode, 8), int(now, 8)} <= REGULAR
            if plain and kind[0] in "MR" and wanted(before) and wanted(after):
                commits[-1].append(Step(before, after, was, blob))
    return Line(base, commits[::-1])


def behind(repository: Repository, tip: str, base: str) -> int | None:
    """How many commits `tip` is before `base` on its own line; None when `base` is not on it."""
    printed = process.output(
        repository.work_tree, "log", "--first-parent", "--format=%P", "--end-of-options", tip,
        f"^{base}", "--", seconds=60,
    )  # fmt: skip
    parents = printed.decode("ascii").splitlines()
    end = parents[-1].partition(" ")[0] if parents else tip
    return len(parents) if end == base else None


def _quickly(repository: Repository, old: str, new: str, wanted: Wanted) -> Line | None:
    """The same without a process, for a few commits on top of `old` that renamed nothing."""
    git, commits = repository.libgit2, list[list[Step]]()
    place = new
    while place != old:
        commit = git[place].peel(pygit2.Commit)
        if len(commits) == _AT_ONCE or not commit.parent_ids or commit.parent_ids[0] not in git:
            return None
        parent = str(commit.parent_ids[0])
        moved = [each for each in trees.moved(git, parent, place) if wanted(each.path)]
        if any(each.old is None for each in moved) and any(each.new is None for each in moved):
            return None
        commits.append([
            Step(each.path, each.path, each.old[1], each.new[1])
            for each in moved
            if each.old and each.new and {each.old[0], each.new[0]} <= REGULAR and each.old[1] != each.new[1]
        ])  # fmt: skip
        place = parent
    return Line(old, commits[::-1])
