"""A page parsed once: GitHub-flavoured Markdown as a tree with the file's line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import comrak

from prdgen.page import front_matter

Node = comrak.AstNode

EXTENSIONS: Final = comrak.ExtensionOptions(
    strikethrough=True,
    table=True,
    autolink=True,
    tasklist=True,
    footnotes=True,
    alerts=True,
    math_dollars=True,
    math_code=True,
    wikilinks_title_after_pipe=True,
)
PARSING: Final = comrak.ParseOptions()
RENDERING: Final = comrak.RenderOptions(unsafe_=True, sourcepos=True, tasklist_classes=True)
_GUARDED: Final = comrak.RenderOptions(unsafe_=False)

MAX_DEPTH: Final = 200
MAX_LETTERS: Final = 4_000_000
"""A tree takes thirty times the memory of its text."""
# comrak's own tree is walked without recursion, but handing it to Python recurses: about 1,500
# levels overflow a 512 KiB thread stack and take the process with them (no exception).
_DEEP_BLOCKS: Final = re.compile(r"\n((?:[ \t>]|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])){90,})")
_HOPELESS: Final = 2_000
"""A line that begins with more is not even measured: comrak's time grows with its square."""
_OPENERS: Final = "*_~["
_TAG: Final = re.compile(r"<(/?)(\w+)[^>]*>")
_VOID: Final = frozenset({"br", "hr", "img", "input"})
_BRACKET: Final = re.compile(r"\\.|!?\[|\]", re.DOTALL)


@dataclass(frozen=True)
class Tree:
    """A page's text and its syntax tree."""

    text: str
    """The whole text, front matter included."""
    body: str
    """The text with every line of the front matter blanked, so that line numbers stay."""
    root: Node
    """comrak's document; `sourcepos` counts the file's lines from 1."""
    too_deep: bool = False
    """Nested deeper than MAX_DEPTH, or longer than MAX_LETTERS: `root` is empty and the page is shown as
    its source."""

    @cached_property
    def nodes(self) -> list[tuple[Node, Any]]:
        """Every node with its value, parents first, in the order of the text."""
        return list(walk(self.root))

    def __del__(self) -> None:
        """Nodes know their parents and Python does not see that, so it would never let them go."""
        _let_go(self.root)
        for node, _ in self.__dict__.get("nodes", ()):
            node.children = []


def _let_go(root: Node) -> None:
    """Take a tree of comrak's apart: of no use afterwards, and its memory is given back."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        node.children = []


def parse(text: str) -> Tree:
    """The tree of `text` (LF only, no BOM). Never raises on any text, never recurses deeply."""
    body = front_matter.blanked(text)
    if len(body) > MAX_LETTERS or _is_too_deep(body):
        return Tree(text, body, _parsed(""), too_deep=True)
    return Tree(text, body, _parsed(body))


def _parsed(body: str) -> Node:
    return comrak.parse_document(body, EXTENSIONS, PARSING, RENDERING)


def walk(root: Node) -> Iterator[tuple[Node, Any]]:
    """Every node below and including `root` with its value, parents first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node, node.node_value
        children = node.children
        if children:
            waiting.extend(reversed(children))


def plain(node: Node) -> str:
    """The words below `node` without markup; line breaks become spaces."""
    words: list[str] = []
    for _, value in walk(node):
        if isinstance(value, comrak.Text):
            words.append(value.value)
        elif isinstance(value, (comrak.Code, comrak.Math)):
            words.append(value.value.literal)
        elif isinstance(value, (comrak.SoftBreak, comrak.LineBreak)):
            words.append(" ")
    return "".join(words)


def line_of(node: Node) -> int:
    """The file's line on which `node` begins."""
    return int(node.sourcepos.start.line)


def _is_too_deep(body: str) -> bool:
    """Whether the tree would be deeper than MAX_DEPTH; exact only for texts that look it."""
    prefixes = [len(match[1]) for match in _DEEP_BLOCKS.finditer("\n" + body)]
    if max(prefixes, default=0) > _HOPELESS:
        return True
    if not prefixes and not _many_openers(body):
        return False
    return _brackets(body) > MAX_DEPTH or _depth(body) > MAX_DEPTH


def _many_openers(body: str) -> bool:
    """Whether some paragraph has more openers of inline markup than may be nested."""
    if sum(map(body.count, _OPENERS)) <= MAX_DEPTH:
        return False
    return any(
        sum(map(block.count, _OPENERS)) > MAX_DEPTH
        for block in body.split("\n\n")
        if len(block) > MAX_DEPTH
    )


def _brackets(body: str) -> int:
    """How deeply square brackets are nested: images nest in images without a limit."""
    deepest = depth = images = 0
    for match in _BRACKET.finditer(body):
        mark = match[0]
        if mark == "![":
            images += 1
            depth += 1
            deepest = max(deepest, depth)
        elif mark == "]" and depth:
            depth -= 1
    return deepest if images > MAX_DEPTH else 0


def _depth(body: str) -> int:
    """The depth of the page's HTML, which comrak writes without recursion."""
    deepest = depth = 0
    html = comrak.markdown_to_html(body, EXTENSIONS, PARSING, _GUARDED)
    for match in _TAG.finditer(html):
        if match[1]:
            depth -= 1
        elif match[2] not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
