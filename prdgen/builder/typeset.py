"""A page's safe HTML as Typst: calls of the functions of `theme/print/page.typ`.

Everything a page says stands in string literals, so that nothing in it can be code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from prdgen.builder import (
    drawings,
    elements,
    exports,
    typeset_code,
    typeset_room,
    typeset_table,
    typst_math,
)
from prdgen.builder.elements import Element
from prdgen.builder.typst_math import quoted

Content = Sequence[Element | str]
_INLINE: Final = frozenset({
    "em", "i", "cite", "var", "dfn", "strong", "b", "del", "s", "ins", "u", "mark", "sub", "sup", "kbd",
    "samp", "small", "q", "abbr", "span", "br", "wbr", "input", "img", "a", "code", "time", "math",
})  # fmt: skip
_WRAPPED: Final = {
    "em": "emph", "i": "emph", "cite": "emph", "var": "emph", "dfn": "emph", "strong": "strong",
    "b": "strong", "del": "strike", "s": "strike", "ins": "underline", "u": "underline",
    "mark": "highlight", "sub": "sub", "sup": "super", "kbd": "kbd", "samp": "kbd",
}  # fmt: skip
_GO: Final = re.compile(r'#go\("((?:[^"\\]|\\.)*)"\)')
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_LINKS: Final = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that can be shown: the name it is drawn by, and its width in CSS pixels."""

    name: str
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page as Typst."""

    code: str
    heading: bool = False


@dataclass
class Setting:
    """One page on its way to Typst."""

    picture: Callable[[str], Picture | str]
    """Repository path of an image → the picture, or why it is not shown."""
    known: frozenset[str] = frozenset()
    """Anchors in other parts of the same book."""
    prefix: str = ""
    """What the names of its drawings begin with."""
    drawings: dict[str, str] = field(default_factory=dict)
    """Name → SVG of the diagrams on the page; filled on the way."""
    anchors: set[str] = field(default_factory=set)
    """Anchors that stand on the page; filled on the way."""
    _ids: frozenset[str] = frozenset()
    _notes: dict[str, Element] = field(default_factory=dict)
    _noted: set[str] = field(default_factory=set)
    _noting: bool = True
    _svgs: Mapping[str, str] = field(default_factory=dict)

    def page(self, html: str) -> str:
        """The page's body. What is in `drawings` must stand beside it when it is drawn."""
        bare, self._svgs = drawings.taken_out(html)
        root = elements.parse(bare)
        found = list(root.descendants())
        self._ids = frozenset(e.attributes["id"] for e in found if e.attributes.get("id"))
        self._notes = {
            item.attributes["id"]: item
            for section in found
            if "footnotes" in section.classes
            for item in section.descendants()
            if item.tag == "li" and item.attributes.get("id")
        }
        return _GO.sub(self._checked, self.flow(root.children))

    def _checked(self, match: re.Match[str]) -> str:
        """A link only to an anchor that stands on the page."""
        return match[0] if typeset_code.unquoted(match[1]) in self.anchors else "#unlinked"

    def flow(self, content: Content) -> str:
        """Blocks and what stands between them, one after the other."""
        return "\n".join(block.code for block in self._blocks(content))

    def line(self, content: Content) -> str:
        """Words, without the blanks around them."""
        return "".join(self._words(content)).strip()

    def _blocks(self, content: Content) -> list[Block]:
        made: list[Block] = []
        words: list[Element | str] = []
        for child in [*content, Element("end")]:
            if isinstance(child, str) or child.tag in _INLINE:
                words.append(child)
                continue
            if any(not isinstance(each, str) or each.strip() for each in words):
                made.append(Block(self._paragraph(words)))
            words = []
            block = self._block(child)
            if block.code.startswith("#turned["):
                made, block = _with_headings(made, block)
            made.append(block)
        return [block for block in made if block.code]

    def _block(self, element: Element) -> Block:
        if element.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            return Block(self._heading(element), heading=True)
        maker = _BLOCKS.get(element.tag)
        code = maker(self, element) if maker else self.flow(element.children)
        return Block(self._anchor(element) + code)

    def _paragraph(self, content: Content) -> str:
        """A paragraph; formulas on lines of their own stand between its parts."""
        made: list[str] = []
        words: list[Element | str] = []
        for child in [*content, Element("end")]:
            formula = not isinstance(child, str) and "math-display" in child.classes
            if formula or child == Element("end"):
                inner = self.line(words)
                made += [typeset_code.directed(words, f"#par[{inner}];")] if inner else []
                words = []
            if isinstance(child, Element) and formula:
                made.append(self._inline(child))
            elif child != Element("end"):
                words.append(child)
        return "\n".join(made)

    def _heading(self, element: Element) -> str:
        name = element.attributes.get("id", "")
        # Headings stand in the contents, too, where no note can be.
        self._noting = False
        inner = self.line(element.children)
        self._noting = True
        level = int(element.tag[1])
        if not inner:
            return self._anchor(element)
        if name and name not in self.anchors:
            self.anchors.add(name)
            return f"#hd({level}, {quoted(name)})[{inner}];"
        return f"#heading(level: {level})[{inner}];"

    def _anchor(self, element: Element) -> str:
        name = element.attributes.get("id", "")
        if not name or name in self.anchors or name in self._notes:
            return ""
        self.anchors.add(name)
        return f"#a({quoted(name)});"

    def _words(self, content: Content) -> Iterable[str]:
        last = len(content) - 1
        for number, child in enumerate(content):
            if isinstance(child, str):
                text = _SPACE.sub(" ", child)
                text = (
                    text.lstrip(" ")
                    if number == 0 or getattr(content[number - 1], "tag", "") == "br"
                    else text
                )
                text = text.rstrip(" ") if number == last else text
                yield f"#{quoted(typeset_code.broken(text))};" if text else ""
            else:
                yield self._inline(child)

    def _inline(self, element: Element) -> str:
        anchor = self._anchor(element)
        if element.tag in _WRAPPED and "footnote-ref" not in element.classes:
            inner = "".join(self._words_as_they_are(element.children))
            return f"{anchor}#{_WRAPPED[element.tag]}[{inner}];" if inner else anchor
        maker = _INLINES.get(element.tag)
        if maker is not None:
            return anchor + maker(self, element)
        if element.tag not in _INLINE:
            return anchor + self.line(element.children)
        return anchor + "".join(self._words_as_they_are(element.children))

    def _words_as_they_are(self, content: Content) -> Iterable[str]:
        for child in content:
            if isinstance(child, str):
                yield f"#{quoted(typeset_code.broken(_SPACE.sub(' ', child)))};"
            else:
                yield self._inline(child)

    def _code(self, element: Element) -> str:
        text = element.text()
        if "math" in element.classes:
            return f"#c({quoted(typeset_code.broken(text))});"
        return f"#c({quoted(typeset_code.broken(_SPACE.sub(' ', text)))});" if text else ""

    def _span(self, element: Element) -> str:
        math = next((e for e in element.elements if e.tag == "math"), None)
        if "math" in element.classes and math is not None:
            display = "math-display" in element.classes
            made = typst_math.equation(
                math, display=display, source=element.attributes.get("title", "")
            )
            return f"#{made};"
        inner = "".join(self._words_as_they_are(element.children))
        return f"#said[{inner}];" if "broken-link" in element.classes and inner else inner

    def _link(self, element: Element) -> str:
        inner = "".join(self._words_as_they_are(element.children))
        address = element.attributes.get("href", "")
        if not inner or "broken-link" in element.classes:
            return inner
        if "requirement-id" in element.classes:
            return f"#req[{inner}];"
        if "remote-image" in element.classes and _LINKS.match(address):
            said = quoted(" (image on another server, not fetched)")
            return f"#out({quoted(address)})[{inner}];#said[#{said};];"
        if _LINKS.match(address):
            return f"#out({quoted(address)})[{inner}];"
        return self._inside(unquote(address.removeprefix("#")), inner)

    def _inside(self, name: str, inner: str) -> str:
        """A link to an anchor on this page or in another part of the book."""
        if name in self._ids and not self.known:
            return f"#go({quoted(name)})[{inner}];"
        page, _, _ = name.partition("-")
        for known in (name, f"{page}-"):
            if known in self.known:
                return f"#link({quoted('prdgen:' + known)}, text(fill: accent)[{inner}]);"
        return inner

    def _footnote(self, element: Element) -> str:
        link = next((e for e in element.elements if e.tag == "a"), None)
        name = unquote(link.attributes.get("href", "").removeprefix("#")) if link else ""
        note = self._notes.get(name)
        if note is None or not self._noting:
            return f"#super[{''.join(self._words_as_they_are(element.children))}];"
        if name in self._noted:
            return f"#footnote(label({quoted(name)}));"
        self._noted.add(name)
        return f"#[#footnote[{self._note(note)}]#label({quoted(name)})];"

    def _note(self, item: Element) -> str:
        for element in list(item.descendants()):
            element.children = [
                child for child in element.children
                if isinstance(child, str) or "footnote-backref" not in child.classes
            ]  # fmt: skip
        blocks = [e for e in item.elements if e.tag == "p"]
        if len(blocks) == len(item.elements):
            return "#parbreak();".join(self.line(block.children) for block in blocks)
        return self.flow(item.children)

    def _sup(self, element: Element) -> str:
        if "footnote-ref" in element.classes:
            return self._footnote(element)
        return f"#super[{''.join(self._words_as_they_are(element.children))}];"

    def _image(self, element: Element) -> str:
        address = element.attributes.get("src", "")
        if address in self._svgs:
            return self._drawing(self._svgs[address])
        alt = element.attributes.get("alt") or element.attributes.get("title") or "image"
        found = self.picture(exports.path_of(address))
        if isinstance(found, str):
            return f"#said[#{quoted(f'[{alt}: {found}]')};];"
        width = typeset_table.number(element.attributes.get("width", "")) or found.width
        return f"#picture({quoted(found.name)}, {quoted(alt)}, {width * 0.75:.2f}pt);"

    def _drawing(self, svg: str) -> str:
        """A diagram on its own, as large as it may be; turned, where that makes its words legible."""
        name = f"{self.prefix}d{len(self.drawings)}-{drawings.name(svg)}.svg"
        self.drawings[name] = drawings.lettered(svg)
        alt = quoted(drawings.label(svg) or "Diagram")
        width, height, turned = typeset_room.placed(drawings.size(svg))
        drawn = f"#drawing({quoted(name)}, {alt}, {width:.3f}mm, {height:.3f}mm);"
        return f"#turned[{drawn}];" if turned else drawn

    def _figure(self, element: Element) -> str:
        images = [e for e in element.descendants() if e.tag == "img"]
        if len(images) == 1 and images[0].attributes.get("src") in self._svgs:
            return self._drawing(self._svgs[images[0].attributes["src"]])
        return self.flow(element.children)

    def _list(self, element: Element) -> str:
        items = [child for child in element.elements if child.tag == "li"]
        if not items:
            return ""
        loose = any(child.tag == "p" for item in items for child in item.elements)
        tasks = "contains-task-list" in element.classes and all(
            "task-list-item" in item.classes for item in items
        )
        options = ["tight: false" if loose else "tight: true"]
        if element.tag == "ol":
            start = typeset_table.number(element.attributes.get("start", "1"))
            options.append(f"start: {int(1 if start is None else max(start, 0))}")
        elif tasks:
            options.append("marker: []")
        inner = ", ".join(f"[{self._item(item)}]" for item in items)
        name = "enum" if element.tag == "ol" else "list"
        return typeset_code.directed(element.children, f"#{name}({', '.join(options)}, {inner});")

    def _item(self, item: Element) -> str:
        anchor = self._anchor(item)
        children = item.children
        first = next(
            (n for n, c in enumerate(children) if isinstance(c, Element) and c.tag not in _INLINE),
            None,
        )
        words = children if first is None else children[:first]
        rest = [] if first is None else children[first:]
        return anchor + self.line(words) + ("\n" + self.flow(rest) if rest else "")

    def _terms(self, element: Element) -> str:
        made, name = [], ""
        for child in element.elements:
            if child.tag == "dt":
                name = self.line(child.children)
            elif child.tag == "dd":
                made.append(f"#term[{name}][{self.flow(child.children)}];")
                name = ""
        return "\n".join(made)

    def _quote(self, element: Element) -> str:
        return f"#quoted[{self.flow(element.children)}];"

    def _division(self, element: Element) -> str:
        kind = next(
            (
                c.removeprefix("markdown-alert-")
                for c in element.classes
                if c.startswith("markdown-alert-")
            ),
            None,
        )
        if kind is not None:
            titles = [e for e in element.elements if "markdown-alert-title" in e.classes]
            title = titles[0].text() if titles else kind.title()
            rest = [c for c in element.children if c not in titles]
            return f"#alert({quoted(kind)}, {quoted(title)})[{self.flow(rest)}];"
        if "diagram-error" in element.classes:
            return f"#failed[{self.flow(element.children)}];"
        return self.flow(element.children)

    def _pre(self, element: Element) -> str:
        return f"#code[{''.join(typeset_code.coloured(element))}];"

    def _table(self, element: Element) -> str:
        return typeset_table.table(element, self.flow)

    def _section(self, element: Element) -> str:
        if "footnotes" not in element.classes:
            return self.flow(element.children)
        left = [note for name, note in self._notes.items() if name not in self._noted]
        return "".join(f"#par[{self._note(note)}];" for note in left)

    def _summary(self, element: Element) -> str:
        return f"#block(sticky: true, strong[{self.line(element.children)}]);"


