"""How large a browser shows an image, read once from each content, so that a page can keep the room."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Final

from PIL import Image

from prdgen.builder import fragments, pictures, sources

Size = tuple[int, int]
"""Width and height in CSS pixels."""
VERSION: Final = "1"
_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg")
_ORIENTATION: Final = 0x0112
_TURNED: Final = frozenset({5, 6, 7, 8})
"""EXIF's orientations that browsers show turned by a quarter."""
_WITH_ORIENTATION: Final = frozenset({"JPEG", "MPO", "WEBP"})
_MOST: Final = 100_000


def has_one(path: str) -> bool:
    """Whether a file of this name is an image that has a size."""
    return path.lower().endswith(_ENDINGS)


def of_blob(
    path: str, blob: str, read: Callable[[], bytes], kept: fragments.Fragments = fragments.SHARED
) -> Size | None:
    """The size of the image at `path` whose content is called `blob`; None when there is none. Read
    once, then kept. Blocks when it is read.
    """
    said = kept.get(
        f"image size {VERSION}", " ".join(sources.image_key(path, blob)),
        lambda: " ".join(map(str, measured(path, read()) or ())),
    )  # fmt: skip
    width, _, height = said.partition(" ")
    return (int(width), int(height)) if height else None


def measured(path: str, data: bytes) -> Size | None:
    """The size that the bytes say: of an SVG its `width` and `height`, else its `viewBox`. None for
    what is no image, is broken, or says nothing.
    """
    found = pictures.svg_size(data) if path.lower().endswith(".svg") else _raster(data)
    if found is None:
        return None
    width, height = round(found[0]), round(found[1])
    return (width, height) if 0 < width <= _MOST and 0 < height <= _MOST else None


def _raster(data: bytes) -> tuple[float, float] | None:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            if image.format in _WITH_ORIENTATION and image.getexif().get(_ORIENTATION) in _TURNED:
                return height, width
            return width, height
    except Exception:  # Pillow's readers raise whatever they stumble over: no image stops a page.
        return None
