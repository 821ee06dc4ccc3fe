"""Everything the page index wants to know about one page, from one parse."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import Any, Final

import comrak

from prdgen.page import front_matter, links, metadata, outline, requirements
from prdgen.page import tree as trees
from prdgen.page.problems import Problem

_MAX_DESCRIPTION: Final = 200
_WORD: Final = re.compile(r"\w+(?:['’.\-]\w+)*")
_BREAKS: Final = frozenset(
    {
        comrak.Paragraph,
        comrak.Heading,
        comrak.TableRow,
        comrak.TableCell,
        comrak.SoftBreak,
        comrak.LineBreak,
    }
)


_DRAWING: Final = frozenset(
    [
        "flowchart",
        "graph",
        "subgraph",
        "end",
        "direction",
        "TB",
        "TD",
        "BT",
        "LR",
        "RL",
        "style",
        "classDef",
        "class",
        "linkStyle",
        "click",
        "br",
        "sequenceDiagram",
        "participant",
        "actor",
        "as",
        "activate",
        "deactivate",
        "autonumber",
        "loop",
        "alt",
        "else",
        "opt",
        "par",
        "and",
        "critical",
        "break",
        "rect",
        "note",
        "Note",
        "over",
        "left",
        "right",
        "of",
        "stateDiagram",
        "v2",
        "state",
        "classDiagram",
        "erDiagram",
        "gantt",
        "dateFormat",
        "axisFormat",
        "section",
        "done",
        "active",
        "crit",
        "milestone",
        "pie",
        "showData",
        "title",
        "journey",
        "gitGraph",
        "commit",
        "branch",
        "checkout",
        "merge",
        "mindmap",
        "root",
        "timeline",
        "quadrantChart",
        "axis",
        "xychart",
        "beta",
        "fill",
        "stroke",
        "color",
        "accTitle",
        "accDescr",
        "string",
        "int",
        "date",
        "float",
        "bool",
        "PK",
        "FK",
        "UK",
    ]
)
"""Words of Mermaid's own."""


@dataclass(frozen=True)
class PageFacts:
    """What one page says about itself."""

    page_path: str
    title: str
    """Front matter's, else the first heading of level 1, else the file's name."""
    description: str
    """Front matter's, else the beginning of the first paragraph."""
    status: str
    """As written."""
    status_key: str
    """As filters know it: draft, in review, approved, shipped, superseded, rejected, or other."""
    owner: str
    tags: list[str]
    draft: bool
    """Not to be published."""
    hidden: bool
    """In no list, search or sitemap of the site."""
    outline: list[outline.Heading]
    requirements: list[requirements.Requirement]
    links: list[links.Link]
    """Resolved against the page's own path."""
    plain_text: str
    """The body's words without markup, one line a block: what search looks in."""
    word_count: int
    problems: list[Problem]
    """Of the front matter and of the page's nesting; `checks.check` finds more."""
    front_matter: dict[str, Any]
    metadata: metadata.Metadata


def of(page_path: str, text: str) -> PageFacts:
    """The facts of the page at `page_path` with the content `text`. Raises on no text."""
    return of_tree(page_path, trees.parse(text))


def of_tree(page_path: str, tree: trees.Tree, *, brief: bool = False) -> PageFacts:
    """The same from a tree that is already there. Those that are `brief` have no links and no words,
    which costs half as much.
    """
    front = front_matter.read(tree.text)
    meta = metadata.read(front)
    headings = outline.of(tree)
    words = "" if brief else plain_text(tree)
    return PageFacts(
        page_path=page_path,
        title=meta.title or title(page_path, headings),
        description=meta.description or _description(tree),
        status=meta.status,
        status_key=metadata.status_key(meta.status),
        owner=meta.owner,
        tags=meta.tags,
        draft=meta.draft,
        hidden=meta.hidden,
        outline=headings,
        requirements=requirements.of(tree),
        links=[] if brief else links.of(tree, page_path),
        plain_text=words,
        word_count=len(words.split()),
        problems=[
            replace(each, page_path=page_path)
            for each in (*front.problems, *meta.problems, *_nesting(tree))
        ],
        front_matter=front.values,
        metadata=meta,
    )


def title(page_path: str, headings: list[outline.Heading]) -> str:
    """The first heading of level 1, else the file's name made readable."""
    for heading in headings:
        if heading.level == 1 and heading.text:
            return heading.text
    stem = posixpath.splitext(posixpath.basename(page_path))[0]
    if stem.lower() in {"index", "readme"} and "/" in page_path:
        stem = posixpath.basename(posixpath.dirname(page_path))
    name = re.sub(r"[-_]+", " ", stem).strip() or stem
    return name[:1].upper() + name[1:]


def plain_text(tree: trees.Tree) -> str:
    """The page's words without markup, front matter left out, one line a block."""
    if tree.too_deep:
        return tree.body.replace("\0", "").strip()
    pieces: list[str] = []
    for _, value in tree.nodes:
        kind = type(value)
        if kind is comrak.Text:
            pieces.append(value.value)
        elif kind in _BREAKS:
            pieces.append("\n")
        elif kind is comrak.Code or kind is comrak.Math:
            pieces.append(value.value.literal)
        elif kind is comrak.CodeBlock:
            code = value.value
            words = (
                _diagram_words(code.literal) if code.info.startswith("mermaid") else code.literal
            )
            pieces.append("\n" + words)
    lines = (" ".join(line.split()) for line in "".join(pieces).replace("\0", "").split("\n"))
    return "\n".join(line for line in lines if line)


def _diagram_words(source: str) -> str:
    """What a reader sees of a Mermaid diagram, without its arrows and the words that draw it."""
    words = (word for word in _WORD.findall(source) if word not in _DRAWING)
    return " ".join(word for word in words if len(word) > 1) + "\n"


def _description(tree: trees.Tree) -> str:
    """The beginning of the first paragraph, at the end of a word; nothing without prose: a list's
    item or a note means little by itself.
    """
    for node, value in tree.nodes:
        parent = node.parent and node.parent.node_value
        if isinstance(value, comrak.Paragraph) and isinstance(parent, comrak.Document):
            words = " ".join(trees.plain(node).split())
            if words and len(words) <= _MAX_DESCRIPTION:
                return words
            if words:
                return words[:_MAX_DESCRIPTION].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
    return ""


def _nesting(tree: trees.Tree) -> list[Problem]:
    """That the page could not be read as Markdown."""
    if not tree.too_deep:
        return []
    if (letters := len(tree.body)) > trees.MAX_LETTERS:
        message = f"The page has {letters:,} letters; longer than {trees.MAX_LETTERS:,} it is shown as its source."
        return [Problem(1, message, "too-long", "Divide it into several pages.")]
    message = f"Nested deeper than {trees.MAX_DEPTH} levels; the page is shown as its source."
    return [Problem(1, message, "too-deep", "Remove the runs of quote marks, brackets or stars.")]
