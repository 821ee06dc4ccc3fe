"""One or several pages as one document, the way PDF and Word want them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from prdgen.builder import drawings
from prdgen.page.outline import Heading
from prdgen.page.requirements import Requirement

ORIGIN: Final = "https://repository.invalid/"
"""What stands for the repository in a document's image addresses; no network ever sees it."""


Progress = Callable[[int, int], None]
"""Told how many pages are done, and of how many; whatever it raises stops the making."""


def nobody_asks(_done: int, _all: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Part:
    """One rendered page of a document."""

    title: str
    html: str
    """Safe HTML from `render.render` in mode `pdf` or `word`."""
    outline: Sequence[Heading] = ()
    requirements: Sequence[Requirement] = ()
    page_path: str = ""
    folder: str = ""
    """The section of the navigation it stands in, where a book says so."""


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

    template: bytes | None = None
    """A .docx whose styles a Word file takes over."""
    template_path: str = ""

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
    return lambda path: address(path) if path in files else None


def address(path: str) -> str:
    """The address of a file of the repository in a body."""
    return quote(path, safe="/")


def path_of(given: str) -> str:
    """The repository path an image's address in a body stands for."""
    return unquote(given.removeprefix(ORIGIN).partition("#")[0].partition("?")[0])


def anchor(number: int, name: str, count: int) -> str:
    """The name an anchor of part `number` has in a document of `count` parts; "" is its beginning."""
    return name if count == 1 else f"p{number}-{name}"


def to_part(page_path: str, fragment: str) -> str:
    """What a body has as address of another page that may stand in the same document."""
    return f"#@{quote(page_path, safe='/')}@{quote(fragment)}"


def joined(parts: Sequence[Part]) -> list[Part]:
    """The parts with anchors that are unique in the whole document, and links among them."""
    if len(parts) == 1:
        return [parts[0]]
    numbers = {part.page_path: number for number, part in enumerate(parts)}
    return [_joined(part, number, numbers) for number, part in enumerate(parts)]


def without_title(body: str) -> str:
    """The body without its first heading, which the title block shows."""
    return re.sub(r"\A\s*<h1\b.*?</h1>", "", body, count=1, flags=re.DOTALL)


# Only inside a tag: what a page shows as code may look the same.
_ID: Final = re.compile(r'(<[a-zA-Z][^<>]*?\sid=")')
_TO_PART: Final = re.compile(r'(<[a-zA-Z][^<>]*?\shref=")#@([^"@]*)@([^"]*)(")')
_HERE: Final = re.compile(r'(<[a-zA-Z][^<>]*?\shref="#)(?!@)')


def _joined(part: Part, number: int, numbers: Mapping[str, int]) -> Part:
    prefix = f"p{number}-"

    def there(match: re.Match[str]) -> str:
        target = numbers.get(unquote(html.unescape(match[2])), number)
        return f"{match[1]}#p{target}-{match[3]}{match[4]}"

    # A drawing is a picture by itself: what it says of its own parts stays as it is.
    bare, drawn = drawings.taken_out(part.html)
    bare = _TO_PART.sub(there, _HERE.sub(rf"\g<1>{prefix}", _ID.sub(rf"\g<1>{prefix}", bare)))
    body = drawings.put_back(bare, drawn)
    if not re.match(r"\s*<h1\b", body):
        body = f"<h1>{html.escape(part.title)}</h1>\n{body}"
    outline = [
        Heading(level=h.level, text=h.text, slug=prefix + h.slug, line=h.line) for h in part.outline
    ]
    return replace(part, html=f'<div id="{prefix}"></div>{body}', outline=outline)
