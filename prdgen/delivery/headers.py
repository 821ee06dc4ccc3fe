"""What each file is served with: its type, how long it may be kept, and by which keys it is purged."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from prdgen import serving
from prdgen.delivery.build import File, Kind


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds for which what can change is kept, unless a CDN is told that it did."""

    browser: int = 300
    cdn: int = 3600

    @property
    def control(self) -> str:
        """The header Cache-Control."""
        return serving.changing(self.browser, self.cdn)


def coding(file: File) -> str:
    """The content coding of a compressed twin; empty for every other file."""
    return serving.TWINS.get(file.name.partition(".")[2], "")


def plain(path: str, file: File) -> str:
    """The address whose bytes these are, compressed or not."""
    return path.rpartition(".")[0] if coding(file) else path


def of(path: str, file: File, ages: Ages) -> dict[str, str]:
    """The headers of the object at an address; the last two become its metadata, which storage
    gives out as `x-amz-meta-…` and CDNs take as keys.
    """
    shown = plain(path, file)
    found = {
        "Content-Type": serving.content_type(shown),
        "Cache-Control": f"public, {serving.FOREVER}" if file.kind is Kind.FIXED else ages.control,
    }
    if encoding := coding(file):
        found["Content-Encoding"] = encoding
    if file.kind is not Kind.FIXED:
        found |= {name.lower(): value for name, value in serving.keys(shown).items()}
    return found


def addresses(path: str) -> list[str]:
    """What readers ask for to get this file: a page has the folder's address too."""
    written = "/" + quote(path, safe="/~!$&'()*+,;=:@-._")
    if path == "index.html" or path.endswith("/index.html"):
        return [written.removesuffix("index.html"), written]
    return [written]
