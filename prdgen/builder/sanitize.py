"""The last word on a page's HTML: what is not on this list is not in it."""

from __future__ import annotations

import re
from typing import Final

import nh3

_FLOW: Final = frozenset(
    {
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "hr", "br",
        "blockquote", "pre", "code", "div", "section", "span", "a", "img", "em", "strong", "b",
        "i", "u", "s", "del", "ins", "mark", "sub", "sup", "small", "kbd", "samp", "var", "abbr",
        "cite", "q", "dfn", "time", "table", "caption", "colgroup", "col", "thead", "tbody",
        "tfoot", "tr", "th", "td", "details", "summary", "figure", "figcaption", "input", "wbr",
    }
)  # fmt: skip
_DROPPED: Final = frozenset(
    {
        "script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript",
        "form", "button", "select", "textarea", "title", "xmp", "noembed", "noframes", "plaintext",
    }
)  # fmt: skip
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"id", "class", "title", "lang", "dir", "data-line", "data-hole", "data-language"},
    "a": {"href", "name", "aria-label", "data-footnote-ref", "data-footnote-backref"},
    "img": {"src", "alt", "width", "height", "loading"},
    "input": {"type", "checked", "disabled", "aria-label"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "details": {"open"},
    "section": {"data-footnotes"},
    "time": {"datetime"},
    "abbr": {"title"},
    "q": {"cite"},
}
_CLASSES: Final = re.compile(
    r"markdown-alert(?:-\w+)?|footnote-(?:ref|backref)|footnotes|math-display|contains-task-list|"
    r"task-list-item(?:-checkbox)?|requirement(?:-\w+)?|broken-link|external-link|remote-image|"
    r"highlight|language-[\w+#.\-]+|math|source|hole|diagram(?:-\w+)?|[a-z]{1,2}\d?"
)
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_ID: Final = re.compile(r"(?!__)[^\s\"'<>&`\x00-\x1f]{1,200}")


def clean(html: str) -> str:
    """`html` with nothing in it that runs, loads from elsewhere, or takes the page's ids.

    Links lead to http(s), mailto, tel or this site; images come from this site only; `style` and
    all event handlers are gone; classes are those this package gives.
    """
    cleaned: str = _CLEANER.clean(html)
    return cleaned


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The attribute's value as it may stand, or None."""
    if name == "class":
        kept = [one for one in value.split() if _CLASSES.fullmatch(one)]
        return " ".join(kept) or None
    if name in {"id", "name"}:
        return value if _ID.fullmatch(value) else None
    if name == "src":
        return value if is_local(value) else None
    if tag == "input" and name == "type":
        return "checkbox"
    return value


def is_local(url: str) -> bool:
    """Whether an address leads to this site: no scheme, no host."""
    plain = re.sub(r"[\x00-\x20]", "", url)
    return not re.match(r"[\\/]{2}|[a-zA-Z][\w+.\-]*:", plain)


_CLEANER: Final = nh3.Cleaner(
    tags=set(_FLOW),
    clean_content_tags=set(_DROPPED),
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes=set(_SCHEMES),
    link_rel=None,  # `target` never passes, and the referrer is the server's header
    set_tag_attribute_values={
        "input": {"disabled": "", "type": "checkbox", "aria-label": "Task"},
        "img": {"loading": "lazy"},
    },
)
