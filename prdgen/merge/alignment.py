"""Which tokens of two lists are the same: unique tokens as anchors, then a bounded diff between."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import fast_diff_match_patch

from prdgen.merge import tokens

_STEPS_PER_MS = 500_000
_ANCHORED_FROM = 400


class Span(NamedTuple):
    """What differs: `old[start:end]` became `new[new_start:new_end]`; the rest is equal."""

    start: int
    end: int
    new_start: int
    new_end: int


@dataclass
class Effort:
    """How much comparing one merge may do, counted in steps and not by the clock.

    So the same texts give the same hunks on a slow and on a fast machine: an intake that is done
    twice must be the same change. A step costs about 2 ns; the clock is only the net below.
    """

    steps: int
    seconds: float

    @classmethod
    def lasting(cls, limit_ms: int) -> Effort:
        """About this many milliseconds."""
        return cls(limit_ms * _STEPS_PER_MS, max(limit_ms, 1) / 1000)

    def spend(self, size: int) -> bool:
        """Take what comparing `size` tokens costs at worst; False when that is too much."""
        if not self.affords(size):
            return False
        self.steps -= size * size
        return True

    def affords(self, size: float) -> bool:
        """Whether what is left is enough to compare `size` tokens at worst."""
        return size * size <= self.steps


def align(old: Sequence[str], new: Sequence[str], effort: Effort) -> list[Span]:
    """The spans in which two token lists differ, in order, with something equal between them.

    An insertion or deletion that could stand in several places stands in the last of them, so two
    sides that did the same thing are seen to. Where `effort` ends, one span covers the rest.
    """
    found: list[Span] = []
    at, new_at = 0, 0
    for anchor, new_anchor in (*_anchors(old, new), (len(old), len(new))):
        gap = _between(old[at:anchor], new[new_at:new_anchor], effort)
        found.extend(Span(a + at, b + at, c + new_at, d + new_at) for a, b, c, d in gap)
        at, new_at = anchor, new_anchor
    return _slide(joined(found), old, new)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same spans, with those that follow each other without a gap made into one."""
    whole: list[Span] = []
    for span in spans:
        if whole and (whole[-1].end, whole[-1].new_end) == (span.start, span.new_start):
            before = whole.pop()
            whole.append(Span(before.start, span.end, before.new_start, span.new_end))
        else:
            whole.append(span)
    return whole


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of tokens that are unique on both sides, the longest run that keeps the order."""
    if len(old) + len(new) < _ANCHORED_FROM:
        return []
    places = {token: place for place, token in enumerate(new)}
    often, new_often = Counter(old), Counter(new)
    pairs = [
        (place, places[token])
        for place, token in enumerate(old)
        if often[token] == 1 and new_often[token] == 1
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs whose second numbers rise (patience sorting)."""
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(last[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place]
        last[pile : pile + 1] = [number]
    chosen: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        chosen.append(pairs[number])
        number = before[number]
    return chosen[::-1]


def _between(old: Sequence[str], new: Sequence[str], effort: Effort) -> list[Span]:
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    if head in (old_end, new_end):
        return [Span(head, old_end, head, new_end)] if old_end - head or new_end - head else []
    if not effort.spend(old_end + new_end - 2 * head):
        return [Span(head, old_end, head, new_end)]
    pair = tokens.numbered(old[head:old_end], new[head:new_end])
    steps = fast_diff_match_patch.diff(
        *pair, timelimit=effort.seconds, checklines=False, cleanup="No"
    )
    return _spans(steps, head)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens at the start are the same."""
    count = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        count += 1
    return count


def _spans(steps: Iterable[tuple[str, int]], start: int) -> list[Span]:
    found: list[Span] = []
    at, new_at = start, start
    for step, length in steps:
        end = at + (length if step != "+" else 0)
        new_end = new_at + (length if step != "-" else 0)
        if step != "=":
            found.append(Span(at, end, new_at, new_end))
        at, new_at = end, new_end
    return joined(found)


def _slide(spans: Sequence[Span], old: Sequence[str], new: Sequence[str]) -> list[Span]:
    if not spans:
        return []
    slid: list[Span] = []
    limits = [*(span.start for span in spans[1:]), len(old)]
    for span, limit in zip(spans, limits, strict=True):
        start, end, new_start, new_end = span
        if start == end:
            while end < limit and old[end] == new[new_start]:
                start, end, new_start, new_end = start + 1, end + 1, new_start + 1, new_end + 1
        elif new_start == new_end:
            while end < limit and old[end] == old[start]:
                start, end, new_start, new_end = start + 1, end + 1, new_start + 1, new_end + 1
        slid.append(Span(start, end, new_start, new_end))
    return joined(slid)
