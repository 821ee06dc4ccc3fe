"""PDF and Word: complete, the same twice, and with nothing but the commit's own files."""

import base64
import io
import re
import zipfile
from datetime import UTC, datetime

import docx
import pypdf
import pytest

from prdgen.builder import child, errors, exports, pdf, render, word, word_images
from prdgen.page.outline import Heading

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TEXT = """# Checkout

Intro with [a link](https://example.com/x).

## Goals

- [REQ-001] Fast.
- [x] done

| a | b |
|---|---|
| 1 | 2 |

## Flow

```mermaid
flowchart TB
  A[Cart] --> B[Pay]
```

![logo](logo.png)
"""
META = exports.Meta(
    title="Checkout", site_name="Team", status="approved", owner="Ada", authors=["Ada", "Grace"],
    page_path="docs/checkout.md", branch="main", commit="0123456789abcdef",
    date=datetime(2026, 11, 24, tzinfo=UTC), files={"docs/logo.png": PNG},
)  # fmt: skip


def part(mode: str, text: str = TEXT) -> exports.Part:
    context = render.RenderContext(mode=mode, asset=exports.asset(META.files))
    drawn = render.render("docs/checkout.md", text, context=context)
    return exports.Part(drawn.title, drawn.html, drawn.outline)


def raw(html: str) -> exports.Part:
    return exports.Part("Raw", html, [Heading(level=2, text="H", slug="h", line=1)])


@pytest.fixture(scope="module")
def made_pdf() -> bytes:
    return pdf.make([part("pdf")], META)


@pytest.fixture(scope="module")
def made_word() -> bytes:
    return word.make([part("word")], META)


def test_pdf_says_what_it_is(made_pdf):
    """Title, authors, contents, bookmarks, page numbers, commit and date."""
    reader = pypdf.PdfReader(io.BytesIO(made_pdf))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert reader.metadata.title == "Checkout"
    assert "Ada" in reader.metadata.author
    for words in ("Contents", "approved", "0123456789", "24 November 2026", "1 / 2", "REQ-001"):
        assert words in text
    assert [item.title for item in reader.outline[0:1]] == ["Checkout"]


def test_pdf_draws_labels_of_diagrams(made_pdf):
    """The words in a diagram are words in the PDF: sharp and searchable."""
    text = "\n".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(made_pdf)).pages)
    assert "Cart" in text
    assert "Pay" in text


def test_pdf_is_the_same_twice(made_pdf):
    """The same input gives the same bytes."""
    assert pdf.make([part("pdf")], META) == made_pdf


def test_pdf_fetches_nothing(tmp_path):
    """Trap 17: no file of this machine and no address of the network is in a PDF."""
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    html = (
        f'<h2 id="h">H</h2><img src="file://{secret}"><a rel="attachment" href="file://{secret}">x</a>'
        f'<img src="http://127.0.0.1:9/x.png"><link rel="attachment" href="file://{secret}">'
        f'<object data="file://{secret}"></object>'
    )
    data = pdf.make([raw(html)], META)
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert not dict(reader.attachments)
    assert b"TOPSECRET" not in data


def test_several_pages_keep_their_anchors_apart():
    """Two pages with the same headings in one document lead to their own."""
    one, two = exports.joined(
        [raw('<h2 id="h">A</h2><a href="#h">x</a>'), raw('<h2 id="h">B</h2>')]
    )
    assert 'id="p0-h"' in one.html
    assert 'href="#p0-h"' in one.html
    assert two.outline[0].slug == "p1-h"


def test_pango_missing_names_the_package(monkeypatch):
    """Without Pango the error says what to install; nothing else needs it."""

    def fails(*_, **__):
        raise errors.ChildFailed(what="the PDF", got=f"{pdf.PANGO_MISSING}cannot load libpango")

    monkeypatch.setattr(child, "run_module", fails)
    with pytest.raises(errors.PangoMissing) as caught:
        pdf.make([raw("<p>x</p>")], META)
    assert "libpango-1.0-0" in caught.value.hint
    assert "cannot load libpango" in caught.value.message


