"""A drawn diagram as small, safe SVG: styles baked in, nothing in it that runs or loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree as ET

import cssselect2  # type: ignore[import-untyped]
import tinycss2  # type: ignore[import-untyped]

from prdgen.builder import contrast, groups, lifelines

Element = ET.Element

_NS: Final = "{http://www.w3.org/2000/svg}"
_HREFS: Final = ("href", "{http://www.w3.org/1999/xlink}href")
_ELEMENTS: Final = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "defs", "marker", "linearGradient", "radialGradient", "stop", "clipPath", "title", "desc"}
)  # fmt: skip
_BAKED: Final = frozenset(
    {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "display", "visibility", "stop-color", "stop-opacity", "transform"}
)  # fmt: skip
_ATTRIBUTES: Final = _BAKED | frozenset(
    {"x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height", "d", "points", "viewBox", "preserveAspectRatio", "refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", "marker-start", "marker-mid", "marker-end", "offset", "gradientUnits", "gradientTransform", "clip-path", "clip-rule", "id"}
)  # fmt: skip
_POINTED_AT: Final = frozenset({"marker", "linearGradient", "radialGradient", "clipPath"})
_COLOURS: Final = frozenset({"fill", "stroke", "stop-color"})
_POINTLESS: Final = {
    "opacity": {"1"}, "fill-opacity": {"1"}, "display": {"inline", "block"},
    "visibility": {"inherit", "visible"}, "clip-path": {"none"}, "font-style": {"normal"},
    "transform": {"none", "matrix(1 0 0 1 0 0)"}, "stroke-dasharray": {"0", "1, 0", "0, 0", "none"},
    "font-weight": {"normal", "400"},
}  # fmt: skip
_VALUE: Final = re.compile(r"[^<>&\\]*")
_FORBIDDEN: Final = re.compile(r"url\((?!#)|javascript|expression|@import|data:|//", re.IGNORECASE)
_LOCAL: Final = re.compile(r"url\(#([\w.\-]+)\)")
_LONG: Final = re.compile(r"(\d\.\d\d)\d+")
_UNKNOWN: Final = frozenset({"revert", "inherit", "initial", "unset", "currentcolor"})
_BASE_LINES: Final = {
    "central": 0.35, "middle": 0.35, "hanging": 0.72, "text-before-edge": 0.9, "text-top": 0.9,
    "text-after-edge": -0.22, "text-bottom": -0.22, "ideographic": -0.22,
}  # fmt: skip
"""How far below a place the base line of words lies that hang on it so, in ems."""


class Unsafe(ValueError):
    """The drawing has something in it that this house does not let through."""


def simplify(source: str) -> Element:
    """The root of `source` with styles as attributes and everything unknown gone.

    Raises Unsafe when the source is not a drawing or uses entities.
    """
    if "<!" in source:
        raise Unsafe("declarations are not allowed in a drawing")
    try:
        root = ET.fromstring(source)  # noqa: S314 -- refused above what makes it unsafe
    except ET.ParseError as error:
        raise Unsafe(f"the drawing is not XML: {error}") from error
    if root.tag != _NS + "svg":
        raise Unsafe("the drawing is not SVG")
    _bake(root)
    groups.lift_titles(root)
    lifelines.ground_words(root)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    made = _copy(root, named, depth=0)
    if made is None:
        raise Unsafe("the drawing is empty")
    _keep_used(made)
    return made


def text_of(root: Element) -> list[str]:
    """The words of a simplified drawing, one string a label."""
    return [
        " ".join("".join(element.itertext()).split())
        for element in root.iter("text")
        if "".join(element.itertext()).strip()
    ]


def describe(root: Element, description: str, identifier: str) -> None:
    """Put words into a drawing, under an id, that stand for it where it is not seen."""
    said = ET.Element("desc", {"id": identifier})
    said.text = description
    root.insert(0, said)


def write(root: Element) -> str:
    """A simplified drawing as text for HTML: no prefix, no declaration."""
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _bake(root: Element) -> None:
    """Give each element the values its style sheet and style attribute set."""
    matcher: Any = cssselect2.Matcher()
    for sheet in root.iter(_NS + "style"):
        for selectors, declarations in _rules(sheet.text or ""):
            for selector in selectors:
                matcher.add_selector(selector, declarations)
    for wrapped in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
        element = wrapped.etree_element
        found = [match[3] for match in sorted(matcher.match(wrapped), key=lambda m: m[:2])]
        found.append(_declarations(element.get("style", "")))
        values: dict[str, tuple[str, bool]] = {}
        for name, value, important in (one for each in found for one in each):
            if important or not values.get(name, ("", False))[1]:
                values[name] = (value, important)
        for name, (value, _) in values.items():
            if name == "transform" and value == "none":
                continue
            element.set(name, value)


def _rules(css: str) -> Iterator[tuple[list[Any], list[tuple[str, str, bool]]]]:
    """Each rule's compiled selectors and its declarations; unreadable rules are left out."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            continue
        try:
            selectors = cssselect2.compile_selector_list(rule.prelude)
        except cssselect2.SelectorError:
            continue
        yield selectors, _declarations(rule.content)


