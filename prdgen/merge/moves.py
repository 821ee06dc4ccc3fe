"""Blocks of lines that one side moved: an edit the other side made inside goes along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from prdgen.merge import tokens
from prdgen.merge.alignment import Span

_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Move:
    """The lines `base[start:end]` stand at `new_start:new_end` in the side that moved them."""

    start: int
    end: int
    new_start: int
    new_end: int


def find(base: str, side: str, lines: Sequence[Span]) -> list[Move]:
    """The blocks this side deleted in one place and put, unchanged, in another.

    A block has at least one line that is found only once among what was deleted and what was
    inserted, and is long enough not to be a coincidence.
    """
    gone = _Lines(base, [(span.start, span.end) for span in lines])
    come = _Lines(side, [(span.new_start, span.new_end) for span in lines])
    found: list[Move] = []
    for number, text in sorted(gone.once.items()):
        place = come.place_of.get(text)
        if place is None or (found and gone.starts[number] < found[-1].end):
            continue
        move = _grown(gone, come, number, place)
        if move is not None and not (found and move.start < found[-1].end):
            found.append(move)
    return _apart(found)


def touched(moves: Iterable[Move], lines: Sequence[Span]) -> list[Move]:
    """Those of the moved blocks in which the other side changed something too."""
    return [
        move
        for move in moves
        if any(span.start <= move.end and move.start <= span.end for span in lines)
    ]


class _Lines:
    """Lines of a text and which of them are inside the given ranges."""

    def __init__(self, text: str, ranges: Sequence[tuple[int, int]]) -> None:
        self.lines = tokens.lines(text)
        self.starts = tokens.starts(self.lines)
        self.inside = set(chain.from_iterable(self._numbers(ranges)))
        often = Counter(self.lines[number] for number in self.inside)
        self.once = {
            number: self.lines[number]
            for number in self.inside
            if often[self.lines[number]] == 1 and tokens.has_words(self.lines[number])
        }
        self.place_of = {text: number for number, text in self.once.items()}

    def _numbers(self, ranges: Iterable[tuple[int, int]]) -> Iterator[range]:
        number_at = {start: number for number, start in enumerate(self.starts)}
        for start, end in ranges:
            yield range(number_at[start], number_at[end])


def _grown(gone: _Lines, come: _Lines, number: int, place: int) -> Move | None:
    """The whole block around one line that was found in both."""
    first, last = number, number
    shift = place - number
    while _match(gone, come, first - 1, shift):
        first -= 1
    while _match(gone, come, last + 1, shift):
        last += 1
    while not tokens.has_words(gone.lines[first]):
        first += 1
    while not tokens.has_words(gone.lines[last]):
        last -= 1
    start, end = gone.starts[first], gone.starts[last + 1]
    if end - start < _SHORTEST:
        return None
    return Move(start, end, come.starts[first + shift], come.starts[last + shift + 1])


def _match(gone: _Lines, come: _Lines, number: int, shift: int) -> bool:
    return (
        number in gone.inside
        and number + shift in come.inside
        and gone.lines[number] == come.lines[number + shift]
    )


def _apart(found: Iterable[Move]) -> list[Move]:
    """Without a block that arrived where another one did."""
    apart: list[Move] = []
    for move in found:
        if all(m.new_end <= move.new_start or move.new_end <= m.new_start for m in apart):
            apart.append(move)
    return apart
