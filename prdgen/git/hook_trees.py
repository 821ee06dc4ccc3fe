"""Work trees for the repository's own hooks: each has every file as it is about to be committed.

In the folder people work in, a hook that formats a page and stages its file would stage what that file has
by then, which may be more or less than what is committed. Here it finds what it staged, and what it leaves
behind is in nobody's way. Such a tree is kept for the next commit, which changes few files of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import locks, process
from prdgen.git.errors import GitFailed, Locked
from prdgen.git.repository import Repository

_FOLDER: Final = "hook-trees"
_MOST: Final = 4
"""Trees of one clone: so many branches are committed to at once. More wait for one."""
_SECONDS: Final = 60.0
_FILL_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class HookTree:
    """A work tree and its index."""

    path: Path
    index: Path
    exclude: Path
    """Names what is only linked here, so that `git add --all` leaves it out."""


@contextmanager
def of(
    repository: Repository, branch: str, tree: str, variables: dict[str, str]
) -> Iterator[HookTree]:
    """A work tree with the files of `tree`, and links to what lies untracked beside the branch's own
    (`node_modules`, say). `variables` name the git folder of the commit. Raises Locked, GitFailed.
    """
    with _free(repository) as folder:
        found = HookTree(folder / "tree", folder / "index", folder / "exclude")
        try:
            _fill(repository, branch, tree, found, variables)
        except GitFailed:
            # Whatever a hook, or a server that was killed, left here: it is made anew.
            shutil.rmtree(folder, ignore_errors=True)
            _fill(repository, branch, tree, found, variables)
        yield found


@contextmanager
def _free(repository: Repository) -> Iterator[Path]:
    """One that nobody uses; the first ones first, so that few are made."""
    folder = repository.common_dir / "prdgen" / _FOLDER
    for number in range(_MOST):
        seconds = _SECONDS if number == _MOST - 1 else 0
        with ExitStack() as stack:
            try:
                stack.enter_context(locks.held(repository, f"{_FOLDER}-{number}", seconds=seconds))
            except Locked:
                if seconds:
                    raise
                continue
            yield folder / str(number)
            return


def _fill(
    repository: Repository, branch: str, tree: str, to: HookTree, variables: dict[str, str]
) -> None:
    to.path.mkdir(parents=True, exist_ok=True)
    to.index.with_name("index.lock").unlink(missing_ok=True)
    own = _untracked(repository, branch, tree)
    links = {path.name for path in to.path.iterdir() if path.is_symlink()}
    for name in links - own.keys():
        (to.path / name).unlink()
    given = {
        **variables,
        "GIT_INDEX_FILE": str(to.index),
        "GIT_WORK_TREE": str(to.path),
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    for arguments in (("read-tree", "--reset", "-u", tree), ("clean", "-ffdxq")):
        done = process.run(to.path, *arguments, variables=given, seconds=_FILL_SECONDS)
        if done.code:
            raise process.failure(arguments, done)
    for name, path in own.items():
        link = to.path / name
        if not link.is_symlink():
            link.symlink_to(path)
    to.exclude.write_text("".join(f"/{_quoted(name)}\n" for name in own))


def _untracked(repository: Repository, branch: str, tree: str) -> dict[str, Path]:
    """What lies at the top of the branch's work tree, or the repository's, and is in no commit."""
    tree_of = repository.tree_of(branch)
    where = next(iter([tree_of] if tree_of else repository.work_trees()), None)
    if where is None:
        return {}
    known = {entry.name for entry in repository.libgit2[tree].peel(pygit2.Tree)}
    return {
        path.name: path
        for path in where.path.iterdir()
        if path.name not in known and path.name != ".git" and "\n" not in path.name
    }


def _quoted(name: str) -> str:
    return "".join(f"\\{each}" if each in "*?[]\\! #" else each for each in name)
