"""How wide words are in Helvetica, so that boxes fit their labels in every reader's font.

Widths are those of Adobe's metrics for the standard fonts; Arial, Liberation Sans and Arimo share
them. What is drawn in another font is set to the same length.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree as ET

from merman import (
    MermanTextMeasurementOperation as Operation,
)
from merman import (
    MermanTextMeasurementResultKind as Kind,
)
from merman import (
    MermanTextMeasurer,
    MermanTextMeasureRequest,
    MermanTextMeasureResult,
)

FAMILY: Final = "Helvetica, Arial, 'Liberation Sans', Arimo, 'DejaVu Sans Condensed', sans-serif"

_REGULAR: Final = {
    191: "'", 222: "ijl‘’", 260: "|", 278: " !,./:;I[\\]ft·\xa0", 333: "()-`r“”", 334: "{}",
    350: "•", 355: '"', 389: "*", 400: "°", 469: "^", 500: "Jcksvxyz", 584: "+<=>~×−",
    556: "#$0123456789?L_abdeghnopqu€–", 611: "FTZßø", 667: "&ABEKPSVXY", 722: "CDHNRUw", 737: "©",
    778: "GOQØ", 833: "Mm", 889: "%æ", 944: "W", 1000: "—…→←↔", 1015: "@",
}  # fmt: skip
_BOLD: Final = {
    238: "'", 278: " ,./I\\ijl‘’·\xa0", 280: "|", 333: "!()-:;[]`ft", 350: "•", 389: "r{}*", 400: "°",
    474: '"', 500: "z“”", 584: "+<=>~^×−", 556: "#$0123456789J_aceksvxy€–", 611: "?FLTZbdghnopqußø",
    667: "EPSVXY", 722: "&ABCDHKNRU", 737: "©", 778: "GOQwØ", 833: "M", 889: "%mæ", 944: "W",
    975: "@", 1000: "—…→←↔",
}  # fmt: skip
_OTHER: Final = {"Lu": 780, "Lt": 780, "Mn": 0, "Me": 0, "Cf": 0}
"""By Unicode category, for scripts whose letters no table has: rather too wide than too narrow."""
_LENGTHS: Final = frozenset({
    Operation.COMPUTED_LENGTH, Operation.SIMPLE_B_BOX_WIDTH, Operation.RAW_B_BOX_WIDTH,
    Operation.TSPAN_B_BOX_WIDTH, Operation.WRAP_PROBE_B_BOX_WIDTH,
    Operation.BOUNDING_CLIENT_RECT_WIDTH, Operation.CANVAS_MEASURE_TEXT_WIDTH,
})  # fmt: skip
_METRICS: Final = frozenset({
    Operation.MEASURE, Operation.WRAPPED, Operation.MERMAID_CALCULATE_TEXT_DIMENSIONS,
})  # fmt: skip


def _table(widths: dict[int, str]) -> dict[str, int]:
    return {letter: width for width, letters in widths.items() for letter in letters}


_TABLES: Final = (_table(_REGULAR), _table(_BOLD))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The length of one line, in the unit of `size`."""
    return sum(_letter(letter, bold)[0] for letter in text) * size / 1000


def is_known(text: str) -> bool:
    """Whether the tables have all its letters, so that its width is no guess."""
    return all(_letter(letter, False)[1] for letter in text)


@lru_cache(maxsize=4096)
def _letter(letter: str, bold: bool) -> tuple[int, bool]:
    """Thousandths of the size, and whether they are certain."""
    table = _TABLES[bold]
    if letter in table:
        return table[letter], True
    plain = unicodedata.normalize("NFKD", letter)
    if plain != letter and all(part in table or unicodedata.combining(part) for part in plain):
        return sum(table.get(part, 0) for part in plain), True
    if unicodedata.east_asian_width(letter) in "WF":
        return 1000, False
    return _OTHER.get(unicodedata.category(letter), 620), False


class Measurer(MermanTextMeasurer):  # type: ignore[misc]
    """Answers Mermaid's layout as a browser with Helvetica would; heights stay Mermaid's own."""

    def measure(self, request: MermanTextMeasureRequest) -> MermanTextMeasureResult | None:
        """The size of one label, or None: measure it yourself."""
        bold = is_bold(request.font_weight or "")
        natural = max(
            width(line, request.font_size, bold=bold) for line in request.text.split("\n")
        )
        if request.operation in _LENGTHS:
            return _result(Kind.LENGTH, length=natural)
        if request.operation in _METRICS or request.operation == Operation.WRAPPED_WITH_RAW_WIDTH:
            lines = _wrapped(request.text, request.font_size, request.max_width, bold=bold)
            widest = max(width(line, request.font_size, bold=bold) for line in lines)
            height = request.line_height * len(lines)
            if request.operation in _METRICS:
                return _result(Kind.METRICS, width=widest, height=height, lines=len(lines))
            return _result(
                Kind.WRAPPED_WITH_RAW_WIDTH, width=widest, height=height, lines=len(lines),
                raw=natural,
            )  # fmt: skip
        return None


def is_bold(weight: str) -> bool:
    """Whether a CSS font weight is a bold one."""
    return weight in {"bold", "bolder"} or (weight.isdigit() and int(weight) >= 600)


def _result(
    kind: Kind, *, width: float = 0.0, height: float = 0.0, length: float = 0.0, lines: int = 1,
    raw: float | None = None,
) -> MermanTextMeasureResult:  # fmt: skip
    return MermanTextMeasureResult(
        result_kind=kind, width=width, height=height, length=length, line_count=lines,
        bbox_left=None, bbox_right=None, raw_width=raw,
    )  # fmt: skip


def _wrapped(text: str, size: float, most: float | None, *, bold: bool) -> list[str]:
    """The lines in which a text fits into `most`, broken between words as browsers do."""
    lines: list[str] = []
    for line in text.split("\n"):
        current = ""
        for word in line.split(" "):
            longer = f"{current} {word}" if current else word
            if current and most is not None and width(longer, size, bold=bold) > most:
                lines.append(current)
                current = word
            else:
                current = longer
        lines.append(current)
    return lines


def fit(root: ET.Element) -> None:
    """Give every line of a drawing the length it was measured with, whatever font draws it.

    `root` is a simplified drawing (see `svg`): sizes and weights are attributes.
    """
    _fit(root, size=14.0, bold=False)


def _fit(element: ET.Element, *, size: float, bold: bool) -> None:
    written = element.get("font-size")
    if written:
        found = re.fullmatch(r"([\d.]+)(px)?", written.strip())
        size = float(found[1]) if found else 0.0
    bold = is_bold(element.get("font-weight", "bold" if bold else "normal"))
    if element.tag in {"text", "tspan"} and len(element) == 0:
        words = " ".join((element.text or "").split())
        if size and len(words) > 1 and is_known(words) and not element.get("font-style"):
            length = width(words, size, bold=bold)
            element.set("textLength", f"{math.ceil(length * 100) / 100:g}")
            element.set("lengthAdjust", "spacingAndGlyphs")
    for child in element:
        _fit(child, size=size, bold=bold)
