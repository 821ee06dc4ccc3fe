"""What a page's writers should look at, found without drawing the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

import comrak

from prdgen.page import facts, links, requirements
from prdgen.page import tree as trees
from prdgen.page.problems import Problem

_LEFT_OVER: Final = re.compile(r"(!!!|\?\?\?\+?)[ \t]+\w|===[!+]?[ \t]+[\"']")
_COLON: Final = re.compile(rf"^[ \t]*[-*+][ \t]+\[({requirements.ID})\]:", re.MULTILINE)
_PLACEHOLDER: Final = re.compile(r"\{\{\s*\w+\s*\}\}|\bTODO\b|\bTBD\b|\bFIXME\b")
_HTML_ID: Final = re.compile(r"""\b(?:id|name)\s*=\s*["']?([^\s"'>]+)""", re.IGNORECASE)
_MARKERS: Final = tuple(re.compile(rf"{sign}{{7,}}(?: |$)") for sign in "<=>")
"""Longer ones are made where `conflict-marker-size` says so."""
_WORDS: Final = ":~:"
"""Begins a fragment that browsers look up in the page's words."""
_TOP: Final = "top"
"""Leads to the top of any page, says HTML."""
_OTHER_ANCHOR: Final = "Use the anchor of a heading there. (One that a heading had before leads on from the site, not at a forge.)"
_NOTE: Final = re.compile(r"fn(?:ref)?-((.+?)(?:-\d+)?)")
AnchorsOf = Callable[[str], AbstractSet[str] | None]
_COMMENT: Final = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)


def check(
    page_path: str,
    text: str,
    known_pages: Collection[str] | None = None,
    *,
    known_files: Collection[str] | None = None,
    defined: Mapping[str, str] | None = None,
    anchors_of: AnchorsOf | None = None,
) -> list[Problem]:
    """Everything to look at in one page, by line; an empty list means the page is clean.

    `known_pages` and `known_files` are the repository's paths, `defined` says which page defines
    which requirement id, `anchors_of` what a `#fragment` can lead to in another page (None: nobody can
    say); what is None is not checked. Diagrams are checked where they are drawn.
    """
    tree = trees.parse(text)
    known = facts.of_tree(page_path, tree)
    found = list(known.problems)
    found += _links(known, tree, known_pages, known_files)
    if known_pages is not None and anchors_of is not None:
        found += _anchors_there(known, known_pages, anchors_of)
    found += _requirements(known, defined or {})
    found += _notation(tree)
    found += _empty_sections(tree, known)
    found += _left_over(tree)
    found += _conflicts(tree)
    placed = {replace(problem, page_path=page_path) for problem in found}
    return sorted(placed, key=lambda problem: (problem.line, problem.code, problem.message))


def _links(
    known: facts.PageFacts,
    tree: trees.Tree,
    pages: Collection[str] | None,
    files: Collection[str] | None,
) -> Iterator[Problem]:
    """Links and images that lead to nothing."""
    anchors: set[str] | None = None
    for link in known.links:
        shown = "image" if link.image else "link"
        if link.kind == "anchor" and (wanted := _wanted(link)):
            anchors = _anchors(known, tree) if anchors is None else anchors
            if not wanted & anchors:
                message = f"There is no heading or requirement `#{link.fragment}` in this page."
                yield Problem(link.line, message, "broken-anchor", "Use the heading's own anchor.")
        elif link.kind in {"page", "asset"} and not link.resolved:
            message = f"`{link.target}` leads out of the repository."
            yield Problem(link.line, message, f"broken-{shown}", "Use a path inside it.")
        elif _missing(link, pages, files):
            what = "page" if link.kind == "page" else "file"
            message = f"There is no {what} `{link.target}`."
            hint = "Correct the path, or make the file it names."
            yield Problem(link.line, message, f"broken-{shown}", hint)
        elif link.kind == "external" and link.image:
            hint = "Put the image beside the page; readers should not be seen by other servers."
            message = f"The image {link.target} comes from another server and is shown as a link."
            yield Problem(link.line, message, "remote-image", hint)


def _anchors_there(
    known: facts.PageFacts, pages: Collection[str], anchors_of: AnchorsOf
) -> Iterator[Problem]:
    """Links to a place in another page that it has not."""
    for link in known.links:
        if link.kind != "page" or not (wanted := _wanted(link)):
            continue
        page = links.find(link, pages) if link.resolved or link.wiki else None
        anchors = None if page is None else anchors_of(page)
        if anchors is not None and not wanted & anchors:
            message = f"There is no heading or requirement `#{link.fragment}` in `{page}`."
            yield Problem(link.line, message, "broken-anchor", _OTHER_ANCHOR)


def _wanted(link: links.Link) -> set[str]:
    """The anchors one of which a page has to have for a link; empty: it leads to somewhere in any page."""
    fragment = link.fragment.partition(_WORDS)[0]
    if not fragment or fragment.lower() == _TOP:
        return set()
    note = _NOTE.fullmatch(fragment)
    return {fragment, fragment.lower()} | ({f"[^{note[1]}]", f"[^{note[2]}]"} if note else set())


def anchors(text: str) -> frozenset[str]:
    """Everything in a page that a `#fragment` can lead to."""
    tree = trees.parse(text)
    return frozenset(_anchors(facts.of_tree("", tree, brief=True), tree))


