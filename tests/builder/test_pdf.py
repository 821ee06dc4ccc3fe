"""PDF: title, contents, bookmarks, tags, links and everything a page can hold; the same twice."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdf
import pytest
from PIL import Image

from prdgen.builder import exports, pdf, pictures, render, sheets, typeset
from prdgen.page.outline import Heading

TEXT = """# Checkout

Intro with [a link](https://example.com/x), [one here](#flow), a note[^1] and $a^2$.

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

[^1]: Small print.
"""


def png(width=30, height=20):
    out = io.BytesIO()
    Image.new("L", (width, height)).save(out, "PNG")
    return out.getvalue()


META = exports.Meta(
    title="Checkout", site_name="Team", status="approved", owner="Ada", authors=["Ada", "Grace"],
    page_path="docs/checkout.md", branch="main", commit="0123456789abcdef",
    date=datetime(2026, 11, 24, tzinfo=UTC), files={"docs/logo.png": png()},
)  # fmt: skip


def part(text=TEXT, files=META.files):
    context = render.RenderContext(mode="pdf", asset=exports.asset(files))
    drawn = render.render("docs/checkout.md", text, context=context)
    return exports.Part(drawn.title, drawn.html, drawn.outline, drawn.requirements)


def made(text, **changes):
    """The PDF of a page with this text."""
    meta = replace(META, **changes)
    return pdf.make([part(text, meta.files)], meta)


def words(data):
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def raw(html):
    return exports.Part("Raw", html, [Heading(level=2, text="H", slug="h", line=1)])


@pytest.fixture(scope="module")
def checkout():
    return pdf.make([part()], META)


def test_it_says_what_it_is(checkout):
    """Title, authors, contents, page numbers, commit and date."""
    reader = pypdf.PdfReader(io.BytesIO(checkout))
    assert reader.metadata.title == "Checkout"
    assert "Ada" in reader.metadata.author
    for said in ("Contents", "approved", "0123456789", "24 November 2026", "1 / 3", "REQ-001"):
        assert said in words(checkout)


def test_it_has_bookmarks_to_every_heading(checkout):
    """A reader finds a section in the side bar."""
    titles = []
    stack = list(pypdf.PdfReader(io.BytesIO(checkout)).outline)
    while stack:
        item = stack.pop(0)
        if isinstance(item, list):
            stack = item + stack
        else:
            titles.append(item.title)
    assert titles == ["Checkout", "Goals", "Flow", "Requirements"]


def test_it_is_tagged_and_claims_pdf_ua(checkout):
    """Screen readers get the structure, the language and what a diagram shows."""
    with pikepdf.open(io.BytesIO(checkout)) as document:
        root = document.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "en"
        assert root.ViewerPreferences.DisplayDocTitle
        assert b"pdfuaid" in root.Metadata.read_bytes()
        kinds = {
            str(o.S) for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o
        }
        assert {"/H1", "/H2", "/L", "/LI", "/TH", "/TD", "/Figure", "/Link"} <= kinds


def test_its_links_lead_outside_and_inside(checkout):
    """A link to a heading goes there, one to an address goes to that address."""
    with pikepdf.open(io.BytesIO(checkout)) as document:
        links = [a for p in document.pages for a in p.obj.get("/Annots", [])]
        outside = [str(a.A.URI) for a in links if "/A" in a and "/URI" in a.A]
        assert outside == ["https://example.com/x"]
        assert len(links) > len(outside) + 3


def test_labels_of_diagrams_are_words(checkout):
    """The words in a diagram are sharp and can be searched."""
    assert "Cart" in words(checkout)
    assert "Pay" in words(checkout)


def test_notes_stand_at_the_foot_of_their_page(checkout):
    """A note is where its mark is, not at the end of everything."""
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(checkout)).pages]
    assert ["Small print" in page for page in pages] == [False, True, False]


def test_the_index_of_requirements_says_their_pages(checkout):
    """Every requirement of the page, with its text and where it stands."""
    last = pypdf.PdfReader(io.BytesIO(checkout)).pages[-1].extract_text().split()
    assert last[last.index("REQ-001") :][:3] == ["REQ-001", "Fast.", "2"]


def test_another_process_makes_the_same_bytes(checkout, tmp_path):
    """Nothing of the moment or the process is in the file."""
    script = tmp_path / "again.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_pdf as t\n"
        "sys.stdout.buffer.write(t.pdf.make([t.part()], t.META))\n"
    )
    again = subprocess.run(
        [sys.executable, str(script), str(Path(__file__).parent)], capture_output=True, check=True
    )
    assert again.stdout == checkout


def test_nothing_is_fetched(tmp_path):
    """Trap 17: no file of this machine and no address of the network is in a PDF."""
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    html = (
        f'<h2 id="h">H</h2><img src="file://{secret}"><img src="{secret}">'
        f'<a href="file://{secret}">local</a><img src="http://127.0.0.1:9/x.png" alt="far">'
    )
    data = pdf.make([raw(html)], META)
    assert "TOPSECRET" not in words(data)
    assert "far: not a file of this commit" in words(data)
    assert all(
        "file://" not in str(item)
        for page in pypdf.PdfReader(io.BytesIO(data)).pages
        for item in (each.get_object() for each in page.get("/Annots", []))
    )


@pytest.mark.parametrize("shows", [
    '<image href="{0}"/>', '<image xlink:href="file://{0}"/>', '<use href="{0}#a"/>',
    '<image href="data:image/svg+xml;base64,AA=="/>', '<rect style="fill: url({0})"/>',
    '<style>@import "{0}";</style>', '<feImage href="//far/x.png"/>',
])  # fmt: skip
def test_a_drawing_that_shows_other_files_is_left_out(tmp_path, shows):
    """An SVG of the repository must not bring a file of this machine into a document."""
    inside = shows.format(tmp_path / "secret.png")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'
    assert pictures.look("a.svg", svg.encode()) == "left out, its SVG shows other files"


def test_a_drawing_may_have_its_pixels_and_parts_in_it():
    """They are in the file itself."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="8px" height="4"><a href="https://x.org/"><rect id="r"/></a>'
        '<use href="#r" fill="url(#g)"/><image href="data:image/png;base64,AAAA"/></svg>'
    )
    assert pictures.look("a.svg", svg.encode()) == ("svg", 8.0)


