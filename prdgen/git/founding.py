"""Making a repository, and the first commits in one, for people who begin with an empty folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prdgen.git import process

_NAME, _EMAIL = "prdgen", "prdgen@localhost"


def ensure_repository(folder: Path) -> bool:
    """Make `folder` a Git repository with the branch main unless it is one; whether it was made."""
    if (folder / ".git").exists():
        return False
    process.output(folder, "init", "-q", "-b", "main", ".")
    return True


def commit_paths(folder: Path, paths: Sequence[str], message: str) -> None:
    """Commit these paths and nothing else; what is staged besides stays staged.

    Signed with Git's own user, or as prdgen where Git has none.
    """
    process.output(folder, "add", "--", *paths)
    process.output(folder, *identity(folder), "commit", "-q", "-m", message, "--only", "--", *paths)


def identity(folder: Path) -> list[str]:
    """Options that give Git a user where it has none."""
    options: list[str] = []
    for key, value in (("user.name", _NAME), ("user.email", _EMAIL)):
        if process.run(folder, "config", "--get", key).code:
            options += ["-c", f"{key}={value}"]
    return options
