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
THEIRS: Final = "theirs/reviews/"
"""Where the logs of a remote are, as they were fetched last."""
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
    name = BELOW + id_
    for attempt in range(_TRIES):
        target = refs.read(repository, name)
        log = b"" if target is None else _read(repository, target)
        new = work(log)
        if new == log:
            return log
        made = _commit(repository, new, by, subject, [] if target is None else [target])
        try:
            refs.move(repository, name, target, made)
        except TipMoved:
            if attempt == _TRIES - 1:
                raise
        else:
            return new
    raise AssertionError("not reached")


def join(
    repository: Repository, merge: Callable[[list[bytes]], bytes], by: Signature
) -> tuple[list[str], list[str]]:
    """Bring what was fetched into our logs: the ids of those that moved here, and of those that have
    more than the remote. Diverged ones are joined by a commit of both, with `merge` of both logs.
    Raises TipMoved when others append all the time.
    """
    ours, theirs = refs.every(repository, BELOW), refs.every(repository, THEIRS)
    moved, ahead = [], []
    for id_ in sorted(
        {n.removeprefix(BELOW) for n in ours} | {n.removeprefix(THEIRS) for n in theirs}
    ):
        mine, other = ours.get(BELOW + id_), theirs.get(THEIRS + id_)
        if not _NAME.fullmatch(id_) or mine == other:
            continue
        if other is None or (mine and repository.is_ancestor(other, mine)):
            ahead.append(id_)
        elif mine is None or repository.is_ancestor(mine, other):
            refs.move(repository, BELOW + id_, mine, other)
            moved.append(id_)
        else:
            log = merge([_read(repository, mine), _read(repository, other)])
            made = _commit(repository, log, by, "Join two logs", [mine, other])
            refs.move(repository, BELOW + id_, mine, made)
            moved.append(id_)
            ahead.append(id_)
    return moved, ahead


def _commit(
    repository: Repository, log: bytes, by: Signature, subject: str, parents: list[str]
) -> str:
    git = repository.libgit2
    builder = git.TreeBuilder()
    builder.insert(_FILE, git.create_blob(log), FileMode.BLOB)
    signature = pygit2.Signature(by.name, by.email, encoding="utf-8")
    tree = builder.write()
    return str(git.create_commit(None, signature, signature, f"{subject}\n", tree, list(parents)))


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
