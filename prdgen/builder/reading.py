"""What a reader asks of the published site: one file, as it is public now."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen import serving
from prdgen.builder import artifacts, ledger
from prdgen.builder.errors import SiteUnreadable

SUFFIXES: Final = {coding: ending for ending, coding in serving.TWINS.items()}
"""HTTP's name of an encoding → the ending of such a twin; the best comes first."""
_WAIT_SECONDS: Final = 0.2
"""Readers hardly ever wait for whoever publishes, and never for long."""
_HASHED: Final = re.compile(
    r"[._-](?:[0-9a-f]{7,64}(?:\.min)?\.(?:css|js|pf_\w+)"
    r"|(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\.\w+)$"
)
"""A hash before the ending. Of other files than those that are always named so, it must not look like a
date.
"""


def is_lasting(path: str) -> bool:
    """Whether a public file's name says which bytes it has, so that it never changes."""
    return _HASHED.search(path) is not None


@dataclass(frozen=True, slots=True)
class File:
    """One public file in one encoding, whole in memory."""

    path: str
    artifact: str
    encoding: str
    """HTTP's name, or empty: as it is."""
    data: bytes
    lasting: bool
    """Its name says which bytes it has, so that it never changes."""


class Reading:
    """The public site for readers. Several processes may read while one publishes."""

    def __init__(self, state: Path) -> None:
        self._ledger = ledger.Ledger(state / "published.db", wait=_WAIT_SECONDS)
        self._store = artifacts.Artifacts(state / "artifacts")

    def turn(self) -> int:
        """A number that is another one after each change of the site, 0 when there is none; takes
        some ten microseconds. Raises SiteUnreadable.
        """
        try:
            return self._ledger.turn()
        except (sqlite3.Error, OSError) as error:
            raise SiteUnreadable(got=error) from error

    def find(self, path: str, encodings: tuple[str, ...], known: File | None = None) -> File | None:
        """The file at a public path, in the first of these encodings it has. `known` is what the
        caller has: it is the answer, and nothing is read, when it still is that file. Blocks; raises
        SiteUnreadable.
        """
        try:
            placed = self._ledger.place(path)
            if placed is None:
                return None
            name, made_here = placed
            if known is not None and known.artifact == name and self._is_best(known, encodings):
                return known
            lasting = made_here and is_lasting(path)
            for encoding in (*encodings, ""):
                data = self._store.get(name, SUFFIXES.get(encoding, ""))
                if data is not None:
                    return File(path, name, encoding, data, lasting)
        except (sqlite3.Error, OSError) as error:
            raise SiteUnreadable(got=error) from error
        raise SiteUnreadable(got=f"the artifact of {path} is not there")

    def _is_best(self, known: File, encodings: tuple[str, ...]) -> bool:
        """Whether no better twin came since."""
        better = encodings[: encodings.index(known.encoding)] if known.encoding else encodings
        if not artifacts.twins(known.path):
            return True
        return not any(self._store.path(known.artifact, SUFFIXES[e]).exists() for e in better)
