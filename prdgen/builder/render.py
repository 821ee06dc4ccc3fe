"""One rendering of a page's body for preview, site, PDF and Word."""

from __future__ import annotations

import html
import posixpath
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import quote

from prdgen.builder import (
    addresses,
    diagrams,
    formulas,
    fragments,
    highlight,
    old_anchors,
    sanitize,
)
from prdgen.builder.errors import DiagramNotDrawn
from prdgen.page import facts, links, outline, requirements
from prdgen.page import html as page_html
from prdgen.page import tree as trees
from prdgen.page.problems import Problem

Mode = Literal["preview", "site", "pdf", "word"]

VERSION: Final = "6"
"""Part of every key under which a rendering is kept; raised when the HTML changes."""
_HOLE: Final = re.compile(r'<(div|span)[^<>]* data-hole="([0-9a-f]+)-(\d+)"[^<>]*></\1>')
_STATIC: Final = frozenset({"pdf", "word"})
_IMAGE: Final = re.compile(r'<img(?: [\w-]+="[^"]*")*>')
_LAZY: Final = ' loading="lazy"'
_FIRST: Final = 3000
"""Characters of HTML: an image that begins behind them is not seen when a page is opened."""


@dataclass(frozen=True)
class RenderContext:
    """What a rendering may know about the world around its page."""

    branch: str = "main"
    commit: str | None = None
    known_pages: Mapping[str, str] | None = None
    """page_path → title of every page at this commit; None: links are not checked."""
    link: Callable[[str, str], str] | None = None
    """(page_path, fragment without `#`) → address of that page; None: addresses.on_site."""
    asset: Callable[[str], str | None] | None = None
    """path of a file in the repository → its address, None when there is no such file."""
    picture: Callable[[str], str | None] | None = None
    """The same for a file that the page shows; None: as `asset`."""
    size: Callable[[str], tuple[int, int] | None] | None = None
    """path of an image in the repository → its width and height in CSS pixels, if it has them."""
    named_pages: Mapping[str, Sequence[str]] | None = None
    """`known_pages` by file name, as `links.by_name` has them, for whoever renders many pages."""
    requirement_uses: Mapping[str, str] = field(default_factory=dict)
    """requirement id → page_path of the page that defines it; ids in text link there."""
    used_in: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """id of a requirement of the page → title and address of the other pages in which it is used."""
    old_anchors: Mapping[str, str] = field(default_factory=dict)
    """Anchor that a heading of the page had once → the one it has; they lead on in `html`."""
    mode: Mode = "site"
    lines: bool = False
    """Blocks carry their lines in every mode, not in `preview` alone."""
    fragments: fragments.Fragments = fragments.SHARED
    """Where drawn code, formulas and diagrams are kept by the hash of their source."""


@dataclass(frozen=True)
class Rendered:
    """A page's body as safe HTML, and what was seen on the way."""

    html: str
    title: str
    outline: list[outline.Heading]
    requirements: list[requirements.Requirement]
    links: list[links.Link]
    problems: list[Problem]
    """Front matter, broken links, diagrams and formulas that cannot be drawn, by line."""
    front_matter: dict[str, Any]
    facts: facts.PageFacts
    """All facts of the page, from the same parse."""
    bare: str = ""
    """In the mode `site`: the body as search reads it, code without colours, no diagrams."""


@dataclass(frozen=True)
class Parsed:
    """A page that was parsed for its facts and may be rendered later, once."""

    tree: trees.Tree
    facts: facts.PageFacts


def parse(page_path: str, text: str, *, brief: bool = False) -> Parsed:
    """The first half of `render`, for whoever needs every page's facts before the first body;
    `brief` facts are those the site is made of.
    """
    tree = trees.parse(text)
    return Parsed(tree, facts.of_tree(page_path, tree, brief=brief))


