"""One side's changes against the base, fine enough to merge and coarse enough to make sense."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from prdgen.merge import alignment, diff, rows, tokens
from prdgen.merge.alignment import Effort, Span
from prdgen.merge.moves import Move

_SENTENCES = re.compile(r"\S[^\n]*?(?:[.!?](?=\s)|(?=\n)|$)")
_REWRITTEN_FROM = 3
_REWRITTEN_SHARE = 0.4
"""How many of its words, and what share of them, must have gone for a sentence rewritten."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One side put `text` (its own `new_start:new_end`) in place of `base[start:end]`."""

    start: int
    end: int
    new_start: int
    new_end: int
    text: str
    on_line: bool
    """Whether it starts where a line starts, in the base and on its side."""
    left: Move | None = None
    """The block that moved away from here, if that is what this deletion is."""
    arrived: Move | None = None
    """The block that moved to here, if that is what this insertion is."""

    @property
    def is_closed(self) -> bool:
        """Whether what follows starts on a line of its own, whatever the other side does."""
        return self.text.endswith("\n") or (not self.text and self.on_line)

    @property
    def is_deletion(self) -> bool:
        """Whether it only takes text away."""
        return not self.text and self.start < self.end

    @property
    def growth(self) -> int:
        """By how many code points this side became longer."""
        return len(self.text) - (self.end - self.start)

    def same_as(self, other: Hunk) -> bool:
        """Whether the other side did exactly this."""
        return (self.start, self.end, self.text) == (other.start, other.end, other.text)


def find(
    base: str, side: str, lines: Iterable[Span], moves: Sequence[Move], effort: Effort
) -> list[Hunk]:
    """The hunks of one side, in order; `lines` is where it differs and `moves` what it moved."""
    parts = [
        part
        for span in lines
        for whole, left, arrived in _split(span, moves)
        for part in _rows(base, side, whole, left, arrived, effort)
    ]
    found: list[Hunk] = []
    for number, (part, left, arrived) in enumerate(parts):
        words = (
            [part]
            if _is_bare(base[part.start : part.end])
            else _whole_rewrites(base, part, diff.word_spans(base, side, part, effort))
        )
        ends = [word.start for word in words[1:]]
        ends.append(parts[number + 1][0].start if number + 1 < len(parts) else len(base))
        found += [
            hunk(base, side, each, left, arrived)
            for word, end in zip(words, ends, strict=True)
            for each in _by_line(base, side, word, end)
        ]
    return found


def _is_bare(text: str) -> bool:
    """Whether it is a line such as `---` or a fence: found again in the marks of a table, say, it would
    have two texts stand in each other.
    """
    return bool(text.strip()) and not tokens.has_words(text) and "|" not in text


def _rows(
    base: str, side: str, span: Span, left: Move | None, arrived: Move | None, effort: Effort
) -> list[tuple[Span, Move | None, Move | None]]:
    """A part of a list or table as parts of one row each."""
    found = None if left or arrived else rows.spans(base, side, span, effort)
    return [(each, left, arrived) for each in found or [span]]


def _by_line(base: str, side: str, span: Span, limit: int) -> list[Span]:
    """A span that has the end of a line and whole lines below it, as one of words and one of lines.

    `a [b LF c] LF` leaves what `a [b] LF [c LF]` does. The other side may have done the same to the
    lines alone: with the first reading both line feeds could go, and what follows would run into
    `a`, or the lines could come twice. The lines are put as far down, up to `limit`, as leaves the
    same; that is where `alignment` puts them.
    """
    feed, new_feed = base.find("\n", *span[:2]), side.find("\n", *span[2:])
    if starts_line(base, span.start) or base[span.end : span.end + 1] != "\n":
        return [span]
    if feed < 0 and new_feed < 0:
        return [span]
    words = Span(
        span.start, feed if feed >= 0 else span.end,
        span.new_start, new_feed if new_feed >= 0 else span.new_end,
    )  # fmt: skip
    lines = Span(words.end + 1, span.end + 1, words.new_end + 1, span.new_end + 1)
    lowest = _lowered(base, side, lines, limit)
    return (
        [lowest]
        if words.start == words.end and words.new_start == words.new_end
        else [words, lowest]
    )


def _lowered(base: str, side: str, lines: Span, limit: int) -> Span:
    """An insertion or a deletion of lines, as far down as it can stand."""
    start, end, new_start, new_end = lines
    if start < end and new_start < new_end:
        return lines
    text, first, last = (base, start, end) if start < end else (side, new_start, new_end)
    by = 0
    while True:
        line = text[first + by : text.find("\n", first + by) + 1]
        if not line or end + by + len(line) > limit or not text.startswith(line, last + by):
            return Span(start + by, end + by, new_start + by, new_end + by)
        by += len(line)


def hunk(
    base: str, side: str, span: Span, left: Move | None = None, arrived: Move | None = None
) -> Hunk:
    """The hunk of one span."""
    on_line = starts_line(base, span.start) and starts_line(side, span.new_start)
    return Hunk(*span, side[span.new_start : span.new_end], on_line, left, arrived)


def starts_line(text: str, position: int) -> bool:
    """Whether a line starts at this position."""
    return position == 0 or text[position - 1] == "\n"


