"""Words of a sequence's messages: on a ground of their own where a lifeline would run through them."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from prdgen.builder import lettering

_NS: Final = "{http://www.w3.org/2000/svg}"
_SIZE: Final = re.compile(r"([\d.]+)(?:px)?")
_GROUND: Final = "#ffffff"
"""As behind the words at arrows; it has a twin for dark pages."""
_AROUND, _HEIGHT = 3.0, 1.2
"""Free room beside the words, in pixels; how high the ground is, in ems."""


def ground_words(root: ET.Element) -> None:
    """Put a ground behind each message of a baked Mermaid sequence that crosses a lifeline.

    What stands on a coloured background, or over the bar of somebody who is active, stays as it is:
    there a ground would be a hole.
    """
    if any("rect" in _classes(each) for each in root.iter(f"{_NS}rect")):
        return
    lines = [each for each in root.iter(f"{_NS}line") if "actor-line" in _classes(each)]
    bars = [each for each in root.iter(f"{_NS}rect") if _is_bar(each)]
    for holder in list(root.iter()):
        for place, text in reversed(list(enumerate(holder))):
            if "messageText" not in _classes(text) or (box := _box(text)) is None:
                continue
            left, top, width, height = box
            crossed = any(
                left < _of(line, "x1") < left + width
                and _of(line, "y1") < top + height
                and top < _of(line, "y2")
                for line in lines
            )
            if crossed and not any(_meet(box, bar) for bar in bars):
                names = ("x", "y", "width", "height")
                values = {name: f"{value:g}" for name, value in zip(names, box, strict=True)}
                ground = values | {"fill": _GROUND, "stroke": "none"}
                holder.insert(place, ET.Element(f"{_NS}rect", ground))


def _box(text: ET.Element) -> tuple[float, float, float, float] | None:
    """Left, top, width and height of one line of words; None where they stand in another way."""
    size = _SIZE.fullmatch(text.get("font-size", ""))
    words = " ".join((text.text or "").split())
    usual = text.get("text-anchor") == "middle" and text.get("dy") == "1em"
    if size is None or not words or not usual or len(text) or text.get("transform"):
        return None
    em = float(size[1])
    width = lettering.width(words, em) + 2 * _AROUND
    middle = _of(text, "y") + em
    return _of(text, "x") - width / 2, middle - em * _HEIGHT / 2, width, em * _HEIGHT


def _meet(box: tuple[float, float, float, float], bar: ET.Element) -> bool:
    left, top, width, height = box
    x, y, wide, high = (_of(bar, name) for name in ("x", "y", "width", "height"))
    return left < x + wide and x < left + width and top < y + high and y < top + height


def _is_bar(element: ET.Element) -> bool:
    return any(name.startswith("activation") for name in _classes(element))


def _of(element: ET.Element, name: str) -> float:
    try:
        return float(element.get(name, "0"))
    except ValueError:
        return 0.0


def _classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()
