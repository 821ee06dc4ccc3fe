"""Says which pages cannot be edited live because Git stores them as something else than their text."""

from __future__ import annotations

from typing import Final

import pygit2
from pygit2.enums import AttrCheck

from prdgen.git.repository import Repository
from prdgen.git.values import LINK, SUBMODULE

_LFS: Final = b"version https://git-lfs.github.com/spec/v1"
_FOLDER: Final = 0o040000
_BY_MODE: Final = {
    LINK: "it is a symbolic link to another file; open that file instead",
    SUBMODULE: "it is a submodule, another repository inside this one",
    _FOLDER: "it is a folder",
}


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


def _attribute_reason(repository: Repository, page_path: str, commit: str | None) -> str | None:
    def value(name: str) -> str | bool | None:
        flags = AttrCheck.FILE_THEN_INDEX | AttrCheck.NO_SYSTEM
        if commit is not None:
            flags |= AttrCheck.INCLUDE_COMMIT
        found: str | bool | None = repository.libgit2.get_attr(page_path, name, flags, _id(commit))
        return found

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


def _id(commit: str | None) -> pygit2.Oid | None:
    return None if commit is None else pygit2.Oid(hex=commit)
