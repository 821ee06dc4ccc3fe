"""The one merge of the house: what an outside text changed, brought into the document's text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prdgen.merge import (
    carrying,
    diff,
    flow_lists,
    front_matter,
    groups,
    hunks,
    likeness,
    moves,
    notations,
    pieces,
    surplus,
    touching,
    trimmed,
)
from prdgen.merge.alignment import Effort
from prdgen.merge.carrying import Side
from prdgen.merge.diff import LIMIT_MS, Splice
from prdgen.merge.groups import Group, Kind
from prdgen.merge.hunks import Hunk
from prdgen.merge.likeness import Place, Spot
from prdgen.merge.pieces import Added, Conflict, Disputed, Kept, Merged, Piece
from prdgen.merge.touching import Version

__all__ = ["Conflict", "Merged", "merge"]


def merge(
    base: str, theirs: str, ours: str, limit_ms: int = LIMIT_MS, *, whole: bool = False,
    once: bool = False,
) -> Merged:  # fmt: skip
    """What both sides made of `base`, as a change of `ours`.

    Both sides are compared with the base by line, then by word inside changed lines. What only
    one side changed is taken; what both did alike is taken once; where their changes touch, both
    versions stay on whole lines, ours first, with a `Conflict`. A blank that one side took
    off the end of a line in which the other wrote on is no change. Text one side edited stays when
    the other side deleted it, and goes along when the other side moved it. Front matter is merged
    key by key. The result depends on the three texts and the limit only, not on the clock. With
    `whole`, a conflict has all lines of its place, with what both versions share. `once`: both sides got
    the same lines from somewhere, so one that both added stands once, also when they did it in two places.
    """
    if theirs in (base, ours):
        return Merged(ours, [], [])
    if base != ours:
        base = trimmed.base(base, theirs, ours, limit_ms)
    if theirs == base:
        return Merged(ours, [], [])
    if base == ours:
        return Merged(theirs, diff.splices(ours, theirs, limit_ms), [])
    # With a line feed at every end, the last line is a line like any other.
    texts = [text + "\n" for text in (base, theirs, ours)]
    found = _Decided("", [], [])
    parts = front_matter.parts(*texts)
    for part in parts:
        where = Place.PROSE if part is parts[-1] else Place.VALUES
        found.append(_decide(*part, where, limit_ms, whole=whole))
    merged = pieces.assembled(found.ours, found.pieces)
    if found.edits:
        edits = diff.composed(ours, found.edits, merged.hunks)
        merged = Merged(merged.text, edits, merged.conflicts)
    if merged.conflicts:
        return merged
    text = surplus.without(base, theirs, ours, merged.text, merged.hunks, added=once)
    if text == merged.text:
        return merged
    return Merged(text, diff.splices(ours, text, limit_ms), [])


@dataclass
class _Decided:
    """Pieces over `ours`, which is our text after `edits` (that went along with a move)."""

    ours: str
    edits: list[Splice]
    pieces: list[Piece]

    def append(self, other: _Decided) -> None:
        """Put the decisions about the next part of the texts behind these."""
        now = len(self.ours)
        then = now - sum(len(edit.insert) - edit.delete for edit in self.edits)
        self.edits += [Splice(e.position + then, e.delete, e.insert) for e in other.edits]
        self.pieces += [pieces.moved_on(piece, now) for piece in other.pieces]
        self.ours += other.ours


def _decide(
    base: str, theirs: str, ours: str, where: Place, limit_ms: int, *, whole: bool
) -> _Decided:
    if theirs in (base, ours):
        return _Decided(ours, [], [Kept(0, len(ours))])
    if where is Place.PROSE and not base.strip():
        return _Decided(ours, [], _anew(theirs, ours, limit_ms, whole=whole))
    listed = flow_lists.merged(base, theirs, ours) if where is Place.VALUES else None
    if listed is not None:
        return _Decided(ours, [], _changed(ours, listed))
    if where is Place.VALUES and notations.differ(base, theirs, ours):
        said = notations.merged(base, theirs, ours)
        apart: list[Piece] = [Disputed(0, len(ours), theirs, base)]
        return _Decided(ours, [], apart if said is None else _changed(ours, said))
    their_side, our_side = _sides(base, theirs, ours, limit_ms // 2)
    carried = carrying.find(their_side.hunks, our_side.hunks)
    brought = carrying.find(our_side.hunks, their_side.hunks)
    their_hunks = carrying.without(their_side.hunks, brought)
    our_hunks = carrying.without(our_side.hunks, carried)
    their_side = carrying.with_edits(theirs, their_hunks, carried, our_hunks, yields=True)
    our_side = carrying.with_edits(ours, our_hunks, brought, their_hunks, yields=False)
    moved = carried | brought
    gathered = groups.gather(base, our_side.hunks, their_side.hunks, moved)
    if not groups.cover(gathered, len(our_side.text) - len(base), len(their_side.text) - len(base)):
        gathered = groups.one(base, our_side.hunks, their_side.hunks)
    effort = Effort.lasting(limit_ms // 2)
    walk = _Walk(base, their_side.text, our_side.text, where, effort, whole)
    return _Decided(our_side.text, our_side.edits, list(walk.along(gathered)))


def _anew(theirs: str, ours: str, limit_ms: int, *, whole: bool) -> list[Piece]:
    """Both wrote on an empty page: no blank line of it tells where in what they wrote it is now."""
    feed = int(theirs.endswith("\n\n") and ours.endswith("\n\n"))
    mine, other = (Version(text, 0, len(text) - feed, [(0, len(text))]) for text in (ours, theirs))
    effort = Effort.lasting(limit_ms)
    found = touching.resolve("", mine, other, Spot(Place.PROSE), effort, whole=whole)
    return [*found, Kept(mine.end, len(ours))]


def _changed(ours: str, merged: str) -> list[Piece]:
    """Pieces that make `merged` of ours."""
    found: list[Piece] = []
    at = 0
    for splice in diff.splices(ours, merged):
        found += [Kept(at, splice.position), Added(splice.insert)]
        at = splice.position + splice.delete
    return [*found, Kept(at, len(ours))]


def _sides(base: str, theirs: str, ours: str, limit_ms: int) -> tuple[Side, Side]:
    """Both sides' hunks; each side has its own effort, so that swapping them changes nothing."""
    efforts = [Effort.lasting(limit_ms) for _ in range(2)]
    texts = theirs, ours
    lines = [diff.line_spans(base, *pair) for pair in zip(texts, efforts, strict=True)]
    found: list[list[Hunk]] = []
    for mine, text in enumerate(texts):
        moved = moves.find(base, text, lines[mine])
        moved = moves.touched(moved, lines[1 - mine])
        found.append(hunks.find(base, text, lines[mine], moved, efforts[mine]))
    found = [hunks.slid_out(base, found[mine], found[1 - mine]) for mine in range(2)]
    split = [hunks.split_deletions(base, found[mine], found[1 - mine]) for mine in range(2)]
    return Side(theirs, split[0], []), Side(ours, split[1], [])


