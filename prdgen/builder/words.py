"""A page as the search engine gets it: its words and its headings, without the rest of its HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

_REST: Final = r'[^<>"]*(?:"[^"]*"[^<>"]*)*'
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdo|cite|code|del|dfn|em|i|img|input|ins|kbd|label|m[a-z]+|q|s|samp|small|span|"
    rf"strong|sub|sup|time|u|var|wbr)(?: {_REST})?>"
)
"""Tags in the middle of words and sentences, formulas' among them."""
_FOOTNOTE: Final = re.compile(r'<sup class="footnote-ref">.*?</sup>')
_END: Final = re.compile(r"<(?<=[\w'\")$*]<)/(?:p|td|div|li|dt|dd|blockquote|figcaption|summary)>")
"""The end of a block whose last sentence has no full stop."""
_BLOCK: Final = re.compile(rf"</?(?!h[1-6]\b)[a-z][a-z0-9]*(?: {_REST})?/?>")


def page(
    bare: str, title: str, language: str, filters: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The page Pagefind is to read, for a body as `render.Rendered.bare` has it.

    Headings keep their ids, so that a result can lead to them; blocks end in a full stop, as Pagefind
    would have it. `filters` are what a search can be narrowed by: name → values of this page.
    """
    plain = _INLINE.sub("", _FOOTNOTE.sub("", bare))
    said = _BLOCK.sub(" ", _END.sub(". ", plain))
    chosen = "".join(
        f'<meta data-pagefind-filter="{name}[content]" content="{html.escape(value)}">'
        for name, values in (filters or {}).items()
        for value in values
    )
    return (
        f'<html lang="{html.escape(language)}"><title>{html.escape(title)}</title>{chosen}'
        f"<main data-pagefind-body>{said}</main></html>\n"
    )
