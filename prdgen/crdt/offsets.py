"""Offsets in UTF-16 units, as browsers count, and in code points, as documents do here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

_FIRST_PAIR = 0x10000


class Offsets:
    """Translates offsets of one text; made once for a text and asked often."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        # The code points that take two units; everything else is arithmetic.
        self._pairs = (
            [] if text.isascii() else [i for i, c in enumerate(text) if ord(c) >= _FIRST_PAIR]
        )
        self._units = [point + index for index, point in enumerate(self._pairs)]

    def to_utf16(self, position: int) -> int:
        """The offset in UTF-16 units of a code point's place; beyond the end is the end."""
        position = min(max(position, 0), self._length)
        return position + bisect_left(self._pairs, position)

    def from_utf16(self, offset: int) -> int:
        """The code point's place of an offset in UTF-16 units; inside a pair is before it."""
        offset = max(offset, 0)
        # A pair that begins at unit u is over at u + 2; one that is entered only does not count.
        before = bisect_right(self._units, offset - 2)
        entered = bisect_left(self._units, offset) - before
        return min(offset - before - entered, self._length)


def length_utf16(text: str) -> int:
    """How many UTF-16 units `text` has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
