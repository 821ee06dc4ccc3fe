"""Lines that stand once too often in a merged text, because both sides moved them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from prdgen.merge import tokens
from prdgen.merge.diff import Splice

_ALIKE = 0.5
"""So much of a line both sides have now must be of one that neither has any more: both changed and moved it."""


def without(
    base: str, theirs: str, ours: str, merged: str, hunks: Sequence[Splice], *, added: bool = False
) -> str:
    """`merged`, which `hunks` make of ours, without the copies of lines that neither side made: each stands
    where ours has it. A line that both sides have as often as the base, or both instead of one
    of the base, was moved (and changed) by both; `added`: or one that both have and the base has not.
    """
    surplus = _surplus(base, theirs, ours, merged, added)
    if not surplus:
        return merged
    fresh, grown = list[tuple[int, int]](), 0
    for hunk in hunks:
        start = hunk.position + grown
        fresh.append((start, start + len(hunk.insert)))
        grown += len(hunk.insert) - hunk.delete
    kept = list[str]()
    at, dropped = 0, False
    for line in tokens.lines(merged):
        end = at + len(line)
        came = any(first < end and at < last for first, last in fresh)
        at = end
        if came and surplus[line]:
            surplus[line] -= 1
            dropped = True
            continue
        if dropped and not line.strip() and (not kept or not kept[-1].strip()):
            continue  # the blank line that parted it from the next
        dropped = False
        kept.append(line)
    return "".join(kept)


def _surplus(base: str, theirs: str, ours: str, merged: str, added: bool) -> Counter[str]:
    """How many copies of which lines are too many."""
    texts = (
        f"{each}\n" for each in (base, theirs, ours, merged)
    )  # the last line is one like any other
    was, their, our, now = (Counter(tokens.lines(each)) for each in texts)
    gone = [line for line in was if not their[line] and not our[line]]
    found = Counter[str]()
    for line, count in now.items():
        most = our[line]
        if not 0 < most < count or most != their[line] or not tokens.has_words(line):
            continue
        if most == was[line] or (
            not was[line] and (added or any(_alike(line, each) for each in gone))
        ):
            found[line] = count - most
    return found


def _alike(line: str, other: str) -> bool:
    size = min(len(line), len(other))
    head = next((n for n in range(size) if line[n] != other[n]), size)
    rest = size - head
    tail = next((n for n in range(rest) if line[-1 - n] != other[-1 - n]), rest)
    return head + tail > _ALIKE * max(len(line), len(other))
