"""The merged text piece by piece, and how it becomes text, splices and places of conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prdgen.merge import diff
from prdgen.merge.diff import Splice


@dataclass(frozen=True, slots=True)
class Kept:
    """`ours[start:end]` stays where it is. Kept pieces are in order."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Added:
    """Text that is not ours."""

    text: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """`ours[start:end]` stays and their version follows it; both are whole lines."""

    start: int
    end: int
    theirs: str
    base: str = ""
    """The lines both made these of; with what they share, unless versions are kept whole."""


Piece = Kept | Added | Disputed


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where both versions stand: ours at `start:middle`, theirs at `middle:end`.

    Positions are code points of the merged text. One of the two is empty when that side had
    deleted what the other side edited.
    """

    start: int
    middle: int
    end: int
    ours: str
    theirs: str
    base: str = ""
    """What the base has in this place, in whole lines, for those who want to see it."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to: `hunks` make `text` out of ours; every conflict stands in `text`."""

    text: str
    hunks: list[Splice]
    conflicts: list[Conflict]


def moved_on(piece: Piece, by: int) -> Piece:
    """The same piece of a text that has `by` code points before it."""
    match piece:
        case Kept(start, end):
            return Kept(start + by, end + by)
        case Disputed(start, end, theirs, base):
            return Disputed(start + by, end + by, theirs, base)
        case Added():
            return piece


def assembled(ours: str, pieces: Iterable[Piece]) -> Merged:
    """The result of pieces over a text of ours that had a line feed put at its end."""
    texts: list[str] = []
    edits: list[tuple[int, int, str]] = []
    conflicts: list[Conflict] = []
    at, length = 0, 0
    for piece in pieces:
        kept, added = "", piece.text if isinstance(piece, Added) else ""
        if not isinstance(piece, Added):
            # Beside what moved, a stretch of nothing may end before it begins, or before the text does.
            start = max(min(piece.start, piece.end), at)
            end = max(piece.end, start)
            if start > at:
                edits.append((at, start, ""))
            kept, at = ours[start:end], end
            added = piece.theirs if isinstance(piece, Disputed) else ""
        if added:
            edits.append((at, at, added))
        if isinstance(piece, Disputed):
            middle = length + len(kept)
            conflicts.append(Conflict(length, middle, middle + len(added), kept, added, piece.base))
        texts += (kept, added)
        length += len(kept) + len(added)
    edits.append((at, len(ours), ""))
    text = "".join(texts).removesuffix("\n")
    return Merged(text, _splices(ours, edits), _within(text, conflicts))


def _within(text: str, conflicts: Iterable[Conflict]) -> list[Conflict]:
    """Without the line feed that was put at the end of all three texts."""
    size = len(text)
    return [
        Conflict(
            min(one.start, size),
            min(one.middle, size),
            min(one.end, size),
            text[one.start : one.middle],
            text[one.middle : one.end],
            one.base,
        )
        for one in conflicts
    ]


def _splices(ours: str, edits: Sequence[tuple[int, int, str]]) -> list[Splice]:
    whole: list[tuple[int, int, str]] = []
    for start, end, text in edits:
        if whole and whole[-1][1] == start:
            before = whole.pop()
            whole.append((before[0], end, before[2] + text))
        elif start < end or text:
            whole.append((start, end, text))
    if whole and whole[-1][1] == len(ours):
        whole.append(_without_last_feed(*whole.pop()))
    own = ours[:-1]
    trimmed = [diff.trimmed(own, start, end, text) for start, end, text in whole]
    return [splice for splice in trimmed if splice.delete or splice.insert]


def _without_last_feed(start: int, end: int, text: str) -> tuple[int, int, str]:
    """An edit that reaches the added line feed, in terms of the text without it."""
    if start == end or not text:
        # Lines put at, or taken from, the end: the feed before them comes, or goes, instead.
        feed = "\n" if start else ""
        return (
            max(start - 1, 0),
            end - 1 if start < end else max(start - 1, 0),
            (feed + text if text else "").removesuffix("\n"),
        )
    return start, end - 1, text.removesuffix("\n")
