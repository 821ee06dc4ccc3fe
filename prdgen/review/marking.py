"""Places in a page's source → the same words in its rendered body, marked, and what is said of them.

The body is rendered in the mode `preview`, so its blocks know the line they begin on. Within a block
letters and digits are compared, as `anchors.make` does the other way round: markup is in the source only.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from prdgen.merge import alignment
from prdgen.merge.alignment import Effort

_LIMIT_MS: Final = 100
_PIECE: Final = re.compile(
    r"""<(svg|math)\b.*?</\1>|<(/?)([a-zA-Z][\w:-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""",
    re.DOTALL,
)
_ENTITY: Final = re.compile(r"&[^;\s]{1,12};")
_LINE: Final = re.compile(r' data-line="(\d+)"')
_VOID: Final = frozenset({"br", "col", "hr", "img", "input", "wbr"})
_AFTER: Final = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "figure", "dt", "dd", "summary", "table",
})  # fmt: skip
"""What is said stands behind these."""
_BEFORE: Final = frozenset({"li", "blockquote", "section", "details", "div"})
"""What is said stands at the end of these,"""
_BEGIN: Final = _BEFORE - {"li"} | {"ul", "ol", "dl", "p", "pre", "table", "figure"}
"""or before one of these that begins in them."""
_INLINE: Final = frozenset({"a"})
"""A mark's number stands behind these: links do not nest."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of the source that somebody spoke about; `number` is what its mark is called."""

    id: str
    start: int
    end: int
    number: int
    label: str
    """What a screen reader says of its number."""
    address: str = ""
    """Where the conversation is, when it is not on this page."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the body, and the spots whose conversation stands behind it."""

    html: str
    spots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a text, and where each stands in it."""

    text: str
    places: Sequence[int]


@dataclass(slots=True)
class _Body:
    """A rendered body, read once: its letters, its lines, and its tags."""

    html: str
    letters: _Letters
    lines: list[tuple[int, int, int]]
    """(offset of the tag, number of letters before it, line), in order."""
    runs: list[tuple[int, int]]
    """Stretches of text that may be marked."""
    tags: list[tuple[int, int, bool, str]]
    """(start, end, whether it closes, name)."""


def marked(html: str, text: str, spots: Iterable[Spot]) -> list[Part]:
    """The body with the words of each spot marked, in parts: whoever shows them puts what is said of
    a spot behind its part. Spots of which nothing can be seen (front matter) are in no part.
    """
    body = _read(html)
    effort = Effort.lasting(_LIMIT_MS)
    found = [(spot, where) for spot in spots if (where := _where(body, text, spot, effort))]
    if not found:
        return [Part(html)]
    puts: list[tuple[int, int, str]] = []
    stops: dict[int, list[Spot]] = {}
    for spot, (start, end) in sorted(found, key=lambda each: (each[1][1], each[0].number)):
        last = max(start, end - 1)
        below = _talk(body, last)
        hidden = end == start or _over(body, last, {"figure"}) is not None
        number = below if hidden else _over(body, last, _INLINE) or end
        puts.append((min(number, below), 1, _number(spot)))
        stops.setdefault(below, []).append(spot)
    puts += _marks(body, [(spot.id, *where) for spot, where in found])
    return _cut(html, sorted(puts, key=lambda put: put[:2]), stops)


def _number(spot: Spot) -> str:
    address = spot.address or f"#{spot.id}"
    return (
        f'<a class="said" id="at-{escape(spot.id)}" href="{escape(address)}"'
        f' aria-label="{escape(spot.label)}">{spot.number}</a>'
    )


def _marks(body: _Body, ranges: list[tuple[str, int, int]]) -> list[tuple[int, int, str]]:
    """What opens and closes a mark around each stretch of text; where spots overlap, one for both."""
    edges = sorted({edge for _, start, end in ranges for edge in (start, end)})
    puts: list[tuple[int, int, str]] = []
    for first, last in body.runs:
        inside = edges[bisect_right(edges, first) : bisect_left(edges, last)]
        for start, end in zip((first, *inside), (*inside, last), strict=True):
            ids = [id_ for id_, a, b in ranges if a <= start and end <= b]
            if ids and body.html[start:end].strip():
                puts.append(
                    (start, 3, f'<mark class="said" data-threads="{escape(" ".join(ids))}">')
                )
                puts.append((end, 0, "</mark>"))
    return puts


def _cut(html: str, puts: list[tuple[int, int, str]], stops: dict[int, list[Spot]]) -> list[Part]:
    parts: list[Part] = []
    out: list[str] = []
    at = 0
    events = [(place, order, what, False) for place, order, what in puts]
    events += [(place, 2, "", True) for place in stops]
    for place, _, what, stop in sorted(events, key=lambda each: each[:2]):
        out += (html[at:place], what)
        at = place
        if stop:
            parts.append(Part("".join(out), tuple(spot.id for spot in stops[place])))
            out = []
    return [*parts, Part("".join((*out, html[at:])))]


def _read(html: str) -> _Body:
    letters: list[str] = []
    places: list[int] = []
    body = _Body(html, _Letters("", ()), [], [], [])
    at = hidden = 0

    def text(start: int, end: int) -> None:
        if start == end or hidden:
            return
        body.runs.append((start, end))
        bare = _ENTITY.sub(lambda entity: "&" * len(entity[0]), html[start:end])
        for place, letter in enumerate(bare, start):
            if letter.isalnum():
                letters.append(letter)
                places.append(place)

    hide = ""
    for piece in _PIECE.finditer(html):
        text(at, piece.start())
        at = piece.end()
        name, closes = (piece[3] or "").lower(), bool(piece[2])
        if piece[1] or name in _VOID:
            continue
        if line := _LINE.search(piece[4]):
            body.lines.append((piece.start(), len(letters), int(line[1])))
        body.tags.append((piece.start(), piece.end(), closes, name))
        if hidden:
            hidden += (-1 if closes else 1) if name == hide else 0
        elif not closes and (name == "del" or "badge moved" in piece[4]):
            hidden, hide = 1, name
    text(at, len(html))
    body.letters = _Letters("".join(letters), places)
    return body


def _where(body: _Body, text: str, spot: Spot, effort: Effort) -> tuple[int, int] | None:
    """Where a stretch of the source is in the body; an empty stretch at the block of which nothing can
    be marked (a diagram); None: it is not shown.
    """
    first, last = text.count("\n", 0, spot.start) + 1, text.count("\n", 0, spot.end) + 1
    above = [line for _, _, line in body.lines if line <= first]
    if not above:
        return None
    block = max(above)
    number = next(n for n, each in enumerate(body.lines) if each[2] == block)
    offset, from_ = body.lines[number][:2]
    to = next((count for _, count, line in body.lines[number:] if line > last or line < block),
              len(body.letters.text))  # fmt: skip
    next_line = min((line for _, _, line in body.lines if line > last), default=0)
    source = _letters(
        text, _offset(text, block), _offset(text, next_line) if next_line else len(text)
    )
    begun = bisect_left(source.places, spot.start)
    ended = bisect_left(source.places, spot.end)
    seen = _seen(source.text, begun, ended, body.letters.text[from_:to], effort)
    if not seen:
        return offset, offset
    start, end = (body.letters.places[from_ + n] for n in (seen[0], seen[-1]))
    return start, _with_stops(body.html, end + 1, text[source.places[ended - 1] + 1 : spot.end])


def _with_stops(html: str, end: int, rest: str) -> int:
    """With the full stop or bracket that was spoken about, too."""
    same = 0
    while same < len(rest) and html[end + same : end + same + 1] == rest[same] not in "<&\n":
        same += 1
    return end + same


def _letters(text: str, start: int, end: int) -> _Letters:
    places = [place for place in range(start, end) if text[place].isalnum()]
    return _Letters("".join(text[place] for place in places), places)


def _offset(text: str, line: int) -> int:
    """Where a line (from 1) begins."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at


def _seen(source: str, begun: int, ended: int, shown: str, effort: Effort) -> list[int]:
    """Which letters of what is shown are `source[begun:ended]`, in order."""
    wanted = source[begun:ended]
    if wanted and source.count(wanted) == shown.count(wanted) == 1:
        first = shown.index(wanted)
        return list(range(first, first + len(wanted)))
    pairs = _pairs(source, shown, effort)
    return [pairs[n] for n in range(begun, ended) if n in pairs]


def _pairs(source: str, shown: str, effort: Effort) -> dict[int, int]:
    """Index of a letter in the source → its index in what is shown."""
    found: dict[int, int] = {}
    at = new_at = 0
    spans = alignment.align(source, shown, effort)
    for span in (*spans, alignment.Span(len(source), 0, len(shown), 0)):
        found |= zip(range(at, span.start), range(new_at, span.new_start), strict=True)
        at, new_at = span.end, span.new_end
    return found


def _open_at(body: _Body, last: int) -> tuple[int, list[str]]:
    """How many tags begin up to an offset, and which elements are open there."""
    begun = bisect_right(body.tags, (last, len(body.html), True, ""))
    open_: list[str] = []
    for _, _, closes, name in body.tags[:begun]:
        _walk(open_, closes, name)
    return begun, open_


def _walk(open_: list[str], closes: bool, name: str) -> None:
    if not closes:
        open_.append(name)
    elif name in open_:
        del open_[len(open_) - 1 - open_[::-1].index(name) :]


def _over(body: _Body, last: int, names: Container[str]) -> int | None:
    """Where the outermost of these elements that are open at an offset ends; None: none is open."""
    begun, open_ = _open_at(body, last)
    depth = next((n for n, name in enumerate(open_) if name in names), None)
    if depth is None:
        return None
    for _, end, closes, name in body.tags[begun:]:
        _walk(open_, closes, name)
        if len(open_) <= depth:
            return end
    return len(body.html)


def _talk(body: _Body, last: int) -> int:
    """Where stands what is said of words that end at an offset: below their block."""
    whole = _over(body, last, {"table", "figure"})
    if whole is not None:
        return whole
    begun, _ = _open_at(body, last)
    for start, end, closes, name in body.tags[begun:]:
        if closes and name in _AFTER:
            return end
        if name in (_BEFORE if closes else _BEGIN):
            return start
    return len(body.html)
