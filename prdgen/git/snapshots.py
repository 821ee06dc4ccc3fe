"""The files of a commit, or of what is staged, as one value: to compare them and to search in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pygit2

from prdgen.git import history, process
from prdgen.git.repository import Repository
from prdgen.git.values import FileChange

_SPECIAL: Final = re.compile(r"[\\.\[\](){}*+?|^$]")
"""What means something in an extended regular expression."""
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Snapshot:
    """One Git tree."""

    repository: Repository
    tree: str

    @cached_property
    def files(self) -> dict[str, str]:
        """The blob of each regular file, by path."""
        return {entry.path: entry.blob for entry in self.repository.list_tree(self.tree)}

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises KeyError when there is no such file."""
        found = self.repository.libgit2[self.files[path]]
        assert isinstance(found, pygit2.Blob)
        return bytes(found.data)

    def since(self, before: Snapshot | None) -> list[FileChange]:
        """What differs from `before` (None: from nothing), renames found."""
        old = None if before is None else before.tree
        return history.changed(self.repository.libgit2, old, self.tree)

    def naming(self, words: Iterable[str]) -> set[str]:
        """The paths of the text files in which one of the words stands."""
        wanted = [
            _SPECIAL.sub(r"\\\g<0>", part) for word in words for part in word.split("\n") if part
        ]
        if not wanted:
            return set()
        # Many words as one expression are looked for at once; as words (-F) they are one after the other.
        lines = ["|".join(wanted[at : at + _AT_ONCE]) for at in range(0, len(wanted), _AT_ONCE)]
        top = self.repository.work_tree
        asked = ("grep", "-z", "-l", "-I", "-E", "--full-name", "-f", "-", self.tree)
        done = process.run(top, *asked, data="".join(f"{line}\n" for line in lines).encode())
        if done.code > 1:
            raise process.failure(asked, done)
        names = done.output.decode("utf-8", "replace").split("\0")
        return {name.partition(":")[2] for name in names if name}


def of(repository: Repository, commit: str) -> Snapshot:
    """The files of a commit. Raises CommitNotFound."""
    return Snapshot(repository, repository.commit_info(commit).tree)


def staged(repository: Repository) -> Snapshot:
    """What the commit that is being made will have; a hook sees the index Git made for it.

    Raises GitFailed while the index holds the sides of a conflict.
    """
    done = process.run(repository.work_tree, "write-tree", variables=_index())
    if done.code:
        raise process.failure(("write-tree",), done)
    return Snapshot(repository, done.output.decode().strip())


def settled(repository: Repository) -> set[str]:
    """The paths that held two sides of a conflict until somebody staged them."""
    asked = ("ls-files", "--resolve-undo", "-z")
    done = process.run(repository.work_tree, *asked, variables=_index())
    if done.code:
        raise process.failure(asked, done)
    lines = done.output.decode("utf-8", "replace").split("\0")
    return {line.partition("\t")[2] for line in lines if line}


def _index() -> dict[str, str]:
    index = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": index} if index else {}
