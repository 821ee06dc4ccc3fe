"""Making a repository, and the first commits in one, for people who begin with an empty folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import formats, process
from prdgen.git.errors import InsideRepository, NotARepository
from prdgen.git.repository import Repository

_BRANCH: Final = "main"
_NOBODY: Final = {"user.name": "prdgen", "user.email": "prdgen@localhost"}


def ensure_repository(folder: Path) -> bool:
    """Make `folder` a Git repository with the branch main unless it is one; whether it was made.

    Raises InsideRepository when a folder above it is one that does not ignore it, and what
    `repository.open` raises for one prdgen cannot work with.
    """
    try:
        top = formats.check(folder)
    except NotARepository:
        top = None
    if top is not None and top.resolve() == folder.resolve():
        return False
    if top is not None and not _is_ignored(folder, top):
        raise InsideRepository(where=folder, top=top)
    process.output(folder, "init", "--quiet", f"--initial-branch={_BRANCH}")
    return True


def _is_ignored(folder: Path, top: Path) -> bool:
    """Whether the repository above leaves this folder to others."""
    asked = f"{folder.resolve().relative_to(top.resolve()).as_posix()}/"
    return bool(pygit2.Repository(str(top)).path_is_ignored(asked))


def commit_paths(folder: Path, paths: Sequence[str], message: str) -> None:
    """Commit these paths and nothing else; what is staged besides stays staged.

    By Git's own user, or as prdgen where Git has none. Paths that are ignored are committed too.
    """
    named = b"\0".join(path.encode() for path in paths)
    listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
    process.output(folder, "add", "--force", *listed, data=named)
    process.output(
        folder, *identity(folder), "commit", "--quiet", "--only", f"--message={message}", *listed,
        data=named,
    )  # fmt: skip


def identity(folder: Path) -> list[str]:
    """Options that give Git a user where it has none."""
    options: list[str] = []
    for key, value in _NOBODY.items():
        if process.run(folder, "config", "--get", key).code:
            options += ["-c", f"{key}={value}"]
    return options


def exclude(repository: Repository, patterns: Iterable[str]) -> None:
    """Let Git overlook files of these patterns in every work tree, through `.git/info/exclude`."""
    path = repository.common_dir / "info" / "exclude"
    known = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
    missing = [pattern for pattern in patterns if pattern not in known]
    if missing:
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{pattern}\n" for pattern in missing)
