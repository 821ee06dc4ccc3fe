"""Who wrote which line since the last commit: one portion of the new text for each person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from prdgen.merge import alignment
from prdgen.merge.alignment import Effort
from prdgen.merge.diff import LIMIT_MS

Person = UUID | None
"""A person, or None for text from outside that belongs to nobody here."""


@dataclass(frozen=True, slots=True)
class Portion:
    """One person's commit: the text with their part in it, on top of the portions before."""

    person: Person
    co_authors: tuple[UUID, ...]
    """Others who touched these lines, or of whose work nothing else is left."""
    text: str


@dataclass(frozen=True, slots=True)
class _Gone:
    """A line of the base that somebody deleted."""

    base: int
    owner: Person
    others: frozenset[Person] = frozenset()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text now: one of the base (`base`), or one that `owner` touched last."""

    base: int | None = None
    owner: Person = None
    others: frozenset[Person] = frozenset()
    replaces: int | None = None
    """The line of the base that stands here until the owner's portion."""
    before: tuple[_Gone, ...] = ()
    """Deleted lines of the base that stood before this one."""

    @property
    def origin(self) -> int | None:
        """The line of the base it is or was."""
        return self.replaces if self.base is None else self.base

    @property
    def people(self) -> frozenset[Person]:
        """Everyone who touched it."""
        return self.others if self.base is not None else self.others | {self.owner}

    @property
    def touched(self) -> frozenset[Person]:
        """Everyone who touched it, or took away what stood before it."""
        return self.people.union(*(gone.others | {gone.owner} for gone in self.before))


