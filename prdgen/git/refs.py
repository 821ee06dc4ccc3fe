"""Hidden refs below `refs/prdgen/`: they keep objects safe from `gc` and carry what is not a page."""

from __future__ import annotations

import time
from typing import Final

import pygit2

from prdgen.git.errors import RefNotWritten, TipMoved
from prdgen.git.repository import Repository

PREFIX: Final = "refs/prdgen/"
_TRIES: Final = 50


def read(repository: Repository, name: str) -> str | None:
    """The id `refs/prdgen/NAME` points to; None when there is no such ref."""
    try:
        reference = repository.libgit2.references.get(PREFIX + name)
    except (ValueError, pygit2.GitError):
        return None
    return None if reference is None else str(reference.target)


def every(repository: Repository, below: str = "") -> dict[str, str]:
    """All refs below `refs/prdgen/BELOW` with the ids they point to."""
    prefix = (PREFIX + below).encode()
    names = [n for n in repository.libgit2.raw_listall_references() if n.startswith(prefix)]
    found = {n.decode().removeprefix(PREFIX) for n in names}
    return {name: target for name in sorted(found) if (target := read(repository, name))}


def keep(repository: Repository, name: str, target: str) -> None:
    """Point `refs/prdgen/NAME` at an object, whatever it pointed to."""
    for attempt in range(_TRIES):
        try:
            repository.libgit2.create_reference_direct(PREFIX + name, target, force=True)
        except (ValueError, pygit2.GitError) as error:
            if attempt == _TRIES - 1 or "lock" not in str(error):
                raise RefNotWritten(ref=PREFIX + name, got=error) from error
            time.sleep(0.01)
        else:
            return


def move(repository: Repository, name: str, expected: str | None, target: str) -> None:
    """Point `refs/prdgen/NAME` at an object if it still points to `expected`. Raises TipMoved."""
    git = repository.libgit2
    try:
        if expected is None:
            git.create_reference_direct(PREFIX + name, target, force=False)
            return
        reference = git.lookup_reference(PREFIX + name)
        if str(reference.target) == expected:
            reference.set_target(target)
            return
    except (KeyError, ValueError, pygit2.GitError) as error:
        if read(repository, name) == expected:
            raise RefNotWritten(ref=PREFIX + name, got=error) from error
    raise TipMoved(
        what=f"The ref {PREFIX}{name}", branch=PREFIX + name, expected=expected or "nothing",
        got=read(repository, name) or "nothing",
    )  # fmt: skip


def drop(repository: Repository, name: str) -> None:
    """Remove `refs/prdgen/NAME`; nothing happens when it is not there."""
    reference = repository.libgit2.references.get(PREFIX + name)
    if reference is not None:
        reference.delete()


def join(repository: Repository, below: str, theirs: str) -> list[str]:
    """Bring commits that were fetched to `refs/prdgen/THEIRS` to `refs/prdgen/BELOW`, where there is
    none or an older one of the same history; the names, below `refs/prdgen/`, of those that the
    other side lacks. Raises RefNotWritten.
    """
    here, there = every(repository, below), every(repository, theirs)
    ahead = []
    for name in sorted(here | {below + each.removeprefix(theirs): "" for each in there}):
        mine, other = here.get(name), there.get(theirs + name.removeprefix(below))
        if mine == other:
            continue
        if mine is not None and (other is None or repository.is_ancestor(other, mine)):
            ahead.append(name)
        elif other is not None and (mine is None or repository.is_ancestor(mine, other)):
            keep(repository, name, other)
    return ahead
