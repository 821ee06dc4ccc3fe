"""Word: its own styles, notes, formulas and pictures, the same twice, and only the commit's files."""

import base64
import io
import re
import sys
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import docx
import pytest
from PIL import Image

from prdgen.builder import errors, exports, render, word, word_images
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


def part(mode: str, text: str = TEXT, meta: exports.Meta = META) -> exports.Part:
    context = render.RenderContext(mode=mode, asset=exports.asset(meta.files))
    drawn = render.render("docs/checkout.md", text, context=context)
    return exports.Part(drawn.title, drawn.html, drawn.outline, drawn.requirements)


def raw(html: str) -> exports.Part:
    return exports.Part("Raw", html, [Heading(level=2, text="H", slug="h", line=1)])


@pytest.fixture(scope="module")
def made_word() -> bytes:
    return word.make([part("word")], META)


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
    drawings = word_images.Drawings()
    drawings.replace(
        '<p><svg width="40" height="20"><rect width="40" height="20" fill="#123456"/></svg></p>'
        '<svg width="40" height="20"></svg>'
    )
    full, empty = (Image.open(io.BytesIO(png)) for png in drawings.drawn().values())
    assert full.size == (80, 40)
    assert full.convert("RGB").getpixel((40, 20)) == (0x12, 0x34, 0x56)
    assert empty.convert("RGB").getpixel((40, 20)) == (255, 255, 255)


def inside(text: str, name: str = "word/document.xml", **changes: object) -> str:
    """One file of the .docx made of this text."""
    meta = replace(META, **changes)
    data = word.make([part("word", text, meta)], meta)
    return zipfile.ZipFile(io.BytesIO(data)).read(name).decode()


def test_notes_are_words_own():
    """A note stands at the foot of its page, and no list of notes at the end."""
    text = "# T\n\nA[^1] and B[^n].\n\n[^1]: First *note*.\n[^n]: Second.\n\n    More.\n"
    notes = inside(text, "word/footnotes.xml")
    assert "note" in notes
    assert "More." in notes
    assert "↩" not in notes
    assert inside(text).count("<w:footnoteReference") == 2


def test_formulas_are_words_own():
    """A formula can be edited in Word."""
    xml = inside("# T\n\nSee $\\frac{a}{b}$.\n")
    assert "<m:oMath>" in xml
    assert "<m:f>" in xml


def test_bullets_are_signs_that_every_font_has():
    """Letters of Symbol and Wingdings are boxes in LibreOffice, and on telephones."""
    numbering = inside("# T\n\n- one\n  - two\n    - three\n", "word/numbering.xml")
    assert "•" in numbering
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in numbering)
    assert "Symbol" not in numbering
    assert "Wingdings" not in numbering


def test_right_to_left_paragraphs():
    """Hebrew begins at the right."""
    xml = inside("# T\n\nשלום עולם\n\nhello\n")
    assert xml.count("<w:bidi />") == 1


def test_wide_tables_are_in_smaller_letters():
    """Twelve columns fit a page."""
    row = "|" + "word|" * 12
    assert inside(f"# T\n\n{row}\n|{'---|' * 12}\n{row}\n").count('"SmallTable"') == 24
    assert "SmallTable" not in inside("# T\n\n|a|b|\n|-|-|\n|c|d|\n")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("none.svg", b'<svg width="4" height="4"></svg>', "xmlns"),
        ("bomb.svg", b'<!DOCTYPE s [<!ENTITY a "b">]><svg>&amp;a;</svg>', "declares entities"),
        ("text.png", b"no image", "cannot be read"),
    ],
)
def test_an_image_that_cannot_be_shown_is_said(name, data, said):
    """A bomb costs one picture, not the document."""
    assert said in inside(f"# T\n\n![alt]({name})\n", files={f"docs/{name}": data})


def test_an_svg_of_the_repository_is_there_for_every_reader():
    """As a drawing for newer programs, and as a picture for the others."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path/></svg>'
    data = word.make(
        [exports.Part("T", '<p><img src="docs/a%20b.svg" alt="x"></p>')],
        replace(META, files={"docs/a b.svg": svg}),
    )
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert [name.rpartition(".")[2] for name in names if "media" in name] == ["png", "svg"]


def template(change=lambda xml: xml, where="word/styles.xml") -> bytes:
    """A company's own .docx."""
    document = docx.Document()
    document.styles["Heading 1"].font.name = "Comic Corporate"
    out = io.BytesIO()
    document.save(out)
    files = zipfile.ZipFile(out)
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as target:
        for name in files.namelist():
            data = files.read(name)
            target.writestr(name, change(data.decode()) if name == where else data)
    return changed.getvalue()


def test_an_svg_that_cannot_be_drawn_is_no_reason_for_no_document():
    """It stands there for whoever can show it; the others are drawn."""
    page = (
        '<p><svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path/></svg></p>'
        '<p><svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text>a</svg></p>'
    )
    drawings = word_images.Drawings()
    assert drawings.replace(page).count("<img ") == 2
    assert len(drawings.drawn()) == 1
    made = word.make([exports.Part("T", page)], META)
    names = zipfile.ZipFile(io.BytesIO(made)).namelist()
    media = sorted(name.rpartition(".")[2] for name in names if "media" in name)
    assert media == ["png", "png", "svg", "svg"]


def test_whoever_stops_a_word_file_stops_its_pictures(monkeypatch):
    """Nobody waits for drawings of a document that is wanted no more."""
    page = '<p><svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path/></svg></p>'
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(word_images.child, "_python", lambda _: asleep)

    def stop(done, _):
        if time.monotonic() > began + 1:
            raise errors.ExportCancelled(what="it")

    began = time.monotonic()
    with pytest.raises(errors.ExportCancelled):
        word.make([exports.Part("T", page)], META, progress=stop)
    assert time.monotonic() < began + 30


def test_styles_of_a_companys_template_are_taken_over():
    """The company's headings, and nothing of the house's colours."""
    styles = inside("# T\n\n## H\n", "word/styles.xml", template=template())
    assert "Comic Corporate" in styles
    assert "22594E" not in styles
    assert 'w:val="Heading2"' in inside("# T\n\n## H\n", template=template())


def test_a_companys_own_bullets_keep_their_font():
    """Only pandoc's letters become signs; an arrow of Wingdings without its font would be a box."""
    arrow = (
        '<w:abstractNum w:abstractNumId="77"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
        '<w:lvlText w:val="\uf0d8"/><w:rPr><w:rFonts w:hAnsi="Wingdings" w:ascii="Wingdings"/></w:rPr>'
        "</w:lvl></w:abstractNum>"
    )
    brand = template(lambda xml: re.sub("(<w:numbering .*?>)", rf"\1{arrow}", xml),
                     "word/numbering.xml")  # fmt: skip
    numbering = inside("# T\n\n- one\n  - two\n    - three\n", "word/numbering.xml", template=brand)
    levels = re.findall("<w:lvl .*?</w:lvl>", numbering, re.DOTALL)
    (own,) = (level for level in levels if "\uf0d8" in level)
    assert own.count("Wingdings") == 2
    assert not any("Wingdings" in level or "\uf0b7" in level for level in levels if level != own)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip", "no Word document"),
        (template(lambda xml: xml.replace("heading 2", "other 2")), "no style heading 2"),
        (template()[:900], "no Word document"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(data, said):
    """The error says which file, and what it lacks."""
    with pytest.raises(errors.BadWordTemplate, match=said) as caught:
        word.make([raw("<p>x</p>")], replace(META, template=data, template_path="brand.docx"))
    assert "brand.docx" in caught.value.message
