"""Diagrams as SVG with a text alternative."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from prdgen.builder import diagrams, svg
from prdgen.builder.errors import DiagramNotDrawn
from prdgen.builder.fragments import Fragments
from prdgen.builder.render import RenderContext, render

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mermaid"
FLOW = 'flowchart LR\n    A[First step] -->|then| B["Second & last"]\n'
KINDS = {
    "sequence": "sequenceDiagram\n Ann->>Bob: Hello",
    "state": "stateDiagram-v2\n [*] --> Open: begins\n Open --> [*]",
    "class": "classDiagram\n Animal <|-- Duck",
    "er": "erDiagram\n A ||--o{ B : has",
    "pie": 'pie title Pets\n "Dogs" : 3\n "Cats" : 1',
    "gantt": "gantt\n title G\n dateFormat YYYY-MM-DD\n section S\n T1 :a, 2020-01-01, 3d",
    "journey": "journey\n title x\n section s\n Go: 5: Me",
    "mindmap": "mindmap\n root\n  a\n  b",
    "timeline": "timeline\n title T\n 2002 : L",
    "git": "gitGraph\n commit\n branch b\n commit",
    "quadrant": "quadrantChart\n title R\n x-axis a --> b\n P: [0.3,0.6]",
}


def draw(source: str) -> str:
    return diagrams.draw(source, Fragments())


def page(text: str, mode: str = "site"):
    return render("a.md", text, context=RenderContext(mode=mode))


def fence(source: str) -> str:
    return f"```mermaid\n{source}\n```\n"


def test_a_diagram_says_in_words_what_it_shows():
    drawn = draw(FLOW)
    assert 'role="img"' in drawn
    assert 'aria-label="Flowchart: First step, Second &amp; last"' in drawn
    assert "First step to Second &amp; last: then</desc>" in drawn


def test_the_authors_own_words_come_first():
    source = "flowchart LR\n accTitle: How it goes\n accDescr: From A to B.\n A --> B\n"
    assert 'aria-label="Flowchart: How it goes"' in draw(source)
    assert ">From A to B.</desc>" in draw(source)


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
def test_other_kinds_are_drawn_and_described(source):
    root = ET.fromstring(draw(source))
    assert len(root.get("aria-label")) > 5
    assert root.findtext("{http://www.w3.org/2000/svg}desc")


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("name", [f"d{number:02}" for number in range(12)])
def test_the_missions_diagrams_show_all_their_words(name):
    """Every label of the source stands in the drawing, and nothing needs a browser."""
    source = (CORPUS / f"{name}.mmd").read_text("utf-8")
    drawn = draw(source)
    words = " ".join(ET.fromstring(drawn).itertext())
    labels = re.findall(r"[\[({|]+([\w ?/-]+)[\])}|]+", source)
    for label in labels:
        assert all(word in words for word in label.split()), label
    assert not re.search(r"foreignObject|<style|<script|class=|style=", drawn)


def test_styles_are_attributes_so_that_any_reader_and_csp_draws_them():
    drawn = draw(FLOW)
    assert 'fill="#eef2fb"' in drawn
    assert "style" not in drawn


def test_colours_have_twins_on_dark_pages():
    """Every colour a usual diagram is drawn in can be recoloured by the style sheet."""
    used = {
        color for source in (FLOW, *list(KINDS.values())[:2]) for color in colours(draw(source))
    }
    assert used <= set(diagrams.PALETTE) | {"none"}
    assert '.dark .diagram [fill="#1f2937"]{fill:#e8ebf2}' in diagrams.style_sheet(".dark")


def colours(drawn: str) -> set[str]:
    return set(re.findall(r' (?:fill|stroke)="([^"]*)"', drawn))


@pytest.mark.parametrize("source", ["graph TD\n A-->", "nonsense", "", "x" * 60_000])
def test_what_cannot_be_drawn_says_why(source):
    with pytest.raises(DiagramNotDrawn) as caught:
        draw(source)
    assert len(caught.value.facts["reason"]) > 5


def test_a_broken_diagram_shows_source_reason_and_line_and_the_page_goes_on():
    rendered = page("# A\n\n" + fence("graph TD\n A-->") + "\nafter\n")
    assert "Line 3: this diagram cannot be drawn." in rendered.html
    assert "A--&gt;" in rendered.html
    assert "<p>after</p>" in rendered.html
    assert [(each.line, each.code) for each in rendered.problems] == [(3, "diagram")]


def test_a_page_cannot_choose_styles_or_fonts():
    source = '%%{init: {"themeCSS": "*{fill:url(//evil)}", "fontFamily": "x"}}%%\n' + FLOW
    assert colours(draw(source)) == colours(draw(FLOW))
    assert "evil" not in draw(source)


@pytest.mark.parametrize(
    "line",
    [
        "click A 'https://evil.example/'",
        "style A fill:url(//evil/x)",
        "classDef a fill:url(//evil);",
    ],
)
def test_nothing_in_a_diagram_leads_outside(line):
    try:
        drawn = draw(f"{FLOW}    {line}\n")
    except DiagramNotDrawn:
        return
    assert "evil" not in drawn


@pytest.mark.parametrize(
    "source",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script><rect width="1" height="1" fill="red"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="x"><rect onclick="x" width="1" fill="red"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="//e/x"/><rect width="1" fill="url(//e)"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject/><use href="//e#x"/><rect width="1" fill="red"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><a href="javascript:1"><rect width="1"/></a><rect width="1"/></svg>',
    ],
)
def test_simplifying_keeps_shapes_only(source):
    """Even if the drawing library let something through."""
    made = svg.write(svg.simplify(source))
    assert "<rect" in made
    assert not re.search(r"script|on\w+=|//e|foreignObject|javascript|<a |image", made)


@pytest.mark.parametrize(
    "source", ["<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "<html/>", "<svg", ""]
)
def test_what_is_no_drawing_is_refused(source):
    with pytest.raises(svg.Unsafe):
        svg.simplify(source)


def test_the_same_diagram_twice_has_no_id_twice():
    ids = re.findall(r' id="([^"]*)"', page(fence(FLOW) * 2).html)
    assert len(ids) == len(set(ids)) > 1


def test_files_come_without_the_source_to_unfold():
    assert "<details" in page(fence(FLOW)).html
    assert "<details" not in page(fence(FLOW), "pdf").html


def test_failures_are_remembered_too():
    kept = Fragments()
    for _ in range(2):
        with pytest.raises(DiagramNotDrawn):
            diagrams.draw("nonsense", kept)
    assert len(kept._held) == 1


GROUP = (
    '<svg xmlns="http://www.w3.org/2000/svg"><g class="root"><g class="clusters"><g class="cluster">'
    '<rect x="0" y="100" width="300" height="80" fill="#f7f8fb"/><g class="cluster-label" '
    'transform="translate(110,102)"><text>Processing</text></g></g></g>'
    '<g class="edgePaths">{}</g></g></svg>'
)
"""A group whose title is 80 wide."""


@pytest.mark.parametrize(
    ("lines", "begins"),
    [
        ((), 10),  # the corner
        (("M200,50L200,150",), 10),
        (("M50,50L50,150",), 57),  # beside the arrow that would run through it
        (("M93,50L93,150",), 100),  # or touch it
        (("M0,50C40,50,60,100,60,150",), 64.6),  # a curve
        (("M50,50L50,150", "M100,50L100,150", "M150,50L150,99"), 107),
        (("M50,50L50,150", "M100,50L100,150", "M150,50L150,150", "M220,50L220,150"), 10),
    ],
)
def test_titles_of_groups_stand_where_no_arrow_runs(lines, begins):
    """A line through its letters or against its end makes a title hard to read, most of all on paper."""
    paths = "".join(f'<path d="{line}"/>' for line in lines)
    made = svg.write(svg.simplify(GROUP.format(paths)))
    found = re.search(r"translate\(([\d.]+) 102\)", made)
    assert found
    assert float(found[1]) == pytest.approx(begins, abs=0.5)


def test_a_message_over_a_lifeline_has_a_ground_of_its_own():
    """An "l" beside a grey line is read as two letters."""
    drawn = draw("sequenceDiagram\n A->>C: Initial State\n participant B\n B->>C: Near")
    apart = draw("sequenceDiagram\n A->>B: Initial State")
    ground = r'<rect [^>]*fill="#ffffff"[^>]*/><text [^>]*>Initial State<'
    crossed = draw(
        "sequenceDiagram\n participant A\n participant B\n participant C\n A->>C: Initial State"
    )
    assert re.search(ground, crossed)
    assert not re.search(ground, apart)
    assert not re.search(ground, drawn)  # A and C are neighbours there


@pytest.mark.parametrize("inside", ["rect rgb(200, 220, 240)", "activate B"])
def test_a_ground_makes_no_hole_in_what_is_drawn_there(inside):
    source = f"sequenceDiagram\n participant A\n participant B\n participant C\n {inside}\n A->>C: Initial State\n"
    ends = " end" if inside.startswith("rect") else " deactivate B"
    assert not re.search(r'fill="#ffffff"[^>]*/><text [^>]*>Initial State<', draw(source + ends))
