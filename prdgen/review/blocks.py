"""A rendered body → its blocks: what a reader sees as one thing, with what it is known by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_TAG: Final = re.compile(r"""<(/?)([a-zA-Z][\w:-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_VOID: Final = frozenset({"br", "col", "hr", "img", "input", "wbr"})
_INSIDE: Final = frozenset({
    "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "section", "details", "div", "table", "thead",
    "tbody", "tfoot", "tr", "td", "th",
})  # fmt: skip
"""Blocks that have blocks in them."""
_BLOCKS: Final = _INSIDE | {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "figure", "summary", "caption", "colgroup",
}  # fmt: skip
_KINDS: Final = {"ol": "ul", "th": "td"} | {f"h{level}": "heading" for level in range(1, 7)}
_REQUIREMENT: Final = re.compile(
    r'^<\w+(?=[^>]* class="(?:[^"]* )?requirement[ "])[^>]* id="([^"]+)"'
)
_WITHIN: Final = re.compile(
    r'<(?:li|p)(?=[^>]* class="(?:[^"]* )?requirement[ "])[^>]* id="([^"]+)"'
)
_OWN: Final = re.compile(r' (?:id|data-line)="[^"]*"')
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Block:
    """An element of its own, or (without a tag) words that stand loose in one."""

    tag: str
    opening: str
    inner: str
    closing: str

    @property
    def html(self) -> str:
        """All of it."""
        return self.opening + self.inner + self.closing

    @cached_property
    def kind(self) -> str:
        """What it can be compared with: a heading with a heading of another level."""
        return _KINDS.get(self.tag, self.tag)

    @cached_property
    def requirement(self) -> str | None:
        """The id of the requirement that it is."""
        found = _REQUIREMENT.match(self.opening)
        return found[1] if found else None

    @cached_property
    def requirements(self) -> frozenset[str]:
        """The ids of all requirements in it."""
        return frozenset(_WITHIN.findall(self.html))

    @cached_property
    def plain(self) -> str:
        """The same wherever it stands: without anchors and lines."""
        return without_places(self.html)

    @cached_property
    def words(self) -> list[str]:
        """The words a reader sees in it."""
        return _WORD.findall(_TAG.sub(" ", self.html))

    @cached_property
    def blocks(self) -> list[Block]:
        """The blocks in it; none in what is one piece: a paragraph, code, a diagram."""
        found = split(self.inner) if self.tag in _INSIDE else []
        return found if any(each.tag for each in found) else []


def without_places(html: str) -> str:
    """HTML without the ids and lines that only one thing on a page may have."""
    return _TAG.sub(lambda tag: _OWN.sub("", tag[0]), html)


def split(html: str) -> list[Block]:
    """The blocks next to each other in `html`, and what stands loose between them."""
    found: list[Block] = []
    at = 0
    for start, inner, closing, end, tag in _elements(html):
        _loose(found, html[at:start])
        found.append(Block(tag, html[start:inner], html[inner:closing], html[closing:end]))
        at = end
    _loose(found, html[at:])
    return found


def _loose(found: list[Block], html: str) -> None:
    if html.strip():
        found.append(Block("", "", html, ""))


def _elements(html: str) -> Iterator[tuple[int, int, int, int, str]]:
    """Each outermost block element: where it starts, its inner HTML, its closing tag, its end, its tag."""
    depth, start, inner, block = 0, 0, 0, ""
    for tag in _TAG.finditer(html):
        name, closes = tag[2].lower(), bool(tag[1])
        if name in _VOID or tag[3].endswith("/"):
            if not depth and name == "hr":
                yield tag.start(), tag.end(), tag.end(), tag.end(), name
        elif closes:
            depth = max(0, depth - 1)
            if not depth and block:
                yield start, inner, tag.start(), tag.end(), block
                block = ""
        else:
            if not depth and name in _BLOCKS:
                start, inner, block = tag.start(), tag.end(), name
            depth += 1
