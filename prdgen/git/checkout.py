"""What a branch that moved changes in the work tree that has it checked out, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import process, trees
from prdgen.git.repository import Repository
from prdgen.git.values import Moved

_CONVERTING: Final = ("text", "eol", "crlf", "working-tree-encoding", "ident")
_CONVERTS: Final = {"true", "1", "yes", "on"}
_UNSET: Final = {"unspecified", "unset"}
_AT_ONCE: Final = 8
"""Paths: more are asked of Git together."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file stands on disk, by its attributes."""

    filter: str | None = None
    """The program that changes it on the way to disk (Git LFS, say); None: none does."""
    converts: bool = False
    """Whether Git writes its line ends or its encoding otherwise than the blob has them."""


def moved(repository: Repository, old: str | None, new: str) -> list[Moved]:
    """What differs between two commits."""
    return trees.moved(repository.libgit2, old, new)


def at(repository: Repository, commit: str, paths: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Mode and blob of those of these paths that a commit has."""
    return trees.at(repository.libgit2, repository.libgit2[commit].peel(pygit2.Tree), paths)


def with_files(repository: Repository, commit: str, files: Mapping[str, bytes | None]) -> str:
    """The tree of a commit with other files in it (None: without), written. Raises as `trees.build`."""
    base = repository.libgit2[commit].peel(pygit2.Tree)
    return str(trees.build(repository.libgit2, base, files)[0])


def is_sparse(repository: Repository) -> bool:
    """Whether files of the tree may be missing on purpose."""
    return repository.config_flag("core.sparseCheckout")


def forms(repository: Repository, tree: Path, paths: Sequence[str]) -> dict[str, Form]:
    """How each of these files stands on disk, as the attributes in the work tree say now."""
    automatic = (repository.config_get("core.autocrlf") or "").lower() in _CONVERTS
    if len(paths) > _AT_ONCE:
        asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        names = ("filter", *_CONVERTING)
        printed = process.output(tree, "check-attr", "-z", "--stdin", *names, data=asked)
        return _forms(printed.decode("utf-8", "surrogateescape").split("\0"), automatic)
    git, found = repository.libgit2, {}
    for path in paths:
        by = git.get_attr(path, "filter")
        converts = any(git.get_attr(path, name) is not None for name in _CONVERTING)
        found[path] = Form(by if isinstance(by, str) else None, automatic or converts)
    return found


def _forms(printed: Sequence[str], automatic: bool) -> dict[str, Form]:
    """From what `git check-attr -z` prints: path, attribute and value, one after the other."""
    filters: dict[str, str | None] = {}
    converted: set[str] = set()
    for path, name, value in zip(printed[::3], printed[1::3], printed[2::3], strict=False):
        if name == "filter":
            filters[path] = None if value in {*_UNSET, "set"} else value
        elif value != "unspecified":
            converted.add(path)
    return {path: Form(by, automatic or path in converted) for path, by in filters.items()}


def content(repository: Repository, tree: Path, path: str, blob: str, form: Form) -> bytes:
    """A blob's bytes as they stand on disk at `path`: line endings and encoding as Git writes them.

    Only for paths without a filter: nothing runs.
    """
    if form.converts:
        return process.output(tree, "cat-file", "--filters", f"--path={path}", blob)
    return raw(repository, blob)


def raw(repository: Repository, blob: str) -> bytes:
    """A blob's bytes as Git has them."""
    return bytes(repository.libgit2[blob].peel(pygit2.Blob).data)


def size(repository: Repository, blob: str) -> int:
    """A blob's bytes as Git has them, counted; the blob is not read."""
    return repository.libgit2.odb.read_header(blob)[1]


def is_blob(data: bytes, blob: str) -> bool:
    """Whether a file's bytes are a blob's as Git has them; the blob is not read."""
    return str(pygit2.hash(data)) == blob
