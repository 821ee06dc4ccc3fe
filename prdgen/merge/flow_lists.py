"""Lists in brackets, `tags: [a, b]`: merged item by item, as lists of one item a line are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = r"""[^\s,\[\]{}#"'&*!|>%@`](?:[^,\[\]{}#"'\n]*[^\s,\[\]{}#"'])?"""
_ITEM: Final = rf"""[ \t]*(?:"[^"\\\n]*"|'[^'\n]*'|{_PLAIN})[ \t]*"""
_LIST: Final = re.compile(
    rf"([^\n:\[\]]+:[ \t]*\[)((?:{_ITEM}(?:,{_ITEM})*)?[ \t]*)(\][ \t]*(?:#[^\n]*)?\n)"
)


@dataclass(frozen=True, slots=True)
class _Read:
    """One line, taken apart: what stands before and behind the items, and around them."""

    head: str
    items: tuple[str, ...]
    lead: str
    gap: str
    trail: str
    tail: str

    def written(self, items: Sequence[str]) -> str:
        """The line with these items, spaced as this one is."""
        inner = f",{self.gap}".join(items)
        return f"{self.head}{self.lead}{inner}{self.trail}{self.tail}"


def items(text: str) -> tuple[str, ...] | None:
    """What is in the list of one key's line, without quotes; None: it is no such list."""
    found = _read(text)
    return None if found is None else tuple(map(_value, found.items))


def with_items(text: str, items_: Sequence[str]) -> str | None:
    """One key's line with other items in its list; None: it is no such list."""
    found = _read(text)
    return None if found is None else found.written(items_)


def merged(base: str, theirs: str, ours: str) -> str | None:
    """One key's line with what both sides added to its list, and without what either took out.

    Ours come first where both added in one place. None, for the merge of words, when one of the three is no such list, or
    an item stands twice, both sides replaced one item, or both moved items.
    """
    read = [_read(text) for text in (base, theirs, ours)]
    was, their, our = read
    if was is None or their is None or our is None:
        return None
    if not our.head == their.head == was.head or not our.tail == their.tail == was.tail:
        return None
    before, other, mine = (
        {_value(item): item for item in each.items} for each in (was, their, our)
    )
    gone = [before.keys() - other.keys(), before.keys() - mine.keys()]
    new = [other.keys() - before.keys(), mine.keys() - before.keys()]
    if gone[0] & gone[1] and new[0] - new[1] and new[1] - new[0]:
        return None
    first, second = (mine, other) if _kept(before, other, mine) else (other, mine)
    if not _kept(before, second, first):
        return None
    order = [each for each in first if each not in gone[0] | gone[1]]
    _insert(order, [each for each in second if each not in gone[0] | gone[1]], before)
    return our.written([mine.get(each) or other[each] for each in order])


def _insert(order: list[str], others: Sequence[str], before: dict[str, str]) -> None:
    """Put the other side's new items behind the item they stand behind there, after what was put
    there already.
    """
    at = 0
    for each in others:
        if each in order:
            at = order.index(each) + 1
            continue
        while at < len(order) and order[at] not in before:
            at += 1
        order.insert(at, each)
        at += 1


def _kept(before: dict[str, str], one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether `one` has the items that all three have in the order of the base."""
    there = [each for each in before if each in one and each in other]
    return [each for each in one if each in before and each in other] == there


def _read(text: str) -> _Read | None:
    found = _LIST.fullmatch(text)
    if found is None:
        return None
    head, inner, tail = found.groups()
    raw = re.findall(_ITEM, inner) if inner.strip() else []
    items = tuple(item.strip() for item in raw)
    if len({_value(item) for item in items}) < len(items):
        return None
    lead = inner[: len(inner) - len(inner.lstrip())] if raw else ""
    trail = inner[len(inner.rstrip()) :] if raw else inner
    gap = raw[1][: len(raw[1]) - len(raw[1].lstrip())] if len(raw) > 1 else " "
    made = _Read(head, items, lead, gap, trail, tail)
    return made if made.written(items) == text else None


def _value(item: str) -> str:
    quoted = len(item) > 1 and item[0] == item[-1] and item[0] in "\"'"
    return item[1:-1] if quoted else item
