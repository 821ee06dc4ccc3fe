"""Several pages as one PDF: one contents, one row of page numbers, links among its pages."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pikepdf
import pypdf
import pytest

from prdgen.builder import book, errors, exports, pdf, render

META = exports.Meta(
    title="All", site_name="Team", branch="main", commit="0123456789abcdef",
    date=datetime(2026, 11, 24, tzinfo=UTC),
)  # fmt: skip
TEXTS = {
    "docs/one.md": "# One\n\nTo [two](two.md#goal) and [three](three.md).\n\n## Goal\n\n- [REQ-001] Fast.\n",
    "docs/two.md": "# Two\n\n## Goal\n\nHere[^1] and [back](one.md).\n\n| a |\n|---|\n| b |\n\n[^1]: Note two.\n",
    "docs/three.md": "Without a title.\n\n## Goal\n\nAgain[^1].\n\n[^1]: Note three.\n",
}


def parts(texts=TEXTS, folder=""):
    known = {path: path for path in texts}
    made = []
    for path, text in texts.items():
        context = render.RenderContext(mode="pdf", known_pages=known, link=exports.to_part)
        drawn = render.render(path, text, context=context)
        made.append(
            exports.Part(drawn.title, drawn.html, drawn.outline, drawn.requirements, path, folder)
        )
    return made


@pytest.fixture(scope="module")
def in_pieces():
    """The book, each page a piece of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "_PIECE", 1)
        return pdf.make(parts(), META)


def pages(data):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def test_the_contents_say_the_printed_numbers(in_pieces):
    """Title page and contents have Roman numbers, so the first page is 1."""
    cover, contents, *printed, index = pages(in_pieces)
    assert "All" in cover
    assert "REQ-001" in index
    said = re.findall(r"^(.+?) ?(?:\. ?){3,}(\d+)$", contents, re.MULTILINE)
    assert [title for title, _ in said] == ["One", "Goal", "Two", "Goal", "Three", "Goal"]
    for title, number in said:
        (page,) = [text for text in printed if text.endswith(f" 2026 {number}")]
        assert {"Three": "Without a title"}.get(title, title) in page


@pytest.mark.parametrize("strange", [False, True])
def test_a_book_claims_pdf_ua_only_when_every_piece_keeps_it(monkeypatch, strange):
    """A letter that no font has is in one page of three; the front has all its letters."""
    monkeypatch.setattr(book, "_PIECE", 1)
    more = "\n\n\U000f0000\n" if strange else ""
    texts = TEXTS | {"docs/two.md": TEXTS["docs/two.md"] + more}
    with pikepdf.open(io.BytesIO(pdf.make(parts(texts), META))) as document:
        facts = document.Root.Metadata.read_bytes()
        assert (b"pdfuaid:part" in facts) is not strange
        assert b"NPages>%d<" % len(document.pages) in facts


def test_links_among_pages_lead_to_their_places(in_pieces):
    """`two.md#goal` goes to that heading of the book, not to the site."""
    with pikepdf.open(io.BytesIO(in_pieces)) as document:
        places = {page.obj.objgen: number for number, page in enumerate(document.pages)}
        links = [
            places[a.Dest[0].objgen]
            for a in document.pages[2].obj.get("/Annots", [])
            if "/Dest" in a
        ]
        assert links == [3, 4]
        assert b"prdgen:" not in b"".join(
            str(a.get("/A")).encode() for p in document.pages for a in p.obj.get("/Annots", [])
        )


def test_bookmarks_name_every_page_and_its_sections(in_pieces):
    """The side bar of a reader shows the whole book."""
    with pikepdf.open(io.BytesIO(in_pieces)) as document, document.open_outline() as outline:
        titles = [(item.title, [child.title for child in item.children]) for item in outline.root]
    assert titles == [
        ("All", []), ("One", ["Goal"]), ("Two", ["Goal"]), ("Three", ["Goal"]), ("Requirements", []),
    ]  # fmt: skip


def test_tags_of_all_pieces_are_one_tree(in_pieces):
    """Each marked content finds its element, and no id stands for two elements."""
    with pikepdf.open(io.BytesIO(in_pieces)) as document:
        root = document.Root.StructTreeRoot
        numbers = [int(n) for n in list(root.ParentTree.Nums)[::2]]
        assert numbers == sorted(set(numbers))
        known = {page.obj.objgen for page in document.pages}
        used = [int(page.obj.StructParents) for page in document.pages]
        assert len(set(used)) == len(used)
        assert set(used) <= set(numbers)
        elements = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/Pg" in o]
        assert elements
        assert all(element.Pg.objgen in known for element in elements)
        names = [str(n) for kid in root.IDTree.Kids for n in list(kid.Names)[::2]]
        assert len(names) == len(set(names)) > 1


def test_pieces_and_one_piece_say_the_same(in_pieces):
    """How a book is cut is nothing a reader sees."""
    assert pages(pdf.make(parts(), META)) == pages(in_pieces)


def test_the_same_book_twice(in_pieces, monkeypatch):
    """The same input gives the same bytes."""
    monkeypatch.setattr(book, "_PIECE", 1)
    assert pdf.make(parts(), META) == in_pieces


def test_folders_stand_above_their_pages():
    """The navigation's sections are in the contents."""
    assert "Handbook" in pages(pdf.make(parts(folder="Handbook"), META))[1]


def test_it_is_told_how_far_it_is_and_can_be_stopped(monkeypatch):
    """Whoever waits sees pages done; whoever stops it waits no longer."""
    monkeypatch.setattr(book, "_PIECE", 1)
    seen = []

    def progress(done, count):
        seen.append((done, count))
        if done == 1:
            raise errors.ExportCancelled(what="the book")

    with pytest.raises(errors.ExportCancelled):
        pdf.make(parts(), META, progress=progress)
    assert seen == [(0, 3), (1, 3)]


def test_a_long_page_is_cut_before_headings(monkeypatch):
    """A page of 2 MiB takes no more memory than others; nothing of it is lost."""
    monkeypatch.setattr(book, "_PIECE", 400)
    monkeypatch.setattr(pdf, "_LONG", 400)
    text = "# Long\n\n" + "".join(f"## S{n}\n\nWord{n} [x](#s0).\n\n" for n in range(30))
    data = pdf.make(parts({"docs/long.md": text}), replace(META, title="Long"))
    said = " ".join(pages(data))
    assert all(f"Word{n} " in said.replace("\n", " ") for n in range(30))


def test_several_pages_keep_their_anchors_apart():
    """Two pages with the same headings in one document lead to their own."""
    one, two, _ = exports.joined(parts())
    assert 'id="p0-goal"' in one.html
    assert 'href="#p1-goal"' in one.html
    assert 'href="#p0-"' in two.html
    assert [heading.slug for heading in two.outline][-1] == "p1-goal"


def test_a_drawing_and_what_is_shown_as_code_stay_as_they_are():
    """A marker of a diagram is found by its id; code that looks like a tag is words."""
    svg = '<svg aria-label="A"><marker id="m"/><path marker-end="url(#m)"/><a href="#m"/></svg>'
    code = '<code>&lt;div id="x" href="#y"&gt;</code>'
    one, two = exports.joined([
        replace(part, html=f'<h2 id="h">H</h2>{svg}<p>{code} <a href="#h">h</a></p>')
        for part in parts()[:2]
    ])  # fmt: skip
    for number, part in enumerate((one, two)):
        assert svg in part.html
        assert code in part.html
        assert f'<h2 id="p{number}-h">' in part.html
        assert f'<a href="#p{number}-h">' in part.html
