"""Code and long words of a page as Typst: colours, blanks, and where a line may break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from prdgen.builder.elements import Element
from prdgen.builder.typst_math import quoted

_COLOURS: Final = {
    "k": "#22594e", "c": "#5c6b66", "s": "#8a4b12", "m": "#6b4aa0", "nf": "#1f5c99", "nc": "#1f5c99",
    "nt": "#1f5c99", "na": "#7a5010", "nb": "#22594e", "nd": "#6b4aa0", "kt": "#1f5c99",
    "gd": "#97312c", "gi": "#22594e", "gh": "#1f5c99",
}  # fmt: skip
"""By Pygments' class or its first letter; what is not here has the colour of text."""
_LONG_WORD: Final = re.compile(r"[^\s\u200b]{28,}")
_TAB: Final = 4


def broken(text: str) -> str:
    """Long words may be broken where a reader expects it least badly."""
    return _LONG_WORD.sub(_breakable, text)


def _breakable(match: re.Match[str]) -> str:
    pieces = re.sub(r"([/\\._\-,:;=&?#+|()\[\]{}])(?=\w)", "\\1\u200b", match[0])
    return re.sub(r"([^\u200b]{24})(?=[^\u200b]{4})", "\\1\u200b", pieces)


def coloured(element: Element) -> Iterable[str]:
    """A block of code: its lines, with colours."""
    runs: list[tuple[str, str]] = []
    _runs(element, "", runs)
    while runs and not runs[-1][1].strip("\n"):
        runs.pop()
    if runs:
        runs[-1] = (runs[-1][0], runs[-1][1].rstrip("\n"))
    column = 0
    for colour, text in runs:
        for number, line in enumerate(text.split("\n")):
            if number:
                yield "#linebreak();"
                column = 0
            shown, column = _spaced(line, column)
            if shown:
                literal = f"#{quoted(broken(shown))};"
                yield f'#text(fill: rgb("{colour}"))[{literal}];' if colour else literal


def _runs(element: Element, colour: str, runs: list[tuple[str, str]]) -> None:
    for child in element.children:
        if isinstance(child, Element):
            css = child.classes[0] if child.tag == "span" and child.classes else ""
            own = _COLOURS.get(css[:2]) or _COLOURS.get(css[:1]) if css else None
            _runs(child, own or colour, runs)
        elif runs and (runs[-1][0] == colour or not child.strip()):
            runs[-1] = (runs[-1][0], runs[-1][1] + child)
        else:
            runs.append((colour, child))


def _spaced(line: str, column: int) -> tuple[str, int]:
    """A line's piece with tabs as blanks, and blanks that stay at its beginning."""
    out = []
    for character in line:
        if character == "\t":
            wide = _TAB - column % _TAB
            out.append(" " * wide)
            column += wide
        else:
            out.append(character)
            column += 1
    text = "".join(out)
    if column == len(text):
        bare = text.lstrip(" ")
        text = "\u00a0" * (len(text) - len(bare)) + bare
    return text, column


def unquoted(literal: str) -> str:
    """What stands between the quotes of a string literal."""
    return re.sub(r"\\(.)", r"\1", literal)


def directed(content: Sequence[Element | str], code: str) -> str:
    """`code`, set from right to left when the first letter of `content` is."""
    text = "".join(c if isinstance(c, str) else c.text() for c in content)
    if text.isascii():
        return code
    kind = next((k for c in text if (k := unicodedata.bidirectional(c)) in {"L", "R", "AL"}), "L")
    return code if kind == "L" else f"#leftwards[{code}];"