def _declarations(css: Any) -> list[tuple[str, str, bool]]:
    """(property, value, important) of the properties that are baked."""
    return [
        (each.lower_name, tinycss2.serialize(each.value).strip(), each.important)
        for each in tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
        if each.type == "declaration" and each.lower_name in _BAKED
    ]


def _copy(source: Element, named: dict[str | None, Element], *, depth: int) -> Element | None:
    """The element with what is allowed of it; None when nothing is."""
    tag = source.tag.removeprefix(_NS) if isinstance(source.tag, str) else ""
    if depth > 100 or source.get("display") == "none":
        return None
    if tag == "use":
        return _used(source, named, depth=depth)
    if tag not in _ELEMENTS or (tag == "rect" and _invisible(source)):
        return None
    made = ET.Element(tag, _attributes(source))
    if tag == "text":
        _on_base_line(made)
    made.text, made.tail = source.text, None
    if tag in {"text", "tspan", "title", "desc"}:
        for child in source:
            inner = _copy(child, named, depth=depth + 1)
            if inner is not None:
                inner.tail = child.tail
                made.append(inner)
        return made
    made.text = None
    made.extend(
        inner for child in source if (inner := _copy(child, named, depth=depth + 1)) is not None
    )
    return made if len(made) or tag not in {"g", "defs"} else None


def _used(source: Element, named: dict[str | None, Element], *, depth: int) -> Element | None:
    """What a `<use>` shows, moved to where it shows it."""
    href = next((source.get(name, "") for name in _HREFS if source.get(name)), "")
    target = named.get(href.removeprefix("#"))
    if not href.startswith("#") or target is None:
        return None
    place = f"translate({_number(source, 'x'):g} {_number(source, 'y'):g})"
    made = ET.Element("g", {"transform": place})
    for child in target:
        shown = list(child) if child.tag == _NS + "svg" else [child]
        made.extend(
            inner for one in shown if (inner := _copy(one, named, depth=depth + 1)) is not None
        )
    return made if len(made) else None


def _attributes(source: Element) -> dict[str, str]:
    """The allowed attributes with harmless values; those that say nothing are left out."""
    kept = {}
    for name, written in source.attrib.items():
        value = written.strip()
        if name not in _ATTRIBUTES or value in _POINTLESS.get(name, ()):
            continue
        if value.lower() in _UNKNOWN or not _VALUE.fullmatch(value) or _FORBIDDEN.search(value):
            continue
        if name in _COLOURS:
            value = contrast.as_hex(value)
        kept[name] = _LONG.sub(r"\1", value) if name in {"d", "points"} else value
    return kept


def _invisible(source: Element) -> bool:
    """A box that only keeps a place."""
    bare = source.get("fill") == "none" and source.get("stroke", "none") == "none"
    return bare or source.get("opacity") == "0"


def _on_base_line(text: Element) -> None:
    """Place a label by its base line, which every reader of SVG understands."""
    drop = _BASE_LINES.get(text.attrib.pop("dominant-baseline", ""))
    if drop is None:
        return
    size = re.match(r"[\d.]+", text.get("font-size", ""))
    lift = round(drop * (float(size[0]) if size else 14.0), 2)
    text.set("y", f"{round(_number(text, 'y') + lift, 2):g}")


def _number(element: Element, name: str) -> float:
    match = re.match(r"-?[\d.]+(?:e-?\d+)?", element.get(name, ""))
    return float(match[0]) if match else 0.0


def _keep_used(root: Element) -> None:
    """Leave out what only a `<use>` showed (it stands in its place now), markers and gradients that
    nothing points to, and ids nothing needs.
    """
    used = {
        name for element in root.iter() for value in element.attrib.values()
        for name in _LOCAL.findall(value)
    }  # fmt: skip
    for parent in list(root.iter()):
        for child in list(parent):
            gone = child.tag in _POINTED_AT and child.get("id") not in used
            shown_before = child.tag == "defs" and all(
                e.tag not in _POINTED_AT for e in child.iter()
            )
            if gone or shown_before:
                parent.remove(child)
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
