"""Which hunks of the two sides stand alone, which are the same, and which touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial, reduce
from itertools import chain

from prdgen.merge import likeness, tokens
from prdgen.merge.hunks import Hunk, starts_line
from prdgen.merge.likeness import Place
from prdgen.merge.moves import Move

_ENDS = frozenset(".!?")


class Kind(Enum):
    """What is to be done with a group."""

    OURS = "ours"
    THEIRS = "theirs"
    AGREED = "agreed"
    MOVED = "moved"
    """One side moved these lines away, with the other side's edits."""
    TOUCHING = "touching"


@dataclass
class Group:
    """Hunks that are decided together; they cover `base[start:end]`."""

    kind: Kind
    start: int
    end: int
    ours: list[Hunk] = field(default_factory=list)
    theirs: list[Hunk] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Whether what follows starts on a line of its own."""
        return self.kind is Kind.TOUCHING or all(
            hunk.is_closed for hunk in (*self.ours, *self.theirs) if hunk.end == self.end
        )


def gather(
    base: str, ours: Iterable[Hunk], theirs: Iterable[Hunk], carried: dict[Move, list[Hunk]]
) -> list[Group]:
    """Every hunk in exactly one group; the groups in order, none inside another.

    `carried` has, for a block one side moved, the other side's hunks inside it. Groups of
    touching hunks cover whole lines.
    """
    groups = _together(base, _single(base, list(ours), list(theirs), carried))
    return _together(base, _apart(base, groups))


def cover(groups: Sequence[Group], our_growth: int, their_growth: int) -> bool:
    """Whether the groups have all that both sides did: what is left out would shift all that follows."""
    ours = sum(hunk.growth for group in groups for hunk in group.ours)
    theirs = sum(hunk.growth for group in groups for hunk in group.theirs)
    return (ours, theirs) == (our_growth, their_growth)


def one(base: str, ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> list[Group]:
    """All of it as one group of touching hunks."""
    return [Group(Kind.TOUCHING, 0, len(base), list(ours), list(theirs))]


def _together(base: str, groups: Iterable[Group]) -> list[Group]:
    """The groups, with those that touch made one."""
    found: list[Group] = []
    for group in groups:
        found.append(group)
        while len(found) > 1 and _touch(base, *found[-2:]):
            last = found.pop()
            found[-1] = _combined(base, found[-1], last)
    return found


def _apart(base: str, groups: Iterable[Group]) -> Iterator[Group]:
    """The groups, with those that would run two lines together made one of touching hunks.

    One side took the end of a line and the other side the start of the next, each leaving a line
    feed that the other took.
    """
    for run in _runs(groups):
        if len(run) > 1 and _runs_together(base, run):
            yield reduce(partial(_combined, base), run)
        else:
            yield from run


def _runs(groups: Iterable[Group]) -> list[list[Group]]:
    """Groups with nothing of the base between them, those of touching hunks apart."""
    runs: list[list[Group]] = []
    for group in groups:
        touching = group.kind is Kind.TOUCHING
        last = runs[-1][-1] if runs else None
        if last is None or touching or last.kind is Kind.TOUCHING or last.end < group.start:
            runs.append([group])
        else:
            runs[-1].append(group)
    return runs


def _runs_together(base: str, run: Sequence[Group]) -> bool:
    """Whether what follows started a line, starts one on both sides, and would start none now."""
    start, end = run[0].start, run[-1].end
    if not starts_line(base, end):
        return False
    both = [*((group.ours, group.theirs) for group in run)]
    taken = (
        theirs if _is_theirs(group) else ours
        for group, (ours, theirs) in zip(run, both, strict=True)
    )
    merged, ours, theirs = (
        _text(base, start, end, chain.from_iterable(hunks))
        for hunks in (taken, *zip(*both, strict=True))
    )
    return not merged.endswith("\n") and ours.endswith("\n") and theirs.endswith("\n")


def _is_theirs(group: Group) -> bool:
    moved = group.kind is Kind.MOVED and any(hunk.left for hunk in group.theirs)
    return group.kind is Kind.THEIRS or moved


def _text(base: str, start: int, end: int, hunks: Iterable[Hunk]) -> str:
    """`base[start:end]` after the hunks, with the letter before it."""
    parts, at = [base[max(start - 1, 0) : start] or "\n"], start
    for hunk in hunks:
        parts += (base[at : hunk.start], hunk.text)
        at = max(at, hunk.end)
    return "".join((*parts, base[at:end]))


def _what(base: str, hunk: Hunk) -> tuple[int, int, str]:
    """What a hunk does, the same for two that put other blanks in place of the same blanks."""
    blank = hunk.start < hunk.end and not (base[hunk.start : hunk.end] + hunk.text).strip()
    return hunk.start, hunk.end, " " if blank and hunk.text else hunk.text


def _decided(hunk: Hunk, twin: Hunk) -> Kind:
    """Whose blanks are taken, whichever side is called ours: those that part more."""
    ours, theirs = ((each.text.count("\n"), each.text) for each in (hunk, twin))
    return Kind.THEIRS if theirs > ours else Kind.AGREED


def _single(
    base: str, ours: Sequence[Hunk], theirs: Sequence[Hunk], carried: dict[Move, list[Hunk]]
) -> list[Group]:
    # Two hunks may do the same in one place: blank lines before and behind what stands there now.
    twins: dict[tuple[int, int, str], list[Hunk]] = {}
    for hunk in theirs:
        twins.setdefault(_what(base, hunk), []).append(hunk)
    found: list[Group] = []
    for hunk in ours:
        same = twins.get(_what(base, hunk))
        twin = same.pop(0) if same else None
        inside = carried.get(hunk.left, []) if hunk.left else []
        agreed = [twin] if twin else []
        kind = _decided(hunk, twin) if twin else Kind.MOVED if inside else Kind.OURS
        found.append(Group(kind, hunk.start, hunk.end, [hunk], agreed or inside))
    for hunk in chain.from_iterable(twins.values()):
        inside = carried.get(hunk.left, []) if hunk.left else []
        kind = Kind.MOVED if inside else Kind.THEIRS
        found.append(Group(kind, hunk.start, hunk.end, inside, [hunk]))
    return sorted(found, key=lambda group: (group.start, group.end, not group.is_closed))


def _are_signs_beside(base: str, first: Group, second: Group) -> bool:
    """Whether one side changed a word and the other only blanks or signs next to it.

    Both can be taken: a comma, a line break, the stars around a word. Not when two words would run
    together.
    """
    one, other = (*first.ours, *first.theirs), (*second.ours, *second.theirs)
    if first.end != second.start or len(one) != 1 or len(other) != 1 or first.start == second.end:
        return False
    left, right = one[0], other[0]
    signs = [not tokens.has_words(base[h.start : h.end] + h.text) for h in (left, right)]
    before = (base[max(left.start - 2, 0) : left.start] + left.text)[-2:]
    after = (right.text + base[right.end : right.end + 2])[:2]
    return any(signs) and not tokens.are_one(before + after, len(before))


def _are_sentences(base: str, first: Group, second: Group) -> bool:
    """Whether each side put whole sentences of its own behind the same sentence."""
    if {first.kind, second.kind} != {Kind.OURS, Kind.THEIRS} or first.start != second.end:
        return False
    one, other = ((*group.ours, *group.theirs)[0].text for group in (first, second))
    before = base[: first.start].rstrip(" ")[-1:]
    return (
        not starts_line(base, first.start)
        and before in _ENDS
        and all(text[:1] == " " and text[-1:] in _ENDS for text in (one, other))
        and likeness.can_stand_together(one, other, Place.PROSE)
    )


def _touch(base: str, first: Group, second: Group) -> bool:
    """Whether two groups, in order, cannot both be taken without looking at each other."""
    apart = _are_signs_beside(base, first, second) or _are_sentences(base, first, second)
    if apart and Kind.TOUCHING not in {first.kind, second.kind}:
        return False
    kinds = {first.kind, second.kind}
    one_each = kinds == {Kind.OURS, Kind.THEIRS}
    if first.start == second.end and kinds & {Kind.AGREED, Kind.TOUCHING}:
        return kinds != {Kind.AGREED} or not _same_order(first, second)
    if first.end != second.start:
        return first.end > second.start and (one_each or Kind.TOUCHING in kinds)
    if second.kind is Kind.TOUCHING:
        # It covers whole lines, and something before it would run into its first one.
        return not first.is_closed
    if starts_line(base, first.end) and first.is_closed:
        # Whole lines, then something on the next line; two insertions would be in no order.
        inserts = first.start == second.end
        return one_each and inserts and second.is_closed
    return one_each


def _same_order(first: Group, second: Group) -> bool:
    """Whether both sides put what they agree on in one place in this order."""
    return all(
        _place(before[-1]) < _place(after[0])
        for before, after in ((first.ours, second.ours), (first.theirs, second.theirs))
    )


def _combined(base: str, first: Group, second: Group) -> Group:
    group = Group(
        Kind.TOUCHING,
        min(first.start, second.start),
        max(first.end, second.end),
        sorted([*first.ours, *second.ours], key=_place),
        sorted([*first.theirs, *second.theirs], key=_place),
    )
    group.start = base.rfind("\n", 0, group.start) + 1
    open_end = any(
        hunk.end == group.end and not hunk.is_closed for hunk in (*group.ours, *group.theirs)
    )
    if open_end or not starts_line(base, group.end):
        group.end = base.find("\n", group.end) + 1 or len(base)
    return group


def _place(hunk: Hunk) -> tuple[int, int]:
    return hunk.new_start, hunk.new_end
