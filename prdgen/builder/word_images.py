"""Diagrams in Word files: a picture for every reader, and the drawing itself for newer ones.

Word since 2016 and LibreOffice show an SVG that stands beside a PNG (Microsoft's [MS-ODRAWXML]
`svgBlip`); older programs show the PNG.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html import escape
from typing import Final

import resvg_py

_WIDEST, _TALLEST = 600.0, 800.0
"""CSS pixels that fit between the margins of a page."""
_SHARPNESS: Final = 2.5
_EXTENSION: Final = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
_NAMESPACE: Final = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_FONTS: Final = "Helvetica, Arial, Liberation Sans, DejaVu Sans, Noto Sans, Ubuntu, Cantarell, Verdana, sans-serif"
"""The drawing names these too, but resvg wants families by their plain names."""
_NARROW: Final = 'font-stretch="condensed"'
"""DejaVu is too wide for boxes measured in Arial; fonts without a narrow cut ignore this."""
_DATA: Final = re.compile(r'(\sdescr=")data:[^"]*"')
_SVG_TAG: Final = re.compile(r"<(/?)svg\b[^>]*?(/?)>")


@dataclass(slots=True)
class Drawings:
    """The SVGs of one document, by the hash of the PNG that stands for each in the meantime."""

    by_png: dict[str, str] = field(default_factory=dict)

    def replace(self, html: str) -> str:
        """`html` with an `<img>` in place of each `<svg>`, nested ones included in theirs."""
        out, end = [], 0
        for start, stop in _outermost(html):
            out += [html[end:start], self._image(html[start:stop])]
            end = stop
        return "".join(out) + html[end:]

    def embed(self, files: dict[str, bytes]) -> dict[str, bytes]:
        """The parts of a .docx with each drawing beside its picture."""
        names: dict[str, str] = {}
        for path in [path for path in files if path.startswith("word/media/")]:
            svg = self.by_png.get(hashlib.sha256(files[path]).hexdigest())
            if svg is not None:
                names[path.removeprefix("word/")] = path.removeprefix("word/") + ".svg"
                files[f"{path}.svg"] = svg.encode()
        if not names:
            return files
        relations = files["word/_rels/document.xml.rels"].decode()
        document = files["word/document.xml"].decode()
        added = []
        for number, (png, svg_name) in enumerate(sorted(names.items())):
            found = re.search(rf'<Relationship\b[^>]*Target="{re.escape(png)}"[^>]*>', relations)
            given = re.search(r'\bId="([^"]+)"', found.group(0)) if found else None
            if given is None:
                continue
            added.append(
                f'<Relationship Id="rIdSvg{number}" Type="{_RELATION}" Target="{svg_name}"/>'
            )
            document = _beside(document, given.group(1), f"rIdSvg{number}")
        relations = relations.replace("</Relationships>", "".join(added) + "</Relationships>")
        files["word/_rels/document.xml.rels"] = relations.encode()
        files["word/document.xml"] = document.encode()
        files["[Content_Types].xml"] = _declared(files["[Content_Types].xml"].decode()).encode()
        return files

    def _image(self, svg: str) -> str:
        width, height = _size(svg)
        scale = min(1.0, _WIDEST / width, _TALLEST / height)
        png = _png(svg, scale * _SHARPNESS)
        self.by_png[hashlib.sha256(png).hexdigest()] = svg
        label = re.search(r'\saria-label="([^"]*)"', svg)
        data = base64.b64encode(png).decode()
        return (
            f'<img src="data:image/png;base64,{data}" alt="{label.group(1) if label else ""}" '
            f'width="{escape(f"{width * scale:.0f}")}" height="{height * scale:.0f}">'
        )


def without_data(document: str) -> str:
    """The document without the copies of pictures that pandoc writes where their names belong."""
    return _DATA.sub(r'\1"', document)


def _outermost(html: str) -> list[tuple[int, int]]:
    places, depth, start = [], 0, 0
    for tag in _SVG_TAG.finditer(html):
        closing, alone = tag.group(1), tag.group(2)
        if not closing:
            start = tag.start() if depth == 0 else start
            depth += 0 if alone else 1
        elif depth:
            depth -= 1
            if depth == 0:
                places.append((start, tag.end()))
    return places


def _size(svg: str) -> tuple[float, float]:
    opening = svg[: svg.index(">")]
    found = [re.search(rf'\s{name}="([\d.]+)"', opening) for name in ("width", "height")]
    width, height = (float(each.group(1)) if each else 400.0 for each in found)
    return max(width, 1.0), max(height, 1.0)


def _png(svg: str, scale: float) -> bytes:
    named = re.sub(r'\sfont-family="[^"]*"', f' font-family="{_FONTS}" {_NARROW}', svg, count=1)
    drawn: bytes = resvg_py.svg_to_bytes(svg_string=named, zoom=scale, background="#ffffff")
    return drawn


def _beside(document: str, png_id: str, svg_id: str) -> str:
    extension = (
        f'<a:extLst><a:ext uri="{_EXTENSION}"><asvg:svgBlip xmlns:asvg="{_NAMESPACE}" '
        f'r:embed="{svg_id}"/></a:ext></a:extLst>'
    )
    return re.sub(
        rf'<a:blip r:embed="{png_id}" ?/>|<a:blip r:embed="{png_id}" ?></a:blip>',
        f'<a:blip r:embed="{png_id}">{extension}</a:blip>',
        document,
    )


def _declared(types: str) -> str:
    if 'Extension="svg"' in types:
        return types
    return re.sub(
        r"(<Types\b[^>]*>)",
        r'\1<Default Extension="svg" ContentType="image/svg+xml"/>',
        types,
        count=1,
    )