def render(
    page_path: str, text: str, *, context: RenderContext, parsed: Parsed | None = None
) -> Rendered:
    """The body of the page at `page_path` with the content `text` (LF only, no BOM).

    `parsed` is what `parse` made of the same text; it is used up.

    Raises on no text: what cannot be drawn is shown as written and named in `problems`. In the
    mode `preview` blocks carry `data-line`, the file's line they begin on. In `pdf` and `word`
    diagrams come without their source.
    """
    parsed = parsed or parse(page_path, text)
    tree, known = parsed.tree, parsed.facts
    drawing = _Drawing(page_path, context, {each.id for each in known.requirements})
    dressing = page_html.Dressing(
        code=drawing.code,
        formula=drawing.formula,
        link=drawing.link,
        image=drawing.image,
        mention=drawing.mention,
        uses=drawing.uses,
    )
    numbered = bool(known.requirements)
    raw = page_html.body(tree, dressing, lines=drawing.lines, spend=True, numbered=numbered)
    cleaned = sanitize.clean(raw)
    problems = sorted([*known.problems, *drawing.problems], key=lambda problem: problem.line)
    return Rendered(
        html=old_anchors.put(drawing.fill(_loaded(cleaned, context.mode)), context.old_anchors),
        title=known.title,
        outline=known.outline,
        requirements=known.requirements,
        links=known.links,
        problems=problems,
        front_matter=known.front_matter,
        facts=known,
        bare=drawing.fill(cleaned, bare=True) if context.mode == "site" else "",
    )


def _loaded(cleaned: str, mode: Mode) -> str:
    """The sanitised page with its images loaded and drawn beside the reading, but for one that is
    seen at once.
    """
    if "<img" not in cleaned or mode in _STATIC:
        return cleaned

    def said(match: re.Match[str]) -> str:
        eager = match.start() == first
        return match[0].replace(_LAZY, "" if eager else f'{_LAZY} decoding="async"')

    found = _IMAGE.search(cleaned, 0, 2 * _FIRST)
    first = found.start() if found and found.start() < _FIRST else -1
    return _IMAGE.sub(said, cleaned)