def _missing(
    link: links.Link, pages: Collection[str] | None, files: Collection[str] | None
) -> bool:
    """Whether the repository has nothing under a link's target."""
    if link.kind == "asset":
        return files is not None and link.target not in files
    if link.kind != "page" or pages is None or link.wiki:
        return False
    if links.find(link, pages) is not None:
        return False
    return files is None or not (
        link.target in files or any(path.startswith(link.target + "/") for path in files)
    )


def _anchors(known: facts.PageFacts, tree: trees.Tree) -> set[str]:
    """Everything in the page that a `#fragment` can lead to."""
    found = {heading.slug for heading in known.outline}
    found |= {requirement.id for requirement in known.requirements}
    found |= {
        f"[^{value.value.name}]"
        for _, value in tree.nodes
        if isinstance(value, comrak.FootnoteDefinition)
    }
    for _, value in tree.nodes:
        if isinstance(value, (comrak.HtmlInline, comrak.HtmlBlock)):
            inside = value.value if isinstance(value, comrak.HtmlInline) else value.value.literal
            found.update(_HTML_ID.findall(inside))
    return found


def _requirements(known: facts.PageFacts, defined: Mapping[str, str]) -> Iterator[Problem]:
    """Requirement ids that stand for two statements, and statements without words."""
    seen: dict[str, int] = {}
    for each in known.requirements:
        if each.id in seen:
            message = f"{each.id} is already the requirement in line {seen[each.id]}."
            yield Problem(each.line, message, "duplicate-requirement", "Give it a new number.")
        elif defined.get(each.id, known.page_path) != known.page_path:
            message = f"{each.id} is also a requirement in `{defined[each.id]}`."
            yield Problem(each.line, message, "duplicate-requirement", "Give it a new number.")
        if not each.text:
            message = f"{each.id} says nothing."
            yield Problem(each.line, message, "empty-requirement", "Write what is required.")
        seen.setdefault(each.id, each.line)


def _notation(tree: trees.Tree) -> Iterator[Problem]:
    """`- [REQ-1]: text`, which Markdown takes for the definition of a link and hides."""
    if tree.too_deep:
        return
    code = _code_lines(tree)
    for match in _COLON.finditer(tree.body):
        line = tree.body.count("\n", 0, match.start()) + 1
        if line not in code:
            message = f"Markdown hides `[{match[1]}]:`, it defines a link."
            hint = f"Write `- [{match[1]}] …` without the colon."
            yield Problem(line, message, "hidden-requirement", hint)


def _code_lines(tree: trees.Tree) -> set[int]:
    """The lines of code blocks."""
    return {
        line
        for node, value in tree.nodes
        if isinstance(value, comrak.CodeBlock)
        for line in range(node.sourcepos.start.line, node.sourcepos.end.line + 1)
    }


def conflicts(page_path: str, text: str, *, in_code: bool = True) -> list[Problem]:
    """Git's conflict markers anywhere, in code too: for a page that was in conflict a moment ago."""
    found = _conflicts(trees.parse(text), about_them=not in_code)
    return [replace(problem, page_path=page_path) for problem in found]


def _conflicts(tree: trees.Tree, *, about_them: bool = True) -> Iterator[Problem]:
    """Git's conflict markers, outside of code when that may be about them."""
    if "<<<<<<<" not in tree.text:
        return
    code, opened, expected = _code_lines(tree) if about_them else set(), 0, 0
    for line, words in enumerate(tree.text.split("\n"), 1):
        if line in code or not _MARKERS[expected].match(words):
            continue
        opened = line if expected == 0 else opened
        expected = (expected + 1) % len(_MARKERS)
        if expected == 0:
            message = "Two versions stand here between Git's conflict markers."
            hint = "Keep what is right and remove the lines that begin with <, = and >."
            yield Problem(opened, message, "conflict-marker", hint)


def _empty_sections(tree: trees.Tree, known: facts.PageFacts) -> Iterator[Problem]:
    """Headings with nothing below them, and hints of the template that were not replaced."""
    headings = iter(known.outline)
    empty: Any = None
    for node, value in tree.nodes[1:]:
        if isinstance(value, comrak.Heading):
            heading = next(headings)
            if empty is not None and heading.level <= empty.level:
                yield _empty(empty.line, empty.text)
            empty = heading if heading.level > 1 else None
        elif node.parent is not None and isinstance(node.parent.node_value, comrak.Document):
            comment = isinstance(value, comrak.HtmlBlock)
            if not (comment and _COMMENT.fullmatch(value.value.literal)):
                empty = None
        elif isinstance(value, comrak.Text) and (match := _PLACEHOLDER.search(value.value)):
            message = f"`{match[0]}` was left to be written."
            yield Problem(trees.line_of(node), message, "placeholder", "Write it, or remove it.")
    if empty is not None:
        yield _empty(empty.line, empty.text)


def _empty(line: int, text: str) -> Problem:
    hint = "Write the section, or remove its heading."
    return Problem(line, f"The section “{text}” is empty.", "empty-section", hint)


def _left_over(tree: trees.Tree) -> Iterator[Problem]:
    """Material's own syntax, which is plain text here and on every forge."""
    for node, value in tree.nodes:
        if not isinstance(value, comrak.Paragraph) or not node.children:
            continue
        match = _LEFT_OVER.match(trees.plain(node))
        if match is not None:
            word = match[0].split()[0]
            message = f"`{word}` is Material's syntax; here and on GitHub it is plain text."
            hint = (
                "Write each tab as a heading."
                if word.startswith("===")
                else "Write `> [!NOTE]` and quote the lines below it."
            )
            yield Problem(trees.line_of(node), message, "material-syntax", hint)
