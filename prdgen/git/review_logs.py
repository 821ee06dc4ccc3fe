"""Reviews' logs in `refs/prdgen/reviews/`: one commit for each thing that was said, so that a clone
has them and a push of them is a fast-forward.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import pygit2
from pygit2.enums import FileMode

from prdgen.git import refs
from prdgen.git.errors import TipMoved
from prdgen.git.repository import Repository
from prdgen.git.values import Signature

BELOW: Final = "reviews/"
_FILE: Final = "log.jsonl"
_NAME: Final = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")
_TRIES: Final = 20


def every(repository: Repository) -> Mapping[str, bytes]:
    """Each review's log, by the review's id."""
    found = refs.every(repository, BELOW)
    return {
        name.removeprefix(BELOW): _read(repository, target)
        for name, target in found.items()
        if _NAME.fullmatch(name.removeprefix(BELOW))
    }


def read(repository: Repository, id_: str) -> bytes | None:
    """One review's log; None when there is none by this id."""
    target = refs.read(repository, BELOW + id_) if _NAME.fullmatch(id_) else None
    return None if target is None else _read(repository, target)


def change(
    repository: Repository, id_: str, work: Callable[[bytes], bytes], by: Signature, subject: str
) -> bytes:
    """Make a log from what it is now, as one commit; the new log. Raises TipMoved when others change
    it all the time, and ValueError for a name that is none.
    """
    if not _NAME.fullmatch(id_):
        raise ValueError(f"no review's id: {id_!r}")
    git, name = repository.libgit2, BELOW + id_
    for attempt in range(_TRIES):
        target = refs.read(repository, name)
        log = b"" if target is None else _read(repository, target)
        new = work(log)
        if new == log:
            return log
        blob = git.create_blob(new)
        builder = git.TreeBuilder()
        builder.insert(_FILE, blob, FileMode.BLOB)
        signature = pygit2.Signature(by.name, by.email, encoding="utf-8")
        parents = [] if target is None else [target]
        made = git.create_commit(
            None, signature, signature, f"{subject}\n", builder.write(), parents
        )
        try:
            refs.move(repository, name, target, str(made))
        except TipMoved:
            if attempt == _TRIES - 1:
                raise
        else:
            return new
    raise AssertionError("not reached")


def _read(repository: Repository, commit: str) -> bytes:
    return _kept(repository)(commit)


@lru_cache(maxsize=4)
def _kept(repository: Repository) -> Callable[[str], bytes]:
    """Logs by their commits, which never change."""

    @lru_cache(maxsize=4096)
    def read_once(commit: str) -> bytes:
        try:
            found = repository.libgit2[commit].peel(pygit2.Tree) / _FILE
        except KeyError:
            return b""  # Not of our making.
        return bytes(found.data) if isinstance(found, pygit2.Blob) else b""

    return read_once