class _Drawing:
    """One page on its way to HTML.

    What this package draws itself (diagrams, formulas, coloured code) waits in `holes` while the
    page is sanitised and is put back afterwards: it is safe by construction, and the sanitiser
    would take SVG and MathML out. A hole's name is random, so a page cannot write one.
    """

    def __init__(self, page_path: str, context: RenderContext, defined: set[str]) -> None:
        self.page_path = page_path
        self.context = context
        self.problems: list[Problem] = []
        self.lines = context.lines or context.mode == "preview"
        self._defined = defined
        self._holes: list[tuple[str, str]] = []
        """What is shown, and what of it is read by the search."""
        self._diagrams = 0
        self._name = secrets.token_hex(8)

    def code(self, info: str, source: str, line: int) -> str:
        """A fenced block: a diagram, or coloured source."""
        if not diagrams.is_diagram(info):
            drawn = highlight.block(info, source, self.context.fragments)
            plain = f"<pre>{html.escape(source, quote=False)}</pre>"
            return self._hole("div", self._at_line(drawn, line), plain)
        self._diagrams += 1
        try:
            drawn = diagrams.figure(
                source,
                self.context.fragments,
                nth=self._diagrams - 1,
                details=self.context.mode not in _STATIC,
            )
        except DiagramNotDrawn as error:
            self._problem(line, "diagram", error.message, error.hint)
            drawn = diagrams.failure(source, error.facts["reason"], line)
        return self._hole("div", self._at_line(drawn, line), "")

    def formula(self, source: str, display: bool, line: int) -> str:
        """A formula as MathML."""
        kept = self.context.fragments
        drawn, reason = formulas.formula(source, display=display, fragments=kept)
        if reason is not None:
            message = f"This formula cannot be drawn: {reason}."
            self._problem(line, "formula", message, "Correct its LaTeX; it is shown as written.")
        if self.context.mode in _STATIC:
            # What is read out, and what a copy of the formula says.
            said = html.escape(source.strip(), quote=True)
            drawn = drawn.replace("<span ", f'<span title="{said}" ', 1)
        return self._hole("span", drawn)

    def link(self, link: links.Link) -> page_html.Target | None:
        """Where a link leads; None for a wiki link to nothing, which is text."""
        if link.kind == "external":
            return page_html.Target(link.target, "external-link")
        if link.kind == "anchor":
            return page_html.Target("#" + quote(link.fragment, safe=addresses.SAFE))
        found = links.resolved(link, self.page_path)
        if not found.resolved:
            return self._broken(link, f"`{link.target}` leads out of the repository.")
        if link.kind == "asset":
            return self._file(found)
        return self._page(found)

    def image(self, link: links.Link) -> page_html.Target | str:
        """An image of the repository, or a link in place of one from elsewhere.

        A picture on someone else's server tells that server who reads the page.
        """
        shown = html.escape(link.text or posixpath.basename(link.target) or "image")
        if link.kind == "external":
            if sanitize.is_local(link.target) or link.target.lower().startswith("data:"):
                self._problem(link.line, "image", "An image must be a file of this repository.")
                return shown
            hint = "Put the image beside the page; readers should not be seen by other servers."
            self._problem(link.line, "remote-image", f"Image from {link.target}.", hint)
            return f'<a class="remote-image" href="{html.escape(link.target)}">{shown}</a>'
        found = links.resolved(link, self.page_path)
        target = self._file(found, self.context.picture) if found.resolved else None
        if target is None or "broken-link" in target.classes:
            if target is None:
                self._broken(link, f"`{link.target}` leads out of the repository.")
            return f'<span class="broken-link">{shown}</span>'
        size = self.context.size(found.target) if self.context.size is not None else None
        return replace(target, size=size)

    def mention(self, identifier: str) -> str | None:
        """Where a requirement is defined: this page, or the one the context knows."""
        if identifier in self._defined:
            return "#" + identifier
        page_path = self.context.requirement_uses.get(identifier)
        return None if page_path is None else self._address(page_path, identifier)

    def uses(self, identifier: str) -> str | None:
        """Where a requirement of this page is used, for readers; the search knows those pages."""
        found = self.context.used_in.get(identifier)
        if not found:
            return None
        links = ", ".join(
            f'<a href="{html.escape(address)}">{html.escape(title)}</a>' for title, address in found
        )
        return self._hole("span", f'<span class="requirement-uses">Used in {links}</span>', "")

    def fill(self, cleaned: str, *, bare: bool = False) -> str:
        """The sanitised page with what waited outside put back in, or with the words of it."""

        def filled(match: re.Match[str]) -> str:
            return self._holes[int(match[3])][bare] if match[2] == self._name else match[0]

        return _HOLE.sub(filled, cleaned)

    def _page(self, link: links.Link) -> page_html.Target | None:
        known = self.context.known_pages
        if known is None:
            return page_html.Target(self._address(link.target, link.fragment))
        page_path = links.find(link, known, self.context.named_pages)
        if page_path is not None:
            return page_html.Target(self._address(page_path, link.fragment))
        if link.wiki:
            return None
        if not posixpath.splitext(link.target)[1] and self.context.asset is not None:
            return self._file(link)
        return self._broken(link, f"There is no page `{link.target}`.")

    def _file(
        self, link: links.Link, place: Callable[[str], str | None] | None = None
    ) -> page_html.Target:
        place = place or self.context.asset
        url = addresses.file_on_site(link.target) if place is None else place(link.target)
        if url is None:
            return self._broken(link, f"There is no file `{link.target}`.")
        mark = "#" + quote(link.fragment, safe=addresses.SAFE) if link.fragment else ""
        return page_html.Target(url + mark)

    def _broken(self, link: links.Link, message: str) -> page_html.Target:
        code = "broken-image" if link.image else "broken-link"
        hint = "Correct the path, or make the file it names."
        self._problem(link.line, code, message, hint)
        return page_html.Target(quote(link.target, safe=addresses.SAFE), "broken-link", message)

    def _address(self, page_path: str, fragment: str) -> str:
        address = self.context.link or addresses.on_site
        return address(page_path, fragment)

    def _hole(self, tag: str, drawn: str, read: str | None = None) -> str:
        self._holes.append((drawn, drawn if read is None else read))
        return f'<{tag} data-hole="{self._name}-{len(self._holes) - 1}"></{tag}>'

    def _at_line(self, drawn: str, line: int) -> str:
        """The block with its line, where blocks carry theirs."""
        if not self.lines:
            return drawn
        return re.sub(r"^<(\w+)", rf'<\1 data-line="{line}"', drawn, count=1)

    def _problem(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(line, message, code, hint, self.page_path))
