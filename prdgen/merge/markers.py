"""Conflicts as Git writes them into a file: both versions between markers, and the base if asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal

from prdgen.merge import diff, tokens
from prdgen.merge.diff import Splice
from prdgen.merge.pieces import Conflict, Merged

Style = Literal["merge", "diff3", "zdiff3"]
STYLES: Final[tuple[Style, ...]] = ("merge", "diff3", "zdiff3")
SIZE: Final = 7
_SIDES: Final = (attrgetter("ours"), attrgetter("theirs"))


@dataclass(frozen=True, slots=True)
class Markers:
    """How conflicts are written: Git's style, the length of a marker, and what stands after it."""

    style: Style = "merge"
    size: int = SIZE
    ours: str = "ours"
    base: str = "base"
    theirs: str = "theirs"

    @property
    def whole(self) -> bool:
        """Whether this style wants versions that are kept whole (see `three_way.merge`)."""
        return self.style != "merge"

    def around(self, ours: str, theirs: str, base: str) -> str:
        """One conflict; each version begins and ends with a line of its own."""
        shown = [
            self._line("<", self.ours), _closed(ours),
            *((self._line("|", self.base), _closed(base)) if self.whole else ()),
            self._line("="), _closed(theirs),
            self._line(">", self.theirs),
        ]  # fmt: skip
        return "".join(shown)

    def _line(self, sign: str, label: str = "") -> str:
        return f"{sign * self.size} {label}".rstrip() + "\n"


def marked(merged: Merged, markers: Markers) -> list[Splice]:
    """The splices that make the text with markers out of the merged text.

    Conflicts with nothing between them are shown as one: all of ours, then all of theirs.
    """
    runs: list[list[Conflict]] = []
    for one in merged.conflicts:
        if runs and runs[-1][-1].end == one.start:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [_splice(merged.text, run, markers) for run in runs]


def splices(ours: str, merged: Merged, markers: Markers) -> list[Splice]:
    """The splices that make the merged text with markers out of ours."""
    if not merged.conflicts:
        return merged.hunks
    return diff.composed(ours, merged.hunks, marked(merged, markers))


def _splice(text: str, run: Sequence[Conflict], markers: Markers) -> Splice:
    ours, theirs = ([line for one in run for line in tokens.lines(part(one))] for part in _SIDES)
    head = tail = 0
    if markers.style == "zdiff3":
        head = _shared(ours, theirs)
        tail = _shared(ours[head:][::-1], theirs[head:][::-1])
    before, after = ours[:head], ours[len(ours) - tail :]
    mine, other = ("".join(lines[head : len(lines) - tail]) for lines in (ours, theirs))
    base = "".join(_closed(one.base) for one in run)
    shown = "".join(before) + markers.around(mine, other, base) + "".join(after)
    start, end = run[0].start, run[-1].end
    opened = start > 0 and text[start - 1] != "\n"
    return Splice(start, end - start, ("\n" if opened else "") + shown)


def _shared(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many lines at the start are the same."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((n for n, (mine, other) in pairs if mine != other), min(len(ours), len(theirs)))


def _closed(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
