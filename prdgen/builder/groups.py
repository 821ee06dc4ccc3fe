"""Titles of a drawing's groups: in the corner, on a ground of their own, above the lines."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

_NS: Final = "{http://www.w3.org/2000/svg}"
_PLACE: Final = re.compile(r"translate\(\s*(-?[\d.]+)[ ,]+(-?[\d.]+)\s*\)")
_INSET, _AROUND, _HEIGHT = 10.0, 3.0, 19.0


def lift_titles(root: ET.Element) -> None:
    """Move the title of each group of a baked Mermaid drawing to the group's upper left corner.

    Mermaid writes it in the middle of the upper edge and under the arrows, where those that come
    from above run through it.
    """
    for holder in list(root.iter(f"{_NS}g")):
        lines = next((each for each in holder if "edgePaths" in _classes(each)), None)
        groups = next((each for each in holder if "clusters" in _classes(each)), None)
        if lines is None or groups is None:
            continue
        above = list(holder).index(lines) + 1
        for group in groups:
            if "cluster" in _classes(group) and (title := _title(group)) is not None:
                holder.insert(above, title)


def _title(group: ET.Element) -> ET.Element | None:
    """The group's title, taken out of it and put in its place; None when it stays where it is."""
    box = group.find(f"{_NS}rect")
    label = next((each for each in group if "cluster-label" in _classes(each)), None)
    if box is None or label is None or group.get("transform"):
        return None
    place = _PLACE.match(label.get("transform", ""))
    if place is None or (not any(label.itertext()) and label.find(f".//{_NS}use") is None):
        return None
    left, top, width = (float(box.get(name, "0")) for name in ("x", "y", "width"))
    # It stands in the middle, so how far from the middle it begins is half of its width.
    half = left + width / 2 - float(place[1])
    if half <= 0:
        return None
    group.remove(label)
    label.set("transform", f"translate({left + _INSET:g} {top + 2:g})")
    ground = {
        "x": f"{-_AROUND:g}", "y": "0", "width": f"{2 * half + 2 * _AROUND:g}",
        "height": f"{_HEIGHT:g}", "fill": box.get("fill", "none"), "stroke": "none",
    }  # fmt: skip
    label.insert(0, ET.Element(f"{_NS}rect", ground))
    return label


def _classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()
