"""Makes commits on any branch without a checkout and without touching anybody's other work."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import pygit2

from prdgen.git import hooks, index, trees
from prdgen.git.errors import CommitNotWritten, HookRefused, Locked, RefNotWritten, TipMoved
from prdgen.git.repository import Repository
from prdgen.git.values import Moved, Signature

__all__ = [
    "Signature", "Wanted", "advance", "join", "message_with_trailers", "sync_index", "write",
    "write_several",
]  # fmt: skip
_TRAILER_LINE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*: \S.*")
_REF_LOCK_SECONDS: Final = 1.0
_LEAST_FREE_BYTES: Final = 1 << 16
"""A disk with less room than this counts as full."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one commit is to be: its edits (page path → bytes, None deletes), its words, its people."""

    edits: Mapping[str, bytes | None]
    message: str
    author: Signature
    co_authors: tuple[Signature, ...] = ()
    trailers: Mapping[str, str] = field(default_factory=dict)


def write(
    repository: Repository,
    branch: str,
    expected_tip: str | None,
    edits: Mapping[str, bytes | None],
    *,
    message: str,
    author: Signature,
    committer: Signature,
    co_authors: Sequence[Signature] = (),
    trailers: Mapping[str, str] | None = None,
    when: datetime | None = None,
    hook_seconds: float = 30.0,
) -> str:
    """Commit `edits` (page path → bytes, None deletes) on top of `expected_tip`; the commit's id.

    `expected_tip` None makes the branch. Only the edited paths change: files keep their mode, and of
    the index of the work tree that has the branch checked out only these paths are touched; files
    are not written at all. Edits that change nothing make no commit: the tip comes back.

    When the repository has commit hooks or signing, Git makes the commit, and a hook may have
    changed what was committed: read it back. Raises TipMoved (two writers), HookRefused,
    HookTooSlow, Locked, NameTaken, NotAPage, BadPagePath, CommitNotWritten; then the branch is as it
    was.
    """
    wanted = Wanted(edits, message, author, tuple(co_authors), trailers or {})
    return write_several(
        repository, branch, expected_tip, [wanted], committer=committer, when=when,
        hook_seconds=hook_seconds,
    )[-1]  # fmt: skip


def write_several(
    repository: Repository,
    branch: str,
    expected_tip: str | None,
    several: Sequence[Wanted],
    *,
    committer: Signature,
    when: datetime | None = None,
    hook_seconds: float = 30.0,
) -> list[str]:
    """The same for commits that follow each other: their ids, oldest first. The branch moves once, to
    the last one: nobody who resets a file meanwhile gets a text between them, which nobody ever had.

    Only when Git makes them, for hooks or signing, it moves from each to the next, and what was made
    before one was refused stays.
    """
    if hooks.are_needed(repository):
        made, tip = [], expected_tip
        for each in several:
            tip = _with_hooks(repository, branch, tip, each, committer, when, hook_seconds)
            made.append(tip)
        return made
    tip = _expected(repository, branch, expected_tip)
    git, made, at = repository.libgit2, list[str](), tip
    moves: list[Moved] | None = None
    with _written(repository, branch):
        for each in several:
            commit, moves = _planned(git, branch, at, each, committer, when)
            if moves or at is None:
                at = _make(git, commit)
            made.append(at)
    assert at is not None
    if at != tip:
        moves = moves if len(several) == 1 else None
        _move(repository, branch, tip, at, several[-1], committer, moves)
    return made


def _with_hooks(
    repository: Repository,
    branch: str,
    expected_tip: str | None,
    wanted: Wanted,
    committer: Signature,
    when: datetime | None,
    seconds: float,
) -> str:
    tip = _expected(repository, branch, expected_tip)
    with _written(repository, branch):
        commit, moves = _planned(repository.libgit2, branch, tip, wanted, committer, when)
    if tip is not None and not moves:
        return tip
    made = _make_with_hooks(repository, commit, seconds)
    _move(repository, branch, tip, made, wanted, committer, None)
    return made


def _expected(repository: Repository, branch: str, expected_tip: str | None) -> str | None:
    tip = repository.tip(branch)
    if tip != expected_tip:
        raise _moved(branch, expected_tip, tip)
    return tip


def _planned(
    git: pygit2.Repository,
    branch: str,
    parent: str | None,
    wanted: Wanted,
    committer: Signature,
    when: datetime | None,
) -> tuple[hooks.Commit, list[Moved]]:
    """The commit to make on top of `parent`, and what it changes: nothing, then none is to be made."""
    base = None if parent is None else git[parent].peel(pygit2.Tree)
    tree, moves = trees.build(git, base, wanted.edits)
    text = message_with_trailers(wanted.message, wanted.co_authors, wanted.trailers)
    commit = hooks.Commit(
        branch, parent, str(tree), tuple(wanted.edits), text, wanted.author, committer,
        when or datetime.now(UTC),
    )  # fmt: skip
    return commit, moves


def _move(
    repository: Repository,
    branch: str,
    old: str | None,
    new: str,
    last: Wanted,
    committer: Signature,
    moves: list[Moved] | None,
) -> None:
    subject = message_with_trailers(last.message, (), {}).partition("\n")[0]
    with index.following(repository, branch, old, new, moves=moves):
        repository.libgit2.set_ident(committer.name, committer.email)
        _move_ref(repository, branch, old, new, f"commit: {subject}")


