"""Mermaid fences as SVG with a text alternative, drawn without a browser."""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import merman
from merman import MermanEngine, MermanError, ResourceOptionsBuilder, ResourceProfile

from prdgen.builder import alternative, contrast, lettering, svg
from prdgen.builder.errors import DiagramNotDrawn
from prdgen.builder.fragments import Fragments

VERSION: Final = "6"
MAX_LENGTH: Final = 50_000
_ID: Final = "diagram"
_ONE_AT_A_TIME: Final = threading.Lock()
"""An engine that asks us how wide words are draws one diagram after the other."""
_FAILED: Final = "!"
_LEGIBLE: Final = 8.4
"""Pixels the smallest words of a diagram must keep when it is made smaller."""
_SIZES: Final = re.compile(r'<(?:text|tspan)\b[^>]*\sfont-size="([\d.]+)')
_NARROWEST, _WIDEST = 3, 14

_SHARES: Final = {
    "#9db2f5": "#41559f", "#8fd3c8": "#23685e", "#f5c97a": "#7a5713", "#f0a3b5": "#8a3a50",
    "#c4a8f0": "#5f4591", "#b4d98b": "#47691f", "#f3b08c": "#86482a", "#9ad0f2": "#245f84",
    "#d9d38b": "#635d1c", "#e7b0de": "#7c3f72", "#8cdde0": "#1f6568", "#c3c9d6": "#4b5567",
}  # fmt: skip
"""What tells shares and series apart: words in the colour of words can be read on each."""
_WORDS: Final = "#1f2937"
PALETTE: Final = {
    "#ffffff": "#1b2130",  # behind labels
    "#eef2fb": "#26314d",  # nodes
    "#f2f4f8": "#2a3142",  # second kind of nodes
    "#f7f8fb": "#202636",  # groups
    "#5b6ee1": "#93a1ff",  # borders of nodes
    "#c3cad9": "#4a5468",  # borders of groups
    "#5f6b7a": "#a7b1c2",  # lines
    _WORDS: "#e8ebf2",  # words
    "#fff8e1": "#3a3420",  # notes
    "#d4a72c": "#c9a54a",  # borders of notes
    "#fbd5d2": "#6e2f2b",  # what is critical
    "#c2413a": "#e5857e",  # its border
    **_SHARES,
}
"""Each colour a diagram is drawn in, with its twin for dark pages; see `style_sheet`."""

