"""The work trees of a repository: which branch each has checked out, and what is under way there."""

from __future__ import annotations

import fcntl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNDER_WAY: Final = (
    ("MERGE_HEAD", "a merge is under way; finish it with `git commit` or `git merge --abort`"),
    (
        "MERGE_AUTOSTASH",
        "a merge is under way and has put away what is not committed; when none runs, `git merge --quit` ends it",
    ),
    ("CHERRY_PICK_HEAD", "a cherry-pick is under way; finish it, or `git cherry-pick --abort`"),
    ("REVERT_HEAD", "a revert is under way; finish it, or `git revert --abort`"),
    ("rebase-merge", "a rebase is under way; `git rebase --continue` or `--abort` ends it"),
    ("rebase-apply", "a rebase or `git am` is under way; its `--continue` or `--abort` ends it"),
    ("sequencer", "a series of picks is under way; its `--continue` or `--abort` ends it"),
    ("BISECT_LOG", "a bisect is under way; `git bisect reset` ends it"),
)
INDEX_LOCK: Final = "index.lock"
OWN_MARK: Final = b"prdgen "
"""How an `index.lock` of our own begins; Git never looks into the file."""


@dataclass(frozen=True, slots=True)
class WorkTree:
    """One work tree: its folder, its own git folder, and the branch it stands on."""

    path: Path
    git_dir: Path
    branch: str | None
    """None when HEAD is detached; during a rebase or bisect the branch it will come back to."""


def every(common_dir: Path, main: Path | None) -> list[WorkTree]:
    """All work trees that exist on this disk, the main one first."""
    found = [] if main is None else [_read(main, common_dir)]
    linked = common_dir / "worktrees"
    git_dirs = sorted(linked.iterdir()) if linked.is_dir() else []
    for git_dir in git_dirs:
        try:
            pointer = (git_dir / "gitdir").read_text("utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            continue
        folder = (git_dir / pointer).parent
        if folder.is_dir():
            found.append(_read(folder, git_dir))
    return found


def head_branch(git_dir: Path) -> str | None:
    """The branch HEAD names, born or not; None when HEAD is detached."""
    head = _text(git_dir / "HEAD")
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def under_way(git_dir: Path) -> str | None:
    """What Git has begun in this work tree and not ended (a merge, a rebase …); None: nothing."""
    return next((reason for name, reason in _UNDER_WAY if (git_dir / name).exists()), None)


def busy_reason(git_dir: Path) -> str | None:
    """Why nothing may be written into this work tree now, in words for its owner; None: nothing.

    A lock of our own does not count: it lasts milliseconds.
    """
    if reason := under_way(git_dir):
        return reason
    lock = git_dir / INDEX_LOCK
    try:
        with lock.open("rb") as content:
            if content.read(len(OWN_MARK)) == OWN_MARK:
                return None
        age = time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return None
    if age < 60:
        return "another Git command is running here (it holds index.lock)"
    return (
        f"a Git command has held index.lock for {age / 60:.0f} min; if none is running, "
        f"remove the file {lock}"
    )


def is_held(descriptor: int) -> bool:
    """Whether a living process holds the flock on this open file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read(folder: Path, git_dir: Path) -> WorkTree:
    branch = head_branch(git_dir)
    if branch is None:
        for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
            kept = _text(git_dir / name)
            if kept.startswith("refs/heads/") or (name == "BISECT_START" and kept):
                branch = kept.removeprefix("refs/heads/")
                break
    return WorkTree(folder, git_dir, branch)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
