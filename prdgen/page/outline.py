"""The headings of a page, with the anchors GitHub gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import comrak

from prdgen.page import tree as trees

_NOT_IN_SLUG: Final = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Heading:
    """One heading of a page."""

    level: int
    text: str
    """Without markup."""
    slug: str
    """The anchor, unique in the page: lower case, spaces as `-`, then `-1`, `-2`, …"""
    line: int


class Slugs:
    """Gives each heading of one page an anchor of its own, by github-slugger's rule."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def take(self, text: str) -> str:
        """The anchor of the next heading with this text."""
        wanted = slug(text)
        result = wanted
        while result in self._seen:
            self._seen[wanted] += 1
            result = f"{wanted}-{self._seen[wanted]}"
        self._seen[result] = 0
        return result


def slug(text: str) -> str:
    """The anchor of a heading's text alone; `section` where nothing of it can stand in one."""
    return _NOT_IN_SLUG.sub("", text.strip().lower()).replace(" ", "-") or "section"


def of(tree: trees.Tree) -> list[Heading]:
    """The page's headings in order, those inside quotes and lists included."""
    slugs = Slugs()
    return [
        heading(node, value.value.level, slugs)
        for node, value in tree.nodes
        if isinstance(value, comrak.Heading)
    ]


def heading(node: trees.Node, level: int, slugs: Slugs) -> Heading:
    """The Heading of a heading's node; call it in the order of the text."""
    text = trees.plain(node).strip()
    return Heading(level, text, slugs.take(text), trees.line_of(node))
