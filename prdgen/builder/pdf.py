"""PDF of pages: drawn by WeasyPrint in a child process that can reach nothing."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from pygments.formatters import HtmlFormatter

from prdgen.builder import child, diagrams, errors, exports, fill
from prdgen.builder.exports import Meta, Part

_CHILD: Final = "prdgen.builder.pdf_child"
"""By name: what it imports (WeasyPrint) has no business in this process."""
_STYLE: Final = Path(__file__).with_name("theme") / "print" / "pdf.css"
_SECONDS: Final = 120.0
_DEEPEST: Final = 3
_HEADED: Final = re.compile(
    rf"(?:<h[2-6]\b[^>]*>(?:(?!</h[2-6]>).)*</h[2-6]>\s*)*(?P<figure>{diagrams.FIGURE})", re.DOTALL
)
"""A drawn diagram, and the headings right above it."""
_POINTS: Final = 0.75
"""Points in a CSS pixel."""
_UPRIGHT: Final = (642.0, 846.0)
_TURNED: Final = (971.0, 521.0)
"""CSS pixels across and along a page that a diagram may take: 170 × 224 mm, 257 × 138 mm."""
_LEGIBLE_POINTS: Final = 6.0
_WORTH_TURNING: Final = 1.15
PANGO_MISSING: Final = "prdgen: no pango: "


def make(parts: Sequence[Part], meta: Meta, *, nice: int = 0) -> bytes:
    """The PDF of `parts` in order: title block, contents with page numbers, bookmarks, running
    heads. The same input gives the same bytes. Only images in `meta.files` are shown.

    Raises PangoMissing, ChildFailed, ChildTookTooLong. Blocks; call it in a thread.
    """
    job = {
        "html": document(parts, meta),
        "style": _code_style() + _STYLE.read_text("utf-8"),
        "origin": exports.ORIGIN,
        "files": {path: base64.b64encode(data).decode() for path, data in meta.files.items()},
    }
    try:
        return child.run_module(
            _CHILD, json.dumps(job).encode(), what="the PDF", seconds=_SECONDS,
            limits=child.Limits(cpu=180, memory_bytes=6 * 1024**3, nice=nice),
        )  # fmt: skip
    except errors.ChildFailed as error:
        said = str(error.facts.get("got", ""))
        if PANGO_MISSING in said:
            raise errors.PangoMissing(got=said.partition(PANGO_MISSING)[2]) from error
        raise


def _code_style() -> str:
    """The CSS rules that give the classes of coloured code their colours."""
    formatter: Any = HtmlFormatter(style="default")
    return str(formatter.get_style_defs(".highlight"))


def document(parts: Sequence[Part], meta: Meta) -> str:
    """The HTML document that is drawn."""
    shown = exports.joined(parts)
    bodies = "\n".join(
        f'<article class="page">{_body(part, alone=len(shown) == 1)}</article>' for part in shown
    )
    author = "".join(f'<meta name="author" content="{escape(name)}">' for name in meta.authors)
    return (
        f'<!doctype html><html lang="{escape(meta.language)}"><head><meta charset="utf-8">'
        f"<title>{escape(meta.title)}</title>{author}"
        f'<meta name="description" content="{escape(meta.description)}">'
        f'<meta name="keywords" content="{escape(", ".join(meta.tags))}">'
        f'<meta name="generator" content="prdgen">'
        f'<meta name="dcterms.created" content="{meta.date.isoformat()}">'
        f'<meta name="dcterms.modified" content="{meta.date.isoformat()}"></head><body>'
        f'<p class="running-site">{escape(meta.site_name)}</p>'
        f'<p class="running-stamp">{escape(meta.stamp)}</p>'
        f"{_title_block(meta)}{_contents(shown)}{bodies}</body></html>"
    )


def _body(part: Part, *, alone: bool) -> str:
    return _turned(exports.without_title(part.html) if alone else part.html)


def _turned(html: str) -> str:
    """Diagrams whose words would be too small are laid on a turned page, where that makes them
    larger, with the headings right above them.
    """
    return _HEADED.sub(_turn, html)


def _turn(match: re.Match[str]) -> str:
    size = diagrams.size_of(match["figure"])
    if size is None:
        return match[0]
    upright, turned = (
        min(1.0, across / size.width, along / size.height) for across, along in (_UPRIGHT, _TURNED)
    )
    small = size.smallest * _POINTS * upright < _LEGIBLE_POINTS
    if not small or turned < _WORTH_TURNING * upright:
        return match[0]
    return f'<div class="turned">{match[0]}</div>'


def _title_block(meta: Meta) -> str:
    rows = [
        ("Status", fill.status_badge(meta.status)),
        ("Owner", escape(meta.owner)),
        ("Authors", escape(", ".join(meta.authors))),
        ("Tags", escape(", ".join(meta.tags))),
        ("Date", escape(meta.day)),
        ("Version", f"<code>{escape(meta.commit[:10])}</code>" if meta.commit else ""),
        ("Source", f"<code>{escape(meta.page_path)}</code>" if meta.page_path else ""),
    ]
    table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows if value)
    about = f'<p class="about">{escape(meta.description)}</p>' if meta.description else ""
    site = f'<p class="site">{escape(meta.site_name)}</p>' if meta.site_name else ""
    return (
        f'<header class="title-block">{site}<h1>{escape(meta.title)}</h1>{about}'
        f"<table>{table}</table></header>"
    )


def _contents(parts: Sequence[Part]) -> str:
    lowest = 1 if len(parts) > 1 else 2
    items = "".join(
        f'<li class="level-{heading.level - lowest}">'
        f'<a href="#{escape(heading.slug)}">{escape(heading.text)}</a></li>'
        for part in parts
        for heading in part.outline
        if lowest <= heading.level <= _DEEPEST
    )
    if not items:
        return ""
    return f'<nav class="contents"><p class="contents-title">Contents</p><ul>{items}</ul></nav>'
