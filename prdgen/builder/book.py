"""Several pages as one PDF: set piece by piece, so that memory stays bounded, then joined.

Each piece is a process of its own. Pieces follow each other, so that each knows the number of its
first page; title page and contents come last and have Roman numbers.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any, Final

from prdgen.builder import child, exports, sheets
from prdgen.builder.exports import Meta, Part, Progress
from prdgen.builder.typst_math import quoted

_JOIN: Final = "prdgen.builder.pdf_join"
_PIECE: Final = 250_000
"""Characters of HTML that are set together: up to 290 MB while they are."""
_SECONDS: Final = 300.0
_MANY: Final = 40
"""From so many pages on the contents name pages only, not their sections."""
_ID: Final = re.compile(r'\sid="([^"]+)"')
_SHOWN: Final = re.compile(r'<img\b[^>]*?\ssrc="([^"]*)"')
_HEADING: Final = re.compile(r"^<h[1-4]\b", re.MULTILINE)
_NAVIGATED: Final = 3
"""Levels of headings among the bookmarks."""


@dataclass
class _Made:
    """A book on its way."""

    folder: Path
    pieces: list[str] = field(default_factory=list)
    """File names in the order of reading, without the front."""
    pages: int = 0
    accessible: bool = True
    """Whether all of them keep every rule of PDF/UA-1."""
    positions: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Anchor → its page (from 1, without the front) and how far down (points)."""

    def add(self, piece: sheets.Sheets) -> None:
        """Put a piece at the end."""
        name = f"{len(self.pieces)}.pdf"
        (self.folder / name).write_bytes(piece.data)
        for anchor, (page, down) in piece.positions.items():
            self.positions.setdefault(anchor, (page + self.pages, down))
        self.pieces.append(name)
        self.pages += piece.pages
        self.accessible = self.accessible and not piece.missed


def make(parts: Sequence[Part], meta: Meta, *, nice: int, progress: Progress) -> bytes:
    """The book; see `pdf.make`. Blocks."""
    shown = exports.joined(parts)
    known = sorted({name for part in shown for name in _ID.findall(part.html)})
    with tempfile.TemporaryDirectory(prefix="prdgen-book-") as name:
        book = _Made(Path(name))
        done = 0
        for piece in _pieces(shown):
            progress(done, len(shown))
            layout = sheets.Layout(start=book.pages + 1, titled=False, known=known)
            bodies = [body for _, body in piece]
            book.add(sheets.make(bodies, _with_files(meta, bodies), layout, nice=nice))
            done = piece[-1][0] + 1
        progress(done, len(shown))
        bare = replace(meta, files={})
        _add_index(book, shown, bare, nice)
        front = sheets.make([], bare, _front(book, shown, bare), nice=nice)
        (book.folder / "front.pdf").write_bytes(front.data)
        order = {
            "front": front.pages,
            "accessible": book.accessible and not front.missed,
            "pieces": book.pieces,
            "positions": book.positions,
            "bookmarks": list(_bookmarks(book, shown, meta)),
        }
        (book.folder / "order.json").write_text(json.dumps(order), "utf-8")
        return child.run_module(
            _JOIN, b"", what="the PDF of the book", seconds=_SECONDS, folder=book.folder,
            limits=child.Limits(cpu=300, memory_bytes=6 * 1024**3, nice=nice),
        )  # fmt: skip


def _pieces(parts: Sequence[Part]) -> Iterable[list[tuple[int, str]]]:
    """(number of the part, HTML) of what is set together; a long page is cut before its headings."""
    piece: list[tuple[int, str]] = []
    for number, part in enumerate(parts):
        for body in _cut(part.html):
            if piece and sum(len(each) for _, each in piece) + len(body) > _PIECE:
                yield piece
                piece = []
            piece.append((number, body))
    if piece:
        yield piece


def _cut(html: str) -> Iterable[str]:
    """A page as it is or, when it is long, in pieces that begin with a heading."""
    start = last = 0
    if len(html) > _PIECE:
        for heading in _HEADING.finditer(html):
            if heading.start() - start > _PIECE and last > start:
                yield html[start:last]
                start = last
            last = heading.start()
    yield html[start:]


def _with_files(meta: Meta, bodies: Sequence[str]) -> Meta:
    """`meta` with the images of these bodies alone."""
    wanted = {
        exports.path_of(unescape(source)) for body in bodies for source in _SHOWN.findall(body)
    }
    return replace(meta, files={path: meta.files[path] for path in wanted if path in meta.files})


def _add_index(book: _Made, parts: Sequence[Part], meta: Meta, nice: int) -> None:
    entries = [
        (each.id, each.text, anchor, str(book.positions[anchor][0]))
        for number, part in enumerate(parts)
        for each in part.requirements
        if (anchor := exports.anchor(number, each.id, len(parts))) in book.positions
    ]
    if entries:
        layout = sheets.Layout(start=book.pages + 1, titled=False, index=entries, known=[""])
        book.add(sheets.make([], meta, layout, nice=nice))


def _front(book: _Made, parts: Sequence[Part], meta: Meta) -> sheets.Layout:
    """Title page and contents."""
    deepest = 1 if len(parts) >= _MANY else 2
    lines = "".join(
        f"#contents-line({level}, {quoted(text)}, {quoted('prdgen:' + anchor)}, "
        f"{quoted(str(book.positions[anchor][0]))});\n"
        for level, text, anchor in _headings(book, parts)
        if level < deepest
    )
    return sheets.Layout(
        before=sheets.title("cover", meta) + f"#contents-of[{lines}];", numbering="i"
    )


def _headings(book: _Made, parts: Sequence[Part]) -> Iterable[tuple[int, str, str]]:
    """(level from 0, text, anchor) of each part and of its headings."""
    for number, part in enumerate(parts):
        top = exports.anchor(number, "", len(parts))
        if part.folder and (number == 0 or parts[number - 1].folder != part.folder):
            yield 0, part.folder, top
        inside = 1 if part.folder else 0
        if top in book.positions:
            yield inside, part.title, top
        for heading in part.outline:
            if 1 < heading.level <= _NAVIGATED and heading.slug in book.positions:
                yield inside + heading.level - 1, heading.text, heading.slug


def _bookmarks(book: _Made, parts: Sequence[Part], meta: Meta) -> Iterable[tuple[int, str, Any]]:
    """(level, text, (page from 0 without the front, points down) or None for the title page)."""
    yield 0, meta.title, None
    for level, text, anchor in _headings(book, parts):
        page, down = book.positions[anchor]
        yield level, text, (page - 1, down)
    if len(book.pieces) and any(part.requirements for part in parts):
        last = book.positions.get("requirement-index")
        if last is not None:
            yield 0, "Requirements", (last[0] - 1, last[1])
