"""LaTeX formulas as MathML, which browsers draw by themselves."""

from __future__ import annotations

import html
import re
from typing import Final

from latex2mathml import converter

from prdgen.builder.fragments import Fragments

MAX_LENGTH: Final = 2_000
_DEPTH: Final = 40
_ALLOWED: Final = re.compile(r"</?(?:m[a-z]+|math)(?: [a-z]+=\"[^\"<>]*\")*\s?/?>|[^<>]+")
_TROUBLE: Final = re.compile(r"href|src|on\w+=|javascript|data:|maction", re.IGNORECASE)


def formula(source: str, *, display: bool, fragments: Fragments) -> tuple[str, str | None]:
    """(HTML, reason it could not be drawn or None); what cannot be drawn is shown as written."""
    kind = f"formula 1 {'display' if display else 'inline'}"
    drawn = fragments.get(kind, source, lambda: _drawn(source.strip(), display=display))
    if drawn.startswith("<math"):
        classes = "math math-display" if display else "math"
        return f'<span class="{classes}">{drawn}</span>', None
    return as_code(source), drawn


def as_code(source: str) -> str:
    """The formula as it was written, for readers without MathML."""
    return f'<code class="math">{html.escape(source.strip())}</code>'


def _drawn(source: str, *, display: bool) -> str:
    """MathML, or the reason why there is none."""
    if len(source) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    if _depth(source) > _DEPTH:
        return f"it is nested deeper than {_DEPTH} levels"
    try:
        made = converter.convert(source, display="block" if display else "inline")
    except Exception as error:  # the library raises bare exceptions of many kinds
        return f"{type(error).__name__}: {error}".rstrip(": ")
    rest = _ALLOWED.sub("", made)
    if rest or _TROUBLE.search("".join(re.findall(r"<[^>]*>", made))):
        return "it uses something that is not allowed here"
    return made


def _depth(source: str) -> int:
    r"""How deeply braces, `\left` and environments are nested."""
    deepest = depth = 0
    for match in re.finditer(r"[{}]|\\(?:left|right|begin|end)\b", source):
        depth += 1 if match[0] in {"{", "\\left", "\\begin"} else -1
        deepest = max(deepest, depth)
    return deepest