@dataclass
class _Walk:
    """Goes through base, theirs and ours at once and says what becomes of each group."""

    base: str
    theirs: str
    ours: str
    where: Place
    effort: Effort
    whole: bool

    def along(self, gathered: Iterable[Group]) -> Iterator[Piece]:
        """The pieces of the merged text."""
        at = our_at = their_at = 0
        for group in gathered:
            gap, size = group.start - at, group.end - group.start
            our_start, their_start = our_at + gap, their_at + gap
            yield Kept(our_at, our_start)
            our_at = our_start + size + sum(hunk.growth for hunk in group.ours)
            their_at = their_start + size + sum(hunk.growth for hunk in group.theirs)
            yield from self._decide(group, (our_start, our_at), (their_start, their_at))
            at = group.end
        yield Kept(our_at, our_at + len(self.base) - at)

    def _decide(
        self, group: Group, ours: tuple[int, int], theirs: tuple[int, int]
    ) -> Iterable[Piece]:
        match group.kind:
            case Kind.OURS | Kind.AGREED:
                return [Kept(*ours)]
            case Kind.THEIRS:
                return [Added(self.theirs[slice(*theirs)])]
            case Kind.MOVED:
                return []
            case Kind.TOUCHING:
                return touching.resolve(
                    self.base[group.start : group.end],
                    Version(self.ours, *ours, _alone(group.ours, group.theirs)),
                    Version(self.theirs, *theirs, _alone(group.theirs, group.ours)),
                    likeness.spot(self.base, group.start, group.end, self.where),
                    self.effort,
                    whole=self.whole,
                )


def _alone(mine: Iterable[Hunk], other: Iterable[Hunk]) -> list[tuple[int, int]]:
    """Where this side did something the other side did not do as well."""
    others = list(other)
    return [
        (hunk.new_start, hunk.new_end)
        for hunk in mine
        if not any(hunk.same_as(each) for each in others)
    ]
