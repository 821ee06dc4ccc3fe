"""The diagrams in a page's HTML as pictures of their own, for PDF and Word."""

from __future__ import annotations

import hashlib
import html as entities
import re
from typing import Final

from prdgen.builder.diagrams import Size, size_of

ADDRESS: Final = "drawing:"
"""What the address of an image begins with that stands in place of a diagram."""
_FONTS: Final = "Helvetica, Arial, Liberation Sans, DejaVu Sans, Noto Sans, Ubuntu, Cantarell, Verdana, sans-serif"
"""The drawing names these too, but resvg wants families by their plain names."""
_NARROW: Final = 'font-stretch="condensed"'
"""DejaVu is too wide for boxes measured in Arial; fonts without a narrow cut ignore this."""
_TAG: Final = re.compile(r"<(/?)svg\b[^>]*?(/?)>")
_UNKNOWN: Final = Size(400.0, 300.0, 14.0)


def taken_out(html: str) -> tuple[str, dict[str, str]]:
    """`html` with an `<img>` in place of each `<svg>`, nested ones included in theirs, and the
    drawings by those images' addresses.
    """
    out, end = [], 0
    drawings: dict[str, str] = {}
    for start, stop in _outermost(html):
        address = f"{ADDRESS}{len(drawings)}"
        drawings[address] = html[start:stop]
        alt = entities.escape(label(html[start:stop]), quote=True)
        out += [html[end:start], f'<img src="{address}" alt="{alt}">']
        end = stop
    return "".join(out) + html[end:], drawings


def put_back(html: str, found: dict[str, str]) -> str:
    """What `taken_out` was given, whatever was done to the rest meanwhile."""
    image = re.compile(rf'<img src="({re.escape(ADDRESS)}\d+)" alt="[^"]*">')
    return image.sub(lambda match: found.get(match[1], match[0]), html)


def size(svg: str) -> Size:
    """How large the drawing is by itself."""
    return size_of(svg) or _UNKNOWN


def label(svg: str) -> str:
    """What is read out in place of it."""
    found = re.search(r'\saria-label="([^"]*)"', svg)
    return entities.unescape(found[1]) if found else ""


def lettered(svg: str) -> str:
    """The drawing with names of fonts that resvg understands."""
    return re.sub(r'\sfont-family="[^"]*"', f' font-family="{_FONTS}" {_NARROW}', svg, count=1)


def name(svg: str) -> str:
    """A short name by what it shows."""
    return hashlib.sha256(svg.encode()).hexdigest()[:12]


def _outermost(html: str) -> list[tuple[int, int]]:
    places, depth, start = [], 0, 0
    for tag in _TAG.finditer(html):
        closing, alone = tag.group(1), tag.group(2)
        if not closing:
            start = tag.start() if depth == 0 else start
            if alone and depth == 0:
                places.append((start, tag.end()))
            depth += 0 if alone else 1
        elif depth:
            depth -= 1
            if depth == 0:
                places.append((start, tag.end()))
    return places
