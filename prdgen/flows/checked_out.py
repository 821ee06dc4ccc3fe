"""a branch that a push moved → the files and the index of the folder that has it checked out."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.files import disk, text
from prdgen.files.errors import NotEditable
from prdgen.flows import pages_of
from prdgen.flows.clone import Clone
from prdgen.flows.live import file_path
from prdgen.git import checkout, index
from prdgen.git.values import EXECUTABLE, LINK, Moved, Side
from prdgen.git.work_trees import WorkTree
from prdgen.merge import three_way

_INDEX_SECONDS: Final = 5.0
_CHANGED: Final = "changed there and not committed"
_STILL_SECONDS: Final = 0.5
_HALF_SECONDS: Final = 2.0
"""A file that changed later than so long ago may be in the middle of a save; one that is empty, or only
the beginning of what it was, for longer."""
_NOT_EMPTY: Final = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}


def follow(
    clone: Clone, branch: str, old: str | None, new: str, leased: Collection[str], *,
    again: bool = False,
) -> dict[str, str]:  # fmt: skip
    """In a thread, with no other writers: bring files and index from the old tip to the new one.

    Only files that are as the old tip had them are written, and pages that somebody edited elsewhere
    than the new tip did: those hold both then. Pages that are `leased` are their documents' to write.
    Gives the paths that were left as they were, and why. Doing it `again`, after a kill or another program's lock, is
    doing it once: an edited page may hold both already, and is left.
    Raises Locked when another program keeps the index.
    """
    tree = clone.repository.tree_of(branch)
    if tree is None:
        return {}
    moves = checkout.moved(clone.repository, old, new)
    left = _modes(tree, [each for each in moves if each.path in leased])
    moves = [each for each in moves if each.path not in leased]
    # Files that say how others are written come first.
    first = [each for each in moves if each.path.endswith(".gitattributes")]
    then = [each for each in moves if not each.path.endswith(".gitattributes")]
    left |= _several(clone, tree, first, again) | _several(clone, tree, then, again)
    with index.following(clone.repository, branch, old, new, seconds=_INDEX_SECONDS):
        pass
    return left


def _modes(tree: WorkTree, moves: Sequence[Moved]) -> dict[str, str]:
    """Bring along whether pages may be run: their documents write what they say."""
    left = {}
    for moved in moves:
        try:
            if moved.is_plain and moved.old is not None:
                _mode(file_path(tree.path, moved.path), moved)
        except OSError as error:
            left[moved.path] = str(error)
    return left


def _several(clone: Clone, tree: WorkTree, moves: Sequence[Moved], again: bool) -> dict[str, str]:
    """Bring these paths to the new tip; those that were left as they were, and why."""
    left = {}
    globs = pages_of.globs(clone)
    forms = checkout.forms(clone.repository, tree.path, [each.path for each in moves])
    with ThreadPoolExecutor(1) as beside:
        for moved in moves:
            meets = not again and globs.match(moved.path)
            at = _Place(clone, tree, moved, forms[moved.path], meets, beside)
            try:
                why = _one(at)
            except (PrdgenError, OSError) as error:
                why = str(error)
            if why:
                left[moved.path] = why
    return left


@dataclass(frozen=True, slots=True)
class _Place:
    """One path that moved, and where."""

    clone: Clone
    tree: WorkTree
    moved: Moved
    form: checkout.Form
    meets: bool
    """Whether what was edited here may meet what comes."""
    beside: Executor
    """Lets displaced files go, which takes a disk longer than to write them."""

    @property
    def path(self) -> Path:
        return file_path(self.tree.path, self.moved.path)

    def bytes_of(self, side: Side) -> bytes | None:
        """What a side is on disk."""
        return side and checkout.content(
            self.clone.repository, self.tree.path, self.moved.path, side[1], self.form
        )


def _one(at: _Place) -> str | None:
    """Bring one path to the new tip; why it was left as it was, None: it was not."""
    moved = at.moved
    if moved.is_link:
        return _link(at)
    if not moved.is_plain:
        return _submodule(at)
    if at.form.filter:
        return (
            f"Git keeps it behind the filter {at.form.filter}; "
            f"`git checkout HEAD -- {moved.path}` writes it"
        )
    blobs = [side[1] for side in (moved.old, moved.new) if side is not None]
    if any(checkout.size(at.clone.repository, blob) > disk.SIZE_LIMIT for blob in blobs):
        return f"it is large; `git checkout HEAD -- {moved.path}` writes it"
    return _file(at)


def _file(at: _Place) -> str | None:
    path, root, old = at.path, at.tree.path, at.moved.old
    state = disk.read(path, root)
    now = None if isinstance(state, disk.Missing) else state.data
    # As it nearly always is; so the blob need not be read.
    same = old and now is not None and not at.form.converts and checkout.is_blob(now, old[1])
    before, after = now if same else at.bytes_of(old), at.bytes_of(at.moved.new)
    if now is None and before is not None and checkout.is_sparse(at.clone.repository):
        return None
    if now == after:
        _mode(path, at.moved)
        return None
    if now != before:
        return (
            "removed there" if isinstance(state, disk.Missing) else _meet(at, before, state, after)
        )
    if after is None:
        with disk.remove(path, root, before or b"") as swapped:
            if not swapped.written and swapped.displaced is not None:
                return _CHANGED
        _prune(path.parent, root)
        return None
    return _write(at, before, after)


def _write(at: _Place, before: bytes | None, after: bytes) -> str | None:
    path, root = at.path, at.tree.path
    swapped = disk.exchange(path, root, after, before)
    at.beside.submit(swapped.close)
    if swapped.displaced != before:
        # Saved between our look and our write: that save goes back to its place.
        if swapped.displaced is not None:
            disk.exchange(path, root, swapped.displaced, after).close()
        return _CHANGED
    _mode(path, at.moved)
    return None


def _meet(at: _Place, before: bytes | None, now: disk.FileState, after: bytes | None) -> str | None:
    """A page that is edited here and moved there: both in its file, so that a `git commit` in the
    folder does not take out again what came. Words that both changed are left to a person.
    """
    if before is None or after is None or not at.meets:
        return _CHANGED
    wanted = _HALF_SECONDS if before.startswith(now.data) else _STILL_SECONDS
    if time.time() - now.stamp.mtime_ns / 1e9 < wanted:
        return _CHANGED
    try:
        base, theirs, ours = (text.decode(each).text for each in (before, after, now.data))
    except NotEditable:
        return _CHANGED
    merged = three_way.merge(base, theirs, ours)
    if merged.conflicts:
        return f"{_CHANGED}, in the same words"
    return _write(at, now.data, text.patch(now.data, merged.hunks)) if merged.hunks else None


def _mode(path: Path, moved: Moved) -> None:
    old, new = moved.old, moved.new
    if new is None or (old is not None and old[0] == new[0]):
        return
    if path.is_symlink() or not path.is_file():
        return
    mode = path.stat().st_mode & 0o777
    wanted = mode | (mode & 0o444) >> 2 if new[0] == EXECUTABLE else mode & ~0o111
    if wanted != mode:
        path.chmod(wanted)


def _submodule(at: _Place) -> str | None:
    """Another repository's folder. Its files are left alone; without a folder Git takes it for deleted."""
    path, root, moved = at.path, at.tree.path, at.moved
    if moved.new is None:
        _prune(path, root)  # if it has nothing in it
    elif moved.old is not None and moved.old[0] != moved.new[0]:
        return f"a submodule comes or goes there; `git checkout HEAD -- {moved.path}` follows"
    elif not path.exists():
        _make_folder(path, root)
    return None


def _link(at: _Place) -> str | None:
    """A symbolic link is one small thing: replaced when it leads where the old tip had it lead."""
    path, root, moved = at.path, at.tree.path, at.moved
    was = str(path.readlink()) if path.is_symlink() else None
    old = _target(at.clone, moved.old)
    if was is None and path.exists() and moved.old is not None and moved.old[0] != LINK:
        state = disk.read(path, root)
        if isinstance(state, disk.Missing) or state.data != at.bytes_of(moved.old):
            return _CHANGED
        path.unlink()
    elif was != old:
        return None if was == _target(at.clone, moved.new) else _CHANGED
    elif was is not None:
        path.unlink()
    if moved.new is None:
        _prune(path.parent, root)
    elif moved.new[0] == LINK:
        _make_folder(path.parent, root)
        path.symlink_to(_target(at.clone, moved.new) or "")
    else:
        disk.exchange(path, root, at.bytes_of(moved.new) or b"", None).close()
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
