"""Images of a repository on their way into a document: what can be shown, and how large it is."""

from __future__ import annotations

import io
import posixpath
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from PIL import Image

from prdgen.builder.typeset import Picture

MAX_PIXELS: Final = 40_000_000
"""Of one image: drawn it takes four bytes a pixel."""
_MAX_ELEMENTS: Final = 20_000
"""Of an SVG with what it repeats."""
_FORMATS: Final = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}


@dataclass
class Shown:
    """The images of one document; each is written into `folder` under a plain name."""

    folder: Path
    files: dict[str, bytes]
    found: dict[str, Picture | str] = field(default_factory=dict)

    def find(self, path: str) -> Picture | str:
        """The picture at a repository path, or why it is not shown."""
        if path not in self.found:
            self.found[path] = self._looked_at(path)
        return self.found[path]

    def drop_broken(self, draws: Callable[[Path, str], bool]) -> bool:
        """Leave out every image that cannot be drawn by itself; whether there was one."""
        dropped = False
        for path, picture in self.found.items():
            if isinstance(picture, Picture) and not draws(self.folder, picture.name):
                self.found[path] = "this file cannot be read as an image"
                dropped = True
        return dropped

    def _looked_at(self, path: str) -> Picture | str:
        data = self.files.get(path)
        if data is None:
            return "not a file of this commit"
        looked = look(path, data)
        if isinstance(looked, str):
            return looked
        kind, width = looked
        name = f"i{len(self.found)}.{kind}"
        (self.folder / name).write_bytes(data)
        return Picture(name, width)


def look(path: str, data: bytes) -> tuple[str, float] | str:
    """An image's format and width in CSS pixels, or why it cannot be shown."""
    if posixpath.splitext(path)[1].lower() == ".svg":
        return _look_at_svg(data)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            width, height, kind = image.width, image.height, _FORMATS.get(image.format or "")
    except (OSError, ValueError, Image.DecompressionBombError):
        return "this file cannot be read as an image"
    if width * height > MAX_PIXELS:
        return f"left out, it has {width} × {height} pixels; at most {MAX_PIXELS // 1_000_000} million can be shown"
    return (kind, float(width)) if kind else "a kind of image that cannot be shown"


def _look_at_svg(data: bytes) -> tuple[str, float] | str:
    if re.search(rb"<!(?:DOCTYPE|ENTITY)[^>]*\[|<!ENTITY", data, re.IGNORECASE):
        return "left out, its SVG declares entities"
    try:
        root = ET.fromstring(data)  # noqa: S314 - no entities, see above
    except ET.ParseError:
        return "this file cannot be read as an image"
    if _weight(root) > _MAX_ELEMENTS:
        return "left out, its SVG repeats itself too often"
    width = re.match(r"\s*([\d.]+)(?:px)?\s*$", root.get("width", ""))
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if width and float(width[1]):
        return "svg", float(width[1])
    try:
        return "svg", float(box[2]) or 300.0
    except (IndexError, ValueError):
        return "svg", 300.0


def _weight(root: ET.Element) -> int:
    """How many elements are drawn, those that `use` repeats counted each time."""
    by_id = {name: each for each in root.iter() if (name := each.get("id"))}
    known: dict[int, int] = {}

    def weigh(element: ET.Element, depth: int) -> int:
        if depth > 200:
            return _MAX_ELEMENTS + 1
        if id(element) in known:
            return known[id(element)]
        known[id(element)] = _MAX_ELEMENTS + 1  # a circle is endless
        total = 1 + sum(weigh(child, depth + 1) for child in element)
        for name, value in element.attrib.items():
            if name.endswith("href") and value.startswith("#") and value[1:] in by_id:
                total += weigh(by_id[value[1:]], depth + 1)
        known[id(element)] = min(total, _MAX_ELEMENTS + 1)
        return known[id(element)]

    return weigh(root, 0)
