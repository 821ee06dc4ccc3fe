"""What a push brings, read while its objects are still apart: commits, changed paths, links."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from prdgen.git import process
from prdgen.git.repository import Repository
from prdgen.git.values import LINK

_LONGEST_LINK: Final = 4_096
_SECONDS: Final = 600.0
_NOTHING: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without files, which every Git knows."""
_RAW: Final = ("-r", "-z", "--raw", "--no-renames", "--full-index")


@dataclass(frozen=True, slots=True)
class Change:
    """One path that a pushed commit changes; a merge changes what differs from all its parents."""

    commit: str
    path: bytes
    mode: int
    """What is there afterwards (see `values`); 0: nothing."""
    blob: str
    is_new: bool
    """Whether nothing was there before."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The objects of a push in quarantine, on top of the repository's."""

    repository: Repository
    quarantine: str

    def commits(self, tips: Iterable[str]) -> list[str]:
        """The commits that no ref has yet, newest first."""
        printed = self._git("rev-list", *tips, "--not", "--all")
        return printed.decode().split()

    def changes(self, commits: Iterable[str]) -> Iterator[Change]:
        """What each of the commits changes."""
        data = "".join(f"{commit}\n" for commit in commits).encode()
        if data:
            yield from _read(
                self._git("diff-tree", "--stdin", "--root", "-c", *_RAW, data=data), ""
            )

    def between(self, old: str | None, new: str) -> Iterator[Change]:
        """What differs between two commits; None: from nothing."""
        yield from _read(self._git("diff-tree", *_RAW, old or _NOTHING, new), new)

    def is_commit(self, name: str) -> bool:
        """Whether the object is a commit."""
        return self._git("cat-file", "-t", name).strip() == b"commit"

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` only adds to `old`."""
        asked = ("merge-base", "--is-ancestor", old, new)
        done = process.run(self.repository.work_tree, *asked, variables=self._variables())
        if done.code > 1:
            raise process.failure(asked, done)
        return done.code == 0

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

    def _git(self, *arguments: str, data: bytes | None = None) -> bytes:
        done = process.run(
            self.repository.work_tree, *arguments, data=data, variables=self._variables(),
            seconds=_SECONDS,
        )  # fmt: skip
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


def _read(printed: bytes, commit: str) -> Iterator[Change]:
    """Git's raw format with `-z`: `:modes ids status` and a path, after each commit's id."""
    parts = iter(printed.split(b"\0"))
    for part in parts:
        if not part.startswith(b":"):
            commit = part.decode() or commit
            continue
        parents = len(part) - len(part.lstrip(b":"))
        fields = part[parents:].split()
        before, now = fields[:parents], fields[parents]
        blob = fields[2 * parents + 1].decode()
        is_new = not any(int(mode, 8) for mode in before)
        yield Change(commit, next(parts), int(now, 8), blob, is_new)


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
