"""Two texts of a page → which heading of the new one is which of the old one, so that old anchors lead on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final

from prdgen.page import outline
from prdgen.page import tree as trees

VERSION: Final = 1
"""Raised when the same two texts give another answer."""
_MARK: Final = re.compile(rb"##{0,5}(?![^ \t\r\n])[^\n]*")
_UNDERLINE: Final = re.compile(rb"\n[ >]{0,40}(?:=+|-+)[ \t\r]*(?=\n|$)")
_WORD: Final = re.compile(r"\w+")
_SAME_BODY: Final = 0.6
"""Share of the words below two headings that are the same, for them to be one heading by that alone."""
_ENOUGH_WORDS: Final = 4
_OTHER_BODY: Final = 0.2
_MANY_WORDS: Final = 8
_OTHER_WORDS: Final = 0.5
_MOST_COMPARED: Final = 40_000
"""Pairs of headings; where there are more, their bodies are not compared."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What became of a page's anchors from one text to the next."""

    led: dict[str, str]
    """Old anchor → the new one of the same heading, where it is another."""
    taken: tuple[str, ...]
    """Anchors of the new text that are not the same heading's as in the old one."""


@dataclass(frozen=True)
class _Section:
    """A heading with what stands below it, up to the next one."""

    level: int
    title: str
    """As an anchor has it, before it was made unique."""
    slug: str
    above: tuple[str, ...]
    """Titles of the headings it stands below."""
    body: str

    @cached_property
    def words(self) -> Counter[str]:
        return Counter(_WORD.findall(self.body.lower()))


_Pairs = dict[int, int]
"""Number of a heading in the old text → its number in the new one."""


def may_differ(old: bytes, new: bytes) -> bool:
    """Whether any heading may be called otherwise in `new`: a quick look at the lines of headings."""
    return _heading_lines(old) != _heading_lines(new)


def between(old: str, new: str) -> Moves:
    """How the anchors of the text `old` moved in `new` (LF only, no BOM). Raises on no text.

    A heading keeps being itself by its words; else by the words below it; else by its place: of the same
    level, between the same neighbours, unless what stands below it is about something else, too.
    """
    before, after = _sections(old), _sections(new)
    pairs = _paired(before, after)
    ways = [(before[one].slug, after[other].slug) for one, other in pairs.items()]
    same = {one for one, other in ways if one == other}
    led = {one: other for one, other in ways if one != other}
    return Moves(led, tuple(each.slug for each in after if each.slug not in same))


@lru_cache(maxsize=2)
def _heading_lines(data: bytes) -> list[bytes]:
    """Lines with a `#` as headings have it, and those with an underline below them."""
    marked = [_line(data, match.start(), match.end()) for match in _MARK.finditer(data)]
    underlined = [_line(data, match.start(), match.end()) for match in _UNDERLINE.finditer(data)]
    return [*marked, b"", *underlined]


def _line(data: bytes, place: int, end: int) -> bytes:
    return data[data.rfind(b"\n", 0, place) + 1 : end]


@lru_cache(maxsize=2)
def _sections(text: str) -> Sequence[_Section]:
    tree = trees.parse(text)
    headings, lines = outline.of(tree), tree.body.split("\n")
    ends = [*(heading.line - 1 for heading in headings[1:]), len(lines)]
    found: list[_Section] = []
    above: list[tuple[int, str]] = []
    for heading, end in zip(headings, ends, strict=False):
        while above and above[-1][0] >= heading.level:
            above.pop()
        title = outline.slug(heading.text)
        path, body = tuple(name for _, name in above), "\n".join(lines[heading.line : end])
        found.append(_Section(heading.level, title, heading.slug, path, body))
        above.append((heading.level, title))
    return found


def _paired(old: Sequence[_Section], new: Sequence[_Section]) -> _Pairs:
    if [each.slug for each in old] == [each.slug for each in new]:
        return {number: number for number in range(len(old))}
    pairs: _Pairs = {}
    _by_name(old, new, pairs, lambda each: (each.above, each.title, each.body))
    _by_name(old, new, pairs, lambda each: (each.above, each.title))
    _by_name(old, new, pairs, lambda each: (each.title, each.body))
    _by_name(old, new, pairs, lambda each: each.title)
    _by_body(old, new, pairs)
    _by_place(old, new, pairs)
    return pairs


def _by_name(
    old: Sequence[_Section], new: Sequence[_Section], pairs: _Pairs,
    name: Callable[[_Section], Hashable],
) -> None:  # fmt: skip
    """Pair, in their order, what is called the same, where there are as many of it."""
    left, right = _named(old, pairs.keys(), name), _named(new, pairs.values(), name)
    for key in left.keys() & right.keys():
        if len(left[key]) == len(right[key]):
            pairs.update(zip(left[key], right[key], strict=True))


def _named(
    sections: Sequence[_Section], done: Iterable[int], name: Callable[[_Section], Hashable]
) -> dict[Hashable, list[int]]:
    named: defaultdict[Hashable, list[int]] = defaultdict(list)
    paired = set(done)
    for number, each in enumerate(sections):
        if number not in paired:
            named[name(each)].append(number)
    return named


def _by_body(old: Sequence[_Section], new: Sequence[_Section], pairs: _Pairs) -> None:
    """Pair what has mostly the same words below it, the most alike first."""
    left, right = _open(old, pairs.keys()), _open(new, pairs.values())
    if len(left) * len(right) > _MOST_COMPARED:
        return
    alike = []
    for one in left:
        for other in right:
            share = _shared(old[one].words, new[other].words)
            few = min(old[one].words.total(), new[other].words.total()) < _ENOUGH_WORDS
            if share >= _SAME_BODY and not few:
                level = old[one].level == new[other].level
                alike.append((-share, not level, abs(one - other), one, other))
    taken: set[int] = set()
    for *_, one, other in sorted(alike):
        if one not in pairs and other not in taken:
            pairs[one] = other
            taken.add(other)


def _by_place(old: Sequence[_Section], new: Sequence[_Section], pairs: _Pairs) -> None:
    """Pair what stands between the same two neighbours: as many of a level as there were."""
    known = [(-1, -1), *sorted(pairs.items()), (len(old), len(new))]
    taken = set(pairs.values())
    for (start, there), (end, until) in pairwise(known):
        between_new = range(there + 1, until)
        if end == start + 1 or taken.intersection(between_new):
            continue
        levels = _levels(old, range(start + 1, end)), _levels(new, between_new)
        for level in levels[0].keys() & levels[1].keys():
            here, now = levels[0][level], levels[1][level]
            if len(here) == len(now):
                each = zip(here, now, strict=True)
                pairs.update((a, b) for a, b in each if not _unlike(old[a], new[b]))


def _levels(sections: Sequence[_Section], numbers: range) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for number in numbers:
        found[sections[number].level].append(number)
    return found


def _open(sections: Sequence[_Section], done: Iterable[int]) -> list[int]:
    paired = set(done)
    return [number for number in range(len(sections)) if number not in paired]


def _shared(one: Counter[str], other: Counter[str]) -> float:
    """Share of the words of both that are in both, 0 to 1."""
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def _unlike(one: _Section, other: _Section) -> bool:
    """Whether two headings are about different things, both in their words and below them."""
    if min(one.words.total(), other.words.total()) < _MANY_WORDS:
        return False
    if _shared(one.words, other.words) >= _OTHER_BODY:
        return False
    return SequenceMatcher(None, one.title, other.title).ratio() < _OTHER_WORDS
