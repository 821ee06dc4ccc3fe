"""Where a comment stands in a text: words and what is around them, found again in later texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from prdgen.merge import diff
from prdgen.review import lineage

_AROUND: Final = 60
"""Code points kept of what stands before and after."""
LONGEST_QUOTE: Final = 4_000
_ADDRESS: Final = re.compile(r"\([^()\n]*\)")
_UNSEEN: Final = re.compile(
    r"(?<=\])\([^()\n]*\)|\[\^[^\]\n]+\]|(?<=\])\[[^\]\n]*\]|</?\w[^<>\n]*>"
)
_WORD: Final = re.compile(r"\w+")
_PAIRS: Final = (("[", "]"), ("(", ")"), ("**", "**"), ("`", "`"), ("~~", "~~"))
_EDGES: Final = (16, 8)
"""Letters by which the beginning and the end of a stretch are known."""
How = Literal["same", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A stretch of a text, from `start` (code points), with what is around it."""

    start: int
    quote: str
    before: str
    after: str

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.quote)

    def facts(self) -> dict[str, Any]:
        """For a log."""
        return {"start": self.start, "quote": self.quote, "before": self.before,
                "after": self.after}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where an anchor is in another text: `how` says what became of its words."""

    start: int
    end: int
    how: How


def of_facts(facts: object) -> Anchor | None:
    """The anchor a log has; None when it is none."""
    if not isinstance(facts, Mapping):
        return None
    try:
        return Anchor(int(facts["start"]), str(facts["quote"]), str(facts["before"]),
                      str(facts["after"]))  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def at(text: str, start: int, end: int) -> Anchor:
    """The anchor of a stretch of `text`."""
    end = min(end, start + LONGEST_QUOTE)
    return Anchor(start, text[start:end], text[max(0, start - _AROUND) : start],
                  text[end : end + _AROUND])  # fmt: skip


def lines(text: str, first: int, last: int) -> Anchor:
    """The anchor of whole lines (from 1), without the last one's end."""
    start = _line_start(text, first)
    end = text.find("\n", _line_start(text, max(first, last)))
    return at(text, start, len(text) if end < 0 else end)


def lines_of(anchor: Anchor, text: str) -> tuple[int, int]:
    """The first and the last line (from 1) that an anchor of this text is on."""
    return text.count("\n", 0, anchor.start) + 1, text.count("\n", 0, anchor.end) + 1


def make(text: str, quote: str, line: int) -> Anchor:
    """The anchor of words that somebody marked in a rendered page, around `line` (from 1); of the line
    itself when they are not found (see `seek`).
    """
    found = seek(text, quote, line) if quote.strip() else None
    if found is not None:
        return found
    near = _line_start(text, line)
    end = text.find("\n", near)
    return at(text, near, len(text) if end < 0 else end)


def seek(text: str, quote: str, line: int) -> Anchor | None:
    """The anchor of words that somebody marked in a rendered page, around `line` (from 1).

    Markup is not in the words, so letters and digits are compared, in any case, without what stands
    between them. When there are other letters within (an address, a footnote's name), the beginning and
    the end are looked for. None: they are not there.
    """
    wanted = "".join(_plain(letter) for letter in quote if letter.isalnum())[:LONGEST_QUOTE]
    near = _line_start(text, line)
    words = quote.strip()
    if not wanted:
        found = _occurrences(text, words)
        start = min(found, key=lambda each: _distance(each, near), default=None)
        return None if start is None else at(text, start, start + len(words))
    places, ends = list[int](), dict[int, int]()
    for places in (_read(text), [n for n, letter in enumerate(text) if letter.isalnum()]):
        letters = "".join(_plain(text[index]) for index in places)
        starts = _occurrences(letters, wanted)
        ends = {each: each + len(wanted) - 1 for each in starts} or _by_ends(letters, wanted)
        if ends:
            break
    if not ends:
        return _mostly(text, words, near)
    best = min(ends, key=lambda each: _distance(places[each], near))
    start, end = places[best], places[ends[best]] + 1
    first = next(n for n, letter in enumerate(words) if letter.isalnum())
    last = next(n for n, letter in enumerate(reversed(words)) if letter.isalnum())
    # A full stop or a bracket that was marked, too.
    if first and text.endswith(words[:first], 0, start):
        start -= first
    if last and text.startswith(words[-last:], end):
        end += last
    return at(text, *_with_markup(text, start, end))


def _read(text: str) -> list[int]:
    """Where the letters and digits stand that a reader sees: not in addresses and tags."""
    hidden = {place for found in _UNSEEN.finditer(text) for place in range(*found.span())}
    return [n for n, letter in enumerate(text) if letter.isalnum() and n not in hidden]


def _mostly(text: str, words: str, near: int) -> Anchor | None:
    """The line, when most of the words are in the block that begins there: a page's title may stand for
    a link, a number for a footnote.
    """
    over = text.find("\n\n", near)
    block = set(_WORD.findall(text[near : over if over >= 0 else len(text)].lower()))
    wanted = _WORD.findall(words.lower())
    if 2 * sum(word in block for word in wanted) <= len(wanted):
        return None
    end = text.find("\n", near)
    return at(text, near, len(text) if end < 0 else end)


