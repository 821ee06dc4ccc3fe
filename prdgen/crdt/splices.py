"""Edits of a text: where, how much goes, and what comes in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from prdgen.crdt.errors import EditRefused


class Splice(NamedTuple):
    """At `position`, delete so many code points and insert a text."""

    position: int
    delete: int
    insert: str


class SpliceLike(Protocol):
    """Anything that says where, how much and what, in code points."""

    @property
    def position(self) -> int:
        """Where, in terms of the text before any of the splices."""

    @property
    def delete(self) -> int:
        """How many code points go."""

    @property
    def insert(self) -> str:
        """What comes in their place."""


def encoded(text: str) -> bytes:
    """The text as UTF-8; raises EditRefused for half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EditRefused(why="half of a surrogate pair is no text") from error


def ordered(splices: Sequence[SpliceLike], length: int) -> list[Splice]:
    """The splices from the last to the first, without empty ones; raises EditRefused."""
    found = [Splice(s.position, s.delete, s.insert) for s in splices if s.delete or s.insert]
    found.sort(key=lambda splice: splice.position)
    end = 0
    for splice in found:
        encoded(splice.insert)
        if splice.delete < 0 or splice.position < end:
            raise EditRefused(why="two of its splices overlap")
        end = splice.position + splice.delete
    if end > length:
        raise EditRefused(why=f"it ends at {end} in a text of {length}")
    return found[::-1]
