"""Branches that were renamed: Git notes in the log of the new name what the branch was called."""

from __future__ import annotations

from itertools import islice
from typing import Final

import pygit2

from prdgen.git.repository import Repository

_HEADS: Final = "refs/heads/"
_LOOKED_AT: Final = 200
"""Newest lines of a branch's log that are looked at."""


def now_called(repository: Repository, old: str) -> str | None:
    """What the branch that was called `old` is called now (`git branch -m`); None: nobody knows."""
    found = [name for name in repository.branches() if old in formerly(repository, name)]
    return found[0] if len(found) == 1 else None


def formerly(repository: Repository, branch: str) -> list[str]:
    """Names that a branch had and no branch has now, the newest first."""
    try:
        log = repository.libgit2.lookup_reference(_HEADS + branch).log()
        lines = [entry.message or "" for entry in islice(log, _LOOKED_AT)]
    except (KeyError, ValueError, pygit2.GitError):
        return []
    begin, middle = f"Branch: renamed {_HEADS}", f" to {_HEADS}"
    names = [
        line.removeprefix(begin).split(middle, 1)[0] for line in lines if line.startswith(begin)
    ]
    return [name for name in names if repository.tip(name) is None]
