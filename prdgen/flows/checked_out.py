"""a branch that a push moved → the files and the index of the folder that has it checked out."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.files import disk
from prdgen.flows.clone import Clone
from prdgen.flows.live import file_path
from prdgen.git import checkout, index
from prdgen.git.values import EXECUTABLE, LINK, Moved, Side
from prdgen.git.work_trees import WorkTree

_INDEX_SECONDS: Final = 5.0
_CHANGED: Final = "changed there and not committed"
_NOT_EMPTY: Final = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}


def follow(
    clone: Clone, branch: str, old: str | None, new: str, leased: Collection[str]
) -> list[str]:
    """In a thread, with no other writers: bring files and index from the old tip to the new one.

    Only files that are as the old tip had them are written; pages that are `leased` are their
    documents' to write. Says what was left as it was, and why. Doing it twice is doing it once.
    Raises Locked when another program keeps the index.
    """
    tree = clone.repository.tree_of(branch)
    if tree is None:
        return []
    left = []
    for moved in checkout.moved(clone.repository, old, new):
        if moved.path in leased:
            continue
        try:
            why = _one(clone, tree, moved)
        except (PrdgenError, OSError) as error:
            why = str(error)
        if why:
            left.append(f"{moved.path}: {why}")
    with index.following(clone.repository, branch, old, new, seconds=_INDEX_SECONDS):
        pass
    return left


def _one(clone: Clone, tree: WorkTree, moved: Moved) -> str | None:
    """Bring one path to the new tip; why it was left as it was, None: it was not."""
    path = file_path(tree.path, moved.path)
    if moved.is_link:
        return _link(clone, tree, path, moved)
    if not moved.is_plain:
        return None  # a submodule: another repository's folder
    if name := checkout.filter_of(clone.repository, moved.path):
        return (
            f"Git keeps it behind the filter {name}; `git checkout HEAD -- {moved.path}` writes it"
        )
    sides = [side[1] for side in (moved.old, moved.new) if side]
    if any(checkout.size(clone.repository, blob) > disk.SIZE_LIMIT for blob in sides):
        return f"it is large; `git checkout HEAD -- {moved.path}` writes it"
    return _file(clone, tree, path, moved)


def _file(clone: Clone, tree: WorkTree, path: Path, moved: Moved) -> str | None:
    before, after = _bytes(clone, tree, moved, moved.old), _bytes(clone, tree, moved, moved.new)
    state = disk.read(path, tree.path)
    now = None if isinstance(state, disk.Missing) else state.data
    if now is None and before is not None and checkout.is_sparse(clone.repository):
        return None
    if now == after:
        _mode(path, moved.new)
        return None
    if now != before:
        return _CHANGED if now is not None else "removed there"
    if after is None:
        with disk.remove(path, tree.path, before or b"") as swapped:
            if not swapped.written and swapped.displaced is not None:
                return _CHANGED
        _prune(path.parent, tree.path)
        return None
    with disk.exchange(path, tree.path, after, before) as swapped:
        found = swapped.displaced
    if found != before:
        # Saved between our look and our write: that save goes back to its place.
        if found is not None:
            disk.exchange(path, tree.path, found, after).close()
        return _CHANGED
    _mode(path, moved.new)
    return None


def _bytes(clone: Clone, tree: WorkTree, moved: Moved, side: Side) -> bytes | None:
    return side and checkout.content(clone.repository, tree.path, moved.path, side[1])


def _mode(path: Path, side: Side) -> None:
    if side is None or path.is_symlink():
        return
    mode = path.stat().st_mode & 0o777
    wanted = mode | (mode & 0o444) >> 2 if side[0] == EXECUTABLE else mode & ~0o111
    if wanted != mode:
        path.chmod(wanted)


def _link(clone: Clone, tree: WorkTree, path: Path, moved: Moved) -> str | None:
    """A symbolic link is one small thing: replaced when it leads where the old tip had it lead."""
    was = str(path.readlink()) if path.is_symlink() else None
    old = _target(clone, moved.old)
    if was is None and path.exists() and moved.old is not None and moved.old[0] != LINK:
        state = disk.read(path, tree.path)
        if isinstance(state, disk.Missing) or state.data != _bytes(clone, tree, moved, moved.old):
            return _CHANGED
        path.unlink()
    elif was != old:
        return None if was == _target(clone, moved.new) else _CHANGED
    elif was is not None:
        path.unlink()
    if moved.new is None:
        _prune(path.parent, tree.path)
    elif moved.new[0] == LINK:
        _make_folder(path.parent, tree.path)
        path.symlink_to(_target(clone, moved.new) or "")
    else:
        data = checkout.content(clone.repository, tree.path, moved.path, moved.new[1])
        disk.exchange(path, tree.path, data, None).close()
    return None


def _target(clone: Clone, side: Side) -> str | None:
    if side is None or side[0] != LINK:
        return None
    return os.fsdecode(checkout.raw(clone.repository, side[1]))


def _make_folder(folder: Path, top: Path) -> None:
    """Make a folder inside the work tree, through no link."""
    if folder.resolve() != top.resolve() / folder.relative_to(top):
        raise NotADirectoryError(errno.ENOTDIR, "a link is in the way", str(folder))
    folder.mkdir(parents=True, exist_ok=True)


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that are empty now, as Git does."""
    while folder != top:
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
            return
        folder = folder.parent
