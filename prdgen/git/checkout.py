"""What a branch that moved changes in the work tree that has it checked out, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import process
from prdgen.git.repository import Repository
from prdgen.git.values import LINK, REGULAR, SUBMODULE

_CONVERTING: Final = ("text", "eol", "crlf", "working-tree-encoding", "ident")
Side = tuple[int, str] | None
"""Mode and blob; None: nothing is there."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One path that differs between the old and the new tip."""

    path: str
    old: Side
    new: Side

    @property
    def is_plain(self) -> bool:
        """Whether it is a regular file wherever it is."""
        return all(side is None or side[0] in REGULAR for side in (self.old, self.new))

    @property
    def is_link(self) -> bool:
        """Whether a symbolic link comes or goes, and no submodule."""
        modes = {side[0] for side in (self.old, self.new) if side}
        return LINK in modes and SUBMODULE not in modes


def moved(repository: Repository, old: str | None, new: str) -> list[Moved]:
    """What differs between two commits, attributes files first (they say how others are written)."""
    git = repository.libgit2
    after = git[new].peel(pygit2.Tree)
    if old is None:
        difference = after.diff_to_tree(swap=True)
    else:
        difference = git[old].peel(pygit2.Tree).diff_to_tree(after)
    found = [_moved(delta) for delta in difference.deltas]
    return sorted(found, key=lambda each: (not each.path.endswith(".gitattributes"), each.path))


def _moved(delta: pygit2.DiffDelta) -> Moved:
    was, now = delta.old_file, delta.new_file
    return Moved(
        now.path or was.path,
        (int(was.mode), str(was.id)) if int(was.mode) else None,
        (int(now.mode), str(now.id)) if int(now.mode) else None,
    )


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
