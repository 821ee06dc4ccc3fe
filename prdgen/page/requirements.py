"""Numbered statements in a page, in both notations people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import comrak

from prdgen.page import tree as trees

Notation = Literal["list", "strictdoc"]

ID: Final = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+"
LABEL: Final = re.compile(rf"\[({ID})\](?=[\s:.]|$)[ \t]*:?[ \t]*")
MENTION: Final = re.compile(rf"(?<![\w\-/.#]){ID}(?![\w\-])")
_FIELD: Final = re.compile(r"^\s*:\s*")
_WHOLE: Final = re.compile(ID)
_LISTED: Final = (re.compile(rf"\[{ID}"), re.compile(rf";{ID}"))
"""Two, since a pattern that begins with one letter is found fifteen times as fast."""
_FIELDS: Final = re.compile(r"uid(?![a-z])")


@dataclass(frozen=True)
class Requirement:
    """One requirement as its page states it."""

    id: str
    text: str
    """The statement without markup; of a StrictDoc requirement its statement, else its title."""
    line: int
    end_line: int
    notation: Notation
    status: str = ""


@dataclass(frozen=True)
class Place:
    """A requirement and the nodes that carry it, for those who draw it."""

    requirement: Requirement
    block: trees.Node
    """The list item or the paragraph of fields: what an anchor is put on."""
    words: trees.Node
    """The text node with the id in it."""


def of(tree: trees.Tree) -> list[Requirement]:
    """The page's requirements in order; an id written twice comes twice (`checks` reports it)."""
    return [place.requirement for place in places(tree.nodes)] if possible(tree.body) else []


def possible(body: str) -> bool:
    """Whether there may be a requirement in it; what says no has none, and need not be walked."""
    return any(one.search(body) for one in _LISTED) or bool(_FIELDS.search(body.lower()))


def places(nodes: Iterable[tuple[trees.Node, Any]]) -> Iterator[Place]:
    """The requirements among `nodes`, in order, with the nodes they stand in."""
    title: trees.Node | None = None
    for node, value in nodes:
        kind, found = type(value), None
        if kind is comrak.Heading:
            title = node
        elif kind is comrak.Item or kind is comrak.TaskItem:
            found = _in_item(node)
        elif kind is comrak.Paragraph:
            found = _in_fields(node, title)
        if found is not None:
            yield found


def _in_item(item: trees.Node) -> Place | None:
    """`- [REQ-012] Text`, also as a task, numbered, or with the label in bold."""
    children = item.children
    if not children or not isinstance(children[0].node_value, comrak.Paragraph):
        return None
    first = _first_text(children[0])
    if first is None:
        return None
    written: Any = first.node_value
    match = LABEL.match(written.value)
    if match is None:
        return None
    text = trees.plain(children[0]).strip()[len(match[0].strip()) :].strip()
    lines = item.sourcepos
    end = max(lines.start.line, children[-1].sourcepos.end.line)
    return Place(Requirement(match[1], text, lines.start.line, end, "list"), item, first)


def _first_text(paragraph: trees.Node) -> trees.Node | None:
    """The text a paragraph begins with, looking into one level of bold."""
    inside = paragraph.children
    if inside and isinstance(inside[0].node_value, comrak.Strong):
        inside = inside[0].children
    if inside and isinstance(inside[0].node_value, comrak.Text):
        return inside[0]
    return None


def _in_fields(paragraph: trees.Node, title: trees.Node | None) -> Place | None:
    r"""`**UID**: REQ-012 \` with the other fields of StrictDoc's Markdown below a heading."""
    inside = paragraph.children
    if not inside or not isinstance(inside[0].node_value, comrak.Strong):
        return None
    fields = dict(_fields(inside))
    uid = fields.get("uid")
    if uid is None or not _WHOLE.fullmatch(uid[0]):
        return None
    statement = fields.get("statement", ("", paragraph))[0]
    following, end = _following(paragraph)
    text = statement or following or (trees.plain(title).strip() if title else "")
    status = fields.get("status", ("", paragraph))[0]
    line = trees.line_of(paragraph)
    return Place(Requirement(uid[0], text, line, end, "strictdoc", status), paragraph, uid[1])


def _fields(inside: list[trees.Node]) -> Iterator[tuple[str, tuple[str, trees.Node]]]:
    """Each field's name in lower case, its value, and the node its value begins in."""
    name, value, carrier, expects = "", "", inside[0], True
    for node in inside:
        kind = node.node_value
        if isinstance(kind, comrak.Strong) and expects:
            name, value, expects = trees.plain(node).strip().rstrip(":").lower(), "", False
            carrier = node
        elif isinstance(kind, (comrak.LineBreak, comrak.SoftBreak)):
            yield name, (_FIELD.sub("", value).strip(), carrier)
            name, value, expects = "", "", True
        else:
            carrier = node if not value else carrier
            value, expects = value + trees.plain(node), False
    yield name, (_FIELD.sub("", value).strip(), carrier)


def _following(paragraph: trees.Node) -> tuple[str, int]:
    """The statement paragraph after the fields, and the last line of the requirement."""
    end = int(paragraph.sourcepos.end.line)
    siblings = paragraph.parent.children if paragraph.parent is not None else []
    after = False
    for sibling in siblings:
        if after and isinstance(sibling.node_value, comrak.Paragraph):
            return trees.plain(sibling).strip(), int(sibling.sourcepos.end.line)
        if after and isinstance(sibling.node_value, comrak.Heading):
            break
        after = after or trees.line_of(sibling) == trees.line_of(paragraph)
    return "", end
