"""What a push brings, read while its objects are still apart: commits, changed paths, links."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

import pygit2

from prdgen.git import process, trees
from prdgen.git.repository import Repository
from prdgen.git.values import LINK, Side

_LONGEST_LINK: Final = 4_096
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Change:
    """One path that a pushed commit changes; a merge changes what differs from all its parents."""

    commit: str
    path: bytes
    mode: int
    """What is there afterwards (see `values`); 0: nothing."""
    blob: str
    was: str
    """The blob that was there before, in the first parent; empty: nothing."""
    is_new: bool
    """Whether nothing was there before, in any parent."""


class Pushed:
    """The objects of a push in quarantine, on top of the repository's. One thread at a time."""

    def __init__(self, repository: Repository, quarantine: str) -> None:
        self.repository, self.quarantine = repository, quarantine
        self._between: dict[tuple[str | None, str], list[Change]] = {}
        self._twins: dict[tuple[str, str], list[tuple[str, str]]] = {}

    @cached_property
    def _objects(self) -> pygit2.Repository:
        """Of its own: nobody else may see what was not accepted."""
        git = pygit2.Repository(str(self.repository.work_tree))
        if self.quarantine:
            git.odb.add_disk_alternate(self.quarantine)
        return git

    def commits(self, tips: Iterable[str]) -> list[str]:
        """The commits that no ref has yet, newest first."""
        printed = self._git("rev-list", *tips, "--not", "--all")
        return printed.decode().split()

    def changes(self, commits: Iterable[str]) -> Iterator[Change]:
        """What each of the commits changes."""
        for name in commits:
            commit = self._objects[name].peel(pygit2.Commit)
            parents: list[pygit2.Tree | None] = [parent.tree for parent in commit.parents]
            sides = [
                {path: (was, now) for path, was, now in self._differences(parent, commit.tree)}
                for parent in parents or [None]
            ]
            for path in sorted(set.intersection(*map(set, sides))):
                yield _change(name, path, [side[path][0] for side in sides], sides[0][path][1])

    def between(self, old: str | None, new: str) -> list[Change]:
        """What differs between two commits; None: from nothing."""
        if (old, new) not in self._between:
            before = None if old is None else self._objects[old].peel(pygit2.Tree)
            found = sorted(self._differences(before, self._objects[new].peel(pygit2.Tree)))
            changes = [_change(new, path, [was], now) for path, was, now in found]
            self._between[old, new] = changes
        return self._between[old, new]

    def _differences(
        self, old: pygit2.Tree | None, new: pygit2.Tree | None
    ) -> Iterator[tuple[bytes, Side, Side]]:
        return trees.differences(self._objects, old, new)

    def is_commit(self, name: str) -> bool:
        """Whether the object is a commit."""
        return isinstance(self._objects.get(name), pygit2.Commit)

    def commit_of(self, name: str) -> str | None:
        """The commit that the object is, or that a tag leads to; None: a tag of a lone blob, say."""
        try:
            return str(self._objects[name].peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` only adds to `old`."""
        return old == new or self._objects.descendant_of(new, old)

    def twins(self, old: str | None, new: str) -> list[tuple[str, str]]:
        """Paths that came from one commit to another, and that some systems take for another path
        there: (path, other).
        """
        added = [change.path for change in self.between(old, new) if change.is_new]
        return list(self.lookalikes(new, added)) if added else []

    def twins_since(self, main: str | None, new: str) -> list[tuple[str, str]]:
        """The same since a commit left main; found once for all commits that have the same tree."""
        found = None if main is None else self._objects.merge_base(main, new)
        base = None if found is None else str(found)
        trees_of = ("" if base is None else self._tree(base), self._tree(new))
        if trees_of not in self._twins:
            self._twins[trees_of] = self.twins(base, new)
        return self._twins[trees_of]

    def has_both(self, commits: Iterable[str], pair: tuple[str, str]) -> bool:
        """Whether one of the commits has both of these paths."""
        trees = (self._objects[name].peel(pygit2.Tree) for name in commits)
        return any(all(path in tree for path in pair) for tree in trees)

    def _tree(self, commit: str) -> str:
        return str(self._objects[commit].peel(pygit2.Tree).id)

    def lookalikes(self, commit: str, added: Iterable[bytes]) -> Iterator[tuple[str, str]]:
        """Added paths that some systems take for another one of the commit: (added, other)."""
        names = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split(b"\0")
        seen: dict[str, set[str]] = {}
        for name in names:
            for place in _places(name.decode("utf-8", "replace")):
                seen.setdefault(_folded(place), set()).add(place)
        told = set()
        for path in added:
            for place in _places(path.decode("utf-8", "replace")):
                others = seen.get(_folded(place), set()) - {place}
                if others and place in seen[_folded(place)] and place not in told:
                    told.add(place)
                    yield place, min(others)

    def links_out(self, changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
        """Symbolic links that lead out of the repository or into `.git`, with where they lead."""
        links = [change for change in changes if change.mode == LINK]
        for change in links:
            size = int(self._git("cat-file", "-s", change.blob))
            target = self._git("cat-file", "blob", change.blob) if size <= _LONGEST_LINK else b""
            shown = target.decode("utf-8", "replace")
            if not target or _leads_out(change.path.decode("utf-8", "replace"), shown):
                yield change, shown or "a target that is too long"

    def _git(self, *arguments: str) -> bytes:
        done = process.run(
            self.repository.work_tree, *arguments, variables=self._variables(), seconds=_SECONDS
        )
        if done.code:
            raise process.failure(arguments, done)
        return done.output

    def _variables(self) -> Mapping[str, str]:
        if not self.quarantine:
            return {}
        objects = str(self.repository.common_dir / "objects")
        return {
            "GIT_OBJECT_DIRECTORY": self.quarantine,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
            "GIT_QUARANTINE_PATH": self.quarantine,
        }


def _change(commit: str, path: bytes, before: Sequence[Side], now: Side) -> Change:
    mode, blob = now or (0, "")
    was = before[0][1] if before[0] else ""
    return Change(commit, path, mode, blob, was, is_new=not any(before))


def _places(path: str) -> Iterator[str]:
    """The path and the folders it lies in."""
    names = path.split("/")
    return ("/".join(names[:count]) for count in range(1, len(names) + 1))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _leads_out(path: str, target: str) -> bool:
    """Judged without looking: `..` only at the beginning, and no more than there are folders."""
    if target.startswith("/") or "\\" in target or "\0" in target:
        return True
    names = [name for name in target.split("/") if name not in {"", "."}]
    up = next((at for at, name in enumerate(names) if name != ".."), len(names))
    folders = len(PurePosixPath(path).parts) - 1
    return up > folders or ".." in names[up:] or any(n.lower() == ".git" for n in names)
