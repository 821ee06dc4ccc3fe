"""What changed between two texts: by line, then by word inside changed lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prdgen.merge import alignment, tokens
from prdgen.merge.alignment import Effort, Span

LIMIT_MS = 200
_ALIKE = 0.3
_MOST_PAIRS = 5_000


@dataclass(frozen=True, slots=True)
class Splice:
    """Delete `delete` code points at `position`, then put `insert` there.

    Positions of a list of splices are all in terms of the text before any of them.
    """

    position: int
    delete: int
    insert: str


def splices(old: str, new: str, limit_ms: int = LIMIT_MS) -> list[Splice]:
    """The smallest edits found that make `new` out of `old`, in order and without overlap.

    A changed word is one splice; no splice cuts a letter from its marks. Comparing is bounded by
    about `limit_ms`, after which whole lines are replaced.
    """
    if old == new:
        return []
    return [
        trimmed(old, span.start, span.end, new[span.new_start : span.new_end])
        for span in spans(old, new, Effort.lasting(limit_ms))
    ]


def apply(text: str, edits: Iterable[Splice]) -> str:
    """The text after the splices, which are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (text[at : edit.position], edit.insert)
        at = edit.position + edit.delete
    return "".join((*parts, text[at:]))


def composed(text: str, first: Sequence[Splice], second: Sequence[Splice]) -> list[Splice]:
    """The splices that do to `text` what `first` and, on its result, `second` do."""
    after_first = _stretches(len(text), first)
    after_both: list[tuple[int, int, str]] = []
    at = 0
    for edit in second:
        after_both += _cut(after_first, at, edit.position)
        after_both.append((0, 0, edit.insert))
        at = edit.position + edit.delete
    after_both += _cut(
        after_first, at, sum(end - start + len(new) for start, end, new in after_first)
    )
    return _as_splices(text, after_both)


def spans(old: str, new: str, effort: Effort) -> list[Span]:
    """Where two texts differ, in code points: lines, and words where lines are alike."""
    return [
        part
        for lines in line_spans(old, new, effort)
        for part in word_spans(old, new, lines, effort)
    ]


def line_spans(old: str, new: str, effort: Effort) -> list[Span]:
    """Where two texts differ, in code points, in whole lines only."""
    return _in_text(tokens.lines(old), tokens.lines(new), effort, Span(0, 0, 0, 0))


def word_spans(old: str, new: str, lines: Span, effort: Effort) -> list[Span]:
    """One span of lines taken apart into spans of words; as it is when little is alike."""
    if lines.start == lines.end or lines.new_start == lines.new_end:
        return [lines]
    pair = old[lines.start : lines.end], new[lines.new_start : lines.new_end]
    words = tokens.words(pair[0]), tokens.words(pair[1])
    if effort.affords(len(words[0]) + len(words[1])):
        found = _in_text(*words, effort, lines)
    else:
        found = _line_by_line(*pair, lines, effort) or _in_text(*words, effort, lines)
    found = list(_over_blanks(old, new, found))
    return found if _are_alike(*pair, found) else [lines]


def _over_blanks(old: str, new: str, found: Iterable[Span]) -> Iterator[Span]:
    """The spans; two with nothing but a blank between them are one when lines begin or end in them: the blank
    at the end of a line is not the one in the middle of the next.
    """
    last: Span | None = None
    for span in found:
        gap = "" if last is None else old[last.end : span.start]
        if last is not None and gap and not gap.strip(" \t"):
            both = (last, span)
            if any("\n" in old[s.start : s.end] + new[s.new_start : s.new_end] for s in both):
                last = Span(last.start, span.end, last.new_start, span.new_end)
                continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _line_by_line(old: str, new: str, lines: Span, effort: Effort) -> list[Span]:
    """A long stretch with as many lines on both sides: the nth line is compared with the nth.

    Empty when the numbers differ or it takes too much. A term renamed on every line is such a case.
    """
    rows = tokens.lines(old), tokens.lines(new)
    if len(rows[0]) != len(rows[1]) or len(rows[0]) > _MOST_PAIRS:
        return []
    pairs = [tuple(map(tokens.words, pair)) for pair in zip(*rows, strict=True)]
    if not effort.affords(sum((len(a) + len(b)) ** 2 for a, b in pairs) ** 0.5):
        return []
    found: list[Span] = []
    at, new_at = lines.start, lines.new_start
    for (a, b), row, new_row in zip(pairs, *rows, strict=True):
        if row != new_row:
            found += _in_text(a, b, effort, Span(at, 0, new_at, 0))
        at, new_at = at + len(row), new_at + len(new_row)
    return alignment.joined(found)


