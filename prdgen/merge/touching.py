"""Where both sides wrote in one place: both versions stay, whole, on lines of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from prdgen.merge import alignment, fences, likeness, tokens
from prdgen.merge.alignment import Effort, Span
from prdgen.merge.likeness import Place, Spot
from prdgen.merge.pieces import Added, Disputed, Kept, Piece


@dataclass(frozen=True, slots=True)
class Version:
    """One side's whole lines `text[start:end]`, and which parts of them it touched."""

    text: str
    start: int
    end: int
    edited: Sequence[tuple[int, int]]

    @property
    def lines(self) -> list[str]:
        """The lines of this version."""
        return tokens.lines(self.text[self.start : self.end])

    def parts(self, spot: Spot) -> list[str]:
        """Its lines, where lines that are something only together are one."""
        return fences.whole(self.lines, inside=spot.place is Place.CODE)


def resolve(
    base: str, ours: Version, theirs: Version, spot: Spot, effort: Effort, *, whole: bool = False
) -> list[Piece]:
    """Ours, then theirs; lines both have are not repeated. `base` is what both replaced.

    Where one side deleted everything, the paragraphs the other side edited stay. Where nothing of
    the base was replaced, what only one side added is no conflict, nor are two different things.
    With `whole`, versions that are in conflict stay as they are, with what they share, as the
    display of a base beside them needs.
    """
    found = [
        replace(piece, base=base) if isinstance(piece, Disputed) else piece
        for piece in _resolved(base, ours, theirs, spot, effort)
    ]
    if whole and any(isinstance(piece, Disputed) for piece in found):
        return [Disputed(ours.start, ours.end, "".join(theirs.lines), base)]
    return found


def _resolved(base: str, ours: Version, theirs: Version, spot: Spot, effort: Effort) -> list[Piece]:
    if ours.lines == theirs.lines:
        return [Kept(ours.start, ours.end)]
    if not base or (ours.lines and theirs.lines):
        return list(_both(ours, theirs, spot, effort, anew=not base))
    if ours.lines:
        if likeness.is_another(base, "".join(ours.lines)):
            return [Kept(ours.start, ours.end)]
        return [Disputed(start, end, "") for start, end in _edited_paragraphs(ours)]
    if likeness.is_another(base, "".join(theirs.lines)):
        return [Added("".join(theirs.lines))]
    kept = _edited_paragraphs(theirs)
    text = "".join(theirs.text[start:end] for start, end in kept)
    return [Disputed(ours.start, ours.start, text)] if text else []


def _both(
    ours: Version, theirs: Version, spot: Spot, effort: Effort, *, anew: bool
) -> Iterator[Piece]:
    """Where they differ; `anew`: nothing of the base was replaced."""
    mine, other = ours.parts(spot), theirs.parts(spot)
    place = [ours.start + start for start in tokens.starts(mine)]
    at = 0
    for span in _differences(mine, other, effort):
        start, end = place[span.start], place[span.end]
        yield Kept(place[at], start)
        parts = mine[span.start : span.end], other[span.new_start : span.new_end]
        if anew:
            before = mine[span.start - 1] if span.start else spot.before
            after = mine[span.end] if span.end < len(mine) else spot.after
            found = _added(start, end, *parts, Spot(spot.place, before, after))
        else:
            found = None
        yield from found or _in_dispute(start, end, *parts)
        at = span.end
    yield Kept(place[at], ours.end)


def _added(
    start: int, end: int, ours: list[str], theirs: list[str], spot: Spot
) -> list[Piece] | None:
    """Both of two additions; None when they are two versions of one."""
    mine, other = "".join(ours), "".join(theirs)
    if mine and other and not likeness.can_stand_together(mine, other, spot.place):
        return None
    gap = likeness.need_a_gap(ours, theirs, spot.before, spot.after)
    return [Kept(start, end), Added("\n" + other if gap else other)]


def _in_dispute(start: int, end: int, ours: list[str], theirs: list[str]) -> list[Piece]:
    """Ours, then theirs; where they differ in a blank at the ends of lines, the one without."""
    bare, other_bare = ([_bare(line) for line in lines] for lines in (ours, theirs))
    text = "".join(theirs)
    if bare != other_bare:
        return [Disputed(start, end, text)]
    fewer = (len(text), text) < (end - start, "".join(ours))
    return [Added(text)] if fewer else [Kept(start, end)]


def _bare(line: str) -> str:
    """The line without a blank at its end; two are a line break in Markdown and stay."""
    text = line.rstrip("\n")
    return text.rstrip() + "  " * text.endswith("  ")


def _differences(ours: list[str], theirs: list[str], effort: Effort) -> list[Span]:
    """Where the versions differ, the same whichever of them is named first.

    A blank line that both have by chance does not tear a version apart.
    """
    if _part_of(ours, theirs) is not None or _part_of(theirs, ours) is not None:
        return _around(ours, theirs)
    if ours > theirs:
        turned = alignment.align(theirs, ours, effort)
        found = [Span(span[2], span[3], span[0], span[1]) for span in turned]
    else:
        found = alignment.align(ours, theirs, effort)
    whole: list[Span] = []
    for span in found:
        between = "".join(ours[whole[-1].end : span.start]) if whole else ""
        if whole and not tokens.has_words(between):
            first = whole.pop()
            whole.append(Span(first.start, span.end, first.new_start, span.new_end))
        else:
            whole.append(span)
    return whole


def _part_of(part: Sequence[str], whole: Sequence[str]) -> int | None:
    """Where one list of lines stands, unbroken, in another."""
    numbered_part, numbered_whole = tokens.numbered(part, whole)
    place = numbered_whole.find(numbered_part)
    return place if place >= 0 else None


def _around(ours: Sequence[str], theirs: Sequence[str]) -> list[Span]:
    """The lines one version has before and after all lines of the other."""
    start = _part_of(ours, theirs)
    if start is not None:
        end = start + len(ours)
        spans = [Span(0, 0, 0, start), Span(len(ours), len(ours), end, len(theirs))]
    else:
        start = _part_of(theirs, ours) or 0
        end = start + len(theirs)
        spans = [Span(0, start, 0, 0), Span(end, len(ours), len(theirs), len(theirs))]
    return [span for span in spans if span.end - span.start or span.new_end - span.new_start]


def _edited_paragraphs(version: Version) -> list[tuple[int, int]]:
    """The paragraphs that were touched, each with the blank lines after it."""
    found: list[tuple[int, int]] = []
    for start, end in _paragraphs(version):
        touched = any(
            (first < end and start < last) or start <= first == last < end
            for first, last in version.edited
        )
        if not touched or not version.text[start:end].strip():
            continue
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _paragraphs(version: Version) -> Iterable[tuple[int, int]]:
    start = at = version.start
    blank_before = False
    for line in version.lines:
        blank = not line.strip()
        if blank_before and not blank:
            yield start, at
            start = at
        blank_before = blank
        at += len(line)
    if start < at:
        yield start, at
