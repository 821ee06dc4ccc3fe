"""Changes entries of an index file in place, without Git: pages that were edited, and nothing else.

Two processes of Git for each version saved cost more than all the rest of it. So the usual case is done
here: every path that moved is in the index as it was before. The format is the one of Git's
`Documentation/gitformat-index.txt`, versions 2 and 3; whatever is unusual is left to Git.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pygit2

from prdgen.git import attributes
from prdgen.git.repository import Repository
from prdgen.git.values import REGULAR, Moved
from prdgen.git.work_trees import WorkTree

_HEAD: Final = struct.Struct(">4sLL")
_STAT: Final = struct.Struct(">LLLLLLLLLL")
"""Changed (s, ns), modified (s, ns), device, inode, mode, owner, group, size; 32 bits of each."""
_VERSIONS: Final = (2, 3)
_SIZE: Final = 36
_ID: Final = slice(40, 60)
_FLAGS: Final = 60
_NAME: Final = 62
_LONG_NAME: Final = 0xFFF
_LENGTH_BITS: Final = 0x0FFF
_EXTENDED: Final = 0x40
"""In the first byte of the flags: two bytes more of them before the name."""
_HASH: Final = 20
_MOST_READ: Final = 64 * 1024 * 1024
"""Bytes of a file that are read to know whether it has changed; Git looks at larger ones."""
_KNOWN: Final = {b"TREE", b"REUC"}
"""Extensions that may stay: the trees of the folders, of which those that changed are taken out, and
what conflicts were resolved.
"""
_MANY: Final = 64
"""Racy entries that are looked at here."""
_NO_ID: Final = bytes(_HASH)


_KEPT: Final = 8
"""So many index files are kept."""


@dataclass(slots=True)
class _Known:
    """An index file as it was written last, and where its entries stand. Edits move none."""

    data: bytearray
    places: array[int]
    """Of each entry, by name, then by side of a conflict: Git sorts them so."""
    fresh: Sequence[int]
    """Entries at least as new as the index file was; no other one can be racy in a later one."""
    since: int
    end: int

    def is_in(self, file: BinaryIO) -> bool:
        """Whether this file is it: its checksum stands at its end."""
        checksum = self.data[-_HASH:]
        size = file.seek(0, os.SEEK_END)
        if checksum == _NO_ID or size != len(self.data):
            return False
        file.seek(size - _HASH)
        return file.read() == checksum

    def find(self, path: bytes) -> int | None:
        """Where the entry of this path is; the first, when there are several sides."""
        data = self.data
        found = bisect_left(self.places, path, key=lambda at: _name_at(data, at))
        if found == len(self.places) or _name_at(data, self.places[found]) != path:
            return None
        return self.places[found]

    def racy(self, since: int) -> list[int]:
        """Entries that are as new as an index file of this second."""
        limit = struct.pack(">L", since & 0xFFFFFFFF)
        return [at for at in self.fresh if self.data[at + 8 : at + 12] >= limit]


_known: dict[Path, _Known] = {}
"""What was written last to each index file. Reading 10,000 entries, and looking at each, is the larger
part of the cost of a commit. Whoever reads or writes one has its `index.lock`.
"""


def patched(
    repository: Repository, tree: WorkTree, index: Path, moves: Sequence[Moved]
) -> bytearray | None:
    """The bytes of `index` with every move made, good until the next call; None when Git has to do
    it: another format, an entry that comes or goes, something staged, an extension that would have
    to change.

    Entries whose file holds the new text count as unchanged from now on, as after `git add
    --refresh`. Entries that are as new as the old index file are looked at, as Git does, so that
    no change is overlooked ("racy Git").
    """
    if not all(map(_is_edit, moves)):
        return None
    with index.open("rb") as file:
        since = os.fstat(file.fileno()).st_mtime_ns // 10**9
        known = _known.pop(index, None)
        if known is None or since < known.since or not known.is_in(file):
            file.seek(0)
            known = _looked_at(bytearray(file.read()), since)
    if known is None or not _patch(repository, tree, known, since, moves):
        return None
    _known[index] = known
    for oldest in list(_known)[:-_KEPT]:
        _known.pop(oldest, None)
    return known.data


def _patch(
    repository: Repository, tree: WorkTree, known: _Known, since: int, moves: Sequence[Moved]
) -> bool:
    """Make the moves in an index of this second. False: not here, and its bytes may be half done."""
    data = known.data
    racy = known.racy(since)
    trees = _extensions(data, known.end)
    if len(racy) > _MANY or trees is None:
        return False
    done: dict[int, bytes] = {}

    def staged_at(name: str) -> object:
        at = known.find(name.encode())
        return None if at is None else _mode_and_id(data, at)

    asked = attributes.Asked(repository, tree.path, staged_at)
    for move in moves:
        path = move.path.encode()
        at = known.find(path)
        if at is None or not _is_simple(data, at, path):
            return False
        staged = _mode_and_id(data, at)
        if staged == move.new:
            continue
        if staged != move.old or move.new is None or not asked.is_raw(move.path):
            return False
        mode, blob = move.new
        noted = _stat_of(tree, move.path, blob, mode)
        if noted is None:
            return False
        data[at : at + _STAT.size] = noted
        data[at + _ID.start : at + _ID.stop] = bytes.fromhex(blob)
        done[at] = path
    for at in racy:
        if at not in done and not _settle(data, at, tree, _name_at(data, at)):
            return False
    stale = {path[: end + 1] for path in done.values() for end in _folder_ends(path)}
    skipped = data[-_HASH:] == _NO_ID
    data[known.end :] = _without(trees, stale)
    data += _NO_ID if skipped else _checksum(data)
    known.fresh, known.since = sorted({*racy, *done}), since
    return True


def _is_plain(data: bytearray) -> bool:
    """Whether this is a whole index of a version that can be changed here."""
    if len(data) < _HEAD.size + _HASH:
        return False
    signature, version, _ = _HEAD.unpack_from(data)
    if signature != b"DIRC" or version not in _VERSIONS:
        return False
    return data[-_HASH:] in (_NO_ID, _checksum(memoryview(data)[:-_HASH]))


def _checksum(data: bytearray | memoryview) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _is_edit(move: Moved) -> bool:
    """Whether a file was edited, and is still one. Not a `.gitattributes`: what it says of the others
    is asked of the index as it stands on the disk.
    """
    if move.path.rpartition("/")[2].lower() == attributes.FILE:
        return False
    sides = (move.old, move.new)
    return "\ufffd" not in move.path and all(side and side[0] in REGULAR for side in sides)


def _looked_at(data: bytearray, since: int) -> _Known | None:
    """One look at every entry of an index that was written in the second `since`; None when it is of
    another kind, broken or ends too early.
    """
    if not _is_plain(data):
        return None
    limit = struct.pack(">L", since & 0xFFFFFFFF)
    places = array("Q")
    fresh: list[int] = []
    at, end = _HEAD.size, len(data) - _HASH
    for _ in range(_HEAD.unpack_from(data)[2]):
        if at + _NAME > end:
            return None
        places.append(at)
        if data[at + 8 : at + 12] >= limit:
            fresh.append(at)
        name, length = _name_of(data, at)
        if length < 0:
            return None
        at += name - at + length + 8 & ~7
    return _Known(data, places, fresh, since, at) if at <= end else None


def _name_of(data: bytearray, at: int) -> tuple[int, int]:
    """Where the name of an entry begins, and its length; a negative one when it has no end."""
    high = data[at + _FLAGS]
    name = at + _NAME + (2 if high & _EXTENDED else 0)
    length = (high << 8 | data[at + _FLAGS + 1]) & _LENGTH_BITS
    return name, (data.find(b"\0", name) - name if length == _LONG_NAME else length)


def _name_at(data: bytearray, at: int) -> bytes:
    name, length = _name_of(data, at)
    return bytes(data[name : name + length])


def _is_simple(data: bytearray, at: int, path: bytes) -> bool:
    """Whether the entry has no side, mark or flag; its flags are the length of its name then."""
    flags = int.from_bytes(data[at + _FLAGS : at + _FLAGS + 2], "big")
    return flags == min(len(path), _LONG_NAME)


def _mode_and_id(data: bytearray, at: int) -> tuple[int, str]:
    return _STAT.unpack_from(data, at)[6], data[at + _ID.start : at + _ID.stop].hex()


def _stat_of(tree: WorkTree, path: str, blob: str, mode: int) -> bytes | None:
    """What the index notes of the file when it holds this blob. Else that nothing is known of it, and
    Git looks closer. None: Git converts its line ends, or may.
    """
    unknown = _STAT.pack(0, 0, 0, 0, 0, 0, mode, 0, 0, 0)
    seen = _lstat(tree, path)
    if seen is None or not stat.S_ISREG(seen.st_mode) or seen.st_size > _MOST_READ:
        return unknown
    data = (tree.path / path).read_bytes()
    if b"\r" in data:
        return None
    executable = bool(mode & stat.S_IXUSR)
    if str(pygit2.hash(data)) != blob or executable != bool(seen.st_mode & stat.S_IXUSR):
        return unknown
    times = (part for at in (seen.st_ctime_ns, seen.st_mtime_ns) for part in divmod(at, 10**9))
    rest = (seen.st_dev, seen.st_ino, mode, seen.st_uid, seen.st_gid, seen.st_size)
    return _STAT.pack(*(value & 0xFFFFFFFF for value in (*times, *rest)))


def _lstat(tree: WorkTree, path: str) -> os.stat_result | None:
    """The file's own; None when there is none, or one of its folders is a link."""
    parent = tree.path
    try:
        for part in path.split("/")[:-1]:
            parent /= part
            if not stat.S_ISDIR(parent.lstat().st_mode):
                return None
        return (tree.path / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _settle(new: bytearray, at: int, tree: WorkTree, path: bytes) -> bool:
    """Git trusts an entry that is older than the index file. With a younger index file these would
    be, so each whose file was changed since loses its size, and Git looks closer. False: not here.
    """
    mode, blob = _mode_and_id(new, at)
    if mode not in REGULAR or not _is_simple(new, at, path):
        return False
    seen = _lstat(tree, os.fsdecode(path))
    if seen is None or not stat.S_ISREG(seen.st_mode):
        return True
    noted = _STAT.unpack_from(new, at)
    same = (seen.st_mtime_ns // 10**9 & 0xFFFFFFFF, seen.st_size & 0xFFFFFFFF)
    if (noted[2], noted[9]) == same:
        if seen.st_size > _MOST_READ:
            return False
        data = (tree.path / os.fsdecode(path)).read_bytes()
        if str(pygit2.hash(data)) != blob:
            struct.pack_into(">L", new, at + _SIZE, 0)
    return True


def _extensions(data: bytearray, at: int) -> list[tuple[bytes, bytes]] | None:
    """Name and content of each; None when there is one that is not known here."""
    found = []
    while at < len(data) - _HASH:
        name, size = struct.unpack_from(">4sL", data, at)
        if name not in _KNOWN:
            return None
        found.append((name, bytes(data[at + 8 : at + 8 + size])))
        at += 8 + size
    return found if at == len(data) - _HASH else None


def _without(extensions: Sequence[tuple[bytes, bytes]], stale: set[bytes]) -> bytes:
    """The extensions, with no tree noted for these folders (`""` is the top, others end with `/`)."""
    made = b""
    for name, content in extensions:
        kept = b"".join(_tree_cache(content, stale)) if name == b"TREE" else content
        made += struct.pack(">4sL", name, len(kept)) + kept
    return made


def _tree_cache(content: bytes, stale: set[bytes]) -> Iterator[bytes]:
    """Each folder as it was: name, NUL, number of entries, number of folders in it, and its tree; a
    stale one has -1 entries and no tree.
    """
    at = 0
    above: list[tuple[bytes, int]] = []
    """Folders whose own folders follow, and how many of them still do."""
    while at < len(content):
        name, _, _ = content[at : content.index(b"\0", at)].partition(b"\0")
        line = content.index(b"\n", at)
        count, folders = content[at + len(name) + 1 : line].split(b" ")
        end = line + 1 + (0 if count.startswith(b"-") else _HASH)
        path = b"".join(part for part, _ in above) + (name + b"/" if name else b"")
        yield name + b"\0-1 " + folders + b"\n" if path in stale else content[at:end]
        at = end
        above.append((name + b"/" if name else b"", int(folders)))
        while above and above[-1][1] == 0:
            above.pop()
            if above:
                above[-1] = (above[-1][0], above[-1][1] - 1)


def _folder_ends(path: bytes) -> Iterator[int]:
    """Where the folders of a path end, the top (-1) first."""
    yield -1
    for end, letter in enumerate(path):
        if letter == ord("/"):
            yield end
