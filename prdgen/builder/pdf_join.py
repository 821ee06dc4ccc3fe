"""Joins the pieces of a book with their tags, bookmarks and links; runs in a child process.

Reads `order.json` and the pieces from the working folder, writes the PDF to the output.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf, String

SCHEME: Final = "prdgen:"
"""What the address of a link begins with that leads to an anchor of the book."""


_PART: Final = "{http://www.aiim.org/pdfua/ns/id/}part"
_PAGES: Final = "{http://ns.adobe.com/xap/1.0/t/pg/}NPages"


def main() -> None:
    """Join what lies in the working folder."""
    order = json.loads(Path("order.json").read_text("utf-8"))
    with Pdf.open("front.pdf") as book:
        tags = _Tags(book)
        tags.take(book)
        sources = [Pdf.open(name) for name in order["pieces"]]
        for source in sources:
            first = len(book.pages)
            book.pages.extend(source.pages)
            tags.take(source, first)
        tags.finish()
        _link(book, order)
        _bookmark(book, order)
        _number(book, order["front"])
        _describe(book, accessible=order["accessible"])
        sys.stdout.buffer.write(saved(book))


def saved(document: Pdf) -> bytes:
    """The document's bytes, always the same, as small as they get without loss."""
    out = io.BytesIO()
    document.save(
        out, deterministic_id=True, compress_streams=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )  # fmt: skip
    return out.getvalue()


class _Tags:
    """The structure trees of all pieces as one."""

    def __init__(self, book: Pdf) -> None:
        self._book = book
        self._next = 0
        self._parents: list[Any] = []
        self._kids: list[Any] = []
        self._names: list[tuple[str, Any]] = []
        self._pieces = 0

    def take(self, source: Pdf, first: int = 0) -> None:
        """The tree of `source`, whose pages stand in the book from page `first` on."""
        root = source.Root.StructTreeRoot
        _rename(root, f"{self._pieces}-")
        copied = (
            root if source is self._book else self._book.copy_foreign(source.make_indirect(root))
        )
        offset, most = self._next, -1
        for number, value in _numbers(copied.get(Name.ParentTree)):
            self._parents.append((number + offset, value))
            most = max(most, number)
        pages = (
            list(self._book.pages)[first:] if source is not self._book else list(self._book.pages)
        )
        for page in pages:
            _shift(page.obj, Name.StructParents, offset)
            for annotation in page.obj.get(Name.Annots, Array()):
                _shift(annotation, Name.StructParent, offset)
        kids = copied.get(Name.K, Array())
        self._kids += list(kids) if isinstance(kids, Array) else [kids]
        self._names += _ids(copied)
        self._next += most + 1
        self._pieces += 1

    def finish(self) -> None:
        """Write the one tree."""
        root = self._book.Root.StructTreeRoot
        for kid in self._kids:
            kid.P = root
        root.K = Array(self._kids)
        root.ParentTree = self._book.make_indirect(
            Dictionary(Nums=Array([each for pair in self._parents for each in pair]))
        )
        root.ParentTreeNextKey = self._next
        if Name.IDTree in root:
            del root.IDTree
        if self._names:
            pairs = sorted(self._names, key=lambda pair: pair[0])
            flat = [each for name, value in pairs for each in (String(name), value)]
            limits = Array([String(pairs[0][0]), String(pairs[-1][0])])
            leaf = self._book.make_indirect(Dictionary(Names=Array(flat), Limits=limits))
            root.IDTree = Dictionary(Kids=Array([leaf]))


def _numbers(tree: Any) -> Iterator[tuple[int, Any]]:
    """The entries of a number tree."""
    if tree is None:
        return
    entries = list(tree.get(Name.Nums, Array()))
    yield from zip(map(int, entries[::2]), entries[1::2], strict=True)
    for kid in tree.get(Name.Kids, Array()):
        yield from _numbers(kid)


def _elements(root: Any) -> Iterator[Any]:
    """Every element of a structure tree."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        kids = element.get(Name.K, Array())
        for kid in kids if isinstance(kids, Array) else [kids]:
            if isinstance(kid, Dictionary) and Name.S in kid:
                yield kid
                waiting.append(kid)


def _rename(root: Any, prefix: str) -> None:
    """Give the ids of one piece (of notes, of table heads) names that no other piece has."""
    for element in _elements(root):
        if Name.ID in element:
            element.ID = String(prefix + str(element.ID))
        attributes = element.get(Name.A)
        for each in attributes if isinstance(attributes, Array) else [attributes]:
            if isinstance(each, Dictionary) and Name.Headers in each:
                each.Headers = Array([String(prefix + str(name)) for name in each.Headers])


def _ids(root: Any) -> list[tuple[str, Any]]:
    return [(str(each.ID), each) for each in _elements(root) if Name.ID in each]


def _shift(holder: Any, name: Name, offset: int) -> None:
    if name in holder:
        holder[name] = int(holder[name]) + offset


def _link(book: Pdf, order: dict[str, Any]) -> None:
    """Links to anchors of the book lead to their places."""
    front, positions = order["front"], order["positions"]
    for page in book.pages:
        for annotation in page.obj.get(Name.Annots, Array()):
            action = annotation.get(Name.A)
            address = str(action.get(Name.URI, "")) if action is not None else ""
            if not address.startswith(SCHEME):
                continue
            place = positions.get(address.removeprefix(SCHEME))
            del annotation[Name.A]
            if place is not None:
                annotation.Dest = _destination(book, front + place[0] - 1, place[1])


def _destination(book: Pdf, page: int, down: float) -> Array:
    target = book.pages[page].obj
    height = float(target.MediaBox[3])
    return Array([target, Name.XYZ, 0, round(height - max(down - 12.0, 0.0), 2), None])


def _bookmark(book: Pdf, order: dict[str, Any]) -> None:
    """The bookmarks of the whole book in place of the front's."""
    with book.open_outline() as outline:
        outline.root.clear()
        branch: list[tuple[int, OutlineItem]] = []
        for level, text, place in order["bookmarks"]:
            page, down = (order["front"] + place[0], place[1]) if place else (0, 0.0)
            item = OutlineItem(text, _destination(book, page, down))
            item.is_closed = True
            while branch and branch[-1][0] >= level:
                branch.pop()
            (branch[-1][1].children if branch else outline.root).append(item)
            branch.append((level, item))


def _describe(book: Pdf, *, accessible: bool) -> None:
    """What the front says of itself is true of the book: how many pages, and whether it is PDF/UA."""
    with book.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as facts:
        facts[_PAGES] = str(len(book.pages))
        if not accessible and _PART in facts:
            del facts[_PART]


def _number(book: Pdf, front: int) -> None:
    """Page labels as they are printed: Roman before the first page, then from 1."""
    roman, plain = Dictionary(S=Name.r, St=1), Dictionary(S=Name.D, St=1)
    book.Root.PageLabels = Dictionary(Nums=Array([0, roman, front, plain]))


if __name__ == "__main__":
    main()
