"""Mermaid fences as SVG with a text alternative, drawn without a browser."""

from __future__ import annotations

import hashlib
import html
import json
import re
from functools import cache
from typing import Any, Final

import merman
from merman import MermanEngine, MermanError, ResourceOptionsBuilder, ResourceProfile

from prdgen.builder import alternative, svg
from prdgen.builder.errors import DiagramNotDrawn
from prdgen.builder.fragments import Fragments

VERSION: Final = "4"
MAX_LENGTH: Final = 50_000
_FONT: Final = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans Condensed', sans-serif"
# Fonts as wide as the one the labels were measured in, so that words stay inside their boxes.
_ID: Final = "diagram"
_FAILED: Final = "!"

PALETTE: Final = {
    "#ffffff": "#1b2130",  # behind labels
    "#eef2fb": "#26314d",  # nodes
    "#f2f4f8": "#2a3142",  # second kind of nodes
    "#f7f8fb": "#202636",  # groups
    "#5b6ee1": "#93a1ff",  # borders of nodes
    "#c3cad9": "#4a5468",  # borders of groups
    "#5f6b7a": "#a7b1c2",  # lines
    "#1f2937": "#e8ebf2",  # words
    "#fff8e1": "#3a3420",  # notes
    "#d4a72c": "#c9a54a",  # borders of notes
}
"""Each colour a diagram is drawn in, with its twin for dark pages; see `style_sheet`."""

_THEME: Final = {
    "theme": "base",
    "look": "classic",
    "fontFamily": _FONT,
    "themeVariables": {
        "fontFamily": _FONT,
        "fontSize": "14px",
        "background": "#ffffff",
        "primaryColor": "#eef2fb",
        "primaryTextColor": "#1f2937",
        "primaryBorderColor": "#5b6ee1",
        "secondaryColor": "#f2f4f8",
        "secondaryTextColor": "#1f2937",
        "secondaryBorderColor": "#c3cad9",
        "tertiaryColor": "#f7f8fb",
        "tertiaryTextColor": "#1f2937",
        "tertiaryBorderColor": "#c3cad9",
        "lineColor": "#5f6b7a",
        "textColor": "#1f2937",
        "mainBkg": "#eef2fb",
        "nodeBorder": "#5b6ee1",
        "nodeTextColor": "#1f2937",
        "clusterBkg": "#f7f8fb",
        "clusterBorder": "#c3cad9",
        "titleColor": "#1f2937",
        "edgeLabelBackground": "#ffffff",
        "arrowheadColor": "#5f6b7a",
        "actorBkg": "#eef2fb",
        "actorBorder": "#5b6ee1",
        "actorTextColor": "#1f2937",
        "actorLineColor": "#c3cad9",
        "signalColor": "#5f6b7a",
        "signalTextColor": "#1f2937",
        "labelBoxBkgColor": "#f2f4f8",
        "labelBoxBorderColor": "#c3cad9",
        "labelTextColor": "#1f2937",
        "loopTextColor": "#1f2937",
        "noteBkgColor": "#fff8e1",
        "noteBorderColor": "#d4a72c",
        "noteTextColor": "#1f2937",
        "activationBkgColor": "#f2f4f8",
        "activationBorderColor": "#5f6b7a",
        "sequenceNumberColor": "#ffffff",
        "transitionColor": "#5f6b7a",
        "transitionLabelColor": "#1f2937",
        "stateLabelColor": "#1f2937",
        "stateBkg": "#eef2fb",
        "labelBackgroundColor": "#ffffff",
        "compositeBackground": "#f7f8fb",
        "compositeTitleBackground": "#f2f4f8",
        "compositeBorder": "#c3cad9",
        "altBackground": "#f2f4f8",
        "specialStateColor": "#5f6b7a",
        "innerEndBackground": "#5f6b7a",
    },
}
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
            '<details class="diagram-source"><summary>Source of this diagram</summary>'
            f'<pre><code class="language-mermaid">{html.escape(source)}</code></pre></details>'
        )
    return f'<figure class="diagram">{drawn}{shown}</figure>'


def failure(source: str, reason: str, line: int) -> str:
    """What stands in place of a diagram that cannot be drawn: the reason, and the source."""
    return (
        '<div class="diagram diagram-error">'
        f'<p class="diagram-reason">Line {line}: this diagram cannot be drawn. '
        f"{html.escape(reason)}</p>"
        f'<pre><code class="language-mermaid">{html.escape(source)}</code></pre></div>'
    )


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
        raw = _engine().render_svg(bare, json.dumps({"svg": {"diagram_id": identifier}}))
        root = svg.simplify(raw)
    except MermanError as error:
        return _FAILED + _reason(error)
    except svg.Unsafe as error:
        return _FAILED + str(error)
    return _dressed(root, identifier, _facts(bare))


def _identifier(source: str) -> str:
    """What the ids in a diagram begin with."""
    return f"{_ID}-{hashlib.sha256(source.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _facts(source: str) -> dict[str, Any]:
    """The diagram's parts as Mermaid names them; empty when there is nothing to say."""
    try:
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
        "font-family": _FONT,
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
    return merman.MermanEngine(options_json=json.dumps(options), services=None)
