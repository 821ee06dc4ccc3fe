"""Opens a repository with libgit2, or says in words what stands in the way and how to cure it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import RepositoryOpenFlag

from prdgen.git import process
from prdgen.git.errors import BareRepository, NotARepository, UnsafeOwner, UnsupportedFormat

# What Git or libgit2 say → (what it is, how to get rid of it). Checked in this order.
_OBSTACLES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "object format",
        "SHA-256 object ids",
        "Move the history to a repository with SHA-1 ids: `git fast-export | git fast-import`.",
    ),
    (
        "refstorage",
        "the reftable format",
        "Convert it: `git refs migrate --ref-format=files`.",
    ),
    (
        "partialclone",
        "a partial clone",
        "Clone it again without a filter: `git clone URL FOLDER`.",
    ),
    (
        "relativeworktrees",
        "relative paths of linked work trees, which the Git installed here does not know",
        "Install Git 2.48 or newer.",
    ),
    (
        "'link'",
        "a split index",
        "Run `git config core.splitIndex false` and `git update-index --no-split-index` in it.",
    ),
    (
        "'sdir'",
        "a sparse index",
        "Run `git sparse-checkout disable` in it.",
    ),
    (
        "repo version",
        "a repository format newer than this Git knows",
        "Upgrade Git and prdgen, or clone the repository with an older Git.",
    ),
    (
        "extension",
        "an extension that Git or prdgen here does not know",
        "Upgrade Git and prdgen, or clone the repository with an older Git.",
    ),
)


def check(path: Path) -> Path:
    """The work tree's top folder of the repository at `path` (or above it), once it is known
    that both libgit2 and Git can work with it. Raises the errors of `repository.open`.
    """
    if not path.is_dir():
        raise NotARepository(where=path, got="there is no such folder")
    done = process.run(path, "rev-parse", "--is-bare-repository", "--show-cdup")
    if done.code:
        raise _refusal(path, done.complaint)
    if done.output.startswith(b"true"):
        raise BareRepository(where=path)
    try:
        found = pygit2.Repository(str(path.resolve()), RepositoryOpenFlag.DEFAULT)
        if found.workdir is None:
            raise BareRepository(where=path)
        _check_index(path, found)
    except (pygit2.GitError, ValueError, KeyError) as error:
        raise _refusal(path, str(error)) from error
    return Path(found.workdir)


def _check_index(path: Path, found: pygit2.Repository) -> None:
    len(found.index)
    # Pages outside a sparse checkout have no file, which looks like a deletion.
    if found.config.get_multivar("core.sparseCheckout") and _is_sparse(path):
        raise UnsupportedFormat(
            where=path, what="a sparse checkout", how="Run `git sparse-checkout disable` in it."
        )
    # Git fetches what is missing when it is asked for; libgit2 does not.
    if _is_partial(path):
        raise UnsupportedFormat(
            where=path, what="a partial clone",
            how="Clone it again without a filter: `git clone URL FOLDER`.",
        )  # fmt: skip


def _is_sparse(path: Path) -> bool:
    done = process.run(path, "config", "--type=bool", "--get", "core.sparseCheckout")
    return done.output.strip() == b"true"


def _is_partial(path: Path) -> bool:
    done = process.run(path, "config", "--type=bool", "--get-regexp", r"^remote\..*\.promisor$")
    return any(line.endswith(b" true") for line in done.output.splitlines())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Says in words what libgit2 stops at when the repository was changed while it is open, as by
    `git update-index --split-index`. Raises UnsupportedFormat, and what it cannot say in words as it is.
    """
    try:
        yield
    except pygit2.GitError as error:
        if obstacle := _obstacle(path, str(error).lower()):
            raise obstacle from error
        raise


class _Index(pygit2.Index):
    """pygit2 frees what was never opened, and complains of that where nobody can hear it."""

    _index = pygit2.ffi.NULL


def index(path: Path, file: Path) -> pygit2.Index:
    """Git's index in a file, which may not be there, of the working tree at `path`. Raises UnsupportedFormat."""
    with reading(path):
        return _Index(str(file))


def _obstacle(path: Path, said: str) -> UnsupportedFormat | None:
    found = ((what, how) for sign, what, how in _OBSTACLES if sign in said)
    return next((UnsupportedFormat(where=path, what=what, how=how) for what, how in found), None)


def _refusal(path: Path, complaint: str) -> NotARepository | UnsafeOwner | UnsupportedFormat:
    said = complaint.lower()
    if "dubious ownership" in said or "not owned by current user" in said:
        return UnsafeOwner(where=path)
    if obstacle := _obstacle(path, said):
        return obstacle
    if "not a git repository" in said or "not found" in said:
        return NotARepository(where=path, got="it has no `.git`, and no folder above it has one")
    return NotARepository(where=path, got=complaint[:300] or "Git cannot open it")
