"""The repository: opening it with clear errors, and reading what is in it from any thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import RepositoryOpenFlag

from prdgen.git import formats, history, messages, process, trees, work_trees
from prdgen.git.errors import BranchExists, CommitNotFound, NoCommits, UnknownRevision
from prdgen.git.moments import moment
from prdgen.git.values import (
    REGULAR,
    BlameHunk,
    CommitInfo,
    Entry,
    FileChange,
    Version,
)
from prdgen.git.work_trees import WorkTree

__all__ = ["Entry", "FileChange", "Repository", "Version", "open"]
_HEADS: Final = "refs/heads/"
_TRAILER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): *(\S.*)")


def open(path: Path) -> Repository:  # noqa: A001
    """The repository at `path`, or at a folder above it.

    Raises NotARepository, BareRepository, UnsafeOwner and UnsupportedFormat, each with its cure. No
    commits yet, and a detached HEAD, are allowed.
    """
    return Repository(formats.check(path))


class Repository:
    """A repository with a work tree. Every method blocks for a moment and may be called from any
    thread: libgit2's objects are not thread-safe, so each thread has its own.
    """

    git_dir: Path
    """What belongs to this work tree (HEAD, index)."""
    common_dir: Path
    """What all work trees share (refs, objects, config)."""
    work_tree: Path
    """The folder this repository was opened at."""

    def __init__(self, work_tree: Path) -> None:
        self.work_tree = work_tree
        self._local = threading.local()
        self.git_dir = Path(self.libgit2.path)
        common = self.git_dir / "commondir"
        pointer = common.read_text("utf-8").strip() if common.is_file() else "."
        self.common_dir = (self.git_dir / pointer).resolve()
        self._is_main = self.git_dir.resolve() == self.common_dir
        self._files = lru_cache(maxsize=16)(self._list_files)

    @property
    def libgit2(self) -> pygit2.Repository:
        """This thread's libgit2 repository; for this package only."""
        found: pygit2.Repository | None = getattr(self._local, "repository", None)
        if found is None:
            found = pygit2.Repository(str(self.work_tree), RepositoryOpenFlag.NO_SEARCH)
            self._local.repository = found
        return found

    def reopen(self) -> None:
        """Have this thread's libgit2 read again what it keeps from its first look; for this package."""
        self._local.repository = None

    # --- branches and work trees

    def head_branch(self) -> str | None:
        """The branch checked out in this work tree, born or not; None when HEAD is detached."""
        return work_trees.head_branch(self.git_dir)

    def branches(self) -> dict[str, str]:
        """Every local branch with its tip."""
        git = self.libgit2
        names = [n for n in git.raw_listall_references() if n.startswith(_HEADS.encode())]
        found = {}
        for name in (n.decode("utf-8", "replace").removeprefix(_HEADS) for n in names):
            if tip := self.tip(name):
                found[name] = tip
        return found

    def tip(self, branch: str) -> str | None:
        """The newest commit of a local branch; None when there is no such branch (yet)."""
        try:
            reference = self.libgit2.references.get(_HEADS + branch)
        except (ValueError, pygit2.GitError):
            return None
        return None if reference is None else str(reference.resolve().target)

    def came_by(self, branch: str, commit: str) -> str:
        """What the reflog says of how a branch came to a commit last; nothing when it does not know."""
        reference = self.libgit2.references.get(_HEADS + branch)
        entries = reference.log() if reference is not None else ()
        return next((str(e.message) for e in entries if str(e.oid_new) == commit), "")

    def earlier_tips(self, branch: str, tip: str, limit: int) -> list[str]:
        """The commits a branch was at before `tip`, newest first, as far as its reflog knows and Git
        still has them.
        """
        reference = self.libgit2.references.get(_HEADS + branch)
        moves = (
            [] if reference is None else [(str(e.oid_new), str(e.oid_old)) for e in reference.log()]
        )
        at = next((number for number, (new, _) in enumerate(moves) if new == tip), len(moves))
        return [old for _, old in moves[at : at + limit] if old in self.libgit2]

    def create_branch(self, branch: str, commit: str) -> None:
        """Make a branch at a commit, checked out nowhere. Raises BranchExists."""
        target = self._commit(commit).id
        try:
            self.libgit2.create_reference_direct(_HEADS + branch, target, force=False)
        except (ValueError, pygit2.GitError) as error:
            raise BranchExists(
                what="The branch", branch=branch, expected="a new name", got=error
            ) from error

    def remove_branch(self, branch: str, expected: str) -> bool:
        """Remove a branch that still points to `expected`; whether that was done. Call with its
        lock held; its commits stay until Git finds that nothing leads to them.
        """
        reference = self.libgit2.references.get(_HEADS + branch)
        if reference is None or str(reference.resolve().target) != expected:
            return False
        reference.delete()
        return True

    def root_commit(self) -> str:
        """The first commit ever made, among the roots of all local branches.

        The same in every full clone, whatever is checked out. Raises NoCommits.
        """
        printed = process.output(
            self.work_tree, "log", "--max-parents=0", "--format=%ct %H", "--branches", "--"
        ) if self.branches() else b""  # fmt: skip
        roots = sorted((int(at), commit) for at, commit in map(bytes.split, printed.splitlines()))
        if not roots:
            raise NoCommits(where=self.work_tree)
        return roots[0][1].decode()

    def work_trees(self) -> list[WorkTree]:
        """Every work tree on this disk with the branch it stands on; the main one first."""
        main = None if self._is_common_bare() else self._main_folder()
        return work_trees.every(self.common_dir, main)

    def tree_of(self, branch: str) -> WorkTree | None:
        """The work tree that has the branch checked out; None: nowhere."""
        return next((tree for tree in self.work_trees() if tree.branch == branch), None)

    def work_tree_of(self, branch: str) -> Path | None:
        """The folder that has the branch checked out, or comes back to it after a rebase."""
        tree = self.tree_of(branch)
        return None if tree is None else tree.path

    def busy_reason(self, branch: str | None = None) -> str | None:
        """Why files must not be touched now (merge, rebase, index.lock …), in words; None: free.

        Of the work tree that has `branch` checked out; without one, of the one that was opened.
        """
        if branch is None:
            return work_trees.busy_reason(self.git_dir)
        tree = self.tree_of(branch)
        return None if tree is None else work_trees.busy_reason(tree.git_dir)

    def quiet_tree(self, branch: str) -> Path | None:
        """The folder that has the branch checked out; None, too, while it must not be touched."""
        tree = self.tree_of(branch)
        return None if tree is None or work_trees.busy_reason(tree.git_dir) else tree.path

    def under_way(self, branch: str) -> str | None:
        """What Git has begun and not ended in the work tree of `branch`, in words; None: nothing."""
        tree = self.tree_of(branch)
        return None if tree is None else work_trees.under_way(tree.git_dir)

    def _main_folder(self) -> Path:
        return self.work_tree if self._is_main else self.common_dir.parent

    def _is_common_bare(self) -> bool:
        if self._is_main:
            return False
        return self.common_dir.name != ".git" or self.config_get("core.bare") == "true"

    # --- configuration

    def config_get(self, name: str) -> str | None:
        """A configuration value as Git would see it in this repository; None when it is not set."""
        try:
            values = list(self.libgit2.config.get_multivar(name))
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return values[-1] if values else None

    def config_flag(self, name: str) -> bool:
        """Whether a yes/no configuration value is set to yes."""
        return (self.config_get(name) or "").lower() in {"true", "yes", "on", "1"}

    def config_set(self, name: str, value: str) -> None:
        """Set a value in this repository's own configuration."""
        process.output(self.work_tree, "config", "--local", "--replace-all", name, value)

    # --- commits

    def read(self, commit: str, page_path: str) -> bytes | None:
        """A file's bytes at a commit; None when it is not there or not a regular file."""
        try:
            entry = self._tree(commit) / page_path
        except KeyError:
            return None
        if int(entry.filemode) not in REGULAR or not isinstance(entry, pygit2.Blob):
            return None
        return bytes(entry.data)

    def entry(self, commit: str, path: str) -> Entry | None:
        """What `files` lists for one path; None when there is no regular file."""
        try:
            found = self._tree(commit) / path
        except (KeyError, ValueError):
            return None
        if int(found.filemode) not in REGULAR or not isinstance(found, pygit2.Blob):
            return None
        return Entry(path, int(found.filemode), str(found.id), found.size)

    def blobs(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The blob of each of these paths that is a regular file; each folder is read once."""
        found = trees.at(self.libgit2, self._tree(commit), paths)
        return {path: side[1] for path, side in found.items() if side[0] in REGULAR}

    def mode(self, commit: str, path: str) -> int | None:
        """The mode of what a commit has at `path` (see `values`); None when nothing is there."""
        try:
            return int((self._tree(commit) / path).filemode)
        except KeyError:
            return None

    def files(self, commit: str, below: str = "") -> list[Entry]:
        """Every regular file of a commit, or of a folder of it, sorted by path. Links, submodules and
        names that are not UTF-8 are left out.
        """
        if not below:
            return self.list_tree(str(self._tree(commit).id))
        try:
            folder = self._tree(commit) / below
        except (KeyError, ValueError):
            return []
        if not isinstance(folder, pygit2.Tree):
            return []
        found = self.list_tree(str(folder.id))
        return [replace(entry, path=f"{below}/{entry.path}") for entry in found]

    def list_tree(self, tree: str) -> list[Entry]:
        """The same for a tree that need not be any commit's."""
        return list(self._files(tree))

    def _list_files(self, tree: str) -> tuple[Entry, ...]:
        printed = process.output(self.work_tree, "ls-tree", "-r", "-z", "-l", "--full-tree", tree)
        return tuple(entry for line in printed.split(b"\0") if (entry := _entry(line)))

    def changed(self, old: str | None, new: str) -> list[FileChange]:
        """The files that differ between two commits, with renames found; `old` None: all."""
        self._tree(new), old and self._tree(old)
        return history.changed(self.libgit2, old, new)

    def history(
        self, tip: str, page_path: str, limit: int = 50, skip: int = 0, *, beside: bool = False
    ) -> list[Version]:
        """The page's versions up to `tip`, newest first, followed through renames; `beside`: with those of its
        old name that were made beside the rename (see `history.versions`).
        """
        top, tip = self.work_tree, str(self._commit(tip).id)
        return history.versions(top, tip, page_path, limit=limit, skip=skip, beside=beside)

    def blame(self, commit: str, page_path: str) -> list[BlameHunk]:
        """Who wrote each line of the page: runs of lines from the top."""
        return history.blame(self.work_tree, str(self._commit(commit).id), page_path)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None when they share no history."""
        self._tree(one), self._tree(other)
        found = self.libgit2.merge_base(one, other)
        return None if found is None else str(found)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is `new` or among its ancestors; False when a commit is not here."""
        git = self.libgit2
        if old not in git or new not in git:
            return False
        return old == new or git.descendant_of(new, old)

    def ahead_behind(self, one: str, other: str) -> tuple[int, int] | None:
        """How many commits only `one` has, and only `other`; None: one of them is not here."""
        git = self.libgit2
        if one not in git or other not in git:
            return None
        ahead, behind = git.ahead_behind(one, other)
        return int(ahead), int(behind)

    def commits_between(self, old: str, new: str, *, merges: bool = False) -> list[str]:
        """The commits of `new` that `old` has not, oldest first; without merges, unless asked for."""
        asked = ("rev-list", "--reverse", "--topo-order", f"{old}..{new}")
        kinds = () if merges else ("--no-merges",)
        return process.output(self.work_tree, *asked, *kinds).decode().split()

    def commit_info(self, commit: str) -> CommitInfo:
        """A commit's people, time, message and trailers. Raises CommitNotFound."""
        found = self._commit(commit)
        subject, _, body = messages.of(found).partition("\n")
        return CommitInfo(
            commit=str(found.id),
            tree=str(found.tree_id),
            parents=tuple(str(parent) for parent in found.parent_ids),
            author=messages.author(found),
            committer=messages.committer(found),
            at=moment(found.author.time, found.author.offset),
            subject=subject.strip(),
            body=body.strip(),
            trailers=_trailers(body),
        )

    def resolve(self, revision: str) -> str:
        """The commit id a person's word names (a branch, a tag, an id). Raises UnknownRevision."""
        try:
            return str(self.libgit2.revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise UnknownRevision(what="commit", where=revision, got=revision[:100]) from error

    def _tree(self, commit: str) -> pygit2.Tree:
        return self._commit(commit).tree

    def _commit(self, commit: str) -> pygit2.Commit:
        try:
            return self.libgit2[commit].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise CommitNotFound(what="commit", where=commit, commit=commit[:100]) from error


def _entry(line: bytes) -> Entry | None:
    facts, _, name = line.partition(b"\t")
    fields = facts.split()
    if len(fields) != 4 or int(fields[0], 8) not in REGULAR:
        return None
    try:
        path = name.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return Entry(path, int(fields[0], 8), fields[2].decode(), int(fields[3]))


def _trailers(body: str) -> dict[str, tuple[str, ...]]:
    last = body.strip().split("\n\n")[-1].splitlines() if body.strip() else []
    matches = [_TRAILER.fullmatch(line.strip()) for line in last]
    found: dict[str, tuple[str, ...]] = {}
    for match in matches:
        if match:
            key = match[1].lower()
            found[key] = (*found.get(key, ()), match[2].strip())
    return found if all(matches) else {}