def split_deletions(base: str, mine: Sequence[Hunk], other: Iterable[Hunk]) -> list[Hunk]:
    """My hunks, with deletions cut where the other side's deletions start or end.

    What both deleted is then the same hunk on both sides, and only the rest is one side's.
    """
    cuts = sorted({cut for each in other if each.is_deletion for cut in (each.start, each.end)})
    whole: list[Hunk] = []
    for each in mine:
        inner = cuts[bisect_right(cuts, each.start) : bisect_left(cuts, each.end)]
        if not inner or not each.is_deletion or each.left:
            whole.append(each)
            continue
        edges = [each.start, *inner, each.end]
        whole.extend(
            replace(each, start=start, end=end, on_line=each.on_line and starts_line(base, start))
            for start, end in pairwise(edges)
        )
    return whole


def slid_out(base: str, mine: Iterable[Hunk], other: Iterable[Hunk]) -> list[Hunk]:
    """My hunks, with lines put inside what the other side deleted put before or behind it.

    Where that leaves my text as it is: `a LF [b LF LF]` after a blank line is `a [LF b LF] LF`.
    """
    gone = [hunk for hunk in other if hunk.is_deletion]
    return [_slid_out(base, hunk, gone) if hunk.start == hunk.end else hunk for hunk in mine]


def _slid_out(base: str, hunk: Hunk, gone: Iterable[Hunk]) -> Hunk:
    inside = next((each for each in gone if each.start < hunk.start < each.end), None)
    if inside is None or hunk.arrived or not hunk.text.endswith("\n"):
        return hunk
    up, down = base[inside.start : hunk.start], base[hunk.start : inside.end]
    if hunk.text.endswith(up):
        text, by = up + hunk.text.removesuffix(up), -len(up)
    elif hunk.text.startswith(down):
        text, by = hunk.text.removeprefix(down) + down, len(down)
    else:
        return hunk
    start = hunk.start + by
    return Hunk(start, start, hunk.new_start + by, hunk.new_end + by, text, on_line=True)


def _split(span: Span, moves: Sequence[Move]) -> Iterable[tuple[Span, Move | None, Move | None]]:
    """The span with blocks that moved out of it or into it as parts of their own."""
    out = [(m.start, m.end, m) for m in moves if span.start <= m.start and m.end <= span.end]
    into = [
        (m.new_start, m.new_end, m)
        for m in moves
        if span.new_start <= m.new_start and m.new_end <= span.new_end
    ]
    old = _segments(span.start, span.end, out)
    new = _segments(span.new_start, span.new_end, into)
    at, new_at = span.start, span.new_start
    while old or new:
        if new and new[0][1]:
            end, arrived = new.pop(0)
            yield Span(at, at, new_at, end), None, arrived
            new_at = end
        elif old and old[0][1]:
            end, left = old.pop(0)
            yield Span(at, end, new_at, new_at), left, None
            at = end
        else:
            end = old.pop(0)[0] if old else at
            new_end = new.pop(0)[0] if new else new_at
            yield Span(at, end, new_at, new_end), None, None
            at, new_at = end, new_end


def _segments(
    start: int, end: int, blocks: Iterable[tuple[int, int, Move]]
) -> list[tuple[int, Move | None]]:
    """Where each part of `start:end` ends, and the moved block it is, if it is one."""
    parts: list[tuple[int, Move | None]] = []
    for block_start, block_end, move in sorted(blocks, key=lambda block: block[0]):
        if start < block_start:
            parts.append((block_start, None))
        parts.append((block_end, move))
        start = block_end
    if start < end:
        parts.append((end, None))
    return parts


def _whole_rewrites(base: str, lines: Span, found: Sequence[Span]) -> list[Span]:
    """Word spans, but one span for a sentence that was mostly rewritten.

    Two rewrites of a sentence share words by chance; merged word by word they make no sense.
    """
    if len(found) < 2:
        return list(found)
    whole: list[Span] = []
    waiting = deque(found)
    for sentence in _SENTENCES.finditer(base, lines.start, lines.end):
        while waiting and waiting[0].end <= sentence.start():
            whole.append(waiting.popleft())
        inside: list[Span] = []
        while waiting and waiting[0].start < sentence.end():
            inside.append(waiting.popleft())
        one = len(inside) > 1 and _is_rewrite(base, sentence, inside)
        whole += [_over(sentence, inside)] if one else inside
        if whole and whole[-1].end > sentence.end():
            waiting.appendleft(whole.pop())
    return alignment.joined([*whole, *waiting])


def _is_rewrite(base: str, sentence: re.Match[str], inside: Iterable[Span]) -> bool:
    gone = sum(tokens.count_words(base[span.start : span.end]) for span in inside)
    all_words = tokens.count_words(sentence.group())
    return gone >= _REWRITTEN_FROM and gone >= _REWRITTEN_SHARE * all_words


def _over(sentence: re.Match[str], inside: Sequence[Span]) -> Span:
    """One span over a sentence and all the spans that reach into it."""
    first, last = inside[0], inside[-1]
    start, end = min(first.start, sentence.start()), max(last.end, sentence.end())
    return Span(
        start, end, first.new_start - (first.start - start), last.new_end + (end - last.end)
    )
