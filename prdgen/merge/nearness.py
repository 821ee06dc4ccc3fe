"""How far a text is from another one that may have been made from it: which base to merge from."""

from __future__ import annotations

from typing import Final

from prdgen.merge import diff
from prdgen.merge.alignment import Effort, Span

_EXTRA: Final = 4
"""How much further away a letter too many makes a base than one too few."""


def distance(base: str, text: str) -> int:
    """How unlikely it is that `text` was made from `base`; 0 when they are the same.

    A base that has what the text lacks is further away than one that lacks what the text has: the
    first would count as deleted, and people write more than they delete.
    """
    return sum(_EXTRA * s.delete + len(s.insert) for s in diff.splices(base, text))


def nearer(base: str, later: str, text: str) -> str:
    """Which of two `text` was more likely made from: a base, or a later one made from it."""
    if stands(base, later, text, letters=True) and distance(later, text) < distance(base, text):
        return later
    return base


def stands(before: str, base: str, text: str, *, letters: bool = False) -> bool:
    """Whether all that was typed from `before` to `base` is in `text`. With `letters`, a word that was
    begun in `base` is in it when `text` has more of that word.
    """
    return share(before, base, text, letters=letters) in {1, None}


def share(before: str, base: str, text: str, *, letters: bool = False) -> float | None:
    """How much of what was typed from `before` to `base` is in `text`: 0 to 1; None: nothing was.

    A part of a word that was changed is not: the rest of it may stand there by chance; `letters`: it is.
    """
    typed = _typed(before, base)
    total = sum(end - start for start, end in typed)
    if not total:
        return None
    spans = diff.spans(base, text, Effort.lasting(diff.LIMIT_MS))
    gone = [
        part
        for span in spans
        for part in (_gone(base, text, span) if letters else [(span.start, span.end)])
    ]
    lacking = sum(
        max(0, min(end, last) - max(start, first)) for start, end in typed for first, last in gone
    )
    return 1 - lacking / total


def _gone(base: str, text: str, span: Span) -> list[tuple[int, int]]:
    """What of a changed passage is not in the text any more, letter by letter within a line: across lines
    letters are alike by chance.
    """
    old, new = base[span.start : span.end], text[span.new_start : span.new_end]
    if "\n" in old or "\n" in new:
        later = iter(new.split())
        goes_on = all(any(word.startswith(each) for word in later) for each in old.split())
        return [] if old.strip() and goes_on else [(span.start, span.end)]
    splices = diff.splices(old, new)
    return [(span.start + s.position, span.start + s.position + s.delete) for s in splices]


def common(before: str, later: str, text: str) -> str | None:
    """What a `text` was made from that is older than `later` and comes from `before` as well: `before`,
    with what both got since. Merged on that, `later` keeps all it got, and the text what was
    changed in it. None: that cannot be told apart.
    """
    typed, own = _typed(before, later), _typed(before, text)
    made, grown = list[diff.Splice](), 0
    for splice in diff.splices(text, later):
        start = splice.position + grown
        grown += len(splice.insert) - splice.delete
        theirs = _within(start, start + len(splice.insert), typed)
        ours = _within(splice.position, splice.position + splice.delete, own)
        if theirs is None or ours is None:
            return None
        made.append(
            diff.Splice(splice.position, splice.delete * ours, "" if theirs else splice.insert)
        )
    return diff.apply(text, made)


def _typed(before: str, after: str) -> list[tuple[int, int]]:
    """Where in `after` is what `before` lacks: starts and ends."""
    grown, typed = 0, list[tuple[int, int]]()
    for splice in diff.splices(before, after):
        start = splice.position + grown
        typed.append((start, start + len(splice.insert)))
        grown += len(splice.insert) - splice.delete
    return typed


def _within(start: int, end: int, spans: list[tuple[int, int]]) -> bool | None:
    """Whether it lies in one of the spans; None: partly."""
    if any(first <= start and end <= last for first, last in spans):
        return True
    return None if any(first < end and start < last for first, last in spans) else False


def between(base: str, middle: str, text: str) -> bool:
    """Whether `text` was made from `base` by way of `middle`: it has every line that `middle` got
    since `base`, and none that `middle` lacks since then.
    """
    changed = _lines(base, middle)
    gone = [(span.start, span.end) for span in _lines(middle, text)]
    if not changed or any(_meets((s.new_start, s.new_end), gone) for s in changed):
        return False
    lost = [(span.start, span.end) for span in _lines(base, text)]
    return all(
        any(a <= s.start and s.end <= b for a, b in lost) for s in changed if s.start < s.end
    )


def _lines(old: str, new: str) -> list[Span]:
    return diff.line_spans(old, new, Effort.lasting(diff.LIMIT_MS))


def _meets(at: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(at[0] < end and start < at[1] for start, end in others)
