"""The values Git work speaks in: persons, entries of a tree, differences, versions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

FILE: Final = 0o100644
EXECUTABLE: Final = 0o100755
LINK: Final = 0o120000
SUBMODULE: Final = 0o160000
REGULAR: Final = frozenset({FILE, EXECUTABLE})
"""Modes of tree entries that can be pages; links and submodules never are."""

_MOST_NAMED: Final = 5
_CO_AUTHOR: Final = re.compile(
    r"^[ \t]*Co-authored-by:([^\n<>]*)<([^<>\n]*)>[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CRUD: Final = " .,:;<>\"\\'\t"


@dataclass(frozen=True, slots=True)
class Signature:
    """A person as Git writes one; cleaned as Git does, so that `fsck --strict` stays quiet."""

    name: str
    email: str

    def __post_init__(self) -> None:
        email = _clean(self.email)
        name = _clean(self.name) or email.partition("@")[0] or "unknown"
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "email", email)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def _clean(part: str) -> str:
    kept = re.sub(r"[<>\x00-\x1f\x7f]|[\ud800-\udfff]", " ", part)
    return re.sub(r" {2,}", " ", kept).strip(_CRUD)


@dataclass(frozen=True, slots=True)
class Entry:
    """One regular file of a commit."""

    path: str
    mode: int
    blob: str
    size: int


Side = tuple[int, str] | None
"""Mode and blob; None: nothing is there."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One path that differs between two commits."""

    path: str
    old: Side
    new: Side

    @property
    def is_plain(self) -> bool:
        """Whether it is a regular file wherever it is."""
        return all(side is None or side[0] in REGULAR for side in (self.old, self.new))

    @property
    def is_link(self) -> bool:
        """Whether a symbolic link comes or goes, and no submodule."""
        modes = {side[0] for side in (self.old, self.new) if side}
        return LINK in modes and SUBMODULE not in modes


ChangeKind = Literal["added", "modified", "deleted", "renamed"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a commit range did to one file; `old_path` is where a renamed one was."""

    kind: ChangeKind
    path: str
    old_path: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One commit that changed a page; `page_path` is the page's name at that time."""

    commit: str
    author_name: str
    author_email: str
    at: datetime
    subject: str
    body: str
    page_path: str
    co_authors: tuple[str, ...] = ()
    """Names of those who wrote it too, as `co_authors` finds them."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody who wrote it, its author first."""
        return tuple(dict.fromkeys((self.author_name, *self.co_authors)))

    @property
    def by(self) -> str:
        """The same in a line, when they are many the first of them: `Ann, Ben and 7 others`."""
        names = self.names
        if len(names) <= _MOST_NAMED + 1:
            return ", ".join(names)
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} others"


def co_authors(body: str, email: str) -> tuple[str, ...]:
    """Names in the `Co-authored-by` lines of a commit message, but for the person with this address;
    forges put them into the last lines of a squash, and between what they squashed.
    """
    found = {
        each[2].casefold(): each[1].strip() for each in _CO_AUTHOR.finditer(body)
        if each[1].strip() and each[2].casefold() != email.casefold()
    }  # fmt: skip
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class BlameHunk:
    """Consecutive lines of a page that one commit wrote."""

    line_count: int
    name: str
    email: str
    commit: str


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit without its files. `trailers` has every value of a key, keys in lower case."""

    commit: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    at: datetime
    subject: str
    body: str
    trailers: dict[str, tuple[str, ...]] = field(default_factory=dict)
