"""Edits that go along with a block the other side moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from prdgen.merge import diff, tokens
from prdgen.merge.diff import Splice
from prdgen.merge.hunks import Hunk
from prdgen.merge.moves import Move

Carried = dict[Move, list[Hunk]]
"""For a block one side moved: the other side's hunks inside it, in order."""


@dataclass(frozen=True)
class Side:
    """One side's text and hunks once the edits it carries are in the blocks it moved."""

    text: str
    hunks: list[Hunk]
    edits: list[Splice]
    """What was done to the side's own text to get there."""


def find(mine: Iterable[Hunk], other: Sequence[Hunk]) -> Carried:
    """The other side's hunks that are inside blocks I moved.

    A block whose border the other side changed, or that it deleted or moved too, carries nothing.
    """
    found: Carried = {}
    for hunk in mine:
        move = hunk.left
        if move is None:
            continue
        near = [each for each in other if each.start <= move.end and each.end >= move.start]
        inside = [each for each in near if _is_inside(each, move)]
        if inside and not any(_spoils(each, move) for each in near):
            found[move] = inside
    return found


def with_edits(
    text: str, mine: Iterable[Hunk], carried: Carried, other: Sequence[Hunk], *, yields: bool
) -> Side:
    """My side, with the other side's edits made in the blocks I moved.

    A block that both moved to different places is taken out of mine when the other side edited it there,
    and else from the side that `yields`.
    """
    hunks = list(mine)
    edits = [
        edit
        for hunk in hunks
        if hunk.arrived is not None
        for edit in _edits(hunk, hunk.arrived, carried, other, yields=yields)
    ]
    if not edits:
        return Side(text, hunks, [])
    edited = diff.apply(text, edits)
    shifted = [_shifted(edited, hunk, edits) for hunk in hunks]
    return Side(edited, [hunk for hunk in shifted if hunk.text or hunk.start < hunk.end], edits)


def _edits(
    hunk: Hunk, move: Move, carried: Carried, other: Sequence[Hunk], *, yields: bool
) -> list[Splice]:
    for twin in other:
        block = twin.arrived
        if block is None or twin.same_as(hunk):
            continue
        same = (block.start, block.end) == (move.start, move.end)
        if (same and yields) or (not same and _is_edited(block, move, other)):
            return [Splice(move.new_start, move.new_end - move.new_start, "")]
    return [
        Splice(move.new_start + each.start - move.start, each.end - each.start, each.text)
        for each in carried.get(move, ())
    ]


def _is_edited(block: Move, move: Move, other: Iterable[Hunk]) -> bool:
    """Whether the other side's block is a part of mine, of which it left nothing where that was, and has
    lines of its own beside it: it moved all of mine and changed some lines.
    """
    if not (move.start <= block.start and block.end <= move.end):
        return False
    at, beside = move.start, False
    for hunk in sorted(other, key=lambda each: (each.start, each.end)):
        if hunk.start <= at < hunk.end:
            at = hunk.end
        touches = block.new_start == hunk.new_end or block.new_end == hunk.new_start
        beside = beside or (touches and hunk.arrived is None and tokens.has_words(hunk.text))
    return beside and at >= move.end


def without(hunks: Iterable[Hunk], carried: Carried) -> list[Hunk]:
    """The hunks that are not carried along by the other side."""
    gone = {(each.start, each.end) for inside in carried.values() for each in inside}
    return [hunk for hunk in hunks if (hunk.start, hunk.end) not in gone]


def _is_inside(hunk: Hunk, move: Move) -> bool:
    """Whether a hunk is of the block's own lines, and not of lines put before or after it."""
    if not (move.start <= hunk.start and hunk.end <= move.end):
        return False
    before = hunk.start == hunk.end == move.start and hunk.is_closed
    return not before and hunk.start < move.end


def _spoils(hunk: Hunk, move: Move) -> bool:
    crosses = hunk.start < move.end and hunk.end > move.start and not _is_inside(hunk, move)
    whole = hunk.is_deletion and (hunk.start, hunk.end) == (move.start, move.end)
    moves = hunk.left is not None or hunk.arrived is not None
    open_end = hunk.end == move.end > hunk.start and not hunk.is_closed
    return crosses or whole or open_end or (moves and _is_inside(hunk, move))


def _shifted(text: str, hunk: Hunk, edits: Sequence[Splice]) -> Hunk:
    start, end = (
        place + sum(len(e.insert) - e.delete for e in edits if e.position < place)
        for place in (hunk.new_start, hunk.new_end)
    )
    return replace(hunk, new_start=start, new_end=end, text=text[start:end])
