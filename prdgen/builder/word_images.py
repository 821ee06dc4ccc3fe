"""Drawings in Word files: a picture for every reader, and the drawing itself for newer ones.

Word since 2016 and LibreOffice show an SVG that stands beside a PNG (Microsoft's [MS-ODRAWXML]
`svgBlip`); older programs show the PNG. While pandoc works, a small picture stands for each.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Final

from prdgen.builder import child, drawings

log = logging.getLogger(__name__)
_CHILD: Final = "prdgen.builder.word_images_child"
_SECONDS: Final = 60.0
_SECONDS_EACH: Final = 1.0
_WIDEST, _TALLEST = 600.0, 800.0
"""CSS pixels that fit between the margins of a page."""
_SHARPNESS: Final = 2.0
_EXTENSION: Final = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
_NAMESPACE: Final = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_DATA: Final = re.compile(r'(\sdescr=")data:[^"]*"')


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG, and how much larger than itself its PNG is."""

    svg: str
    zoom: float


@dataclass(slots=True)
class Drawings:
    """The SVGs of one document, by the hash of the picture that stands for each in the meantime."""

    by_stand_in: dict[str, Drawing] = field(default_factory=dict)

    def replace(self, html: str) -> str:
        """`html` with an `<img>` in place of each `<svg>`, nested ones included in theirs."""
        bare, found = drawings.taken_out(html)
        images = {at: self.image(svg, drawings.label(svg)) for at, svg in found.items()}
        return drawings.put_back(bare, images)

    def image(self, svg: str, alt: str) -> str:
        """An `<img>` that stands for `svg`."""
        size = drawings.size(svg)
        scale = min(1.0, _WIDEST / size.width, _TALLEST / size.height)
        picture = _stand_in(len(self.by_stand_in))
        digest = hashlib.sha256(picture).hexdigest()
        self.by_stand_in[digest] = Drawing(svg, scale * _SHARPNESS)
        data = base64.b64encode(picture).decode()
        return (
            f'<img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}" '
            f'width="{size.width * scale:.0f}" height="{size.height * scale:.0f}">'
        )

    def drawn(self, *, nice: int = 0, watch: Callable[[], None] | None = None) -> dict[str, bytes]:
        """The PNGs by what stands for them, drawn in a child process; one that cannot be drawn is not
        among them, and only its SVG is in the document. `watch` is called every second and stops it by raising. Blocks. Raises
        ChildFailed, ChildTookTooLong.
        """
        if not self.by_stand_in:
            return {}
        asked = [[drawings.lettered(each.svg), each.zoom] for each in self.by_stand_in.values()]
        seconds = _SECONDS + _SECONDS_EACH * len(asked)
        answer = child.run_module(
            _CHILD, json.dumps(asked).encode(), what="the pictures of the Word file",
            seconds=seconds, limits=child.Limits(cpu=int(2 * seconds), nice=nice), watch=watch,
        )  # fmt: skip
        drawn = zip(self.by_stand_in, json.loads(answer), strict=True)
        found = {name: base64.b64decode(data) for name, data in drawn if data}
        if missing := len(asked) - len(found):
            log.warning(
                "%d of %d drawings of a Word file are there as SVG only", missing, len(asked)
            )
        return found

    def embed(self, files: dict[str, bytes], pictures: dict[str, bytes]) -> dict[str, bytes]:
        """The parts of a .docx with each drawing and its picture in place of what stood for it."""
        names: dict[str, str] = {}
        for path in [path for path in files if path.startswith("word/media/")]:
            digest = hashlib.sha256(files[path]).hexdigest()
            drawing = self.by_stand_in.get(digest)
            if drawing is not None:
                names[path.removeprefix("word/")] = path.removeprefix("word/") + ".svg"
                files[path] = pictures.get(digest, files[path])
                files[f"{path}.svg"] = drawing.svg.encode()
        if not names:
            return files
        relations = files["word/_rels/document.xml.rels"].decode()
        added, by_id = [], dict[str, str]()
        for number, (png, svg_name) in enumerate(sorted(names.items())):
            found = re.search(rf'<Relationship\b[^>]*Target="{re.escape(png)}"[^>]*>', relations)
            given = re.search(r'\bId="([^"]+)"', found.group(0)) if found else None
            if given is None:
                continue
            added.append(
                f'<Relationship Id="rIdSvg{number}" Type="{_RELATION}" Target="{svg_name}"/>'
            )
            by_id[given.group(1)] = f"rIdSvg{number}"
        relations = relations.replace("</Relationships>", "".join(added) + "</Relationships>")
        files["word/_rels/document.xml.rels"] = relations.encode()
        files["word/document.xml"] = _beside(files["word/document.xml"].decode(), by_id).encode()
        files["[Content_Types].xml"] = _declared(files["[Content_Types].xml"].decode()).encode()
        return files


def without_data(document: str) -> str:
    """The document without the copies of pictures that pandoc writes where their names belong."""
    return _DATA.sub(r'\1"', document)


def _stand_in(number: int) -> bytes:
    """A PNG of one pixel that no other number has."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", f"Comment\0prdgen {number}".encode()),
        (b"IDAT", zlib.compress(b"\0\xff")),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _beside(document: str, by_id: dict[str, str]) -> str:
    """The document with a drawing (the values) beside each of these pictures (the keys)."""

    def both(match: re.Match[str]) -> str:
        svg_id = by_id.get(match[1])
        if svg_id is None:
            return match[0]
        return (
            f'<a:blip r:embed="{match[1]}"><a:extLst><a:ext uri="{_EXTENSION}"><asvg:svgBlip '
            f'xmlns:asvg="{_NAMESPACE}" r:embed="{svg_id}"/></a:ext></a:extLst></a:blip>'
        )

    return re.sub(r'<a:blip r:embed="([^"]*)" ?(?:/>|></a:blip>)', both, document)


def _declared(types: str) -> str:
    if 'Extension="svg"' in types:
        return types
    return re.sub(
        r"(<Types\b[^>]*>)",
        r'\1<Default Extension="svg" ContentType="image/svg+xml"/>',
        types,
        count=1,
    )