_TITLE_ROOM: Final = {"top": 2, "bottom": 12}
_THEME: Final = {
    "theme": "base",
    "look": "classic",
    "layout": "dagre",
    "flowchart": {"curve": "basis", "wrappingWidth": 200, "subGraphTitleMargin": _TITLE_ROOM},
    "fontFamily": lettering.FAMILY,
    "themeVariables": {
        "fontFamily": lettering.FAMILY,
        "fontSize": "14px",
        "background": "#ffffff",
        "primaryColor": "#eef2fb",
        "primaryTextColor": _WORDS,
        "primaryBorderColor": "#5b6ee1",
        "secondaryColor": "#f2f4f8",
        "secondaryTextColor": _WORDS,
        "secondaryBorderColor": "#c3cad9",
        "tertiaryColor": "#f7f8fb",
        "tertiaryTextColor": _WORDS,
        "tertiaryBorderColor": "#c3cad9",
        "lineColor": "#5f6b7a",
        "textColor": _WORDS,
        "mainBkg": "#eef2fb",
        "nodeBorder": "#5b6ee1",
        "nodeTextColor": _WORDS,
        "clusterBkg": "#f7f8fb",
        "clusterBorder": "#c3cad9",
        "titleColor": _WORDS,
        "edgeLabelBackground": "#ffffff",
        "arrowheadColor": "#5f6b7a",
        "actorBkg": "#eef2fb",
        "actorBorder": "#5b6ee1",
        "actorTextColor": _WORDS,
        "actorLineColor": "#c3cad9",
        "signalColor": "#5f6b7a",
        "signalTextColor": _WORDS,
        "labelBoxBkgColor": "#f2f4f8",
        "labelBoxBorderColor": "#c3cad9",
        "labelTextColor": _WORDS,
        "loopTextColor": _WORDS,
        "noteBkgColor": "#fff8e1",
        "noteBorderColor": "#d4a72c",
        "noteTextColor": _WORDS,
        "activationBkgColor": "#f2f4f8",
        "activationBorderColor": "#5f6b7a",
        "sequenceNumberColor": "#ffffff",
        "transitionColor": "#5f6b7a",
        "transitionLabelColor": _WORDS,
        "stateLabelColor": _WORDS,
        "stateBkg": "#eef2fb",
        "labelBackgroundColor": "#ffffff",
        "compositeBackground": "#f7f8fb",
        "compositeTitleBackground": "#f2f4f8",
        "compositeBorder": "#c3cad9",
        "altBackground": "#f2f4f8",
        "specialStateColor": "#5f6b7a",
        "innerEndBackground": "#5f6b7a",
        **{f"pie{n}": colour for n, colour in enumerate(_SHARES, 1)},
        **{f"cScale{n}": colour for n, colour in enumerate(_SHARES)},
        **{f"cScaleLabel{n}": _WORDS for n in range(len(_SHARES))},
        **{f"git{n}": colour for n, colour in enumerate(list(_SHARES)[:8])},
        **{f"gitBranchLabel{n}": _WORDS for n in range(8)},
        **{f"fillType{n}": "#eef2fb" if n % 2 == 0 else "#f2f4f8" for n in range(8)},
        "commitLabelColor": _WORDS,
        "commitLabelBackground": "#ffffff",
        **{f"quadrant{n}Fill": "#f7f8fb" if n % 2 == 0 else "#eef2fb" for n in range(1, 5)},
        **{f"quadrant{n}TextFill": _WORDS for n in range(1, 5)},
        "quadrantPointFill": "#5b6ee1",
        "quadrantPointTextFill": _WORDS,
        "quadrantInternalBorderStrokeFill": "#c3cad9",
        "quadrantExternalBorderStrokeFill": "#c3cad9",
        "pieTitleTextColor": _WORDS,
        "pieSectionTextColor": _WORDS,
        "pieLegendTextColor": _WORDS,
        "pieStrokeColor": "#ffffff",
        "pieStrokeWidth": "2px",
        "pieOuterStrokeColor": "#c3cad9",
        "pieOuterStrokeWidth": "1px",
        "pieOpacity": "1",
        "xyChart": {
            "backgroundColor": "#ffffff",
            "titleColor": _WORDS,
            "plotColorPalette": ",".join(["#9db2f5", "#c2413a", *list(_SHARES)[1:]]),
            **{
                f"{axis}Axis{part}Color": "#5f6b7a" if part in {"Tick", "Line"} else _WORDS
                for axis in "xy"
                for part in ("Label", "Title", "Tick", "Line")
            },
        },
        "sectionBkgColor": "#f7f8fb",
        "altSectionBkgColor": "#ffffff",
        "sectionBkgColor2": "#f2f4f8",
        "gridColor": "#c3cad9",
        "taskBkgColor": "#9db2f5",
        "taskBorderColor": "#5b6ee1",
        "taskTextColor": _WORDS,
        "taskTextDarkColor": _WORDS,
        "taskTextLightColor": _WORDS,
        "taskTextOutsideColor": _WORDS,
        "activeTaskBkgColor": "#eef2fb",
        "activeTaskBorderColor": "#5b6ee1",
        "doneTaskBkgColor": "#c3c9d6",
        "doneTaskBorderColor": "#5f6b7a",
        "critBkgColor": "#fbd5d2",
        "critBorderColor": "#c2413a",
        "todayLineColor": "#c2413a",
    },
}
_STATES: Final = re.compile(r"^\s*stateDiagram\b", re.MULTILINE)
"""These stay clearest with lines at right angles; all others are laid out as on the forges."""
# A page must not choose its own look, security level or fonts: that is the house's.
_OWN_SETTINGS: Final = re.compile(
    r"%%\{.*?\}%%\s*|\A\s*---\n.*?^---\s*\n", re.DOTALL | re.MULTILINE
)


def is_diagram(info: str) -> bool:
    """Whether a fence with this info string holds a diagram."""
    return info.strip().split(" ")[0].lower() == "mermaid"


def draw(source: str, fragments: Fragments) -> str:
    """The diagram as one `<svg>` element with its text alternative; raises DiagramNotDrawn.

    What comes back is safe to put into a page: made by us, then rebuilt from a list of allowed
    elements and attributes. Ids in it begin with `diagram-` and a hash of the source.
    """
    drawn = fragments.get(f"mermaid {VERSION}", source, lambda: _drawn_or_reason(source))
    if drawn.startswith(_FAILED):
        raise DiagramNotDrawn(reason=drawn[1:])
    return drawn


def figure(source: str, fragments: Fragments, *, nth: int = 0, details: bool = True) -> str:
    """The diagram as `<figure class="diagram">`, with its source to unfold; raises DiagramNotDrawn.

    `nth` tells several of one page apart, so that no id is given twice.
    """
    drawn = draw(source, fragments)
    if nth:
        drawn = drawn.replace(f"{_identifier(source)}", f"{_identifier(source)}-{nth}")
    shown = ""
    if details:
        shown = (
            '<details class="diagram-source" data-pagefind-ignore><summary>Source of this diagram</summary>'
            f'<pre><code class="language-mermaid">{html.escape(source)}</code></pre></details>'
        )
    return f'<figure class="diagram{_least(drawn)}">{drawn}{shown}</figure>'