@pytest.mark.parametrize("svg", [
    b'<?xml version="1.0" encoding="foo"?><svg xmlns="NS" width="1.2.3"/>', b'<svg xmlns="NS" width="0"/>',
    b'<svg xmlns="NS" height="-4"/>', b'<svg xmlns="NS" viewBox="0 0 nan 5"/>',
    b'<svg xmlns="NS" viewBox="0 0 1e999 5"/>',
    '<!DOCTYPE s [<!ENTITY x "y">]><svg/>'.encode("utf-16"), b"\xff\xfe<svg/>",
])  # fmt: skip
def test_a_drawing_that_is_none_is_said(svg):
    """And costs nobody their document."""
    svg = svg.replace(b"NS", b"http://www.w3.org/2000/svg")
    assert pictures.look("a.svg", svg) == "this file cannot be read as an image"


def test_a_page_cannot_write_typst():
    """What looks like Typst is shown as it was written."""
    hostile = '"] #panic("x") \\ #read("/etc/passwd") `#"` $x$ ]] \\" @label <label> = no heading'
    said = words(made(f"# T\n\n{hostile}\n\n```\n{hostile}\n```\n"))
    assert said.count('#panic("x")') == 2
    assert "root:" not in said


def test_an_image_on_another_server_is_said_not_to_be_fetched():
    """The reader learns why there is no picture."""
    said = words(made("# T\n\n![plan](https://example.com/plan.png)\n"))
    assert "plan (image on another server, not fetched)" in said


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("big.png", png(10_000, 10_000), "left out, it has 10000 × 10000 pixels"),
        ("text.png", b"no image", "cannot be read as an image"),
        ("cut.png", png(400, 400)[:80], "cannot be read as an image"),
        ("bomb.svg", b'<!DOCTYPE s [<!ENTITY a "b">]><svg>&a;</svg>', "declares entities"),
        (
            "use.svg",
            b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'
            b'<g id="a0"><path/></g>'
            + b"".join(
                b'<g id="a%d">%s</g>' % (n, b'<use x:href="#a%d"/>' % (n - 1) * 10)
                for n in range(1, 9)
            )
            + b"</svg>",
            "repeats itself too often",
        ),
    ],
)
def test_an_image_that_cannot_be_shown_is_left_out_and_said(name, data, said):
    """100 megapixels, a bomb or a torn file cost one picture, not the document."""
    assert said in words(made(f"# T\n\n![alt]({name})\n", files={f"docs/{name}": data}))


def test_names_with_blanks_signs_and_emoji():
    """An image is found whatever it is called."""
    found = made("# T\n\n![alt](<a b%23%25😀.png>)\n", files={"docs/a b#%😀.png": png(300, 300)})
    assert "alt" not in words(found)


