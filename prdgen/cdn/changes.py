"""What a CDN is told, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Changes:
    """What readers find something new at: the same things by key and by address."""

    keys: Sequence[str]
    """Values of the headers Surrogate-Key and Cache-Tag."""
    addresses: Sequence[str]
    """Paths from the site's top, quoted, with `/` in front."""
    everything: str
    """The key that all files have which can change."""
    top: str = "/"
    """Where the site begins."""

    all: bool = False
    """More than is named: everything may have changed, and addresses may be gone."""

    @property
    def what(self) -> str:
        """The changes in words."""
        if self.all:
            return "every file"
        return f"{len(self.keys)} changed file{'' if len(self.keys) == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Access:
    """How a CDN is asked."""

    service: str
    """The service, distribution or zone."""
    api: str = ""
    by: str = ""
    """`keys` or `addresses`."""
    site: str = ""
    """The site's address, without a slash at its end."""
    token: str = field(default="", repr=False)
    key: str = ""
    secret: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    seconds: float = 30.0


class Cdn(Protocol):
    """One CDN. Close it when it is done."""

    where: str

    async def forget(self, changes: Changes) -> int:
        """Have it forget what changed; how many requests that took. Raises CdnError."""

    async def close(self) -> None:
        """Close every connection."""


def batches(items: Sequence[str], most: int) -> list[list[str]]:
    """The items in as few lists as a vendor's limit allows."""
    return [list(items[first : first + most]) for first in range(0, len(items), most)]