def _least(drawn: str) -> str:
    """A class that says under which width (in hundreds of pixels) its words are too small to read;
    the style sheets of pages let it be moved sideways then.
    """
    size = size_of(drawn)
    hundreds = int(size.width * _LEGIBLE / max(size.smallest, _LEGIBLE) / 100) if size else 0
    return f" diagram-least{min(hundreds, _WIDEST)}" if hundreds >= _NARROWEST else ""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a drawing is by itself, in CSS pixels."""

    width: float
    height: float
    smallest: float
    """The size of its smallest words."""


def size_of(drawn: str) -> Size | None:
    """The size of the first SVG in `drawn`; None when it does not say."""
    found = [re.search(rf'\s{name}="([\d.]+)"', drawn) for name in ("width", "height")]
    sizes = [float(each[1]) for each in found if each]
    if len(sizes) < 2 or not all(sizes):
        return None
    smallest = min((float(size) for size in _SIZES.findall(drawn)), default=14.0)
    return Size(sizes[0], sizes[1], smallest)


def failure(source: str, reason: str, line: int) -> str:
    """What stands in place of a diagram that cannot be drawn: the reason, and the source."""
    return (
        '<div class="diagram diagram-error">'
        f'<p class="diagram-reason">Line {line}: this diagram cannot be drawn. '
        f"{html.escape(reason)}</p>"
        f'<pre><code class="language-mermaid">{html.escape(source)}</code></pre></div>'
    )


FIGURE: Final = r'<figure class="diagram\b[^>]*>.*?</figure>'
"""A drawn diagram in a page's HTML, as a pattern in which `.` is any letter."""


def style_sheet(dark: str) -> str:
    """CSS rules that recolour diagrams on dark pages; `dark` selects such a page.

    The colours stand as attributes in the SVG, so PDF and Word need no style sheet.
    """
    rules = [
        f'{dark} .diagram [{name}="{light}"]{{{name}:{twin}}}'
        for light, twin in PALETTE.items()
        for name in ("fill", "stroke")
    ]
    return "\n".join(rules)


def _drawn_or_reason(source: str) -> str:
    """The SVG, or `!` and the reason: failures are worth remembering too."""
    if len(source) > MAX_LENGTH:
        return f"{_FAILED}it is longer than {MAX_LENGTH} characters"
    identifier = _identifier(source)
    bare = _OWN_SETTINGS.sub(lambda match: "\n" * match[0].count("\n"), source)
    try:
        with _ONE_AT_A_TIME:
            raw = _engine().render_svg(bare, json.dumps(_options(bare, identifier)))
        root = svg.simplify(raw)
        contrast.settle_words(root, PALETTE, _WORDS)
        lettering.fit(root)
    except MermanError as error:
        return _FAILED + _reason(error)
    except svg.Unsafe as error:
        return _FAILED + str(error)
    return _dressed(root, identifier, _facts(bare))


def _options(source: str, identifier: str) -> dict[str, Any]:
    """What one drawing needs beside the engine's own options."""
    options: dict[str, Any] = {"svg": {"diagram_id": identifier}}
    if _STATES.search(source):
        options["site_config"] = {"layout": "elk"}
    return options


def _identifier(source: str) -> str:
    """What the ids in a diagram begin with."""
    return f"{_ID}-{hashlib.sha256(source.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _facts(source: str) -> dict[str, Any]:
    """The diagram's parts as Mermaid names them; empty when there is nothing to say."""
    try:
        with _ONE_AT_A_TIME:
            facts = json.loads(_engine().parse_json(source, None))
    except (MermanError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _dressed(root: svg.Element, identifier: str, facts: dict[str, Any]) -> str:
    """The drawing with its size, its role and its text alternative."""
    label, description = alternative.of(facts, svg.text_of(root))
    _, _, width, height = (root.get("viewBox", "0 0 100 100").split() + ["100"] * 4)[:4]
    box = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": root.get("viewBox", "0 0 100 100"),
        "width": f"{float(width):g}",
        "height": f"{float(height):g}",
        "font-family": lettering.FAMILY,
        "role": "img",
        "aria-label": label,
        "aria-describedby": f"{identifier}-description",
    }
    for name in ("font-size", "fill"):
        if root.get(name):
            box[name] = root.get(name, "")
    root.attrib.clear()
    root.attrib.update(box)
    svg.describe(root, description, f"{identifier}-description")
    return svg.write(root)


def _reason(error: MermanError) -> str:
    """What Mermaid's parser said, without the library's wrapping."""
    message = str(getattr(error, "message", "") or error)
    return re.sub(r"^Diagram parse error \(([\w-]+)\): ", r"\1: ", " ".join(message.split()))[:500]


@cache
def _engine() -> MermanEngine:
    """One engine for the process, held to the limits for untrusted sources."""
    limits = ResourceOptionsBuilder().profile(ResourceProfile.CONSTRAINED).build()
    options = json.loads(limits.to_options_json())
    options |= {"svg": {"pipeline": "resvg-safe"}, "site_config": _THEME}
    services = merman.MermanEngineServices().with_text_measurer(lettering.Measurer())
    return merman.MermanEngine(options_json=json.dumps(options), services=services)
