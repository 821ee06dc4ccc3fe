"""The most frequent message of all read at once: a sync message as clients write it.

It is a map of five texts and bytes, so it can be taken apart without a decoder, and without looking
first for what a decoder must not see.
"""

from __future__ import annotations

from typing import Final

_KEYS: Final = {b"type", b"senderId", b"targetId", b"documentId", b"data"}
_MAP_OF_FIVE: Final = (b"\xa5", b"\xb9\x00\x05")
"""CBOR's shortest head, and the one cbor-x writes."""
_BYTES, _TEXT = 0x40, 0x60
_SIZES: Final = {24: 1, 25: 2, 26: 4}


def fields(data: bytes) -> dict[bytes, bytes] | None:
    """The five values of a sync message, texts still in UTF-8; None for anything else."""
    position = next((len(head) for head in _MAP_OF_FIVE if data.startswith(head)), 0)
    if not position:
        return None
    found: dict[bytes, bytes] = {}
    try:
        for _ in range(len(_KEYS)):
            start = position + 1
            position = start + data[position] - _TEXT
            key = data[start:position]
            kind, length = data[position] & 0xE0, data[position] & 0x1F
            position += 1
            if length > 23:
                size = _SIZES[length]
                length = int.from_bytes(data[position : position + size], "big")
                position += size
            if kind != (_BYTES if key == b"data" else _TEXT):
                return None
            found[key] = data[position : position + length]
            position += length
    except (IndexError, KeyError):
        return None
    return found if position == len(data) and found.keys() == _KEYS else None