@dataclass
class Authorship:
    """Follows a text from one commit to the next, version by version.

    A line belongs to whoever touched it last, a deletion to whoever deleted; a line that did not
    change keeps its owner. Can be pickled, and written as JSON for a restart.
    """

    base_text: str
    text: str
    _lines: list[_Line]
    """One for each line of `text`, and one that stands for the end."""
    _order: list[Person] = field(default_factory=list)

    @classmethod
    def start(cls, base_text: str) -> Authorship:
        """Nobody has touched anything since the commit with this text."""
        count = base_text.count("\n") + 1
        return cls(base_text, base_text, [*(_Line(base=n) for n in range(count)), _Line()])

    def advance(self, new_text: str, person: Person = None, *, from_tip: bool = False) -> None:
        """The text became `new_text` by this person; None says from outside, by nobody here.

        `from_tip`: by what the branch's tip has, which is committed: a line that it changed where
        somebody typed stays theirs.
        """
        if new_text == self.text:
            return
        if person not in self._order:
            self._order.append(person)
        first, old, new = _changed_lines(self.text, new_text)
        self.text = new_text
        if len(old) == len(new) == 1:  # Nearly always: someone types in a line.
            self._replace(first, first + 1, 1, person, from_tip)
            return
        effort = Effort.lasting(LIMIT_MS)
        for start, end, new_start, new_end in reversed(alignment.align(old, new, effort)):
            self._replace(first + start, first + end, new_end - new_start, person, from_tip)

    def rebase(self, new_base: str) -> None:
        """The branch's tip has this text now; what it holds is nobody's portion any more.

        Lines that differ from it keep their owner; who has none of them is named no more.
        """
        old_base = self.base_text.split("\n")
        deleter = {old_base[gone.base]: gone.owner for line in self._lines for gone in line.before}
        base, now = new_base.split("\n"), self.text.split("\n")
        lines: list[_Line] = []
        at = 0
        pending: tuple[_Gone, ...] = ()
        spans = alignment.align(base, now, Effort.lasting(LIMIT_MS))
        for start, end, new_start, new_end in (*spans, (len(base),) * 2 + (len(now),) * 2):
            for number in range(at, start):
                lines.append(_Line(base=number, before=pending))
                pending = ()
            shared = min(end - start, new_end - new_start)
            for number in range(new_start, new_end):
                place = number - new_start
                origin = start + place if place < shared else None
                own = self._lines[number]
                lines.append(_Line(None, own.owner, own.others, origin, pending))
                pending = ()
            pending += tuple(_Gone(n, deleter.get(base[n])) for n in range(start + shared, end))
            at = end
        self._lines = [*lines, _Line(before=pending)]
        self.base_text = new_base
        left = frozenset[Person]().union(*(line.touched for line in self._lines)) | {None}
        self._order = [p for p in self._order if p in left]
        self._order += [None] if None not in self._order else []

    def owners(self) -> list[tuple[int | None, Person]]:
        """Of each line now: the line of the base it is, or (None, who touched it last)."""
        return [(line.base, line.owner) for line in self._lines[:-1]]

    def typed(self) -> list[bool]:
        """Of each line now: whether a person touched it since the base, be it with others outside."""
        return [line.base is None and line.people != {None} for line in self._lines[:-1]]

    def commits(self) -> list[Portion]:
        """One portion for each person whose work is left, in order of first touch.

        Texts are cumulative and the last is `text` exactly; no portions when nothing changed.
        """
        if self.text == self.base_text:
            return []
        base, now = self.base_text.split("\n"), self.text.split("\n")
        seen: set[Person] = set()
        portions: list[Portion] = []
        lost: list[Person] = []
        text = self.base_text
        for person in self._order:
            seen.add(person)
            next_text = "\n".join(self._rows(base, now, seen))
            if next_text == text:
                lost.append(person)
                continue
            text = next_text
            portions.append(Portion(person, self._co_authors(person), text))
        if portions and lost:
            named = {p for portion in portions for p in (portion.person, *portion.co_authors)}
            last = portions[-1]
            left = tuple(p for p in lost if p is not None and p not in named)
            portions[-1] = replace(last, co_authors=(*last.co_authors, *left))
        return portions

    def to_json(self) -> dict[str, Any]:
        """All of it as values JSON can hold."""
        return {
            "version": 1,
            "base_text": self.base_text,
            "text": self.text,
            "order": [_name(person) for person in self._order],
            "lines": [_line_to_json(line) for line in self._lines],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Authorship:
        """What `to_json` gave."""
        lines = [_line_from_json(line) for line in stored["lines"]]
        order = [_person(name) for name in stored["order"]]
        return cls(stored["base_text"], stored["text"], lines, order)

    def _replace(
        self, start: int, end: int, count: int, person: Person, from_tip: bool = False
    ) -> None:
        """Put `count` lines of this person in the place of the lines from `start` to `end`."""
        old = self._lines[start:end]
        new: list[_Line] = []
        pending: tuple[_Gone, ...] = ()
        for number in range(max(len(old), count)):
            was = old[number] if number < len(old) else None
            pending += was.before if was else ()
            people = was.people - {person} if was else frozenset[Person]()
            origin = was.origin if was else None
            if number < count and from_tip and was and was.base is None:
                new.append(replace(was, before=pending))
                pending = ()
            elif number < count:
                new.append(_Line(None, person, people, origin, pending))
                pending = ()
            elif origin is not None:
                pending += (_Gone(origin, person, people),)
        after = self._lines[end]
        if pending:
            self._lines[end] = replace(after, before=pending + after.before)
        self._lines[start:end] = new

    def _rows(self, base: Sequence[str], now: Sequence[str], seen: set[Person]) -> Iterator[str]:
        """The lines of the text with these people's work and without that of others."""
        for number, line in enumerate(self._lines):
            for gone in line.before:
                if gone.owner not in seen:
                    yield base[gone.base]
            if number == len(now):
                return
            if line.base is not None or line.owner in seen:
                yield now[number]
            elif line.replaces is not None:
                yield base[line.replaces]

    def _co_authors(self, person: Person) -> tuple[UUID, ...]:
        touched: set[Person] = set()
        for line in self._lines:
            if line.base is None and line.owner == person:
                touched |= line.others
            for gone in line.before:
                if gone.owner == person:
                    touched |= gone.others
        return tuple(p for p in self._order if p is not None and p != person and p in touched)


def _changed_lines(old: str, new: str) -> tuple[int, list[str], list[str]]:
    """The number of the first line that may differ, and the lines from there that may."""
    size = min(len(old), len(new))
    head = _common(old[:size], new[:size])
    rest = size - head
    tail = _common_end(old, new, rest)
    start = old.rfind("\n", 0, head) + 1
    ends = [
        end if end >= 0 else len(text)
        for text in (old, new)
        for end in [text.find("\n", len(text) - tail)]
    ]
    first = old.count("\n", 0, start)
    return first, old[start : ends[0]].split("\n"), new[start : ends[1]].split("\n")


def _common(left: str, right: str) -> int:
    """How long two texts of one length are the same from their start."""
    low, high = 0, len(left)
    if left == right:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _common_end(left: str, right: str, most: int) -> int:
    """How long two texts, whose ends of length `most` are looked at, are the same from their end."""
    low, high = 0, most
    if left[len(left) - most :] == right[len(right) - most :]:
        return most
    while high - low > 1:
        middle = (low + high) // 2
        if (
            left[len(left) - middle : len(left) - low]
            == right[len(right) - middle : len(right) - low]
        ):
            low = middle
        else:
            high = middle
    return low


def _name(person: Person) -> str | None:
    return None if person is None else str(person)


def _person(name: str | None) -> Person:
    return None if name is None else UUID(name)


def _names(people: Iterable[Person]) -> list[str | None]:
    return sorted(map(_name, people), key=lambda name: name or "")


def _line_to_json(line: _Line) -> Any:
    """A line of the base nobody touched is its number alone: there are many of them."""
    if line.base is not None and not line.before:
        return line.base
    gone = [[g.base, _name(g.owner), _names(g.others)] for g in line.before]
    return [line.base, _name(line.owner), _names(line.others), line.replaces, gone]


def _line_from_json(stored: Any) -> _Line:
    if isinstance(stored, int):
        return _Line(base=stored)
    base, owner, others, replaces, gone = stored
    before = tuple(_Gone(n, _person(o), frozenset(map(_person, p))) for n, o, p in gone)
    return _Line(base, _person(owner), frozenset(map(_person, others)), replaces, before)
