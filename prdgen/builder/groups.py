"""Titles of a drawing's groups: at the upper edge where no line runs, on a ground of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree as ET

_NS: Final = "{http://www.w3.org/2000/svg}"
_PLACE: Final = re.compile(r"translate\(\s*(-?[\d.]+)[ ,]+(-?[\d.]+)\s*\)")
_INSET, _AROUND, _HEIGHT = 10.0, 3.0, 19.0
_CLEAR: Final = 6.0
"""How far a title keeps from a line."""
_STEPS: Final = re.compile(r"([A-Za-z])|(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)")
_POINTS: Final = 24
"""Places that are looked at on each piece of a line."""


def lift_titles(root: ET.Element) -> None:
    """Move the title of each group of a baked Mermaid drawing to the group's upper left corner, or as
    far to the right from there as no arrow runs through it.

    Mermaid writes it in the middle of the upper edge and under the arrows that come from above. Where
    there is no free place, it stands in the corner, on its ground.
    """
    for holder in list(root.iter(f"{_NS}g")):
        lines = next((each for each in holder if "edgePaths" in _classes(each)), None)
        groups = next((each for each in holder if "clusters" in _classes(each)), None)
        if lines is None or groups is None:
            continue
        above = list(holder).index(lines) + 1
        passed = [each for line in lines.iter(f"{_NS}path") for each in _points(line.get("d", ""))]
        for group in groups:
            if "cluster" in _classes(group) and (title := _title(group, passed)) is not None:
                holder.insert(above, title)


def _title(group: ET.Element, passed: list[tuple[float, float]]) -> ET.Element | None:
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
    begins = _free(left, width, 2 * half, [x for x, y in passed if top <= y <= top + _HEIGHT + 4])
    label.set("transform", f"translate({begins:g} {top + 2:g})")
    ground = {
        "x": f"{-_AROUND:g}", "y": "0", "width": f"{2 * half + 2 * _AROUND:g}",
        "height": f"{_HEIGHT:g}", "fill": box.get("fill", "none"), "stroke": "none",
    }  # fmt: skip
    label.insert(0, ET.Element(f"{_NS}rect", ground))
    return label


def _free(left: float, width: float, title: float, crossed: list[float]) -> float:
    """Where a title begins that keeps clear of what crosses its row; the corner when nothing is free."""
    corner = left + _INSET
    for begins in (corner, *sorted(x + _CLEAR + 1 for x in crossed)):
        if begins < corner or begins + title > left + width - _INSET:
            continue
        if not any(begins - _CLEAR < x < begins + title + _CLEAR for x in crossed):
            return begins
    return corner


def _points(path: str) -> Iterator[tuple[float, float]]:
    """Places on a line of straight pieces and cubic curves, as Mermaid's arrows are (`M`, `L`, `C`)."""
    command, here = "", (0.0, 0.0)
    numbers: list[float] = []
    for letter, number in _STEPS.findall(path):
        if letter:
            command, numbers = letter, []
            continue
        numbers.append(float(number))
        if len(numbers) < (6 if command == "C" else 2):
            continue
        bends = [here, *zip(numbers[::2], numbers[1::2], strict=True)]
        if command in "LC":
            yield from (_at(bends, step / _POINTS) for step in range(_POINTS + 1))
        here, numbers = bends[-1], []


def _at(bends: list[tuple[float, float]], share: float) -> tuple[float, float]:
    """A place on the curve that these points bend (de Casteljau); two are the ends of a straight line."""
    while len(bends) > 1:
        bends = [(a + (c - a) * share, b + (d - b) * share) for (a, b), (c, d) in pairwise(bends)]
    return bends[0]


def _classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()