def trimmed(text: str, start: int, end: int, insert: str) -> Splice:
    """The splice that replaces `text[start:end]`, without what is the same at its two ends."""
    head = _shared(text, start, end, insert)
    end_now = len(insert)
    while end > start + head and end_now > head and text[end - 1] == insert[end_now - 1]:
        end, end_now = end - 1, end_now - 1
    while not _is_clean_cut(text, end, text[start : start + head] + insert[head:end_now]):
        end, end_now = end + 1, end_now + 1
    return Splice(start + head, end - start - head, insert[head:end_now])


def _shared(text: str, start: int, end: int, insert: str) -> int:
    most = min(end - start, len(insert))
    head = 0
    while head < most and text[start + head] == insert[head]:
        head += 1
    while head and not (
        tokens.is_between_letters(text, start + head) and tokens.is_between_letters(insert, head)
    ):
        head -= 1
    return head


def _is_clean_cut(text: str, end: int, insert: str) -> bool:
    if end >= len(text):
        return True
    seam = insert[-1:] + text[end]
    return tokens.is_between_letters(text, end) and tokens.is_between_letters(seam, len(seam) - 1)


def _in_text(old: Sequence[str], new: Sequence[str], effort: Effort, offset: Span) -> list[Span]:
    at, new_at = tokens.starts(old), tokens.starts(new)
    return [
        Span(
            offset.start + at[span.start],
            offset.start + at[span.end],
            offset.new_start + new_at[span.new_start],
            offset.new_start + new_at[span.new_end],
        )
        for span in alignment.align(old, new, effort)
    ]


def _are_alike(old: str, new: str, found: Iterable[Span]) -> bool:
    """Whether enough is equal for word spans to mean something."""
    changed = sum(span.end - span.start for span in found)
    return len(old) - changed >= _ALIKE * max(min(len(old), len(new)), 1)


def _stretches(size: int, edits: Iterable[Splice]) -> list[tuple[int, int, str]]:
    """A text after edits: stretches of the old text, and new text between them."""
    found: list[tuple[int, int, str]] = []
    at = 0
    for edit in edits:
        found += [(at, edit.position, ""), (0, 0, edit.insert)]
        at = edit.position + edit.delete
    return [*found, (at, size, "")]


def _cut(
    stretches: Iterable[tuple[int, int, str]], start: int, end: int
) -> Iterable[tuple[int, int, str]]:
    """What of the stretches lies between two positions of the text they make."""
    at = 0
    for old_start, old_end, new in stretches:
        size = old_end - old_start + len(new)
        first, last = max(start - at, 0), min(end - at, size)
        if first < last:
            yield (0, 0, new[first:last]) if new else (old_start + first, old_start + last, "")
        at += size


def _as_splices(text: str, stretches: Iterable[tuple[int, int, str]]) -> list[Splice]:
    found: list[Splice] = []
    at, insert = 0, ""
    for start, end, new in (*stretches, (len(text), len(text) + 1, "")):
        if new or start == end:
            insert += new
            continue
        if insert or start > at:
            found.append(trimmed(text, at, start, insert))
        at, insert = end, ""
    return [splice for splice in found if splice.delete or splice.insert]
