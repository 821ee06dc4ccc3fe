"""CBOR (RFC 8949) of plain values, for the server's own live messages; encoding only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Plain = str | int | None | Sequence["Plain"] | Mapping[str, "Plain"]


def encode(value: Plain) -> bytes:
    """The CBOR of strings, natural numbers, None, lists and maps."""
    if value is None:
        return b"\xf6"
    if isinstance(value, str):
        data = value.encode("utf-8", "replace")
        return _head(3, len(data)) + data
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, Mapping):
        pairs = (encode(key) + encode(item) for key, item in value.items())
        return _head(5, len(value)) + b"".join(pairs)
    return _head(4, len(value)) + b"".join(map(encode, value))


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise ValueError(f"{number} has more than 64 bits")
