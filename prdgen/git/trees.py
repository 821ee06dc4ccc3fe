"""Builds the tree of a new commit from the old one and a few edited files."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import pygit2

from prdgen import ids
from prdgen.git.errors import NameTaken, NotAPage
from prdgen.git.values import EXECUTABLE, FILE, LINK, REGULAR, SUBMODULE, Moved, Side

_TREE: Final = 0o040000
_WORDS: Final = {LINK: "a symbolic link", SUBMODULE: "a submodule", _TREE: "a folder"}
# Code points HFS+ ignores in names; Git's fsck calls a name that hides `.git` behind them bad.
_IGNORED: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


# A tree object as Git stores it: mode, name, and 20 bytes of an id.
_ENTRY: Final = re.compile(rb"(\d+) ([^\0]+)\0(.{20})", re.DOTALL)


@dataclass(slots=True)
class _Folder:
    """What changes in one folder: files (None: deleted) and folders below."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)


def build(
    git: pygit2.Repository, base: pygit2.Tree | None, edits: Mapping[str, bytes | None]
) -> tuple[pygit2.Oid, list[Moved]]:
    """The id of `base` with `edits` written into it (path → bytes, None deletes), and what differs.

    A file keeps its mode; a new one gets 100644. Deleting what is not there is nothing. Raises
    BadPagePath, NameTaken (a name that differs only in case or Unicode form) and NotAPage.
    """
    top = _Folder()
    for path, data in edits.items():
        _check(path)
        folder, names = top, path.split("/")
        for name in names[:-1]:
            folder = folder.folders.setdefault(name, _Folder())
        folder.files[names[-1]] = data
    moves: dict[str, Moved] = {}
    made = _write(git, base, top, "", moves) or git.TreeBuilder().write()
    return made, [moves[path] for path in sorted(moves) if moves[path].old != moves[path].new]


def at(
    git: pygit2.Repository, tree: pygit2.Tree, paths: Iterable[str]
) -> dict[str, tuple[int, str]]:
    """Mode and id of what is at each of these paths, as far as something is."""
    folders: dict[str, dict[bytes, tuple[int, str]]] = {"": _sides(tree)}

    def folder(path: str) -> dict[bytes, tuple[int, str]]:
        if path not in folders:
            above, _, name = path.rpartition("/")
            mode, id_ = folder(above).get(name.encode("utf-8", "surrogateescape"), (0, ""))
            folders[path] = _sides(git[id_].peel(pygit2.Tree)) if mode == _TREE else {}
        return folders[path]

    found = {}
    for path in paths:
        above, _, name = path.rpartition("/")
        side = folder(above).get(name.encode("utf-8", "surrogateescape"))
        if side is not None:
            found[path] = side
    return found


def _sides(tree: pygit2.Tree) -> dict[bytes, tuple[int, str]]:
    return {name: (_mode(mode), id_.hex()) for mode, name, id_ in _ENTRY.findall(tree.read_raw())}


@lru_cache(maxsize=64)
def _mode(digits: bytes) -> int:
    """A mode as Git reads it: old programs wrote others (100664), which mean one that it knows."""
    mode = int(digits, 8)
    if stat.S_ISREG(mode):
        return EXECUTABLE if mode & stat.S_IXUSR else FILE
    return next((known for known in (LINK, _TREE) if stat.S_IFMT(mode) == known), SUBMODULE)


def moved(git: pygit2.Repository, old: str | None, new: str) -> list[Moved]:
    """What differs between two commits (None: from nothing), in the order of the paths; a rename is
    two of them. Folders that are the same are not looked into, which libgit2's own difference does.
    """
    before = None if old is None else git[old].peel(pygit2.Tree)
    found = differences(git, before, git[new].peel(pygit2.Tree))
    each = (Moved(path.decode("utf-8", "replace"), was, now) for path, was, now in found)
    return sorted(each, key=lambda moved: moved.path)


def differences(
    git: pygit2.Repository, old: pygit2.Tree | None, new: pygit2.Tree | None, prefix: bytes = b""
) -> Iterator[tuple[bytes, Side, Side]]:
    """Every path that is not the same in two trees, in no order, with what is there in each."""
    was, now = _entries(old), _entries(new)
    sides = [
        {name: (_mode(mode), id_) for mode, name, id_ in one} for one in (was - now, now - was)
    ]
    for name in sides[0].keys() | sides[1].keys():
        path = prefix + name
        gone, come = (side.get(name) for side in sides)
        if gone == come:
            continue  # written otherwise, and the same
        left, right = _tree(git, gone), _tree(git, come)
        if left is not None or right is not None:
            yield from differences(git, left, right, path + b"/")
        files = _side(gone), _side(come)
        if files != (None, None):
            yield path, *files


def _entries(tree: pygit2.Tree | None) -> set[tuple[bytes, bytes, bytes]]:
    return set() if tree is None else set(_ENTRY.findall(tree.read_raw()))


def _tree(git: pygit2.Repository, side: tuple[int, bytes] | None) -> pygit2.Tree | None:
    if side is None or side[0] != _TREE:
        return None
    return git[side[1].hex()].peel(pygit2.Tree)