def test_right_to_left_text_begins_at_the_right():
    """Hebrew is set from the right, though the page is English."""
    setting = typeset.Setting(lambda _: "none")
    assert setting.page("<p>שלום</p>").startswith("#leftwards[")
    assert "leftwards" not in setting.page("<p>hello שלום</p>")


def test_formulas_are_set():
    """A formula is drawn; what it says stays as text for those who hear it."""
    data = made("# T\n\n$$\\frac{a}{b} + \\sum_{i=1}^n \\sqrt{x_i}$$\n\nAnd $\\vec{x}$.\n")
    with pikepdf.open(io.BytesIO(data)) as document:
        alts = [
            str(o.Alt)
            for o in document.objects
            if isinstance(o, pikepdf.Dictionary) and "/Alt" in o
        ]
    assert any("\\frac{a}{b}" in alt for alt in alts)
    assert "frac" not in words(data)


def test_wide_tables_are_set_smaller_then_turned():
    """Every column can be read: first the letters get smaller, then the page is turned."""

    def table(columns):
        row = "|".join(f"columnword{n}" for n in range(columns))
        return f"# T\n\n|{row}|\n|{'---|' * columns}\n|{row}|\n"

    def turned(data):
        return [
            p.mediabox.width > p.mediabox.height for p in pypdf.PdfReader(io.BytesIO(data)).pages
        ]

    assert not any(turned(made(table(6))))
    wide = made(table(12))
    assert any(turned(wide))
    assert "columnword11" in words(wide)


def test_code_wraps_and_keeps_its_blanks():
    """A long line goes on in the next; the indentation of each line stays."""
    data = made("# T\n\n```python\nif x:\n    " + "y = 'a long line' + " * 12 + "z\n```\n")
    assert words(data).count("long line") == 12
    assert "\u00a0" * 4 in typeset.Setting(lambda _: "").page("<pre><code>a\n    b</code></pre>")


def test_headings_may_begin_anywhere_and_hold_notes():
    """A skipped level, and a note in a heading, cost nothing but the standard's claim."""
    said = words(made("#### Deep\n\n## Two[^1]\n\n###### Six\n\n[^1]: A note.\n"))
    assert "A note." in said


def test_a_letter_without_a_font_is_no_reason_for_no_document(caplog):
    """The file says that it keeps PDF/UA only when it does; the log says why it does not."""
    answer = sheets.make(["<p>\U000f0000</p>"], META, sheets.Layout())
    assert "could not be displayed" in answer.missed
    assert b"pdfuaid" not in answer.data
    assert answer.missed[:40] in caplog.text


def flow(direction, steps):
    """A chain of boxes, as Mermaid."""
    lines = "\n".join(
        f"  S{n}[Step number {n} of all] --> S{n + 1}[Step number {n + 1} of all]"
        for n in range(steps)
    )
    return f"```mermaid\nflowchart {direction}\n{lines}\n```\n"


def test_a_wide_diagram_lies_on_a_turned_page_under_its_headings():
    """Its words can be read in print; the pages around it stay upright."""
    text = f"# T\n\n## Before\n\nWords.\n\n## Wide\n\n### Flow\n\n{flow('LR', 7)}\n## After\n\nMore words.\n"
    pages = pypdf.PdfReader(io.BytesIO(made(text))).pages
    (page,) = [page for page in pages if page.mediabox.width > page.mediabox.height]
    said = page.extract_text()
    assert "Wide" in said
    assert "Flow" in said
    assert "Step number 7" in said.replace("\n", " ")
    assert "More words" in pages[-1].extract_text()


def test_no_page_holds_headings_alone():
    """A diagram that takes a page has both headings above it."""
    text = f"# T\n\n## Tall\n\n### Flow\n\n{flow('TB', 24)}"
    said = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made(text))).pages]
    assert [("Step number 3" in each) for each in said[1:]] == [True]
    assert "Flow" in said[1]


def test_a_broken_image_of_any_kind_is_left_out():
    """Whatever its reader raises; AVIF's says no more than that it cannot."""
    made = io.BytesIO()
    Image.new("RGB", (34, 24)).save(made, "AVIF")
    whole = made.getvalue()
    found = {
        pictures.look("a.avif", whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for place in range(110)
    }
    assert "this file cannot be read as an image" in found


def test_pictures_are_measured_without_being_drawn():
    """The header is enough to refuse what would take too much memory."""
    assert pictures.look("a.png", png(7, 5)) == ("png", 7.0)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"/>'
    assert pictures.look("a.svg", svg) == ("svg", 40.0)
