"""Images of a repository on their way into a document: what can be shown, and how large it is."""

from __future__ import annotations

import io
import math
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
_FORMATS: Final = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "GIF": "gif", "WEBP": "webp"}
MEDIA_TYPES: Final = {
    "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
}  # fmt: skip
"""Ending → what it is called in addresses with the bytes in them."""
_RASTER: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp)[;,]", re.IGNORECASE)
_OUTWARD: Final = re.compile(r"url\(\s*['\"]?\s*(?!#)|@import", re.IGNORECASE)
"""In a style: a file that is not in the drawing."""


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
    except Exception:  # Pillow's readers raise whatever they stumble over.
        return "this file cannot be read as an image"
    if width * height > MAX_PIXELS:
        return f"left out, it has {width} × {height} pixels; at most {MAX_PIXELS // 1_000_000} million can be shown"
    return (kind, float(width)) if kind else "a kind of image that cannot be shown"


def svg_size(data: bytes) -> tuple[float, float] | None:
    """Width and height of an SVG in CSS pixels, from its `viewBox` where it says none; None when it
    does not say both, or cannot be read.
    """
    root = _svg(data)
    if isinstance(root, str):
        return None
    width, height = (side or 0.0 for side in _sides(root))
    return (width, height) if 0 < width < math.inf and 0 < height < math.inf else None


def _svg(data: bytes) -> ET.Element | str:
    """The drawing, or why it is not read."""
    try:
        source = data.decode("utf-8-sig")
        if re.search(r"<!(?:DOCTYPE|ENTITY)[^>]*\[|<!ENTITY", source, re.IGNORECASE):
            return "left out, its SVG declares entities"
        return ET.fromstring(source)  # noqa: S314 - no entities, see above
    except (ET.ParseError, ValueError, LookupError):
        return "this file cannot be read as an image"


def _sides(root: ET.Element) -> list[float | None]:
    """Width and height as they are said, else those of the `viewBox`."""
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    sides = [_length(root.get(name, "")) for name in ("width", "height")]
    if len(box) == 4:
        return [side or _length(given) for side, given in zip(sides, box[2:], strict=True)]
    return sides


def _look_at_svg(data: bytes) -> tuple[str, float] | str:
    root = _svg(data)
    if isinstance(root, str):
        return root
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        return "this file is no SVG, its `xmlns` is not http://www.w3.org/2000/svg"
    if _weight(root) > _MAX_ELEMENTS:
        return "left out, its SVG repeats itself too often"
    if any(_shows_others(each) for each in root.iter()):
        return "left out, its SVG shows other files"
    sides = _sides(root)
    if any(side is not None and not 0 < side < math.inf for side in sides):
        return "this file cannot be read as an image"
    return "svg", sides[0] or 300.0


def _length(given: str) -> float | None:
    """A length in CSS pixels; None: it is not said in them."""
    found = re.fullmatch(
        r"\s*([-+]?[\d.]+(?:e[-+]?\d+)?|nan|inf)\s*(?:px)?\s*", given, re.IGNORECASE
    )
    try:
        return None if found is None else float(found[1])
    except ValueError:
        return math.nan


def _shows_others(element: ET.Element) -> bool:
    """Whether an element shows a file of its own: of this machine, or of another one."""
    tag = str(element.tag).rpartition("}")[2]
    for name, value in element.attrib.items():
        address = value.strip()
        if tag != "a" and name.rpartition("}")[2] == "href" and address[:1] != "#":
            if not (tag in {"image", "feImage"} and _RASTER.match(address)):
                return True
        elif _OUTWARD.search(value):
            return True
    return tag == "style" and _OUTWARD.search("".join(element.itertext())) is not None


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
