"""What every target can do, and what it says of what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from prdgen.delivery.build import Build
from prdgen.delivery.state import State

Progress = Callable[[str, int, int], None]
"""Called with a step in words, how much of it is done, and how much there is."""
Read = Callable[[str], bytes | None]
"""The bytes of an artifact by its name; None: it is gone."""


def silent(_step: str, _done: int, _all: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing did, or would do."""

    build: str
    commit: str
    sent: int = 0
    """Files whose bytes went to the target."""
    sent_bytes: int = 0
    changed: tuple[str, ...] = ()
    """Addresses at which readers find something new."""
    gone: tuple[str, ...] = ()
    """Addresses at which there is nothing any more."""
    mended: tuple[str, ...] = ()
    """Addresses where somebody else, or a publisher that was killed, had left something else."""

    @property
    def nothing(self) -> bool:
        """Whether all was as it should be."""
        return not (self.sent or self.changed or self.gone)


class Target(Protocol):
    """A place where a site is served from. Every call blocks."""

    where: str

    def state(self) -> State | None:
        """What the target says of itself; None: nothing was published there. Raises TargetNotOurs when
        there is something else.
        """

    def plan(self, build: Build) -> Outcome:
        """What `publish` would do; nothing is changed."""

    def publish(
        self, build: Build, read: Read, progress: Progress = silent, *, check: bool = False
    ) -> Outcome:
        """Make this build the public one. `check`: compare every object with what was published, not
        only now and then. Raises TargetBusy, LeaseLost, TargetNotOurs, FileGone, StorageError; the
        build that was public is then whole as before, or is put right by the next call.
        """

    def roll_back(self, build: str, progress: Progress = silent) -> Outcome:
        """Make a kept build the public one again; empty: the one before. Raises NoSuchBuild and as
        `publish` does.
        """

    def told(self, changes: Mapping[str, int]) -> None:
        """The CDN knows of these changes, as the state had them: forget them. Raises TargetBusy."""
