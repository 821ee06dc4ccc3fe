"""How far a text is from another one that may have been made from it: which base to merge from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prdgen.merge import diff

_EXTRA: Final = 4
"""How much further away a letter too many makes a base than one too few."""


def distance(base: str, text: str) -> int:
    """How unlikely it is that `text` was made from `base`; 0 when they are the same.

    A base that has what the text lacks is further away than one that lacks what the text has: the
    first would count as deleted, and people write more than they delete.
    """
    return sum(_EXTRA * s.delete + len(s.insert) for s in diff.splices(base, text))


def nearest(bases: Iterable[str], text: str) -> str:
    """The base `text` was most likely made from; the first of several that are equally near."""
    return min(bases, key=lambda base: distance(base, text))
