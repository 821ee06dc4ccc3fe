"""Source code as HTML with Pygments' classes; the colours are the style sheet's."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Final

import pygments
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from prdgen.builder import lexing
from prdgen.builder.fragments import Fragments

MAX_LENGTH: Final = 64 * 1024
"""Longer blocks are shown without colours: lexers are Python and take their time."""
_LANGUAGE: Final = re.compile(r"[\w+#.\-]+")
_SPACE: Final = "w"
"""The class of white space, which has no colour to show: it stands without one."""
_PLAIN: Final = frozenset({"", "text", "txt", "plain", "plaintext", "none", "output"})


def block(info: str, source: str, fragments: Fragments) -> str:
    """A fenced block as `<pre class="highlight">`; an unknown language is shown plainly."""
    language = language_of(info)
    kind = f"code 2 {pygments.__version__} {language}"
    inner = fragments.get(kind, source, lambda: _coloured(language, source))
    name = html.escape(language, quote=True)
    shown = f' class="language-{name}"' if name else ""
    label = f' data-language="{name}"' if name else ""
    return f'<div class="highlight"{label}><pre><code{shown}>{inner}</code></pre></div>'


def language_of(info: str) -> str:
    """The language an info string begins with, in lower case: `Rust,ignore` → `rust`."""
    match = _LANGUAGE.match(info.strip().lstrip("{.").split(",")[0])
    return match[0].lower() if match else ""


def _coloured(language: str, source: str) -> str:
    """The block's inside, each token in a span."""
    lexer = _lexer(language) if len(source) <= MAX_LENGTH else None
    if lexer is None:
        return html.escape(source, quote=False)
    pieces, last = [], ""
    for css, text in lexing.coloured(lexer, source):
        kind = "" if css == _SPACE else css
        if kind != last:
            pieces.append(f'</span><span class="{kind}">' if last and kind else _edge(kind))
            last = kind
        pieces.append(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return "".join(pieces) + ("</span>" if last else "")


def _edge(kind: str) -> str:
    return f'<span class="{kind}">' if kind else "</span>"


@cache
def _lexer(language: str) -> Lexer | None:
    """Pygments' lexer for a language; None when there is none, or nothing to colour."""
    if language in _PLAIN:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
