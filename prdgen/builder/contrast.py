"""Words on colours that are not the house's: dark or light, whichever can be read, on any page."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final
from xml.etree import ElementTree as ET

import tinycss2.color3  # type: ignore[import-untyped]

_SHAPES: Final = frozenset({"rect", "path", "circle", "ellipse", "polygon"})
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_DARK, _LIGHT = "#1a2433", "#fdfdfe"
"""Not the colours of the palette, which change on dark pages."""
_BLACK: Final = frozenset({"#000000", "#333333", "#131300"})
_MIDDLE: Final = 0.33
"""The relative luminance (WCAG 2) above which dark words are the better ones."""


def as_hex(colour: str) -> str:
    """A CSS colour without transparency as `#rrggbb`; anything else as it is."""
    try:
        found: Any = tinycss2.color3.parse_color(colour)
    except ValueError:
        return colour
    if found is None or found == "currentColor" or found.alpha != 1:
        return colour
    return "#" + "".join(f"{round(part * 255):02x}" for part in found[:3])


def settle_words(root: ET.Element, palette: Collection[str], words_colour: str) -> None:
    """Give the words of every shape with a colour outside of `palette` one that fits it, and all
    others `words_colour` where they would be black.

    `palette` has twins for dark pages, words included; other colours have none, so the words on
    them must not change either. `root` is a simplified drawing.
    """
    for words in root.iter():
        if words.tag in {"text", "tspan"} and words.get("fill", "") in _BLACK:
            words.set("fill", words_colour)
    for group in root.iter("g"):
        fills = [child.get("fill", "") for child in group if child.tag in _SHAPES]
        own = [fill for fill in fills if _HEX.fullmatch(fill)]
        if not own or any(fill in palette for fill in own):
            continue
        for words in group.iter():
            if words.tag in {"text", "tspan"} and words.get("fill", "") in palette:
                words.set("fill", _DARK if luminance(own[0]) > _MIDDLE else _LIGHT)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, 0 to 1, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
