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
_LAST_KEY: Final = b"\x64data"


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


def head_of(data: bytes, payload: bytes) -> bytes:
    """What stands before a sync message's data, when that is `payload` and comes last; else nothing."""
    for size in (1, 2, 3, 5):
        end = len(data) - len(payload) - size
        if data[:end].endswith(_LAST_KEY) and behind(data, end) == payload:
            return data[:end]
    return b""


def behind(data: bytes, start: int) -> bytes | None:
    """The bytes that stand from `start` to the end; None when something else does."""
    kind = data[start] if start < len(data) else 0
    begin = start + 1 + _SIZES.get(kind & 0x1F, 0)
    length = kind & 0x1F if kind < _BYTES + 24 else int.from_bytes(data[start + 1 : begin], "big")
    is_whole = _BYTES <= kind <= _BYTES + 26 and len(data) - begin == length
    return data[begin:] if is_whole else None
