"""The repository's own commit hooks and signing: which there are, and a commit made through them.

Git makes the commit in a git folder of its own (its HEAD names the branch) and in a work tree of its own
(see `hook_trees`), so hooks see the branch, the files and what is staged as they expect, nobody's files change and
nobody's index is locked while a hook runs, and what Git makes is only an object: the branch moves later, in `commits`,
as always.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from prdgen.git import hook_files, hook_trees, process
from prdgen.git.errors import HookRefused, HookTooSlow
from prdgen.git.hook_trees import HookTree
from prdgen.git.process import Done
from prdgen.git.repository import Repository
from prdgen.git.values import Signature

COMMIT_HOOKS: Final = ("pre-commit", "prepare-commit-msg", "commit-msg")
"""The hooks that may refuse or change a commit. post-commit is not run."""

_SIGN_SECONDS: Final = 30.0

# Git calls this last, with the new commit made and the branch not yet moved: note it and say no.
# Other Git commands that a hook starts elsewhere come by here too.
_TAKE: Final = """#!/bin/sh
test "$1" = prepared && test "$GIT_DIR" = {git_dir} || exit 0
while read -r old new ref; do
  if test "$ref" = {ref}; then echo "$new" >{note}; exit 1; fi
done
"""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit about to be made: the new tree, and which paths of it are new."""

    branch: str
    parent: str | None
    tree: str
    paths: tuple[str, ...]
    message: str
    author: Signature
    committer: Signature
    at: datetime


def are_needed(repository: Repository) -> bool:
    """Whether Git itself has to make commits here: for a trusted hook, or to sign them."""
    return repository.config_flag("commit.gpgSign") or bool(trusted(repository))


def trusted(repository: Repository) -> dict[str, Path]:
    """The commit hooks that may run, by name.

    A hook inside a work tree may not: whoever can push could put a program there.
    """
    found = installed(repository)
    return {name: path for name, path in found.items() if not _is_pushed(repository, path)}


def untrusted(repository: Repository) -> dict[str, Path]:
    """The commit hooks that Git would run and prdgen does not, because a push can change them."""
    found = installed(repository)
    return {name: path for name, path in found.items() if _is_pushed(repository, path)}


def installed(repository: Repository) -> dict[str, Path]:
    """Every executable commit hook that is not prdgen's own, by name.

    Ours are for people who commit by themselves; the hooks that stood there before them still count.
    """
    where = hook_files.folder(repository)
    found = {name: hook_files.not_ours(where / name) for name in COMMIT_HOOKS}
    return {n: path for n, path in found.items() if path.is_file() and os.access(path, os.X_OK)}


def _is_pushed(repository: Repository, hook: Path) -> bool:
    # Both the name and what a link leads to: either could be replaced by a push.
    places = (Path(os.path.normpath(hook.absolute())), hook.resolve())
    inside_git = repository.common_dir.resolve()
    tops = [tree.path.resolve() for tree in repository.work_trees()]
    return any(
        not place.is_relative_to(inside_git) and any(place.is_relative_to(top) for top in tops)
        for place in places
    )


def make(repository: Repository, commit: Commit, *, seconds: float) -> str:
    """The id of the commit as Git made it; no branch has moved. Raises HookRefused, HookTooSlow."""
    state = repository.common_dir / "prdgen"
    state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="commit-", dir=state) as name:
        git_dir = Path(name)
        (git_dir / "HEAD").write_text(f"ref: refs/heads/{commit.branch}\n")
        (git_dir / "commondir").write_text(f"{repository.common_dir}\n")
        own_hooks = _wrap(repository, commit, git_dir)
        note = git_dir / "made"
        (git_dir / "MESSAGE").write_text(commit.message, "utf-8", newline="\n")
        wanted = commit.branch, commit.tree, commit.paths
        with hook_trees.of(repository, *wanted, git_dir) as tree:
            try:
                done = process.run(
                    tree.path, "-c", f"core.excludesFile={tree.exclude}", "-c",
                    "core.splitIndex=false", "commit", "--quiet",
                    "--allow-empty", "--no-edit", "--cleanup=verbatim", "--file",
                    str(git_dir / "MESSAGE"), variables=_variables(commit, git_dir, tree),
                    seconds=seconds, hooks=own_hooks,
                )  # fmt: skip
            except process.TimedOut as error:
                raise HookTooSlow(seconds=f"{seconds:g}") from error
        made = note.read_text().strip() if note.exists() else ""
        if not made:
            raise HookRefused(output=_said(done))
        if staged := tree.staged_links(repository, made):
            raise HookRefused(
                output=f"a hook staged {', '.join(staged)}, which Git ignores in the server's folder"
            )
        return made


def signed(repository: Repository, commit: Commit, joined: Sequence[str]) -> str:
    """A signed commit with more parents, made by Git; no branch has moved. Raises HookRefused."""
    parents = [part for parent in (commit.parent, *joined) if parent for part in ("-p", parent)]
    done = process.run(
        repository.work_tree, "commit-tree", "-S", *parents, "-F", "-", commit.tree,
        data=commit.message.encode(), variables=_people(commit, repository.git_dir),
        seconds=_SIGN_SECONDS,
    )  # fmt: skip
    if done.code:
        raise HookRefused(output=_said(done))
    return done.output.decode().strip()


def _wrap(repository: Repository, commit: Commit, git_dir: Path) -> Path:
    """A hooks folder that calls the trusted hooks under their own names and takes the commit."""
    own = git_dir / "hooks"
    own.mkdir()
    scripts = {
        name: f'#!/bin/sh\nexec {shlex.quote(str(path))} "$@"\n'
        for name, path in trusted(repository).items()
    }
    ref = shlex.quote(f"refs/heads/{commit.branch}")
    scripts["reference-transaction"] = _TAKE.format(
        ref=ref, git_dir=shlex.quote(str(git_dir)), note=shlex.quote(f"{git_dir}/made")
    )
    for name, script in scripts.items():
        (own / name).write_text(script, "utf-8")
        (own / name).chmod(0o755)
    return own


def _variables(commit: Commit, git_dir: Path, tree: HookTree) -> dict[str, str]:
    files = {"GIT_WORK_TREE": str(tree.path), "GIT_INDEX_FILE": str(tree.index)}
    return _people(commit, git_dir) | files


def _people(commit: Commit, git_dir: Path) -> dict[str, str]:
    moment = f"@{int(commit.at.timestamp())} {commit.at.strftime('%z') or '+0000'}"
    return {
        "GIT_DIR": str(git_dir),
        "GIT_AUTHOR_NAME": commit.author.name,
        "GIT_AUTHOR_EMAIL": commit.author.email,
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": commit.committer.name,
        "GIT_COMMITTER_EMAIL": commit.committer.email,
    }


def _said(done: Done) -> str:
    spoken = "\n".join(
        part for part in (done.output.decode("utf-8", "replace").strip(), done.complaint) if part
    )
    return spoken[-4000:] or f"it ended with {done.code} and said nothing"
