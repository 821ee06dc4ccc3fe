"""One or several pages as one document, the way PDF and Word want them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from prdgen.page.outline import Heading

ORIGIN: Final = "https://repository.invalid/"
"""What stands for the repository in a document's image addresses; no network ever sees it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One rendered page of a document."""

    title: str
    html: str
    """Safe HTML from `render.render` in mode `pdf` or `word`."""
    outline: Sequence[Heading] = ()


@dataclass(frozen=True, slots=True)
class Meta:
    """What the document says about itself."""

    title: str
    site_name: str = ""
    status: str = ""
    owner: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    authors: Sequence[str] = ()
    page_path: str = ""
    branch: str = ""
    commit: str = ""
    date: datetime = datetime(1980, 1, 1, tzinfo=UTC)
    """The commit's time; the only time in the document, so that it can be made again."""
    language: str = "en"
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Repository path → bytes of the images the pages show; nothing else is ever fetched."""

    @property
    def day(self) -> str:
        """The date as people read it."""
        return f"{self.date.day} {self.date:%B %Y}"

    @property
    def stamp(self) -> str:
        """Commit and date, for the foot of each page."""
        parts = [self.branch, self.commit[:10], self.day]
        return " · ".join(part for part in parts if part)


def asset(files: Mapping[str, bytes]) -> Callable[[str], str | None]:
    """`RenderContext.asset` of a document: an address for what `files` holds, else None."""
    return lambda path: path if path in files else None


def joined(parts: Sequence[Part]) -> list[Part]:
    """The parts with anchors that are unique in the whole document."""
    return [parts[0]] if len(parts) == 1 else [_prefixed(p, f"p{n}-") for n, p in enumerate(parts)]


def without_title(html: str) -> str:
    """The body without its first heading, which the title block shows."""
    return re.sub(r"\A\s*<h1\b.*?</h1>", "", html, count=1, flags=re.DOTALL)


def _prefixed(part: Part, prefix: str) -> Part:
    html = re.sub(r'(\sid=")', rf"\g<1>{prefix}", part.html)
    html = re.sub(r'(\shref="#)', rf"\g<1>{prefix}", html)
    outline = [
        Heading(level=h.level, text=h.text, slug=prefix + h.slug, line=h.line) for h in part.outline
    ]
    return Part(title=part.title, html=html, outline=outline)
