"""Words in diagrams: inside their boxes and apart from each other, in every font and on every page."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from pypdf._codecs.core_font_metrics import CORE_FONT_METRICS

from prdgen.builder import contrast, diagrams, lettering
from prdgen.builder.fragments import Fragments

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mermaid"
GROUP = "flowchart TB\n subgraph s[Storage]\n  a[(One)]\n end\n b[Above] --> a\n"
SVG = "{http://www.w3.org/2000/svg}"


class Box(NamedTuple):
    """Where something stands in the drawing."""

    words: str
    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip


def draw(source: str) -> ET.Element:
    return ET.fromstring(diagrams.draw(source, Fragments()))


def labels(element: ET.Element, x: float = 0, y: float = 0) -> list[Box]:
    """Every line of words with its place; drawings are only ever moved, never scaled."""
    moved = re.match(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if element.tag == f"{SVG}text" and len(element) == 0:
        words, length = " ".join(element.text.split()), element.get("textLength")
        size = float(re.match(r"[\d.]+", element.get("font-size", "14"))[0])
        wide = float(length) if length else lettering.width(words, size)
        left = x + float(element.get("x", 0)) - wide * (element.get("text-anchor") == "middle") / 2
        base = y + float(element.get("y", 0))
        return [Box(words, left, base - 0.7 * size, left + wide, base + 0.2 * size)]
    return [box for child in element for box in labels(child, x, y)]


@pytest.mark.parametrize(("font", "bold"), [("Helvetica", False), ("Helvetica-Bold", True)])
def test_widths_are_those_of_the_standard_font(font, bold):
    """Adobe's own metrics, as the PDF library of the tests has them."""
    widths = CORE_FONT_METRICS[font].character_widths
    ours = {letter: lettering.width(letter, 1000, bold=bold) for letter in map(chr, range(32, 127))}
    assert ours == {letter: widths[letter] for letter in ours}


@pytest.mark.parametrize(
    ("text", "length"), [("é", 556), ("Ü", 722), ("中", 1000), ("e\u0301", 556), ("ж", 620)]
)
def test_letters_of_other_alphabets_have_room(text, length):
    """An accent takes none; what is unknown gets rather too much."""
    assert lettering.width(text, 1000) == length


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("name", [f"d{number:02}" for number in range(12)])
def test_no_words_of_the_missions_diagrams_touch(name):
    """Drawn in any font: each line has its length in the drawing."""
    root = draw((CORPUS / f"{name}.mmd").read_text("utf-8"))
    found = labels(root)
    assert len(found) >= 10
    pairs = itertools.combinations(found, 2)
    assert [(a.words, b.words) for a, b in pairs if a.touches(b)] == []
    texts = [each for each in root.iter(f"{SVG}text") if len(each.text or "") > 1]
    assert all(each.get("textLength") for each in texts)


def test_a_groups_title_lies_above_the_lines_on_a_ground_of_its_own():
    """An arrow into the group may pass behind it, and is in the middle, where the title is not."""
    root = draw(GROUP)
    order = [element for element in root.iter() if element.tag in {f"{SVG}path", f"{SVG}text"}]
    title = next(each for each in order if each.text == "Storage")
    line = next(each for each in order if each.get("marker-end"))
    assert order.index(title) > order.index(line)
    holder = next(
        g for g in root.iter(f"{SVG}g") if title in list(g.iter()) and g[0].tag == f"{SVG}rect"
    )
    (box,) = (box for box in labels(holder) if box.words == "Storage")
    place = float(re.match(r"translate\(([\d.]+)", holder.get("transform"))[1])
    ground = holder[0]
    assert place + float(ground.get("x")) <= box.left
    assert box.right <= place + float(ground.get("x")) + float(ground.get("width"))
    assert ground.get("fill") == "#f7f8fb"


def test_words_on_an_authors_colours_stay_readable_on_dark_pages():
    """The palette's words turn light there; those on a pale box of the author's own must not."""
    root = draw("flowchart LR\n a[Pale] --> b[Deep]\n style a fill:#ffe\n style b fill:navy\n")
    fills = {"".join(each.itertext()): each.get("fill") for each in root.iter(f"{SVG}text")}
    assert not {fills["Pale"], fills["Deep"]} & set(diagrams.PALETTE)
    assert contrast.luminance(fills["Pale"]) < 0.1
    assert contrast.luminance(fills["Deep"]) > 0.9


@pytest.mark.parametrize("palette", [diagrams.PALETTE.keys(), diagrams.PALETTE.values()])
def test_words_can_be_read_on_every_ground(palette):
    """WCAG's 4.5 to 1 on all that is a ground, light and dark: shares of a pie among them."""
    light = list(diagrams.PALETTE)
    lines = {"#5b6ee1", "#c3cad9", "#5f6b7a", "#1f2937", "#d4a72c", "#c2413a"}
    words = list(palette)[light.index("#1f2937")]
    for name, colour in zip(light, palette, strict=True):
        if name not in lines:
            one, two = sorted([contrast.luminance(words), contrast.luminance(colour)])
            assert (two + 0.05) / (one + 0.05) >= 4.5, (name, colour)


def test_a_pies_shares_differ():
    """No two of its first shares have one colour, nor is one as pale as the page."""
    root = draw('pie\n "A" : 3\n "B" : 2\n "C" : 2\n "D" : 1\n')
    shares = [each.get("fill") for each in root.iter(f"{SVG}path")]
    assert len({fill for fill in shares if fill != "none"}) == 4
    assert all(contrast.luminance(fill) < 0.75 for fill in shares)


@pytest.mark.parametrize(
    ("baseline", "y"), [("hanging", "17.2"), ("middle", "13.5"), ("text-after-edge", "7.8")]
)
def test_words_stand_where_their_baseline_says(baseline, y):
    """Readers that know only base lines draw them in the same place."""
    from prdgen.builder import svg

    source = (
        '<svg xmlns="http://www.w3.org/2000/svg"><text y="10" font-size="10px" '
        f'dominant-baseline="{baseline}">x</text></svg>'
    )
    assert svg.simplify(source)[0].get("y") == y


def test_wide_diagrams_keep_their_words_large_enough():
    """A page narrower than that lets them be moved sideways; PDF and Word fit them in."""
    wide = "flowchart LR\n" + "".join(
        f" n{n}[A rather long label {n}] --> n{n + 1}\n" for n in range(9)
    )
    assert re.search(r'class="diagram diagram-least1\d"', diagrams.figure(wide, Fragments()))
    assert 'class="diagram"' in diagrams.figure("flowchart TB\n a --> b\n", Fragments())


def test_several_threads_may_draw_at_once():
    """The engine that asks how wide words are does one diagram after the other."""
    sources = [f"flowchart LR\n a{n} --> b{n}\n" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(draw, sources))) == 12
