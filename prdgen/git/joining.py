"""Two tips → one tree: what both sides did to a file is asked for, the rest is Git's own merge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pygit2
from pygit2.enums import MergeFlag

from prdgen.git import history
from prdgen.git.errors import Unmergeable, UnrelatedHistories
from prdgen.git.repository import Repository
from prdgen.git.values import REGULAR, SUBMODULE, FileChange


@dataclass(frozen=True, slots=True)
class Both:
    """A file that both sides changed, each in its own way; the base is empty when both added it."""

    path: str
    """Where it is afterwards: under its new name when one side renamed it, and of two new names under
    that of the side that names it.
    """
    base: bytes
    ours: bytes
    theirs: bytes


Merge = Callable[[Both], bytes | None]
"""The merged file; None: Git's own merge, line by line, decides."""
Aside = Callable[[str], str]
"""The name under which a file's other version is kept, beside the one in its place."""
Side = Literal["ours", "theirs"]
Renamed = Callable[[str, str], None]
"""Told of each file that both sides renamed, to two names: the one that stays, and the other."""
Revived = Callable[[str, Side], None]
"""Told of each file that one side edited and the other deleted: where it is, and the side that edited it."""


def trees(
    repository: Repository, ours: str, theirs: str, merge: Merge, *, base: str | None = None,
    aside: Aside | None = None, stays: Side = "theirs", revived: Revived | None = None,
    named: Side = "theirs", renamed: Renamed | None = None,
) -> str:  # fmt: skip
    """The tree of a merge of two commits, written; its id.

    `base` is the commit both were made from, by default the last one they have in common. A file
    that one side changed and the other deleted stays, and `revived` is told. A file that both renamed is
    called as the side `named` calls it, and `renamed` is told. Of other files that both sides changed in the
    same place, the version of one side `stays` and the other is kept beside it when `aside` names it.
    Raises UnrelatedHistories, and Unmergeable with the paths where that cannot be.
    """
    git = repository.libgit2
    if base is None:
        base = repository.merge_base(ours, theirs)
        if base is None:
            raise UnrelatedHistories(ours=ours[:10], theirs=theirs[:10])
        index = git.merge_commits(ours, theirs, flags=MergeFlag.FIND_RENAMES)
    else:
        one, two, three = (git[commit].peel(pygit2.Tree) for commit in (base, ours, theirs))
        index = git.merge_trees(one, two, three, flags=MergeFlag.FIND_RENAMES)
    files = {commit: git[commit].peel(pygit2.Tree) for commit in (base, ours, theirs)}
    done: set[str] = set()
    for path, names in _both(git, base, ours, theirs, named).items():
        blobs = [_blob(files[commit], name) for commit, name in zip(files, names, strict=True)]
        before, mine, other = (None if blob is None else bytes(blob.data) for blob in blobs)
        apart = names[0] is not None and len(set(names)) == len(names)
        if mine is None or other is None or (mine == other and not apart):
            continue
        merged = merge(Both(path, before or b"", mine, other))
        if merged is None and apart:
            merged = _one_sided(before, mine, other)
        if merged is None:
            continue
        if apart and renamed is not None:
            renamed(path, names[2] if path == names[1] else names[1])
        mode = (files[ours] / str(names[1])).filemode
        _settle(index, {name for name in (path, *names) if name})
        index.add(pygit2.IndexEntry(path, git.create_blob(merged), mode))
        done.update(name for name in (path, *names) if name)
    _keep_edited(index, revived)
    if aside is not None:
        _keep_both(index, aside, stays)
    if index.conflicts is not None:
        left = {e.path for three in index.conflicts for e in three if e is not None}
        if left:
            raise Unmergeable(paths=", ".join(sorted(left)[:10]))
    return str(index.write_tree(git))


def adds_nothing(repository: Repository, commit: str, other: str) -> bool:
    """Whether Git's own merge of another commit leaves this one's files as they are: it has them already."""
    git = repository.libgit2
    index = git.merge_commits(commit, other, flags=MergeFlag.FIND_RENAMES)
    return index.conflicts is None and index.write_tree(git) == git[commit].peel(pygit2.Tree).id


def _both(
    git: pygit2.Repository, base: str, ours: str, theirs: str, named: Side
) -> dict[str, tuple[str | None, str, str]]:
    """Result path → its names in base, ours and theirs, of every file both sides touched."""
    mine = {_was(change): change for change in history.changed(git, base, ours)}
    other = {_was(change): change for change in history.changed(git, base, theirs)}
    found = {}
    for was in mine.keys() & other.keys():
        one, two = mine[was], other[was]
        if "deleted" in {one.kind, two.kind} or (one.kind == "added") != (two.kind == "added"):
            continue
        path = one.path if one.path != was else two.path
        if one.kind == two.kind == "renamed" and one.path != two.path:
            if _stands(git, theirs, one.path) or _stands(git, ours, two.path):
                continue  # another file: nobody decides that by a rule
            path = one.path if named == "ours" else two.path
        found[path] = (None if one.kind == "added" else was, one.path, two.path)
    return found


def _was(change: FileChange) -> str:
    return change.old_path or change.path


def _stands(git: pygit2.Repository, commit: str, path: str) -> bool:
    return path in git[commit].peel(pygit2.Tree)


def _one_sided(before: bytes | None, mine: bytes, other: bytes) -> bytes | None:
    """What a file is when at most one side changed its bytes; None: both did, differently."""
    if mine in {before, other}:
        return other
    return mine if other == before else None


def _blob(tree: pygit2.Tree, path: str | None) -> pygit2.Blob | None:
    try:
        found = tree / path if path else None
    except KeyError:
        return None
    if not isinstance(found, pygit2.Blob) or int(found.filemode) not in REGULAR:
        return None
    return found


def _settle(index: pygit2.Index, paths: set[str]) -> None:
    """Take what Git made of these paths out of the index."""
    for three in list(index.conflicts or ()):
        for entry in three:
            if entry is not None and entry.path in paths:
                _forget(index, entry.path)
    for path in paths:
        if path in index:
            index.remove(path)


def _keep_edited(index: pygit2.Index, revived: Revived | None) -> None:
    """A file that one side edited and the other deleted stays as it was edited."""
    for base, ours, theirs in list(index.conflicts or ()):
        kept = ours or theirs
        if base is not None and kept is not None and (ours is None) != (theirs is None):
            _forget(index, base.path)
            index.add(pygit2.IndexEntry(kept.path, kept.id, kept.mode))
            if revived is not None:
                revived(kept.path, "theirs" if ours is None else "ours")


def _keep_both(index: pygit2.Index, aside: Aside, stays: Side) -> None:
    """A file that both sides changed in the same place becomes two. When ours stays, an older version
    of theirs may be beside it already, from the commit before.
    """
    for _, ours, theirs in list(index.conflicts or ()):
        if ours is None or theirs is None or ours.path != theirs.path:
            continue
        name = aside(ours.path)
        kept, other = (theirs, ours) if stays == "theirs" else (ours, theirs)
        taken = name in index and stays == "theirs"
        if SUBMODULE in {int(ours.mode), int(theirs.mode)} or taken:
            continue
        _forget(index, ours.path)
        index.add(pygit2.IndexEntry(kept.path, kept.id, kept.mode))
        index.add(pygit2.IndexEntry(name, other.id, other.mode))


def _forget(index: pygit2.Index, path: str) -> None:
    if index.conflicts is not None and path in index.conflicts:
        del index.conflicts[path]