def _with_headings(made: list[Block], block: Block) -> tuple[list[Block], Block]:
    """A turned page takes along the headings right above it."""
    end = len(made)
    while end and made[end - 1].heading:
        end -= 1
    headings = "".join(each.code for each in made[end:])
    inner = block.code.removeprefix("#turned[")
    return made[:end], Block(f"#turned[{headings}{inner}")


_BLOCKS: Final[dict[str, Callable[[Setting, Element], str]]] = {
    "p": lambda s, e: s._paragraph(e.children),
    "ul": Setting._list, "ol": Setting._list, "dl": Setting._terms, "blockquote": Setting._quote,
    "div": Setting._division, "pre": Setting._pre, "table": Setting._table,
    "figure": Setting._figure, "section": Setting._section,
    "summary": Setting._summary, "hr": lambda _s, _e: "#rule();", "end": lambda _s, _e: "",
}  # fmt: skip
_INLINES: Final[dict[str, Callable[[Setting, Element], str]]] = {
    "code": Setting._code, "span": Setting._span, "a": Setting._link, "sup": Setting._sup,
    "img": Setting._image, "br": lambda _s, _e: "#linebreak();",
    "wbr": lambda _s, _e: '#"\u200b";',
    "q": lambda s, e: f'#"“";{"".join(s._words_as_they_are(e.children))}#"”";',
    "small": lambda s, e: f"#text(size: .85em)[{''.join(s._words_as_they_are(e.children))}];",
    "input": lambda _s, e: f"#{quoted('☒ ' if 'checked' in e.attributes else '☐ ')};",
}  # fmt: skip
