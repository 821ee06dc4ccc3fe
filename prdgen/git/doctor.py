"""Looks a repository over before prdgen works in it: what is fine, what is not, and the cure."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.git import driver_setup, hook_files, hooks, process, repository
from prdgen.git.repository import Repository

_OLDEST: Final = (2, 30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `cure` says what to do when it is not ok."""

    name: str
    ok: bool
    what: str
    cure: str = ""


def check(path: Path) -> list[Finding]:
    """Everything about Git at `path`, in the order in which it should be put right."""
    program = _program()
    if not program.ok:
        return [program]
    try:
        found = repository.open(path)
    except PrdgenError as error:
        return [program, Finding("repository", ok=False, what=error.message, cure=error.hint)]
    fine = Finding("repository", ok=True, what=f"{found.work_tree} can be read and written")
    return [program, fine, *(look(found) for look in _CHECKS)]


def _program() -> Finding:
    if shutil.which("git") is None:
        return Finding("git", ok=False, what="there is no git program", cure="Install Git 2.30+.")
    said = process.output(Path.cwd(), "--version").decode().strip()
    numbers = re.search(r"(\d+)\.(\d+)", said)
    ok = numbers is not None and (int(numbers[1]), int(numbers[2])) >= _OLDEST
    return Finding("git", ok=ok, what=said, cure="" if ok else "Upgrade Git to 2.30 or newer.")


def _head(found: Repository) -> Finding:
    branch = found.head_branch()
    if branch is None:
        return Finding(
            "head", ok=False, what="HEAD is detached, so this work tree belongs to no branch",
            cure="`git switch BRANCH`; until then commits go straight to the branches.",
        )  # fmt: skip
    if found.tip(branch) is None:
        return Finding(
            "head", ok=False, what=f"the branch {branch} has no commits yet",
            cure="`git commit --allow-empty -m Start`, or `prdgen init`.",
        )  # fmt: skip
    return Finding("head", ok=True, what=f"on branch {branch}")


def _busy(found: Repository) -> Finding:
    reason = found.busy_reason()
    if reason:
        return Finding("work tree", ok=False, what=reason, cure="Until then files are left alone.")
    return Finding("work tree", ok=True, what="no merge, rebase or lock is in the way")


def _hooks(found: Repository) -> Finding:
    pushed = hooks.untrusted(found)
    if pushed:
        where = hook_files.folder(found)
        return Finding(
            "hooks", ok=False,
            what=f"{', '.join(sorted(pushed))} in {where} can be changed by a push and are not run",
            cure="Copy them into .git/hooks and `git config --unset core.hooksPath`.",
        )  # fmt: skip
    run = ", ".join(sorted(hooks.trusted(found)))
    signed = "commits are signed" if found.config_flag("commit.gpgSign") else ""
    said = "; ".join(part for part in (f"run at each commit: {run}" if run else "", signed) if part)
    return Finding("hooks", ok=True, what=said or "no commit hook, no signing")


def _driver(found: Repository) -> Finding:
    known = found.config_get(driver_setup.DRIVER) is not None
    how = "word by word" if known else "by line; `prdgen hooks install` makes that word by word"
    return Finding("merging", ok=True, what=f"Git merges pages here {how}")


def _history(found: Repository) -> Finding:
    if (found.common_dir / "shallow").exists():
        return Finding(
            "history", ok=False, what="this is a shallow clone; old versions are missing",
            cure="`git fetch --unshallow`.",
        )  # fmt: skip
    return Finding("history", ok=True, what="the whole history is here")


def _line_endings(found: Repository) -> Finding:
    value = (found.config_get("core.autocrlf") or "false").lower()
    what = "Git changes no line endings" if value == "false" else (
        f"core.autocrlf={value}: Git changes line endings on the way to disk; pages keep theirs"
    )  # fmt: skip
    return Finding("line endings", ok=True, what=what)


def _writable(found: Repository) -> Finding:
    state = found.common_dir / "prdgen"
    try:
        state.mkdir(exist_ok=True)
        probe = state / "probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(
            "rights", ok=False, what=f"{state} cannot be written: {error.strerror}",
            cure="Run prdgen as the owner of the repository, or give this user the right.",
        )  # fmt: skip
    return Finding("rights", ok=True, what="the git folder can be written")


_CHECKS: Final[tuple[Callable[[Repository], Finding], ...]] = (
    _head, _busy, _hooks, _driver, _history, _line_endings, _writable,
)  # fmt: skip
