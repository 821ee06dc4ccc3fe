"""What a branch that moved changes in the work tree that has it checked out, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import process, trees
from prdgen.git.repository import Repository
from prdgen.git.values import Moved

_CONVERTING: Final = ("text", "eol", "crlf", "working-tree-encoding", "ident")


def moved(repository: Repository, old: str | None, new: str) -> list[Moved]:
    """What differs between two commits, attributes files first (they say how others are written)."""
    found = trees.moved(repository.libgit2, old, new)
    return sorted(found, key=lambda each: not each.path.endswith(".gitattributes"))


def is_sparse(repository: Repository) -> bool:
    """Whether files of the tree may be missing on purpose."""
    return repository.config_flag("core.sparseCheckout")


def filter_of(repository: Repository, path: str) -> str | None:
    """The program that changes this file on the way to disk (Git LFS, say); None: none does."""
    found = repository.libgit2.get_attr(path, "filter")
    return found if isinstance(found, str) else None


def size(repository: Repository, blob: str) -> int:
    """The bytes of a blob."""
    found = repository.libgit2[blob]
    assert isinstance(found, pygit2.Blob)
    return int(found.size)


def content(repository: Repository, tree: Path, path: str, blob: str) -> bytes:
    """A blob's bytes as they stand on disk at `path`: line endings and encoding as Git writes them.

    Only for paths without a filter: nothing runs.
    """
    git = repository.libgit2
    converted = (repository.config_get("core.autocrlf") or "").lower() in {"true", "1", "yes", "on"}
    if converted or any(git.get_attr(path, name) is not None for name in _CONVERTING):
        return process.output(tree, "cat-file", "--filters", f"--path={path}", blob)
    return raw(repository, blob)


def raw(repository: Repository, blob: str) -> bytes:
    """A blob's bytes as Git has them."""
    return bytes(repository.libgit2[blob].peel(pygit2.Blob).data)