def _plain(letter: str) -> str:
    """One letter, whatever its case: titles of notes are shown in another one than they are written."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def _with_markup(text: str, start: int, end: int) -> tuple[int, int]:
    """With the mark before it that ends in it, and the mark after it that begins in it: whoever
    suggests other words for a half of the two would break the other half.
    """
    for opening, closing in _PAIRS:
        words = text[start:end]
        begun, over = words.count(opening), words.count(closing)
        if opening == closing:
            begun, over = 0, begun % 2
        if over > begun and text.endswith(opening, 0, start):
            start -= len(opening)
        elif (begun > over or over) and text.startswith(closing, end):
            end += len(closing)
    if text.endswith("]", 0, end) and (address := _ADDRESS.match(text, end)):
        end = address.end()
    return start, end


def _by_ends(letters: str, wanted: str) -> dict[int, int]:
    """First letter → last letter of the stretches that begin and end as `wanted` does."""
    found: dict[int, int] = {}
    for edge in _EDGES:
        if found or len(wanted) < 2 * edge:
            continue
        for start in _occurrences(letters, wanted[:edge]):
            last = letters.find(wanted[-edge:], start + edge, start + 2 * len(wanted) + 200)
            if last >= 0:
                found[start] = last + edge - 1
    return found


def _distance(place: int, near: int) -> int:
    """What is marked begins in its block or behind its first line, seldom before."""
    return place - near if place >= near else 4 * (near - place)


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(max(0, line - 1)):
        following = text.find("\n", start)
        if following < 0:
            return start
        start = following + 1
    return start


def find(anchor: Anchor, was: str | None, text: str) -> Place:
    """Where the anchor of the text `was` is in `text`.

    By what was changed from one to the other; words that went from their place are looked for
    elsewhere, by themselves and by what was around them. With `was` None that is all there is.
    """
    edits = None if was is None else diff.splices(was, text)
    moved = None if edits is None else _along(anchor, edits)
    if was is not None and moved is not None and text[moved.start : moved.end] == anchor.quote:
        if not lineage.states_another(was, anchor.start, text, moved.start):
            return Place(moved.start, moved.end, "same")
        moved = Place(moved.start, moved.start, "gone")
    elsewhere = _elsewhere(anchor, was, text, edits or [])
    if elsewhere is not None and (moved is None or moved.start == moved.end or was is None):
        return elsewhere
    if was is not None and moved is not None and (better := _in_its_line(anchor, was, text, moved)):
        return better
    if moved is None:
        return Place(0, 0, "gone")
    how: How = "gone" if moved.start == moved.end else "changed"
    return Place(moved.start, moved.end, how)


def _in_its_line(anchor: Anchor, was: str, text: str, moved: Place) -> Place | None:
    """The stretch in what its own line became, when another one's words stand where the edits lead."""
    ours = lineage.around(was, anchor.start, anchor.end)
    there = lineage.around(text, moved.start, moved.end) if moved.start < moved.end else None
    line = lineage.became(was, ours, text, there)
    if line is None:
        return None
    within = replace(anchor, start=anchor.start - ours.start)
    found = _along(within, diff.splices(ours.of(was), line.of(text)))
    if found.start == found.end:
        return None
    start, end = found.start + line.start, found.end + line.start
    return Place(start, end, "same" if text[start:end] == anchor.quote else "changed")


def _along(anchor: Anchor, edits: list[diff.Splice]) -> Place:
    """The stretch after the edits; what is inserted at its edges is not in it."""
    start = _moved(anchor.start, edits, at_end=False)
    return Place(start, max(start, _moved(anchor.end, edits, at_end=True)), "same")


def _moved(place: int, edits: list[diff.Splice], *, at_end: bool) -> int:
    """Where a place is after the edits. What replaces words across it counts to the stretch, what is
    inserted just there does not.
    """
    by = 0
    for edit in edits:
        first, last = edit.position, edit.position + edit.delete
        inside = first < place < last
        replaced = edit.delete > 0 and (last == place if at_end else first == place)
        if inside or replaced:
            return first + by + (len(edit.insert) if at_end else 0)
        if first > place or (first == place and (at_end or edit.delete)):
            break
        by += len(edit.insert) - edit.delete
    return place + by


def _elsewhere(
    anchor: Anchor, was: str | None, text: str, edits: list[diff.Splice]
) -> Place | None:
    """Its words at another place, to which they went: those that stood in `was` as well, and in another
    requirement, are others.
    """
    if not anchor.quote.strip():
        return None
    found = _occurrences(text, anchor.quote)
    if was is not None:
        others = {
            _along(replace(anchor, start=start), edits).start
            for start in _occurrences(was, anchor.quote)
            if start != anchor.start
        }
        found = [
            start
            for start in found
            if start not in others and not lineage.states_another(was, anchor.start, text, start)
        ]
    if not found:
        return None

    def alike(start: int) -> int:
        end = start + len(anchor.quote)
        before, after = text[:start][-_AROUND:], text[end : end + _AROUND]
        return _shared(before[::-1], anchor.before[::-1]) + _shared(after, anchor.after)

    best = max(found, key=alike)
    if len(found) > 1 and alike(best) == 0:
        return None
    return Place(best, best + len(anchor.quote), "same")


def _occurrences(text: str, wanted: str) -> list[int]:
    found: list[int] = []
    at_ = text.find(wanted) if wanted else -1
    while at_ >= 0 and len(found) < 1000:
        found.append(at_)
        at_ = text.find(wanted, at_ + 1)
    return found


def _shared(one: str, other: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
