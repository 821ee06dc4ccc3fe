"""Keeps the user's index true when a branch moves under a work tree, one path at a time.

The index is changed the way Git itself does it: take `index.lock`, change a copy (edits of pages in
`index_file`, the rest by `git update-index`), move the branch, put the copy in place, let the lock go. So `git add` of somebody else and we
never write at once, and there is no moment at which the branch has moved and the index has not.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pygit2

from prdgen.git import formats, index_file, process, trees, work_trees
from prdgen.git.errors import Locked
from prdgen.git.repository import Repository
from prdgen.git.values import REGULAR, Moved
from prdgen.git.work_trees import INDEX_LOCK, OWN_MARK, WorkTree

log = logging.getLogger(__name__)
_COPY: Final = "index.prdgen"
_PAUSE_SECONDS: Final = 0.01
_SWITCH_SECONDS: Final = 10.0
"""A `git switch` that began before so long ago may still bring the index to what the branch had then."""
_LOOKED_BACK: Final = 16
_ZERO: Final = "0" * 40


@contextmanager
def following(
    repository: Repository, branch: str, old: str | None, new: str, *,
    moves: Sequence[Moved] | None = None, seconds: float = 2.0,
) -> Iterator[None]:  # fmt: skip
    """Move the branch inside this block from `old` to `new`, and its work tree's index comes along.

    Only paths that differ between the two commits are touched: `moves`, where they are known. What
    the user has staged there is carried over if it merges, and stays in their file in any case.
    When the block raises, the index stays as it was. Raises Locked, before the block, when another program holds
    `index.lock` for `seconds`. A branch that is checked out nowhere has no index.
    """
    tree = repository.tree_of(branch)
    if tree is None:
        yield
        if repository.tree_of(branch) is not None:  # somebody was just checking it out
            try:
                follow(repository, branch, old, new)
            except Locked as error:  # the branch has moved all the same
                log.info("Git may show files of %s as changed: %s", branch, error)
        return
    with _locked(repository, tree, seconds) as lock:
        # With the lock held nobody can check out another branch; before it somebody could.
        if repository.tree_of(branch) != tree:
            yield
            return
        if moves is None:
            moves = trees.moved(repository.libgit2, old, new)
        _update_copy(repository, tree, moves, old)
        os.pwrite(lock, f"{OWN_MARK.decode()}{branch}\n{new}\n".encode(), 0)
        yield
        if (tree.git_dir / _COPY).exists():
            (tree.git_dir / _COPY).replace(tree.git_dir / "index")


def follow(repository: Repository, branch: str, old: str | None, new: str) -> None:
    """The same for a branch somebody else has moved already (a push into this repository)."""
    with following(repository, branch, old, new):
        pass


def catch_up(repository: Repository, branch: str, path: str) -> None:
    """Bring one path to the branch's tip when the index has what the branch had until a moment ago: it
    moved while `git switch` came to it. Anything else is somebody's. Raises Locked as `following` does.
    """
    tip = repository.tip(branch)
    if tip is None:
        return
    tree = repository.libgit2[tip].peel(pygit2.Tree)
    moves = [
        Moved(path, side, side) for side in trees.at(repository.libgit2, tree, [path]).values()
    ]
    place = repository.tree_of(branch)
    if place is None or not (place.git_dir / "index").exists():
        return
    # Looked at first without the lock, which would be in the way of whoever calls Git just now.
    found = formats.index(place.path, place.git_dir / "index")
    if any(_was_left(repository, found, move, tip) for move in moves):
        with following(repository, branch, tip, tip, moves=moves):
            pass


def _was_left(repository: Repository, found: pygit2.Index, move: Moved, tip: str) -> bool:
    staged = _staged(found, move.path)
    if staged is None or staged == move.new:
        return False
    return _had_lately(repository, tip, move.path, staged)


def refresh(repository: Repository, branch: str, page_path: str, *, seconds: float = 2.0) -> None:
    """Note in the index that the page's file, written after its commit, is unchanged (if it is).

    Raises Locked when another program holds `index.lock` for `seconds`.
    """
    tree = repository.tree_of(branch)
    until = time.monotonic() + seconds
    while tree is not None:
        done = process.run(tree.path, "add", "--refresh", "--", page_path)
        lock = tree.git_dir / INDEX_LOCK
        if "index.lock" not in done.complaint:
            return
        if time.monotonic() > until:
            raise Locked(
                what=f"The index in {tree.git_dir}",
                got=lock,
                how=f"if no Git command runs here, remove {lock}",
            )
        time.sleep(_PAUSE_SECONDS)


def recover(repository: Repository) -> list[str]:
    """Finish or undo what a killed process of ours left in any work tree; says what was done."""
    done = []
    for tree in repository.work_trees():
        lock = tree.git_dir / INDEX_LOCK
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            if _is_left_behind(descriptor, lock):
                done.append(_finish(repository, tree, os.pread(descriptor, 4096, 0)))
        finally:
            os.close(descriptor)
    return done


def _is_left_behind(descriptor: int, lock: Path) -> bool:
    """Ours, its process dead, and still the file under that name."""
    if os.pread(descriptor, len(OWN_MARK), 0) != OWN_MARK or work_trees.is_held(descriptor):
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), lock.lstat())
    except FileNotFoundError:
        return False


def _finish(repository: Repository, tree: WorkTree, note: bytes) -> str:
    copy = tree.git_dir / _COPY
    branch, _, commit = note.removeprefix(OWN_MARK).decode("utf-8", "replace").partition("\n")
    tip = repository.tip(branch.strip()) if branch.strip() else None
    moved = tip is not None and bool(commit.strip())
    if moved and copy.exists() and repository.is_ancestor(commit.strip(), tip or ""):
        copy.replace(tree.git_dir / "index")
        outcome = "finished"
    else:
        copy.unlink(missing_ok=True)
        outcome = "undone"
    (tree.git_dir / INDEX_LOCK).unlink(missing_ok=True)
    return f"{tree.path}: an index update that was cut short is {outcome}"


@contextmanager
def _locked(repository: Repository, tree: WorkTree, seconds: float) -> Iterator[int]:
    lock = tree.git_dir / INDEX_LOCK
    until = time.monotonic() + seconds
    # Linked into place, so that nobody ever sees a lock of ours without its mark and its flock.
    made = tree.git_dir / f"{INDEX_LOCK}.{os.getpid()}.{threading.get_native_id()}"
    descriptor = os.open(made, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, OWN_MARK + b"\n")
        _link(repository, made, lock, until)
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        made.unlink(missing_ok=True)
    try:
        yield descriptor
    finally:
        (tree.git_dir / _COPY).unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _link(repository: Repository, made: Path, lock: Path, until: float) -> None:
    while True:
        try:
            os.link(made, lock)
        except FileExistsError as error:
            if time.monotonic() > until:
                raise Locked(
                    what=f"The index in {lock.parent}",
                    got=lock,
                    how=f"if no Git command runs here, remove {lock}",
                ) from error
            recover(repository)
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _update_copy(
    repository: Repository, tree: WorkTree, moves: Sequence[Moved], old: str | None
) -> None:
    copy, index = tree.git_dir / _COPY, tree.git_dir / "index"
    copy.unlink(missing_ok=True)
    if index.exists() and (made := index_file.patched(repository, tree, index, moves)) is not None:
        copy.write_bytes(made)
        shutil.copymode(index, copy)
        return
    found = formats.index(tree.path, index)
    if index.exists():
        # With its time: Git tells from it which entries are too fresh to be trusted.
        shutil.copy2(index, copy)
    lines, fresh = [], []
    for move in moves:
        if not _is_ours_to_move(found, move):
            continue
        wanted = _wanted(repository, found, move, old)
        mode, blob = wanted or (0, _ZERO)
        lines.append(f"{mode:o} {blob}\t{move.path}".encode())
        fresh += [move.path] if wanted else []
    if not lines:
        return
    variables = {"GIT_INDEX_FILE": str(copy)}
    _git(tree, variables, "update-index", "-z", "--index-info", data=b"\0".join([*lines, b""]))
    if fresh:
        # Only a comparison: a file that differs from its entry just stays "modified".
        process.run(tree.path, "add", "--refresh", "--", *fresh, variables=variables)


def _git(tree: WorkTree, variables: dict[str, str], *arguments: str, data: bytes) -> None:
    done = process.run(tree.path, *arguments, data=data, variables=variables)
    if done.code:
        raise process.failure(arguments, done)


def _staged(found: pygit2.Index, path: str) -> tuple[int, str] | None:
    try:
        entry = found[path]
    except KeyError:  # not there, or only the sides of a conflict
        return None
    return int(entry.mode), str(entry.id)


def _is_ours_to_move(found: pygit2.Index, move: Moved) -> bool:
    """Not when it is where it should be, and not when the user removed it or has to merge it."""
    staged = _staged(found, move.path)
    return staged != move.new and (staged is not None or move.old is None)


def _wanted(
    repository: Repository, found: pygit2.Index, move: Moved, old: str | None
) -> tuple[int, str] | None:
    """What the index shall have at this path; None: nothing."""
    staged = _staged(found, move.path)
    if staged is None or move.new is None or staged == move.old:
        return move.new
    if old is not None and _had_lately(repository, old, move.path, staged):
        return move.new
    merged = _merge_staged(repository, move, staged)
    return move.new if merged is None else (staged[0], merged)


def _had_lately(repository: Repository, tip: str, path: str, staged: tuple[int, str]) -> bool:
    """Whether the branch left this behind seconds ago, so that nobody staged it: it moved while `git
    switch` was on its way to it.
    """
    commit = repository.libgit2[tip].peel(pygit2.Commit)
    for _ in range(_LOOKED_BACK):
        if commit.commit_time < time.time() - _SWITCH_SECONDS or not commit.parents:
            return False
        commit = commit.parents[0]
        try:
            found = commit.tree[path]
        except KeyError:
            continue
        if (int(found.filemode), str(found.id)) == staged:
            return True
    return False


def _merge_staged(repository: Repository, move: Moved, staged: tuple[int, str]) -> str | None:
    """The user's staged text of this page on top of the new one; None when the two collide."""
    assert move.new is not None
    sides = [staged, move.old, move.new]
    if any(side and side[0] not in REGULAR for side in sides):
        return None
    git = repository.libgit2
    with tempfile.TemporaryDirectory(prefix="prdgen-") as folder:
        names = [str(Path(folder) / name) for name in ("staged", "base", "new")]
        for name, side in zip(names, sides, strict=True):
            Path(name).write_bytes(
                b"" if side is None else bytes(git[side[1]].peel(pygit2.Blob).data)
            )
        done = process.run(Path(folder), "merge-file", "--stdout", *names)
    return str(git.create_blob(done.output)) if done.code == 0 else None


def is_unmerged(work_tree: Path, path: str) -> bool:
    """Whether the index of this work tree has more than one version of the file, after a merge that
    nobody has settled yet.
    """
    return bool(process.output(work_tree, "ls-files", "--unmerged", "-z", "--", path))


def is_staged(work_tree: Path, path: str) -> bool:
    """Whether the file is in the index as it is: somebody said `git add`, or it was never in it."""
    return not process.output(work_tree, "diff-files", "--name-only", "-z", "--", path)
