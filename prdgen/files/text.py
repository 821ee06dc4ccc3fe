"""Bytes of a file ⇄ text of a document, so that bytes outside an edit never change.

A document's text has LF only and no BOM. In a file every CRLF, LF and lone CR ends a line (as
CommonMark and CodeMirror read them), whatever their mixture.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from prdgen.files.errors import NotEditable

BOM: Final = b"\xef\xbb\xbf"
_ENDING: Final = re.compile(r"\r\n|\r|\n")
_UNWRITABLE: Final = re.compile("[\ud800-\udfff\0]")


class Splice(Protocol):
    """`insert` instead of `delete` code points at `position` of the old text."""

    @property
    def position(self) -> int:
        """Where, in code points."""

    @property
    def delete(self) -> int:
        """How many code points go."""

    @property
    def insert(self) -> str:
        """What comes."""


class Edit(NamedTuple):
    """A splice for callers that have none of their own."""

    position: int
    delete: int
    insert: str


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text as a document has it, and what of the bytes it does not show."""

    text: str
    bom: bool
    endings: tuple[str, ...]
    """The ending of each line that has one, from the top."""


def decode(data: bytes) -> FileText:
    """The text in a file's bytes. Raises NotEditable: not UTF-8, or a NUL in it."""
    bom = data.startswith(BOM)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise NotEditable(reason=f"it has a NUL byte on line {line}, so it is not text")
    try:
        raw = data[len(BOM) :].decode("utf-8") if bom else data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotEditable(
            reason=f"it is not UTF-8 (the first bad byte is on line {line})"
        ) from error
    if "\r" not in raw:
        return FileText(raw, bom, ("\n",) * raw.count("\n"))
    return FileText(_ENDING.sub("\n", raw), bom, tuple(_ENDING.findall(raw)))


def writable(text: str) -> str:
    """`text` as a file can hold it: LF for CR and CRLF, U+FFFD for NUL and lone surrogates."""
    return _UNWRITABLE.sub("\ufffd", _ENDING.sub("\n", text))


def encode(text: str) -> bytes:
    """The bytes of a new file: UTF-8, LF, no BOM."""
    return writable(text).encode()


def patch(data: bytes, splices: Iterable[Splice]) -> bytes:
    """`data` with the splices done, which count in code points of `decode(data).text`.

    They may come in any order but not overlap. Every byte outside them stays: BOM, endings, the
    missing final newline. A new line takes the ending of the line it is made in (without one: of
    the line above). One ending beside an edit changes only where the bytes would otherwise read
    differently: a lone CR that comes to stand before an LF. What is inserted goes through
    `writable`. Raises NotEditable, and ValueError for splices outside the text.
    """
    old = decode(data)
    ordered = sorted(splices, key=lambda splice: (splice.position, splice.delete))
    joined = "".join(_unambiguous([piece for piece in _pieces(old, ordered) if piece]))
    return (BOM if old.bom else b"") + joined.encode()


def _pieces(old: FileText, splices: list[Splice]) -> Iterator[str]:
    newlines = [match.start() for match in re.finditer("\n", old.text)]
    common = Counter(old.endings).most_common(1)[0][0] if old.endings else "\n"
    at = 0
    for splice in splices:
        end = splice.position + splice.delete
        if splice.delete < 0 or splice.position < at or end > len(old.text):
            raise ValueError(f"splice {splice!r} is outside the text or overlaps another")
        yield _kept(old, newlines, at, splice.position)
        line = bisect_left(newlines, splice.position)
        own = old.endings[min(line, len(old.endings) - 1)] if old.endings else common
        insert = writable(splice.insert)
        yield insert if own == "\n" else insert.replace("\n", own)
        at = end
    yield _kept(old, newlines, at, len(old.text))


def _kept(old: FileText, newlines: list[int], start: int, end: int) -> str:
    """The characters [start, end) of the text with the endings they have in the file."""
    span = old.text[start:end]
    first, last = bisect_left(newlines, start), bisect_left(newlines, end)
    endings = old.endings[first:last]
    if not endings or set(endings) == {"\n"}:
        return span
    lines = span.split("\n")
    return "".join(map(str.__add__, lines, (*endings, "")))


def _unambiguous(pieces: list[str]) -> Iterator[str]:
    """The pieces, with CRLF for a CR that would melt into one ending with the next piece's LF."""
    for piece, following in pairwise([*pieces, ""]):
        melts = piece.endswith("\r") and following.startswith("\n")
        yield piece + "\n" if melts else piece


def readable(data: bytes) -> str:
    """A page's text for reading, even when its bytes are not UTF-8."""
    try:
        return decode(data).text
    except NotEditable:
        return data.decode("utf-8", "replace").replace("\0", "\ufffd")
