"""MathML as Typst's mathematics: functions and string literals only, so nothing in it can run."""

from __future__ import annotations

from typing import Final

from prdgen.builder.elements import Element

_ACCENTS: Final = {
    "^": "\u0302", "ˆ": "\u0302", "→": "\u20d7", "⃗": "\u20d7", "~": "\u0303", "˜": "\u0303",
    ".": "\u0307", "˙": "\u0307", "¨": "\u0308", "ˇ": "\u030c",
}  # fmt: skip
_OVER: Final = {
    "―": "math.overline",
    "¯": "math.overline",
    "⏞": "math.overbrace",
    "_": "math.overline",
}
_UNDER: Final = {"⏟": "math.underbrace", "―": "math.underline", "_": "math.underline"}
_OPENING, _CLOSING = "([{⟨⌈⌊|‖", ")]}⟩⌉⌋|‖"
_WORDS: Final = 2
"""From so many letters on an identifier is a word (`lim`), which stands upright."""


def quoted(text: str) -> str:
    """A string literal of Typst."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " or c == "\n" else "\ufffd" for c in safe) + '"'


def equation(math: Element, *, display: bool, source: str) -> str:
    """An expression that gives the formula; `source` is what is read out."""
    body = _row(math.children)
    return f"math.equation(block: {'true' if display else 'false'}, alt: {quoted(source)}, {body})"


def _row(children: list[Element | str]) -> str:
    """The children beside each other; brackets grow with what they hold."""
    elements = [child for child in children if isinstance(child, Element)]
    pieces = [_one(element) for element in elements]
    if len(elements) > 1 and any(e.tag in {"mtable", "mfrac"} for e in elements):
        pieces = _grown(elements, pieces)
    return _joined(pieces)


def _grown(elements: list[Element], pieces: list[str]) -> list[str]:
    """Brackets around a table or a fraction as one `lr`."""
    out: list[str] = []
    at = 0
    while at < len(elements):
        tall = at + 1 < len(elements) and elements[at + 1].tag in {"mtable", "mfrac"}
        if tall and _bracket(elements[at], _OPENING):
            closed = at + 2 < len(elements) and _bracket(elements[at + 2], _CLOSING)
            end = at + 3 if closed else at + 2
            out.append(f"math.lr({_joined(pieces[at:end])})")
            at = end
        else:
            out.append(pieces[at])
            at += 1
    return out


def _bracket(element: Element, which: str) -> bool:
    return element.tag == "mo" and element.text().strip() in which and bool(element.text().strip())


def _joined(pieces: list[str]) -> str:
    return "{ " + "; ".join(pieces) + " }" if pieces else "[]"


def _one(element: Element) -> str:
    text = element.text().strip()
    if element.tag in {"mi", "mn", "mo"}:
        return _letters(element.tag, text)
    if element.tag == "mtext":
        return f"[#{quoted(element.text())}]"
    if element.tag == "mspace":
        return _space(element.attributes.get("width", "0em"))
    parts = element.elements
    if element.tag in _SCRIPTS and len(parts) == len(_SCRIPTS[element.tag]) + 1:
        return _attached(element, parts)
    if element.tag == "mfrac" and len(parts) == 2:
        over, under = map(_one, parts)
        thin = element.attributes.get("linethickness") == "0"
        return f"math.{'binom' if thin else 'frac'}({over}, {under})"
    if element.tag == "msqrt":
        return f"math.sqrt({_row(element.children)})"
    if element.tag == "mroot" and len(parts) == 2:
        return f"math.root({_one(parts[1])}, {_one(parts[0])})"
    if element.tag == "mtable":
        return _table(element)
    return _row(element.children)


def _letters(tag: str, text: str) -> str:
    if not text:
        return "[]"
    if tag == "mi" and len(text) >= _WORDS:
        return f"math.upright([#{quoted(text)}])"
    if tag == "mo" and text.isalpha() and len(text) >= _WORDS:
        return f"math.op([#{quoted(text)}], limits: true)"
    if len(text) == 1:
        return f"sign({quoted(text)})"
    return f"[#{quoted(text)}]"


_SCRIPTS: Final = {
    "msup": ("t",), "msub": ("b",), "msubsup": ("b", "t"),
    "mover": ("t",), "munder": ("b",), "munderover": ("b", "t"),
}  # fmt: skip


def _attached(element: Element, parts: list[Element]) -> str:
    mark = parts[1].text().strip()
    if element.tag == "mover" and mark in _ACCENTS:
        return f"math.accent({_one(parts[0])}, {quoted(_ACCENTS[mark])})"
    function = {"mover": _OVER, "munder": _UNDER}.get(element.tag, {}).get(mark)
    if function is not None:
        return f"{function}({_one(parts[0])})"
    attached = zip(_SCRIPTS[element.tag], parts[1:], strict=True)
    base = _one(parts[0])
    if element.tag in {"mover", "munder", "munderover"}:
        base = f"math.limits({base})"
    return f"math.attach({base}, {', '.join(f'{side}: {_one(part)}' for side, part in attached)})"


def _table(table: Element) -> str:
    rows = [
        "(" + "".join(f"{_row(cell.children)}, " for cell in row.elements) + ")"
        for row in table.elements
        if row.tag == "mtr"
    ]
    left = any(e.attributes.get("columnalign") == "left" for e in table.descendants())
    align = ", align: left" if left else ""
    return f"math.mat(delim: none{align}, {', '.join(rows)})" if rows else "[]"


def _space(width: str) -> str:
    number = width.removesuffix("em")
    try:
        return f"h({float(number):.3f}em)"
    except ValueError:
        return "h(0.2em)"
