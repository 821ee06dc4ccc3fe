"""Reading and writing Automerge's numbers (LEB128), byte strings and hashes, with bounds.

Format: https://automerge.org/automerge-binary-format-spec/
"""

from __future__ import annotations

from collections.abc import Sequence

HASH_BYTES = 32


class Malformed(ValueError):
    """The bytes are not what the format says; callers turn it into their own refusal."""


class Reader:
    """Walks over bytes from the front; every method raises Malformed past the end."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    def byte(self) -> int:
        """The next byte."""
        if self.position >= self.end:
            raise Malformed("the bytes end too early")
        value = self.data[self.position]
        self.position += 1
        return value

    def number(self) -> int:
        """An unsigned LEB128 number below 2**64, in its shortest form."""
        position = self.position
        if position < self.end and self.data[position] < 0x80:  # nearly always
            self.position = position + 1
            return self.data[position]
        value = self.byte() & 0x7F
        shift = 7
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Malformed("a number is too long")
        if byte == 0 or value >> 64:
            raise Malformed("a number is not in its shortest form")
        return value

    def signed(self) -> int:
        """A signed LEB128 number of 64 bits."""
        position = self.position
        if position < self.end and self.data[position] < 0x80:  # nearly always
            self.position = position + 1
            return (self.data[position] ^ 0x40) - 0x40
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 63:
                raise Malformed("a number is too long")
        if byte & 0x40:
            value -= 1 << shift
        if not -(1 << 63) <= value < 1 << 63:
            raise Malformed("a number has more than 64 bits")
        return value

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.position
        if count > self.end - start:
            raise Malformed("the bytes end too early")
        self.position = start + count
        return self.data[start : start + count]

    def string(self, limit: int) -> bytes:
        """A byte string with its length in front, of at most `limit` bytes."""
        count = self.number()
        if count > limit:
            raise Malformed(f"a length of {count} is over the limit of {limit}")
        return self.take(count)

    def hashes(self) -> tuple[bytes, ...]:
        """A list of hashes with its length in front."""
        count = self.number()
        if count * HASH_BYTES > self.end - self.position:
            raise Malformed("the bytes end too early")
        return tuple(self.take(HASH_BYTES) for _ in range(count))

    @property
    def done(self) -> bool:
        """Whether every byte was read."""
        return self.position >= self.end


def number(value: int) -> bytes:
    """`value` ≥ 0 as unsigned LEB128."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """`value` as signed LEB128, in its shortest form."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def string(data: bytes) -> bytes:
    """`data` with its length in front."""
    return number(len(data)) + data


def hashes(values: Sequence[bytes]) -> bytes:
    """A list of hashes with its length in front."""
    return number(len(values)) + b"".join(values)
