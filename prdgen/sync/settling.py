"""A merged text → the edits that give a document its lines, where others go on typing in them.

Lines that people wrote stay where they are: they have their cursors in them, and a letter typed beside a deleted
one would stand somewhere else. What a server took in from a file goes around them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from prdgen.crdt import actors
from prdgen.crdt.replica import Replica
from prdgen.merge import diff, tokens
from prdgen.merge.diff import Splice
from prdgen.sync.ports import Heads

_ALIKE: Final = 0.5
"""So much of the shorter one of two lines has to be in the other, for the one to become the other."""
_MOST_COMPARED: Final = 2_000
"""So many pairs of lines are compared, those that people wrote first: all of it is done while others wait."""
_BRINGERS: Final = 1_000_000
"""How much more a line counts that has letters of those who brought the changes: they may type there now."""
_PEOPLES: Final = 1_000


@dataclass(slots=True, eq=False)
class _Line:
    """A line of the document as it is."""

    at: int
    """Its number."""
    start: int
    text: str
    weight: int
    """How much speaks for its staying where it is."""
    becomes: str | None = None
    """What it is to read; None: it goes."""
    followed_by: str = ""
    """Lines that are put behind it."""

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


def same(text: str, merged: str) -> bool:
    """Whether one has the lines of the other, in whatever order: lines that came at one place have one already."""
    return sorted(tokens.lines(text)) == sorted(tokens.lines(merged))


def edits(replica: Replica, seen: Heads, merged: str) -> list[Splice]:
    """The edits after which the document has the lines of `merged`, and no others. `seen`: what those had who
    brought the changes that made it differ. Of a line that stands twice, their copy stays.
    """
    text = replica.text()
    names, theirs = replica.letters(replica.heads), set(replica.letters(seen))
    if len(names) != len(text):
        return diff.splices(text, merged)  # letters of another program, of more than a code point
    lines, start = list[_Line](), 0
    for at, line in enumerate(tokens.lines(text)):
        own = names[start : start + len(line.rstrip("\n"))]
        weight = 1 + _BRINGERS * (not theirs.isdisjoint(own)) + _PEOPLES * _is_peoples(own)
        lines.append(_Line(at, start, line, weight))
        start += len(line)
    return _splices(*_placed(lines, tokens.lines(merged)))


def _is_peoples(names: Iterable[bytes]) -> bool:
    """Whether one of these letters was typed by somebody, or was there from the beginning."""
    writers = {actors.of_letter(name) for name in names}
    return not all(actors.is_intake(actor) or actors.is_correction(actor) for actor in writers)


def _placed(lines: list[_Line], wanted: Sequence[str]) -> tuple[_Line, list[_Line]]:
    """What becomes of each line; the first of two is none, and is followed by what comes to the top."""
    found = _found(lines, wanted)
    steady = _steady([found[at] for at in sorted(found)])
    top = before = _Line(-1, 0, "", 0, becomes="")
    gap = 0
    for at, text in enumerate(wanted):
        if not text.strip():
            gap += 1
            continue
        line = found.get(at)
        if line is not None and (line in steady or line.weight > 1):
            line.becomes = text
            before = line if line in steady else before
        else:
            before.followed_by += "".join(wanted[at - gap : at]) + text
        gap = 0
    _keep_blanks(lines, sum(not text.strip() for text in wanted) - _blanks([top, *lines]))
    return top, lines


def _found(lines: Sequence[_Line], wanted: Sequence[str]) -> dict[int, _Line]:
    """Which line is which of the wanted ones that are not blank: the same, or the one that is most like it."""
    spare = defaultdict[str, list[_Line]](list)
    for line in sorted(lines, key=lambda line: -line.weight):
        spare[line.text].append(line)
    asked = [(at, text) for at, text in enumerate(wanted) if text.strip()]
    found = {at: spare[text].pop(0) for at, text in asked if spare[text]}
    taken = set(found.values())
    left = [line for line in lines if line not in taken and not line.is_blank]
    left.sort(key=lambda line: -line.weight)
    compared = 0
    for at, text in asked:
        some = [] if at in found else left[: _MOST_COMPARED - compared]
        compared += len(some)
        if (likest := _likest(text, some)) is not None:
            found[at] = likest
            left.remove(likest)
    return found


def _likest(text: str, lines: Iterable[_Line]) -> _Line | None:
    """The line that is most like the text; one that somebody may type in, if there is one."""
    alike = [
        (line.weight, kept, -line.at, line)
        for line in lines
        if (kept := _kept(line.text, text)) >= _ALIKE * min(len(line.text), len(text))
    ]
    return max(alike, key=lambda each: each[:3])[3] if alike else None


def _kept(old: str, new: str) -> int:
    return len(old) - sum(splice.delete for splice in diff.splices(old, new))


def _steady(lines: Sequence[_Line]) -> set[_Line]:
    """Those that stay where they are, so that the others go around them: the weightiest that are in order."""
    ends: list[int] = []
    best: list[
        tuple[int, int]
    ] = []  # the weight of a row that ends at the line in `ends`, and its number
    rows: list[int | None] = []
    for number, line in enumerate(lines):
        place = bisect_left(ends, line.at)
        rows.append(best[place - 1][1] if place else None)
        weight = line.weight + (best[place - 1][0] if place else 0)
        stop = place
        while stop < len(best) and best[stop][0] <= weight:
            stop += 1
        ends[place:stop], best[place:stop] = [line.at], [(weight, number)]
    at = best[-1][1] if best else None
    found = set[_Line]()
    while at is not None:
        found.add(lines[at])
        at = rows[at]
    return found


def _blanks(lines: Sequence[_Line]) -> int:
    """How many of the lines that are put in are blank."""
    return sum(not each.strip() for line in lines for each in tokens.lines(line.followed_by))


def _keep_blanks(lines: Sequence[_Line], most: int) -> None:
    """All blank lines stay, but those around lines that go, as far as there are more than `most`."""
    blank = [line for line in lines if line.is_blank]
    for line in blank:
        line.becomes = line.text
    spare = len(blank) - most
    for at, line in enumerate(lines):
        if line.becomes is not None:
            continue
        for beside in (lines[at + 1 : at + 2], lines[max(at - 1, 0) : at]):
            if spare > 0 and beside and beside[0].is_blank and beside[0].becomes is not None:
                beside[0].becomes = None
                spare -= 1
                break


def _splices(top: _Line, lines: Sequence[_Line]) -> list[Splice]:
    found: list[Splice] = []
    for line in (top, *lines):
        if line.becomes is None:
            made = [Splice(line.start, len(line.text), "")]
        else:
            changed = diff.splices(line.text, line.becomes)
            made = [replace(splice, position=line.start + splice.position) for splice in changed]
        if line.followed_by:
            made.append(Splice(line.start + len(line.text), 0, _behind(line)))
        for splice in made:
            last = found[-1] if found else None
            if last and last.position + last.delete == splice.position:
                insert = last.insert + splice.insert
                found[-1] = Splice(last.position, last.delete + splice.delete, insert)
            else:
                found.append(splice)
    return found


def _behind(line: _Line) -> str:
    """What follows a line, which may be the last one, without an end."""
    if not line.becomes or line.becomes.endswith("\n"):
        return line.followed_by
    return "\n" + line.followed_by.removesuffix("\n")
