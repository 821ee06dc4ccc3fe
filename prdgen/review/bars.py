"""A rendered body with a mark on every block that is another one than in an older body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from prdgen.merge.alignment import Effort
from prdgen.review import blocks, difference
from prdgen.review.blocks import Block

What = Literal["new", "changed", "moved", "gone"]
_SAID: Final = {"new": "New", "changed": "Changed", "moved": "Moved", "gone": "Removed here"}
_LOOKED_INTO: Final = frozenset({"ul", "ol", "li", "blockquote", "section", "details"})
"""Blocks whose own blocks are marked, not they themselves, when something in them changed."""
_SAYS_INSIDE: Final = frozenset({"p", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6"})
_DEEPEST: Final = 8
_LISTS: Final = frozenset({"ul", "ol"})
_GONE: Final = f'<p class="prd-bar prd-bar--gone">{_SAID["gone"]}</p>'
_CLASS: Final = re.compile(r'(\sclass=")')


@dataclass(frozen=True, slots=True)
class Mark:
    """What is said of one block; of "gone": of what stood before it."""

    what: What
    place: tuple[int, ...]
    """The block's number among its neighbours, in each block it is in."""


def marks(old: str, new: str) -> list[Mark]:
    """What became of the blocks of `old` in `new`, in the order of the page."""
    effort = Effort.lasting(difference.LIMIT_MS)
    return list(_marks(blocks.split(old), blocks.split(new), effort, ()))


def put(html: str, found: Sequence[Mark]) -> str:
    """`html`, which has the blocks that `marks` saw, with a class on each that is marked and words for
    whoever does not see the bar.
    """
    by_place: dict[tuple[int, ...], list[What]] = {}
    for mark in found:
        by_place.setdefault(mark.place, []).append(mark.what)
    return _put(blocks.split(html), by_place, (), "")


def _marks(
    old: Sequence[Block], new: Sequence[Block], effort: Effort, within: tuple[int, ...]
) -> Iterator[Mark]:
    at = 0
    for step in difference.steps(old, new, effort):
        place = (*within, at)
        if step.new is None:
            yield Mark("gone", place)
            continue
        at += 1
        if step.old is None:
            yield Mark("new", place)
        elif step.what == "moved":
            yield Mark("moved", place)
        elif step.old.plain != step.new.plain:
            yield from _within(step.old, step.new, effort, place)


def _within(old: Block, new: Block, effort: Effort, place: tuple[int, ...]) -> Iterator[Mark]:
    deep = len(place) < _DEEPEST and new.tag in _LOOKED_INTO and old.tag == new.tag
    if not (deep and old.blocks and new.blocks):
        yield Mark("changed", place)
        return
    inside = list(_marks(old.blocks, new.blocks, effort, place))
    yield from inside or [Mark("changed", place)]


def _put(
    found: Sequence[Block], marked: dict[tuple[int, ...], list[What]], within: tuple[int, ...],
    parent: str,
) -> str:  # fmt: skip
    """What went from a list is said in the entry before it, or before the list: words of ours are no
    entry, so that the others keep their numbers.
    """
    made = []
    for number in range(len(found) + 1):
        place = (*within, number)
        said = marked.get(place, ())
        if "gone" in said and parent not in _LISTS:
            made.append(_GONE)
        if number == len(found):
            break
        block = found[number]
        if any(deeper[: len(place)] == place and len(deeper) > len(place) for deeper in marked):
            inner = _put(block.blocks, marked, place, block.tag)
            block = Block(block.tag, block.opening, inner, block.closing)
        if parent in _LISTS and "gone" in marked.get((*within, number + 1), ()):
            block = Block(block.tag, block.opening, f"{block.inner}{_GONE}", block.closing)
        if block.tag in _LISTS and "gone" in marked.get((*place, 0), ()):
            made.append(_GONE)
        what = next((each for each in said if each != "gone"), None)
        made.append(block.html if what is None else _barred(block, what))
    return "\n".join(made)


def _barred(block: Block, what: What) -> str:
    words = f"{escape(_SAID[what])}: "
    if not block.tag:
        return f'<span class="prd-bar prd-bar--{what}">{_hidden(words)}{block.html}</span>'
    name = f"prd-bar prd-bar--{what}"
    if block.tag == "table":  # the theme draws tables that have no class
        return f'<p class="prd-bar-said">{words}</p>\n<div class="{name}">{block.html}</div>'
    opening, count = _CLASS.subn(rf"\1{name} ", block.opening, count=1)
    if not count:
        opening = f'<{block.tag} class="{name}"{block.opening[len(block.tag) + 1 :]}'
    if block.tag in _SAYS_INSIDE:
        return opening + _hidden(words) + block.inner + block.closing
    return f'<p class="prd-bar-said">{words}</p>\n{opening}{block.inner}{block.closing}'


def _hidden(words: str) -> str:
    return f'<span class="prd-bar-said">{words}</span>'
