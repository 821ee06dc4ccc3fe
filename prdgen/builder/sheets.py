"""Pages set together as one PDF, by Typst in a child process that can reach nothing."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from prdgen.builder import child
from prdgen.builder.exports import Meta
from prdgen.builder.typst_math import quoted

log = logging.getLogger(__name__)
_CHILD: Final = "prdgen.builder.pdf_child"
"""By name: what it imports (Typst) has no business in this process."""
_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Sheets:
    """Some pages that were set together."""

    data: bytes
    """A PDF."""
    pages: int
    positions: dict[str, tuple[int, float]]
    """Anchor → its page in `data` (from 1) and how far down (points)."""
    missed: str
    """Why it does not keep every rule of PDF/UA-1, and does not claim to; empty when it does."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How some pages are to be set, beside their bodies."""

    before: str = ""
    """Typst that stands before them."""
    numbering: str = "1"
    """Typst's pattern of a page number: `1 / 1` says the last one, too."""
    start: int | None = None
    """The number of the first page."""
    titled: bool = True
    """Whether the first page is a title page, without a running head."""
    index: Sequence[tuple[str, str, str, str]] = ()
    """Requirements as (id, text, anchor, page); without a page the anchor stands on these pages."""
    known: Sequence[str] = ()
    """Anchors in other parts; when there are any, links are made when all is joined."""


def make(bodies: Sequence[str], meta: Meta, layout: Layout, *, nice: int = 0) -> Sheets:
    """Some pages as a PDF. Raises ChildFailed, ChildTookTooLong. Blocks."""
    job = {
        "bodies": list(bodies),
        "known": list(layout.known),
        "before": layout.before,
        "index": list(layout.index),
        "meta": _meta(meta, layout),
        "time": int(meta.date.timestamp()),
        "files": {path: base64.b64encode(data).decode() for path, data in meta.files.items()},
    }
    answer = child.run_module(
        _CHILD, json.dumps(job).encode(), what="the PDF", seconds=_SECONDS,
        limits=child.Limits(cpu=180, memory_bytes=6 * 1024**3, nice=nice),
    )  # fmt: skip
    said, _, data = answer.partition(b"\n")
    found = json.loads(said)
    positions = {name: (page, down) for name, page, down in reversed(found["positions"]) if name}
    if found["missed"]:
        about = meta.page_path or meta.title
        log.warning("the PDF of %s keeps not all of PDF/UA-1: %s", about, found["missed"][:300])
    return Sheets(data, found["pages"], positions, found["missed"])


def title(function: str, meta: Meta) -> str:
    """Typst of a title: `front` of a page, or the `cover` of a book."""
    rows = [
        ("Status", meta.status),
        ("Owner", meta.owner),
        ("Authors", ", ".join(meta.authors)),
        ("Tags", ", ".join(meta.tags)),
        ("Date", meta.day),
        ("Version", meta.commit[:10]),
        ("Source", meta.page_path),
    ]
    facts = "".join(f"({quoted(name)}, {quoted(value)}), " for name, value in rows if value)
    told = ", ".join(map(quoted, (meta.title, meta.site_name, meta.description)))
    return f"#{function}({told}, ({facts}));"


def _meta(meta: Meta, layout: Layout) -> str:
    date = meta.date
    values: dict[str, Any] = {
        "title": quoted(meta.title),
        "authors": _array(meta.authors),
        "tags": _array(meta.tags),
        "about": quoted(meta.description),
        "site": quoted(meta.site_name),
        "stamp": quoted(meta.stamp),
        "language": quoted(_language(meta.language)),
        "date": f"datetime(year: {date.year}, month: {date.month}, day: {date.day}, "
                f"hour: {date.hour}, minute: {date.minute}, second: {date.second})",
        "numbering": quoted(layout.numbering),
        "start": "none" if layout.start is None else str(layout.start),
        "titled": "true" if layout.titled else "false",
    }  # fmt: skip
    return "(" + ", ".join(f"{name}: {value}" for name, value in values.items()) + ")"


def _language(given: str) -> str:
    """The language alone, without the country: `pt-BR` → `pt`; English when it is none."""
    found = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", given)
    return found[0].lower() if found else "en"


def _array(values: Sequence[str]) -> str:
    return "(" + "".join(f"{quoted(value)}, " for value in values) + ")"
