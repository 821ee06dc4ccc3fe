"""The HTML that pandoc makes a Word file of."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Sequence
from html import escape, unescape
from typing import Final

from prdgen.builder import exports, pictures, word_images
from prdgen.builder.exports import Meta, Part

_COLUMNS: Final = '<colgroup><col style="width:20%"><col style="width:80%"></colgroup>'
_IMAGE: Final = re.compile(r"<img\b[^>]*>")
_CHECKBOX: Final = re.compile(r'<input\b[^>]*type="checkbox"[^>]*>\s*')
_NOTE_MARK: Final = re.compile(
    r'<sup class="footnote-ref"><a href="(#[^"]*)"[^>]*>(.*?)</a></sup>', re.DOTALL
)
_NOTES: Final = re.compile(
    r'<section class="footnotes"[^>]*>\s*<ol>(.*?)</ol>\s*</section>', re.DOTALL
)
_NOTE: Final = re.compile(r'<li id="((?:p\d+-)?fn-[^"]*)">')
_BACK: Final = re.compile(r'\s*<a [^>]*class="footnote-backref".*?</a>(?:</sup></a>)?', re.DOTALL)
_REMOTE: Final = re.compile(r'(<a [^>]*class="remote-image"[^>]*>.*?</a>)', re.DOTALL)
_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_CELL: Final = re.compile(r"<(t[dh])\b([^>]*)>(.*?)</\1>", re.DOTALL)
_MANY_COLUMNS: Final = 8
_TAGS: Final = re.compile(r"<[^>]*>")


def document(parts: Sequence[Part], meta: Meta, drawings: word_images.Drawings) -> str:
    """The parts as one HTML document; its SVGs wait in `drawings`."""
    shown = exports.joined(parts)
    alone = len(shown) == 1
    bodies = "\n".join(exports.without_title(p.html) if alone else p.html for p in shown)
    facts = [
        ("Status", meta.status),
        ("Owner", meta.owner),
        ("Tags", ", ".join(meta.tags)),
        ("Source", meta.page_path),
        ("Version", meta.stamp),
    ]
    rows = "".join(
        f"<tr><td><strong>{name}</strong></td><td>{escape(value)}</td></tr>"
        for name, value in facts
        if value
    )
    authors = "".join(f'<meta name="author" content="{escape(name)}">' for name in meta.authors)
    body = drawings.replace(_dressed(bodies))
    return (
        f'<html lang="{escape(meta.language)}"><head><title>{escape(meta.title)}</title>{authors}'
        f'<meta name="description" content="{escape(meta.description)}">'
        f'<meta name="keywords" content="{escape(", ".join(meta.tags))}"></head>'
        f"<body><table>{_COLUMNS}{rows}</table>\n"
        f"{_IMAGE.sub(lambda match: _embedded(match[0], meta, drawings), body)}</body></html>"
    )


def _dressed(html: str) -> str:
    """Tasks, alerts, footnotes, and lines from right to left, as pandoc understands them."""
    html = _CHECKBOX.sub(_box, html)
    # Alerts in a paragraph style of their own, which Word's users can change.
    html = re.sub(r'<div class="markdown-alert[^"]*"', '<div custom-style="Alert"', html)
    title = r'<p class="markdown-alert-title">(.*?)</p>'
    html = re.sub(title, r"<p><strong>\1</strong></p>", html, flags=re.DOTALL)
    html = _REMOTE.sub(r"\1 (image on another server, not fetched)", html)
    html = _NOTE_MARK.sub(r'<a epub:type="noteref" href="\1">\2</a>', html)
    html = _TABLE.sub(_small, _NOTES.sub(_notes, html))
    return html if html.isascii() else _PARAGRAPH.sub(_directed, html)


def _small(match: re.Match[str]) -> str:
    """A table of many columns in a style of smaller letters."""
    rows = match[0].split("<tr>")
    if max(len(_CELL.findall(row)) for row in rows) < _MANY_COLUMNS:
        return match[0]
    return _CELL.sub(r'<\1\2><div custom-style="Small Table"><p>\3</p></div></\1>', match[0])


def _box(match: re.Match[str]) -> str:
    """Word has no form fields in running text: a task's box becomes a letter."""
    return "☒ " if re.search(r"\schecked\b", match.group(0)) else "☐ "


def _notes(match: re.Match[str]) -> str:
    """The notes at a page's end, as pandoc puts them where their marks are."""
    _, *found = _NOTE.split(match[1])
    return "".join(
        f'<aside epub:type="footnote" id="{name}">{_BACK.sub("", note).strip().removesuffix("</li>")}</aside>'
        for name, note in zip(found[::2], found[1::2], strict=True)
    )


def _directed(match: re.Match[str]) -> str:
    words = _TAGS.sub("", match[1])
    if words.isascii():
        return match[0]
    kind = next((k for c in words if (k := unicodedata.bidirectional(c)) in {"L", "R", "AL"}), "L")
    return match[0] if kind == "L" else f'<div dir="rtl">{match[0]}</div>'


def _embedded(tag: str, meta: Meta, drawings: word_images.Drawings) -> str:
    """An image with its bytes in place (the sandbox reads no file beside its input), or why there
    is none.
    """
    source = re.search(r'\ssrc="([^"]*)"', tag)
    given = re.search(r'\salt="([^"]*)"', tag)
    address, alt = (source[1] if source else ""), (given[1] if given else "")
    if address.startswith("data:"):
        return tag
    path = exports.path_of(unescape(address))
    data = meta.files.get(path)
    looked = "not a file of this commit" if data is None else pictures.look(path, data)
    if data is None or isinstance(looked, str):
        return f"<em>[{alt or 'image'}: {looked}]</em>"
    if looked[0] == "svg":
        return drawings.image(data.decode("utf-8", "replace"), unescape(alt))
    kind = pictures.MEDIA_TYPES[looked[0]]
    encoded = base64.b64encode(data).decode()
    return tag.replace(f'src="{address}"', f'src="data:{kind};base64,{encoded}"')
