"""Work trees for the repository's own hooks: the files in them are as they are about to be committed.

In the folder people work in, a hook that formats a page and stages its file would stage what that file has
by then, which may be more or less than what is committed. Here it finds what it staged, and what it leaves
behind is in nobody's way. The tree of a branch that somebody has checked out has every file, and is kept for
the next commit, which changes few of them. That of another branch (a draft) has the changed pages alone: what
its other files are, whoever writes drafts decides, and hooks run programs that they find.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import locks, process
from prdgen.git.errors import GitFailed, Locked
from prdgen.git.repository import Repository
from prdgen.git.work_trees import WorkTree

_FOLDER: Final = "hook-trees"
_MOST: Final = 4
"""Trees of one clone: so many branches are committed to at once. More wait for one."""
_SECONDS: Final = 60.0
_FILL_SECONDS: Final = 300.0
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class HookTree:
    """A work tree and its index."""

    path: Path
    index: Path
    exclude: Path
    """What `git add --all` leaves out: what the person's own file of that kind says, and the links."""
    links: frozenset[str] = frozenset()
    """Names at its top that only lead to what lies ignored in the branch's own work tree."""

    def staged_links(self, repository: Repository, commit: str) -> list[str]:
        """Those that a commit has all the same: a hook staged them by force."""
        return sorted(
            entry.name or "" for entry in repository.libgit2[commit].peel(pygit2.Tree)
            if entry.name in self.links
        )  # fmt: skip


@contextmanager
def of(
    repository: Repository, branch: str, tree: str, paths: Sequence[str], git_dir: Path
) -> Iterator[HookTree]:
    """A work tree with the files of `tree`: all of them, with links to what lies ignored beside them
    (`node_modules`, say), where the branch is checked out; else the changed `paths`. `git_dir` is the
    folder of the commit. Raises Locked and GitFailed.
    """
    own = repository.tree_of(branch)
    if own is None:
        found = HookTree(git_dir / "tree", git_dir / "index", git_dir / "exclude")
        _fill_some(tree, paths, found, git_dir)
        _exclude(found)
        yield found
        return
    with _free(repository) as folder:
        links = _ignored(repository, own, tree)
        found = HookTree(folder / "tree", folder / "index", folder / "exclude", frozenset(links))
        try:
            _fill(tree, links, found, git_dir)
        except (GitFailed, OSError, process.TimedOut):
            # Whatever a hook, or a server that was killed, left here: it is made anew.
            shutil.rmtree(folder, ignore_errors=True)
            _fill(tree, links, found, git_dir)
        _exclude(found)
        yield found


@contextmanager
def _free(repository: Repository) -> Iterator[Path]:
    """One that nobody uses; the first ones first, so that few are made."""
    folder = repository.common_dir / "prdgen" / _FOLDER
    until = time.monotonic() + _SECONDS
    while True:
        for number in range(_MOST):
            with ExitStack() as stack:
                try:
                    held = locks.held(repository, f"{_FOLDER}-{number}", seconds=0)
                    stack.enter_context(held)
                except Locked:
                    if number == _MOST - 1 and time.monotonic() > until:
                        raise
                    continue
                yield folder / str(number)
                return
        time.sleep(_PAUSE)


def _fill_some(tree: str, paths: Sequence[str], to: HookTree, git_dir: Path) -> None:
    to.path.mkdir()
    _git(to, git_dir, "read-tree", tree)
    listed = _git(to, git_dir, "ls-files", "-z").split(b"\0")
    wanted = {os.fsencode(path) for path in paths}
    # `git add --all` would take the others, which are not there, for deleted.
    others = b"".join(path + b"\0" for path in listed if path and path not in wanted)
    _git(to, git_dir, "update-index", "--skip-worktree", "-z", "--stdin", data=others)
    there = b"".join(path + b"\0" for path in listed if path in wanted)
    options = _without_filters(to, git_dir)
    _git(to, git_dir, "checkout-index", "-z", "--stdin", "--quiet", data=there, options=options)


def _fill(tree: str, links: Mapping[str, Path], to: HookTree, git_dir: Path) -> None:
    to.path.mkdir(parents=True, exist_ok=True)
    to.index.with_name("index.lock").unlink(missing_ok=True)
    for path in to.path.iterdir():
        if path.is_symlink() and path.name not in links:
            path.unlink()
    options = _without_filters(to, git_dir)
    _git(to, git_dir, "read-tree", "--reset", "-u", tree, options=options)
    _git(to, git_dir, "clean", "-ffdxq")
    for name, path in links.items():
        link = to.path / name
        if not link.is_symlink():
            link.symlink_to(path)


def _git(
    to: HookTree, git_dir: Path, *arguments: str, options: Sequence[str] = (),
    data: bytes | None = None,
) -> bytes:  # fmt: skip
    variables = {
        "GIT_DIR": str(git_dir),
        "GIT_INDEX_FILE": str(to.index),
        "GIT_WORK_TREE": str(to.path),
    }
    done = process.run(
        to.path, "-c", "core.splitIndex=false", *options, *arguments, data=data,
        variables=variables, seconds=_FILL_SECONDS,
    )  # fmt: skip
    if done.code:
        raise process.failure(arguments, done)
    return done.output


def _without_filters(to: HookTree, git_dir: Path) -> list[str]:
    """Options for who writes files: a filter may need the clone's own folder, or a network, and hooks see
    what is committed.
    """
    wanted = r"^filter\..*\.(smudge|process)$"
    asked = ("config", "--null", "--name-only", "--get-regexp", wanted)
    done = process.run(to.path, *asked, variables={"GIT_DIR": str(git_dir)})
    keys = done.output.decode("utf-8", "surrogateescape").split("\0")
    names = sorted({key.removeprefix("filter.").rpartition(".")[0] for key in keys if key})
    off = ("smudge=", "process=", "required=false")
    return [part for name in names for key in off for part in ("-c", f"filter.{name}.{key}")]


def _ignored(repository: Repository, own: WorkTree, tree: str) -> dict[str, Path]:
    """What lies at the top of the branch's work tree and Git ignores there; never what is committed."""
    known = {entry.name for entry in repository.libgit2[tree].peel(pygit2.Tree)}
    there = [
        path
        for path in own.path.iterdir()
        if path.name != ".git" and path.name not in known and "\n" not in path.name
    ]
    names = b"".join(os.fsencode(path.name) + b"\0" for path in there)
    # With hooks, none of them, it is run without --literal-pathspecs, which it does not know.
    none = Path(os.devnull)
    done = process.run(own.path, "check-ignore", "-z", "--stdin", data=names, hooks=none)
    if done.code not in (0, 1):
        raise process.failure(("check-ignore",), done)
    ignored = {os.fsdecode(name) for name in done.output.split(b"\0") if name}
    return {path.name: path for path in there if path.name in ignored}


def _exclude(to: HookTree) -> None:
    asked = process.run(to.path, "config", "--type=path", "--get", "core.excludesFile")
    named = os.fsdecode(asked.output.strip())
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "git" / "ignore"
    persons = Path(named) if named else usual
    lines = persons.read_bytes() + b"\n" if persons.is_file() else b""
    lines += b"".join(b"/" + os.fsencode(_quoted(name)) + b"\n" for name in sorted(to.links))
    to.exclude.write_bytes(lines)


def _quoted(name: str) -> str:
    return "".join(f"\\{each}" if each in "*?[]\\! #" else each for each in name)