def test_word_has_styles_contents_and_tables(made_word):
    """Word's own headings and tables, so that its users can go on working."""
    document = docx.Document(io.BytesIO(made_word))
    styles = {paragraph.style.name for paragraph in document.paragraphs}
    assert {"Title", "Heading 2"} <= styles
    assert "☒ done" in "\n".join(p.text for p in document.paragraphs)
    assert len(document.tables) == 2
    assert document.core_properties.title == "Checkout"
    xml = zipfile.ZipFile(io.BytesIO(made_word)).read("word/document.xml").decode()
    assert 'w:anchor="goals"' in xml


def test_word_shows_one_picture_a_diagram(made_word):
    """A diagram is one picture with its drawing beside it, not a heap of labels."""
    names = zipfile.ZipFile(io.BytesIO(made_word)).namelist()
    drawings = [name for name in names if name.endswith(".svg")]
    pictures = [name for name in names if name.endswith(".png")]
    assert (len(drawings), len(pictures)) == (1, 2)
    assert b"Cart" in zipfile.ZipFile(io.BytesIO(made_word)).read(drawings[0])


def test_word_is_the_same_twice(made_word):
    """The same input gives the same bytes: no time of making is in the file."""
    assert word.make([part("word")], META) == made_word


def test_word_reads_no_file(tmp_path):
    """Trap 17: pandoc runs in its sandbox; a path in a page embeds nothing."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG + b"TOPSECRET")
    html = f'<img src="{secret}"><img src="file://{secret}"><iframe src="{secret}"></iframe>'
    data = word.make([raw(html)], META)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(b"TOPSECRET" in archive.read(name) for name in archive.namelist())


def test_word_without_pandoc(monkeypatch):
    """A missing pandoc is an error that says what to install."""

    def missing():
        raise OSError("No pandoc was found")

    monkeypatch.setattr(word.pypandoc, "get_pandoc_path", missing)
    with pytest.raises(errors.PandocMissing, match="No pandoc"):
        word.make([raw("<p>x</p>")], META)


def test_the_picture_beside_a_drawing_in_word_is_not_blank():
    """Programs that do not read the SVG show it."""
    svg = '<svg width="40" height="20"><rect width="40" height="20" fill="#123456"/></svg>'
    drawings = word_images.Drawings()
    html = drawings.replace(f"<p>{svg}</p>")
    png = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    other = drawings.replace('<svg width="40" height="20"></svg>')
    assert png.startswith(b"\x89PNG")
    assert base64.b64encode(png).decode() not in other
    assert len(drawings.by_png) == 2


def flow(direction: str, steps: int) -> str:
    """A chain of boxes, as Mermaid."""
    lines = "\n".join(
        f"  S{n}[Step number {n} of all] --> S{n + 1}[Step number {n + 1} of all]"
        for n in range(steps)
    )
    return f"```mermaid\nflowchart {direction}\n{lines}\n```\n"


def test_a_wide_diagram_lies_on_a_turned_page_under_its_headings():
    """Its words can be read in print; the pages around it stay upright."""
    text = f"# T\n\n## Before\n\nWords.\n\n## Wide\n\n### Flow\n\n{flow('LR', 7)}\n## After\n\nMore words.\n"
    pages = pypdf.PdfReader(io.BytesIO(pdf.make([part("pdf", text)], META))).pages
    turned = [page for page in pages if page.mediabox.width > page.mediabox.height]
    (page,) = turned
    said = page.extract_text()
    assert "Wide" in said
    assert "Flow" in said
    assert "Step number 7" in said.replace("\n", " ")
    assert "More words" in pages[-1].extract_text()


def test_no_page_holds_headings_alone():
    """A diagram that takes a page leaves room for both headings above it."""
    text = f"# T\n\n## Tall\n\n### Flow\n\n{flow('TB', 24)}"
    pages = pypdf.PdfReader(io.BytesIO(pdf.make([part("pdf", text)], META))).pages
    said = [page.extract_text() for page in pages]
    assert [("Step number 3" in each) for each in said[1:]] == [True]
    assert "Flow" in said[1]


def test_no_page_holds_the_end_of_a_list_alone():
    """Of a list that goes over to the next page at least three items do."""
    text = "# T\n\n## List\n\n" + "".join(f"- Item{n}.\n" for n in range(44))
    pages = pypdf.PdfReader(io.BytesIO(pdf.make([part("pdf", text)], META))).pages
    held = [page.extract_text().count("Item") for page in pages]
    assert sum(held) == 44
    assert min(count for count in held if count) >= 3