def join(
    repository: Repository,
    branch: str,
    expected_tip: str,
    theirs: Sequence[str],
    tree: str,
    *,
    message: str,
    author: Signature,
    committer: Signature,
    when: datetime | None = None,
) -> str:
    """A commit of `tree` with `expected_tip` and `theirs` as parents; no branch moves.

    With `commit.gpgSign`, Git makes it, so that it is signed. Hooks are not asked: what comes
    together has been committed before. Raises HookRefused when it cannot be signed, and
    CommitNotWritten.
    """
    commit = hooks.Commit(
        branch, expected_tip, tree, (), message_with_trailers(message, (), {}), author, committer,
        when or datetime.now(UTC),
    )  # fmt: skip
    if repository.config_flag("commit.gpgSign"):
        return hooks.signed(repository, commit, theirs)
    with _written(repository, branch):
        return _make(repository.libgit2, commit, theirs)


def advance(repository: Repository, branch: str, old: str | None, new: str, note: str) -> None:
    """Move a branch to a commit that is there already; `old` None makes it. Raises TipMoved, Locked, RefNotWritten."""
    _move_ref(repository, branch, old, new, note)


def sync_index(repository: Repository, branch: str, page_path: str) -> None:
    """Once the page's file is written too: let Git see that it is what is committed.

    `git status` finds that out by itself; tools that only look at the index's times do not.
    """
    index.refresh(repository, branch, page_path)


def message_with_trailers(
    message: str, co_authors: Sequence[Signature], trailers: Mapping[str, str]
) -> str:
    """The commit message with its trailers as Git writes them, one paragraph at the end."""
    text = "\n".join(line.rstrip() for line in message.replace("\0", "").splitlines()).strip()
    text = text.encode("utf-8", "replace").decode() or "Edit"
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers.items()]
    lines += [f"Co-authored-by: {person}" for person in dict.fromkeys(co_authors)]
    if not lines:
        return text + "\n"
    last = text.split("\n\n")[1:][-1:]
    joined = bool(last) and all(_TRAILER_LINE.fullmatch(line) for line in last[0].split("\n"))
    return text + ("\n" if joined else "\n\n") + "\n".join(lines) + "\n"


@contextmanager
def _written(repository: Repository, branch: str) -> Iterator[None]:
    """Says why objects could not be written: libgit2 itself says "no error" when a disk is full."""
    try:
        yield
    except pygit2.GitError as error:
        free = shutil.disk_usage(repository.common_dir).free
        why = os.strerror(errno.ENOSPC) if free < _LEAST_FREE_BYTES else str(error)
        raise CommitNotWritten(branch=branch, got=why) from error


def _make(git: pygit2.Repository, commit: hooks.Commit, joined: Sequence[str] = ()) -> str:
    zone = commit.at.utcoffset() or datetime.now(UTC).utcoffset()
    minutes = int(zone.total_seconds() // 60) if zone else 0
    written = pygit2.Signature(
        commit.author.name, commit.author.email, int(commit.at.timestamp()), minutes, "utf-8"
    )
    now = pygit2.Signature(
        commit.committer.name, commit.committer.email, int(time.time()), minutes, "utf-8"
    )
    parents = [*([] if commit.parent is None else [commit.parent]), *joined]
    return str(git.create_commit(None, written, now, commit.message, commit.tree, parents))


def _make_with_hooks(repository: Repository, commit: hooks.Commit, seconds: float) -> str:
    try:
        made = hooks.make(repository, commit, seconds=seconds)
    except HookRefused as error:
        tip = repository.tip(commit.branch)
        if tip != commit.parent:
            raise _moved(commit.branch, commit.parent, tip) from error
        raise
    parents = repository.commit_info(made).parents
    if parents != (() if commit.parent is None else (commit.parent,)):
        raise _moved(commit.branch, commit.parent, repository.tip(commit.branch))
    return made


def _move_ref(repository: Repository, branch: str, old: str | None, new: str, note: str) -> None:
    """Compare and set: libgit2 compares with `old` while it holds the ref's lock file."""
    git, name = repository.libgit2, f"refs/heads/{branch}"
    until = time.monotonic() + _REF_LOCK_SECONDS
    while True:
        try:
            if old is None:
                git.create_reference_direct(name, new, force=False)
                return
            reference = git.lookup_reference(name)
            if str(reference.target) != old:
                raise _moved(branch, old, str(reference.target))
            reference.set_target(new, note)
            return
        except (KeyError, ValueError, pygit2.GitError) as error:
            found = repository.tip(branch)
            if found != old:
                raise _moved(branch, old, found) from error
            lock = repository.common_dir / f"{name}.lock"
            if not lock.exists() and time.monotonic() > until:
                raise RefNotWritten(ref=name, got=error) from error
            if time.monotonic() > until:
                raise Locked(
                    what=f"The branch {branch}",
                    got=lock,
                    how=f"if no Git command runs here, remove {lock}",
                ) from error
            time.sleep(0.01)


def _moved(branch: str, expected: str | None, got: str | None) -> TipMoved:
    return TipMoved(
        what=f"The branch {branch}", branch=branch, expected=expected or "no commit",
        got=got or "no commit",
    )  # fmt: skip
