"""Branches that were renamed: Git notes in the log of the new name what the branch was called."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Final

import pygit2

from prdgen.git.moments import moment
from prdgen.git.repository import Repository
from prdgen.git.values import Signature

_HEADS: Final = "refs/heads/"
_LOOKED_AT: Final = 200
"""Newest lines of a branch's log that are looked at."""
_BEGIN: Final = f"Branch: renamed {_HEADS}"
_MIDDLE: Final = f" to {_HEADS}"
_COPIED: Final = f"Branch: copied {_HEADS}"
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A branch was called `old` until `at` (in whole seconds), and is called `now`."""

    old: str
    now: str
    at: datetime
    by: Signature

    def had(self, since: datetime) -> bool:
        """Whether it is about what has the old name since then: a name is used again later, by others."""
        return since < self.at + _SECOND


def now_called(repository: Repository, old: str, since: datetime) -> Renamed | None:
    """What became of the branch that was called `old` at a time (`git branch -m`); None: nobody knows."""
    lines = [each for name in repository.branches() for each in formerly(repository, name)]
    found = [each for each in lines if each.old == old and each.had(since)]
    return min(found, key=lambda each: each.at, default=None)


def formerly(repository: Repository, branch: str) -> list[Renamed]:
    """The renames that gave a branch its name, the newest first; not those of one it was copied from."""
    try:
        log = repository.libgit2.lookup_reference(_HEADS + branch).log()
        lines = [(each.message or "", each.committer) for each in islice(log, _LOOKED_AT)]
    except (KeyError, ValueError, pygit2.GitError):
        return []
    own = takewhile(lambda line: not line[0].startswith(_COPIED), lines)
    found = [
        Renamed(
            message.removeprefix(_BEGIN).split(_MIDDLE, 1)[0], branch,
            moment(by.time), Signature(by.name, by.email),
        )
        for message, by in own
        if message.startswith(_BEGIN)
    ]  # fmt: skip
    return [each for each in found if each.old != branch]


def note(repository: Repository, old: str, new: str, by: Signature) -> None:
    """Note a rename where Git notes its own, and in its words. A branch without a log stays without."""
    tip = repository.tip(new)
    who = f"{_plain(by.name)} <{_plain(by.email)}> {int(time.time())} +0000"
    line = f"{tip} {tip} {who}\t{_BEGIN}{old}{_MIDDLE}{new}\n"
    path = repository.common_dir / "logs" / (_HEADS + new)
    if not path.is_file():
        return  # `core.logAllRefUpdates` is off
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def _plain(text: str) -> str:
    return re.sub(r"[<>\x00-\x1f]", "", text).strip() or "unknown"
