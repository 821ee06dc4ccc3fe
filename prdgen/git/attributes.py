"""Says which files Git stores as something else than their text; as pages those cannot be edited live."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import pygit2
from pygit2.enums import AttrCheck, RepositoryOpenFlag

from prdgen.git import formats
from prdgen.git.repository import Repository
from prdgen.git.values import LINK, SUBMODULE

_CHANGING: Final = ("filter", "ident", "working-tree-encoding")
"""Attributes with which a file's bytes are not those of its blob."""
FILE: Final = ".gitattributes"
_MOST: Final = 4_096
_LFS: Final = b"version https://git-lfs.github.com/spec/v1"
_FOLDER: Final = 0o040000
_BY_MODE: Final = {
    LINK: "it is a symbolic link to another file; open that file instead",
    SUBMODULE: "it is a submodule, another repository inside this one",
    _FOLDER: "it is a folder",
}


_raw: dict[tuple[Path, str], tuple[tuple[object, ...], bool]] = {}
"""Work tree and path → what its answer was read from, and the answer. libgit2 reads the whole index
again before it answers, after each commit; and keeps what it read of files that have changed since, so
it is asked in a repository opened anew.
"""


_own: WeakKeyDictionary[pygit2.Repository, str | None] = WeakKeyDictionary()
"""What `core.attributesFile` was when the attributes of each were asked first."""


class Asked:
    """Whether files of one work tree are stored as they are, asked for some of them now. `staged` says
    what the index has at a path; all that is compared is whether it says the same again.
    """

    def __init__(
        self, repository: Repository, work_tree: Path, staged: Callable[[str], object]
    ) -> None:
        self._repository, self._work_tree, self._staged = repository, work_tree, staged
        self._fresh: pygit2.Repository | None = None
        self._sources: dict[str, tuple[object, ...]] = {}
        """By folder, as they are at the moment of asking."""

    def is_raw(self, path: str) -> bool:
        """Whether the file's bytes are those of its blob, but for line ends."""
        folder = path.rpartition("/")[0]
        read_from = self._sources.get(folder)
        if read_from is None:
            read_from = tuple(_sources(self._repository, self._work_tree, folder, self._staged))
            self._sources[folder] = read_from
        known = _raw.get((self._work_tree, path))
        if known is not None and known[0] == read_from:
            return known[1]
        if self._fresh is None:
            self._fresh = pygit2.Repository(str(self._work_tree), RepositoryOpenFlag.NO_SEARCH)
        git = self._fresh
        found = not any(git.get_attr(path, name) not in {None, False} for name in _CHANGING)
        if len(_raw) >= _MOST:
            _raw.clear()
        _raw[self._work_tree, path] = read_from, found
        return found


def _sources(
    repository: Repository, work_tree: Path, folder: str, staged: Callable[[str], object]
) -> Iterator[object]:
    """Of every place that Git reads the attributes of a folder's files from, whether it is as it was."""
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    own = repository.config_get("core.attributesfile") or f"{config}/git/attributes"
    yield own
    for place in (own, "/etc/gitattributes", repository.common_dir / "info" / "attributes"):
        yield _stamp(Path(place))
    folders = folder.split("/") if folder else []
    for depth in range(len(folders) + 1):
        name = "/".join([*folders[:depth], FILE])
        yield _stamp(work_tree / name)
        yield staged(name)


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        seen = path.expanduser().stat()
    except (OSError, RuntimeError):
        return None  # what cannot be read, or has no home, is as good as nothing, to Git too
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def read_only_reason(
    repository: Repository, page_path: str, data: bytes, commit: str | None = None
) -> str | None:
    """Why the page with these bytes cannot be live, in words for the person who opens it; None: it
    can.

    Attributes are read from the work tree and the user's own settings, and where those have none
    from `commit`.
    """
    if data.startswith(_LFS):
        return "its text is kept outside Git by Git LFS; only a pointer to it is here"
    if b"\0" in data:
        return "it has a NUL byte, so it is not a text file"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8 text; convert it once and it can be edited here"
    return _attribute_reason(repository, page_path, commit)


def entry_reason(repository: Repository, commit: str, page_path: str) -> str | None:
    """Why what a commit has at this path is no page: a link, a submodule, a folder; None: it may be
    one, or nothing is there.
    """
    mode = repository.mode(commit, page_path)
    return None if mode is None else _BY_MODE.get(mode)


def folder_reason(repository: Repository, commit: str, page_path: str) -> str | None:
    """Why nothing below one of this path's folders is a page here: it is another repository's; None: it
    may be one.
    """
    names = page_path.split("/")[:-1]
    for folder in ("/".join(names[:depth]) for depth in range(1, len(names) + 1)):
        mode = repository.mode(commit, folder)
        if mode == SUBMODULE:
            return f"{folder} is a submodule, another repository inside this one"
        if mode is None and (repository.work_tree / folder / ".git").exists():
            return f"{folder} is another repository inside this one"
    return None


def _attribute_reason(repository: Repository, page_path: str, commit: str | None) -> str | None:
    def value(name: str) -> str | bool | None:
        flags = AttrCheck.FILE_THEN_INDEX | AttrCheck.NO_SYSTEM
        if commit is not None:
            flags |= AttrCheck.INCLUDE_COMMIT
        with formats.reading(repository.work_tree):
            found: str | bool | None = git.get_attr(page_path, name, flags, _id(commit))
        return found

    git = _up_to_date(repository)
    kept_by = value("filter")
    if kept_by == "lfs":
        return "its text is kept outside Git by Git LFS"
    if isinstance(kept_by, str):
        return f"Git changes it with the filter {kept_by!r} on the way to disk"
    encoding = value("working-tree-encoding")
    if isinstance(encoding, str) and encoding.lower().replace("-", "") != "utf8":
        return f"its file on disk is kept as {encoding}, not as UTF-8"
    if value("ident") is True:
        return "Git writes a version id into it on the way to disk (the attribute `ident`)"
    return None


def _up_to_date(repository: Repository) -> pygit2.Repository:
    """This thread's libgit2, opened anew when the person's own file of attributes is another one:
    which one it is it looks up once.
    """
    own = repository.config_get("core.attributesfile")
    if _own.setdefault(repository.libgit2, own) != own:
        repository.reopen()
        _own[repository.libgit2] = own
    return repository.libgit2


def _id(commit: str | None) -> pygit2.Oid | None:
    return None if commit is None else pygit2.Oid(hex=commit)
