"""Tables of a page as Typst: wide ones in smaller letters, the widest on a turned page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from prdgen.builder.elements import Element

_SIZE: Final = 9.0
_SMALLEST: Final = 6.0
_ACROSS, _TURNED = 482.0, 728.0
"""Points between the margins of an upright and of a turned page."""
_EM: Final = 0.56
"""How wide a letter is on average, as a share of its size."""
_PADDING: Final = 11.0
_UNBROKEN: Final = 24
"""Letters after which a word may be broken."""
_BROAD: Final = 60
Flow = Callable[[Sequence[Element | str]], str]


def number(text: str) -> float | None:
    """The number a text begins with."""
    found = re.match(r"\s*(\d+(?:\.\d+)?)", text)
    return float(found[1]) if found else None


def table(element: Element, flow: Flow) -> str:
    """The table, its cells filled by `flow`."""
    rows = [row for row in element.descendants() if row.tag == "tr"]
    heads = [row for part in element.elements if part.tag == "thead" for row in part.elements]
    count = max((sum(_span(cell) for cell in row.elements) for row in rows), default=0)
    if not count:
        return ""
    needed = [_column(rows, n, longest=False) for n in range(count)]
    size, turned = _fitted(needed)
    aligns = ", ".join(_align(rows, n) for n in range(count))
    headers = "".join(f"{_cell(cell, flow)}, " for row in heads for cell in row.elements)
    cells = "".join(
        f"{_cell(cell, flow)}, "
        for row in rows
        if row not in heads
        for cell in [*row.elements, *_missing(row, count)]
    )
    header = f"(rows: {len(heads)}, cells: ({headers}))"
    widths = _widths(rows, needed, size, _TURNED if turned else _ACROSS)
    code = f"#grid-of(({widths},), ({aligns},), {size:.1f}pt, {header}, {cells});"
    caption = next((e for e in element.elements if e.tag == "caption"), None)
    if caption is not None:
        code = f"{flow(caption.children)}\n{code}"
    return f"#turned[{code}];" if turned else code


def _fitted(needed: Sequence[float]) -> tuple[float, bool]:
    """The letters' size (points), and whether the page is turned for it."""
    for room, turned in ((_ACROSS, False), (_TURNED, True)):
        space = room - _PADDING * len(needed)
        size = min(_SIZE, space / (sum(needed) * _EM)) if space > 0 else 0.0
        if size >= (_SMALLEST + 1 if not turned else _SMALLEST):
            return size, turned
    return _SMALLEST, True


def _widths(rows: Sequence[Element], needed: Sequence[float], size: float, room: float) -> str:
    """Columns as wide as they need to be when all fit, else shared by what they hold."""
    natural = [_column(rows, n, longest=True) * size * _EM + _PADDING for n in range(len(needed))]
    if sum(natural) <= room:
        return ", ".join(f"{width:.1f}fr" for width in natural)
    least = [letters * size * _EM + _PADDING for letters in needed]
    rest = max(room - sum(least), 0.0)
    wishes = [
        min(width, _BROAD * size * _EM * 3) - low for width, low in zip(natural, least, strict=True)
    ]
    total = sum(max(wish, 0.0) for wish in wishes) or 1.0
    shares = [low + rest * max(wish, 0.0) / total for low, wish in zip(least, wishes, strict=True)]
    return ", ".join(f"{share:.1f}fr" for share in shares)


def _column(rows: Sequence[Element], number: int, *, longest: bool) -> float:
    """Letters of the longest cell, or of the longest word, in a column."""
    most = 3
    for row in rows:
        cells = row.elements
        if number < len(cells) and all(_span(cell) == 1 for cell in cells):
            text = cells[number].text()
            if longest:
                most = max(most, len(text.strip()))
            else:
                words = text.split()
                most = max(most, min(_UNBROKEN, max((len(word) for word in words), default=0)))
    return float(most)


def _align(rows: Sequence[Element], number: int) -> str:
    for row in rows:
        if number < len(row.elements):
            given = row.elements[number].attributes.get("align", "")
            return given if given in {"left", "right", "center"} else "start"
    return "start"


def _span(cell: Element) -> int:
    return max(1, min(int(number(cell.attributes.get("colspan", "")) or 1), 100))


def _cell(cell: Element, flow: Flow) -> str:
    down = max(1, min(int(number(cell.attributes.get("rowspan", "")) or 1), 100))
    inner = flow(cell.children)
    if down == 1 and _span(cell) == 1:
        return f"[{inner}]"
    return f"table.cell(colspan: {_span(cell)}, rowspan: {down})[{inner}]"


def _missing(row: Element, count: int) -> list[Element]:
    """Empty cells for a row that has too few, unless cells reach down into it."""
    if any("rowspan" in cell.attributes for cell in row.elements):
        return []
    return [Element("td") for _ in range(count - sum(_span(cell) for cell in row.elements))]
