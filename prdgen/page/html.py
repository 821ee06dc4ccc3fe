"""A page's HTML before sanitising: comrak's own, with our anchors, links and drawn parts in it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

import comrak

from prdgen.page import links, outline, requirements
from prdgen.page import tree as trees
from prdgen.page.requirements import Place

_PLACE: Final = re.compile(r'<(\w+)([^<>]*?) data-sourcepos="(\d+):(\d+)-\d+:\d+"')
_ANY_PLACE: Final = re.compile(r' data-sourcepos="\d+:\d+-\d+:\d+"')
_BLOCKS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre", "table", "tr", "blockquote", "ul", "ol"}
    | {"hr", "div"}
)
_WRITTEN: Final = re.compile(
    r"""([^\s"'<>/=]++)(?:\s*+=\s*+("[^"]*"|'[^']*'|[^\s"'<>][^\s<>]*+))?"""
)
"""An attribute as it is written in a tag."""
_SIDE: Final = re.compile(r"\s*([\w.%-]*)")
_ATTRIBUTE: Final = r"""(?:[.#][\w-]+|[\w-]+=(?:"[^"{}]*"|[^\s"{}]+))"""
_BRACES: Final = re.compile(rf"\{{:?\s*({_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*)\s*\}}")
"""Attributes as MkDocs' Markdown has them behind an image: `{ width=300 }`."""
_LINKS: Final = frozenset({comrak.Link, comrak.WikiLink, comrak.Image})
_Attributes = dict[tuple[str, int, int], str]


@dataclass(frozen=True)
class Target:
    """Where a link or an image leads when drawn."""

    url: str
    classes: str = ""
    title: str = ""
    size: tuple[int, int] | None = None
    """Of an image: width and height in CSS pixels, unless the page says others."""


def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True)
class Dressing:
    """How the parts of a page that need the world around it are drawn.

    Each function answers None to leave a part as comrak draws it. HTML given back is not trusted:
    it goes through the sanitiser with the rest.
    """

    code: Callable[[str, str, int], str | None] = _nothing
    """(info string, source, line of the fence) → HTML."""
    formula: Callable[[str, bool, int], str | None] = _nothing
    """(LaTeX, displayed on its own, line) → HTML."""
    link: Callable[[links.Link], Target | None] = _nothing
    """For wiki links None means: they were no link, show the brackets."""
    image: Callable[[links.Link], Target | str | None] = _nothing
    """HTML text replaces the image."""
    mention: Callable[[str], str | None] = _nothing
    """requirement id → address of the place that defines it."""
    uses: Callable[[str], str | None] = _nothing
    """id of a requirement of this page → HTML that stands behind its words: where it is used."""


def body(
    tree: trees.Tree,
    dressing: Dressing | None = None,
    *,
    lines: bool = False,
    spend: bool = False,
    numbered: bool = True,
) -> str:
    """The page's HTML, **not sanitised**: raw HTML of the page is in it as written.

    Headings and requirements carry their anchors; with `lines` blocks carry `data-line`. With
    `spend` the tree itself is changed and of no use afterwards, which saves a second parse.
    `numbered` is False for a page that is known to have no requirements.
    """
    if tree.too_deep:
        return f'<pre class="source"><code>{html.escape(tree.body)}</code></pre>\n'
    spent = tree if spend else trees.parse(tree.text)
    drawn = _Drawing(dressing or Dressing())
    if numbered:
        drawn.requirements(spent.nodes)
    drawn.nodes(spent.nodes)
    raw: str = comrak.format_html(spent.root, trees.EXTENSIONS, trees.PARSING, trees.RENDERING)
    return _placed(raw, drawn.attributes, lines=lines)


class _Drawing:
    """One pass over a fresh tree that replaces what the dressing draws."""

    def __init__(self, dressing: Dressing) -> None:
        self.dressing = dressing
        self.attributes: _Attributes = {}
        self._slugs = outline.Slugs()
        self._anchors: set[str] = set()
        self._behind: dict[int, dict[int, trees.Node]] = {}
        """id of a parent of images → id of each child → the child behind it, as they stood before."""
        self._shorter: dict[int, str] = {}
        """id of a text whose beginning was said of the image before it → the rest."""

    def requirements(self, nodes: list[tuple[trees.Node, Any]]) -> None:
        """Chips in place of the labels, and the anchors they lead to."""
        for place in list(requirements.places(nodes)):
            self._chip(place)

    def _chip(self, place: Place) -> None:
        identifier = place.requirement.id
        words: Any = place.words.node_value
        written = words.value
        start = written.find(identifier)
        before, after = written[:start], written[start + len(identifier) :]
        if place.requirement.notation == "list":
            before, after = before.removesuffix("["), after.removeprefix("]")
        chip = (
            f'<a class="requirement-id" href="#{identifier}"'
            f' title="Link to {identifier}">{identifier}</a>'
        )
        for made in _split(place.words, [_text(before), _inline(chip), _text(after)]):
            if isinstance(made.node_value, comrak.Text):
                self._text(made, made.node_value.value)
        tag = "li" if place.requirement.notation == "list" else "p"
        if identifier not in self._anchors:
            self._uses(place, identifier)
        anchor = "" if identifier in self._anchors else f' id="{identifier}"'
        self._anchors.add(identifier)
        self._give(tag, place.block, f' class="requirement"{anchor}')

    def _uses(self, place: Place, identifier: str) -> None:
        drawn, block = self.dressing.uses(identifier), place.block
        if drawn is not None:
            words = block if isinstance(block.node_value, comrak.Paragraph) else block.children[0]
            made = comrak.AstNode(_inline(drawn), words.sourcepos, words, [])
            words.children = [*words.children, made]

    def nodes(self, nodes: list[tuple[trees.Node, Any]]) -> None:
        """Everything else, in the order of the text."""
        for node, value in nodes:
            kind = type(value)
            if kind is comrak.Text:
                text = self._shorter.get(id(node), value.value)
                if "-" in text:
                    self._text(node, text)
            elif kind is comrak.Heading:
                found = outline.heading(node, value.value.level, self._slugs)
                self._give(f"h{found.level}", node, f' id="{found.slug}"')
            elif kind in _LINKS:
                self._link(node, value)
            elif kind is comrak.CodeBlock:
                self._code(node, value.value)
            elif kind is comrak.Math:
                self._formula(node, value.value)
            elif kind is comrak.HtmlInline or kind is comrak.HtmlBlock:
                self._html(node, value)

    def _text(self, node: trees.Node, text: str) -> None:
        if "-" not in text or _inside_link(node):
            return
        pieces, last = [], 0
        for match in requirements.MENTION.finditer(text):
            url = self.dressing.mention(match[0])
            if url is None:
                continue
            anchor = f'<a class="requirement-link" href="{html.escape(url)}">{match[0]}</a>'
            pieces += [_text(text[last : match.start()]), _inline(anchor)]
            last = match.end()
        if pieces:
            _split(node, [*pieces, _text(text[last:])])

    def _link(self, node: trees.Node, value: object) -> None:
        link = links.of_node(node, value)
        target = self.dressing.image(link) if link.image else self.dressing.link(link)
        if isinstance(target, str):
            shown = _unlinked(target) if _inside_link(node) else target
            node.node_value, node.children = comrak.HtmlInline(shown), []
        elif target is not None and link.image and (said := self._said(node, target)):
            title = target.title or _title(value)
            shown = f' title="{html.escape(title)}"' if title else ""
            address, alt = html.escape(target.url), html.escape(link.text)
            drawn = f'<img src="{address}" alt="{alt}"{shown}{said}>'
            node.node_value, node.children = comrak.HtmlInline(drawn), []
        elif target is not None:
            made = comrak.NodeLink(target.url, target.title or _title(value))
            node.node_value = comrak.Image(made) if link.image else comrak.Link(made)
            if target.classes and not link.image:
                self._give("a", node, f' class="{html.escape(target.classes)}"')
        elif link.wiki:
            shown = link.text if link.text == link.target else f"{link.target}|{link.text}"
            node.node_value, node.children = comrak.Text(f"[[{shown}]]"), []

    def _said(self, image: trees.Node, target: Target) -> str:
        """Width and height of an image as attributes; what is written behind it in braces wins."""
        behind, written = self._next(image), ""
        if behind is not None and isinstance(behind.node_value, comrak.Text):
            text = behind.node_value.value
            found = _BRACES.match(text)
            if found and _sides(found[1]):
                written = found[1]
                self._shorter[id(behind)] = text[found.end() :]
                behind.node_value = comrak.Text(text[found.end() :])
        sides = _sides(written)
        return "".join(f' {name}="{html.escape(said)}"' for name, said in sides.items()) + _sized(
            target.size, sides
        )

    def _next(self, node: trees.Node) -> trees.Node | None:
        """What stands behind a node. What was drawn before it, and became several nodes, changes nothing."""
        parent = node.parent
        if parent is None:
            return None
        if id(parent) not in self._behind:
            children = list(parent.children)
            self._behind[id(parent)] = {id(one): other for one, other in pairwise(children)}
        return self._behind[id(parent)].get(id(node))

    def _code(self, node: trees.Node, block: comrak.NodeCodeBlock) -> None:
        if block.info == "math":
            drawn = self.dressing.formula(block.literal, True, trees.line_of(node))
        else:
            drawn = self.dressing.code(block.info, block.literal, trees.line_of(node))
        if drawn is not None:
            node.node_value = comrak.HtmlBlock(comrak.NodeHtmlBlock(6, drawn + "\n"))

    def _formula(self, node: trees.Node, formula: comrak.NodeMath) -> None:
        line = trees.line_of(node)
        drawn = self.dressing.formula(formula.literal, formula.display_math, line)
        if drawn is not None:
            node.node_value = comrak.HtmlInline(drawn)

    def _html(self, node: trees.Node, value: comrak.HtmlInline | comrak.HtmlBlock) -> None:
        literal = value.value if isinstance(value, comrak.HtmlInline) else value.value.literal
        if "=" not in literal:
            return
        line = trees.line_of(node)
        changed = links.HTML_LINK.sub(lambda match: self._tag(match, line), literal)
        if changed == literal:
            return
        if isinstance(value, comrak.HtmlInline):
            node.node_value = comrak.HtmlInline(changed)
        else:
            node.node_value = comrak.HtmlBlock(comrak.NodeHtmlBlock(6, changed))

    def _tag(self, match: re.Match[str], line: int) -> str:
        """One `<a href>` or `<img src>` as written in the page, leading where it should."""
        image = match[1].lower() == "img"
        above = match.string.count("\n", 0, match.start())
        url = html.unescape(match[5].strip("\"'"))
        written = _attributes(match[0]) if image else {}
        text = html.unescape(written.get("alt", ""))
        link = links.classify(url, line + above, text, image=image)
        target = self.dressing.image(link) if image else self.dressing.link(link)
        if isinstance(target, str):
            before = match.string[: match.start()].lower()
            linked = before.count("<a ") > before.count("</a")
            return _unlinked(target) if linked else target
        if target is None:
            return match[0]
        address = f'"{html.escape(target.url)}"'
        said = _sized(target.size, _sides(match[0])) if image else ""
        return f"<{match[1]}{said}{match[2]}{match[3]}{match[4]}{address}{match[6]}"

    def _give(self, tag: str, node: trees.Node, attributes: str) -> None:
        self.attributes[(tag, *_at(node))] = attributes


def _attributes(tag: str) -> dict[str, str]:
    """The attributes of a tag as they are written, without quotes; of two of one name the first."""
    found: dict[str, str] = {}
    for name, said in _WRITTEN.findall(tag):
        found.setdefault(name.lower(), said[1:-1] if said[:1] in {'"', "'"} else said)
    return found


def _sides(tag: str) -> dict[str, str]:
    """The width and height that a tag says."""
    found = _attributes(tag)
    sides = {name: _SIDE.match(found[name]) for name in found if name in {"width", "height"}}
    return {name: side[1] for name, side in sides.items() if side}


def _sized(size: tuple[int, int] | None, said: Mapping[str, str]) -> str:
    """The attributes that keep an image's room: what is not `said` of its size. With one side in
    pixels the other is in proportion; with another unit, nothing.
    """
    if size is None or len(said) == 2:
        return ""
    if not said:
        return f' width="{size[0]}" height="{size[1]}"'
    ((name, written),) = said.items()
    pixels = written.removesuffix("px")
    if not pixels.isdecimal() or not pixels.isascii() or len(pixels) > 6:
        return ""
    across = name == "width"
    other = int(pixels) * size[across] / size[not across]
    return f' {"height" if across else "width"}="{max(1, round(other))}"'


def _placed(raw: str, attributes: _Attributes, *, lines: bool) -> str:
    """`raw` with our attributes in place of comrak's source positions."""
    tags = "|".join(sorted({tag for tag, _, _ in attributes}))
    places = _PLACE if lines else _place_of(tags)

    def place(match: re.Match[str]) -> str:
        tag, before = match[1], match[2]
        given = attributes.get((tag, int(match[3]), int(match[4])), "")
        if given.startswith(' class="') and ' class="' in before:
            classes, _, given = given.removeprefix(' class="').partition('"')
            before = before.replace(' class="', f' class="{classes} ', 1)
        if lines and tag in _BLOCKS:
            given += f' data-line="{match[3]}"'
        return f"<{tag}{before}{given}"

    placed = places.sub(place, raw) if lines or tags else raw
    return placed if lines else _ANY_PLACE.sub("", placed)


@cache
def _place_of(tags: str) -> re.Pattern[str]:
    """Source positions of these tags alone: most tags have nothing of ours."""
    return re.compile(rf'<({tags})((?: [^<>]*?)?) data-sourcepos="(\d+):(\d+)-\d+:\d+"')


def _at(node: trees.Node) -> tuple[int, int]:
    start = node.sourcepos.start
    return start.line, start.column


def _inside_link(node: trees.Node) -> bool:
    """Whether `node` stands inside a link: links do not nest."""
    parent = node.parent
    while parent is not None:
        if isinstance(parent.node_value, (comrak.Link, comrak.WikiLink, comrak.Image)):
            return True
        if isinstance(parent.node_value, comrak.Paragraph):
            return False
        parent = parent.parent
    return False


def _unlinked(drawn: str) -> str:
    """What stands for an image, where it is inside of a link already."""
    return re.sub(r"^<a( class=\"[^\"]*\") href=\"[^\"]*\"", r"<span\1", drawn).replace(
        "</a>", "</span>"
    )


def _split(node: trees.Node, values: list[Any]) -> list[trees.Node]:
    """Put nodes with `values` where `node` stands and return them; empty texts are left out."""
    parent = node.parent
    if parent is None:
        return []
    made = [
        comrak.AstNode(value, node.sourcepos, parent, [])
        for value in values
        if not (isinstance(value, comrak.Text) and not value.value)
    ]
    children = parent.children
    for index, child in enumerate(children):
        if child is node:
            parent.children = [*children[:index], *made, *children[index + 1 :]]
            return made
    return []


def _text(text: str) -> Any:
    return comrak.Text(text)


def _inline(raw: str) -> Any:
    return comrak.HtmlInline(raw)


def _title(value: Any) -> str:
    return "" if isinstance(value, comrak.WikiLink) else str(value.value.title)
