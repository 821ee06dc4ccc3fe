"""Pull requests and what is said of them, the same for every forge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

State = Literal["open", "merged", "closed"]
Word = Literal["approved", "changes_requested", "none"]
How = Literal["merge", "squash", "rebase"]
Mark = Literal["pending", "success", "failure"]


@dataclass(frozen=True, slots=True)
class Who:
    """An account at the forge: its name there, and an address that only it can have."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file as it is after the change. Lines count from 1."""

    path: str
    line: int
    commit: str
    first_line: int | None = None
    """Where it begins, when it is more than one line."""
    old_path: str = ""
    old_line: int | None = None
    """The same line before the change; None: the change added it."""
    quote: str = ""
    """What stands in the line, where the forge says so."""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request (at GitLab: a merge request)."""

    number: int
    address: str
    state: State
    title: str
    body: str
    branch: str
    base: str
    tip: str
    author: Who
    changed_at: datetime
    began_at: datetime
    made: str | None = None
    """The commit that merged it."""
    ended_by: Who | None = None
    ended_at: datetime | None = None
    is_foreign: bool = False
    """Whether its branch is in another project (a fork)."""
    compared: tuple[str, str] | None = None
    """GitLab's `base_sha` and `start_sha` of the comparison it shows."""
    is_preparing: bool = False
    """GitLab has just opened it and not compared it yet: no line can be spoken about."""


@dataclass(frozen=True, slots=True)
class Said:
    """One comment. `thread` is the same for a comment and its answers."""

    id: str
    thread: str
    begins: bool
    by: Who
    at: datetime
    text: str
    place: Place | None = None
    resolved: bool | None = None
    """None: the forge does not say."""
    resolved_by: Who | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided. `counts`: the forge lets their word count for this project."""

    id: str
    """Empty when the forge gives it none (GitLab): then it is the account's only one."""
    word: Word
    by: Who
    at: datetime
    tip: str
    text: str = ""
    counts: bool = True
    is_dated: bool = False
    """Without an id: whether the forge says when, so that `tip` is what they saw."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything said of a pull request: what begins a thread, then answers; each oldest first."""

    said: tuple[Said, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What the forge calls a comment it took."""

    id: str
    thread: str


class Forge(Protocol):
    """A project at a forge. Every method raises the errors of `errors.py`."""

    @property
    def key(self) -> str:
        """Host and path of the project, the same for every server: `github.com/team/prds`."""

    @property
    def suggests(self) -> str:
        """What a fence around suggested lines begins with; `{before}` lines above are meant, too."""

    async def open_pulls(self) -> list[Pull]:
        """The pull requests that are open."""

    async def pull(self, number: int) -> Pull:
        """One of them, open or not."""

    async def talk(self, pull: Pull) -> Talk:
        """What is said of it, and decided."""

    async def open(self, title: str, body: str, branch: str, base: str) -> Pull:
        """Open one; the one that is open already when there is one for this branch."""

    async def edit(
        self, number: int, *, title: str | None = None, body: str | None = None,
        state: Literal["open", "closed"] | None = None,
    ) -> None:  # fmt: skip
        """Change what is given."""

    async def say(self, pull: Pull, text: str, place: Place | None = None) -> Posted:
        """Comment on it, or on lines of a file in it."""

    async def reply(self, pull: Pull, thread: str, text: str) -> Posted:
        """Answer a comment."""

    async def resolve(self, pull: Pull, first: Posted, *, resolved: bool) -> bool:
        """Settle the thread that `first` began, or open it again; False: this one cannot."""

    async def mark(self, commit: str, mark: Mark, words: str, address: str) -> None:
        """Show beside a commit how prdgen's review stands."""

    async def is_protected(self, branch: str) -> bool:
        """Whether this account may change the branch by a pull request only."""

    async def merge(self, pull: Pull, how: How, title: str, message: str) -> None:
        """Merge it there, if it still is at its tip."""

    async def note_merged(self, pull: Pull, made: str) -> bool:
        """Say that a commit of the base merged it; False: the forge finds that out, or never does."""