def _side(side: tuple[int, bytes] | None) -> Side:
    return None if side is None or side[0] == _TREE else (side[0], side[1].hex())


def as_elsewhere(name: str) -> str:
    """A name as Windows and macOS read it: in any case, without letters that nobody sees, blanks and dots at its
    end, or a stream's name.
    """
    return _IGNORED.sub("", name).casefold().partition(":")[0].rstrip(" .")


def _check(path: str) -> None:
    ids.check_page_path(path)
    for segment in path.split("/"):
        if as_elsewhere(segment) in {".git", "git~1"}:
            raise ids.BadPagePath(got=path[:200], why=f"a segment is {segment!r}")


def _write(
    git: pygit2.Repository,
    base: pygit2.Tree | None,
    folder: _Folder,
    prefix: str,
    moves: dict[str, Moved],
) -> pygit2.Oid | None:
    """The id of one folder's new tree; None when nothing is left in it. Adds to `moves`."""
    if base is not None and (edited := _edit(git, base, folder, prefix, moves)) is not None:
        return edited
    builder = git.TreeBuilder(base) if base is not None else git.TreeBuilder()
    added = []
    for name, data in folder.files.items():
        old = base[name] if base is not None and name in base else None
        if old is not None and int(old.filemode) not in REGULAR:
            raise _not_a_page(prefix + name, prefix + name, int(old.filemode))
        if data is None:
            if old is not None:
                builder.remove(name)
                moves[prefix + name] = Moved(prefix + name, (int(old.filemode), str(old.id)), None)
            continue
        if old is None:
            added.append(name)
        mode = EXECUTABLE if old is not None and int(old.filemode) == EXECUTABLE else FILE
        blob = git.create_blob(data)
        builder.insert(name, blob, mode)
        was = None if old is None else (int(old.filemode), str(old.id))
        moves[prefix + name] = Moved(prefix + name, was, (mode, str(blob)))
    for name, below in folder.folders.items():
        old = base[name] if base is not None and name in base else None
        if old is not None and not isinstance(old, pygit2.Tree):
            inside = next(iter(below.files), next(iter(below.folders), ""))
            path = f"{prefix}{name}"
            raise _not_a_page(f"{path}/{inside}", path, int(old.filemode))
        written = _write(git, old, below, f"{prefix}{name}/", moves)
        if written is not None:
            builder.insert(name, written, _TREE)
            added += [] if old is not None else [name]
        elif old is not None:
            builder.remove(name)
    if not len(builder):
        return None
    tree = builder.write()
    if added:
        _refuse_lookalikes(git[tree].peel(pygit2.Tree), added, prefix)
    return tree


def _edit(
    git: pygit2.Repository,
    base: pygit2.Tree,
    folder: _Folder,
    prefix: str,
    moves: dict[str, Moved],
) -> pygit2.Oid | None:
    """The same where nothing comes or goes: ids are put in place of others, the rest is not touched.
    None when it is not so.
    """
    raw = bytearray(base.read_raw())
    wanted = {name.encode(): name for name in (*folder.files, *folder.folders)}
    places = {
        wanted[entry[2]]: (int(entry[1], 8), entry.start(3))
        for entry in _ENTRY.finditer(bytes(raw))
        if entry[2] in wanted
    }
    if len(places) < len(wanted):
        return None
    fresh: dict[str, pygit2.Oid] = {}
    for name, data in folder.files.items():
        mode, at = places[name]
        if data is None or mode not in (FILE, EXECUTABLE):
            return None
        fresh[name] = git.create_blob(data)
        was = raw[at : at + 20].hex()
        moves[prefix + name] = Moved(prefix + name, (mode, was), (mode, str(fresh[name])))
    for name, below in folder.folders.items():
        mode, at = places[name]
        if mode != _TREE:
            return None
        tree = git[raw[at : at + 20].hex()].peel(pygit2.Tree)
        written = _write(git, tree, below, f"{prefix}{name}/", moves)
        if written is None:
            return None
        fresh[name] = written
    for name, id_ in fresh.items():
        at = places[name][1]
        raw[at : at + 20] = id_.raw
    return git.write(pygit2.enums.ObjectType.TREE, bytes(raw))


def _not_a_page(page_path: str, taken: str, mode: int) -> NotAPage:
    return NotAPage(page_path=page_path, taken=taken, what=_WORDS.get(mode, "a file"))


def _refuse_lookalikes(tree: pygit2.Tree, added: list[str], prefix: str) -> None:
    """Windows and macOS keep one of two such names, and a checkout there loses the other."""
    seen: dict[str, str] = {}
    fresh = set(added)
    for entry in tree:
        name = entry.name or ""
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        other = seen.setdefault(key, name)
        if other != name and (name in fresh or other in fresh):
            new, old = (name, other) if name in fresh else (other, name)
            raise NameTaken(
                what="The name", expected=new, got=old, page_path=prefix + new, taken=prefix + old
            )
