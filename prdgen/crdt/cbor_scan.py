"""A look over CBOR before it is decoded: its depth, its size in items, and no tags that do things.

A decoder follows tags into regular expressions, decimals with huge exponents and references, and
nests as deep as the bytes say. Messages of the sync protocol need none of that.
"""

from __future__ import annotations

from typing import Final

from prdgen.crdt.errors import BadMessage

BYTES_TAG: Final = 64
"""RFC 8746: the byte string inside is an array of bytes; some clients write it."""
MOST_DEPTH: Final = 16
MOST_ITEMS: Final = 20_000
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_LONG_ARGUMENTS = {24: 1, 25: 2, 26: 4, 27: 8}


def check(data: bytes) -> None:
    """Raise BadMessage unless `data` is exactly one plain CBOR item within the bounds.

    Plain: definite lengths, text as keys, no tag but 64 around bytes.
    """
    position = items = 0
    # For each open container: how many items are still to come, and whether it is a map, whose
    # keys are the even ones.
    open_containers: list[list[int]] = [[1, 0]]
    while open_containers:
        level = open_containers[-1]
        if level[0] == 0:
            open_containers.pop()
            continue
        is_key = level[1] and level[0] % 2 == 0
        level[0] -= 1
        items += 1
        kind, argument, position = _head(data, position)
        if is_key and kind != _TEXT:
            raise BadMessage(why="a key is not text")
        if kind in {_BYTES, _TEXT}:
            position += argument
        elif kind in {_ARRAY, _MAP}:
            open_containers.append([argument * (kind - 3), kind == _MAP])
        elif kind == _TAG:
            if argument != BYTES_TAG or _head(data, position)[0] != _BYTES:
                raise BadMessage(why=f"it has the tag {argument}")
            level[0] += 1
        if items > MOST_ITEMS or len(open_containers) > MOST_DEPTH or position > len(data):
            raise BadMessage(why="it is too deep, too long or too short")
    if position != len(data):
        raise BadMessage(why="bytes stand behind its end")


def _head(data: bytes, position: int) -> tuple[int, int, int]:
    """The item's major type and argument, and where its content begins."""
    if position >= len(data):
        raise BadMessage(why="it ends too early")
    kind, argument = data[position] >> 5, data[position] & 0x1F
    position += 1
    if argument < 24:
        return kind, argument, position
    size = _LONG_ARGUMENTS.get(argument)
    if size is None:
        raise BadMessage(why="it has lengths that are not given")
    return kind, int.from_bytes(data[position : position + size], "big"), position + size
