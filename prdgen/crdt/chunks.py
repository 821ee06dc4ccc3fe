"""Automerge's chunks: the envelope of documents and changes, and what a change says of itself."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from prdgen.crdt import leb
from prdgen.crdt.leb import Malformed

MAGIC = b"\x85\x6f\x4a\x83"
DOCUMENT, CHANGE, COMPRESSED_CHANGE = 0, 1, 2
DEFLATED_COLUMN = 0b1000
INFLATE_STORED = 1 << 30
"""The bound for chunks that are part of a document already."""
_ACTOR_LIMIT = 128
_HASHED_FROM = 8
"""Behind the magic bytes and the checksum: type, length and body."""


class Chunk(NamedTuple):
    """One chunk, its checksum seen to be right; `body` is inflated for a compressed change."""

    kind: int
    hash: bytes
    body: bytes
    data: bytes
    """The chunk as it came, envelope included."""


class ChangeBody(NamedTuple):
    """A change before its operations are looked at; `columns` by specification number."""

    hash: bytes
    actor: bytes
    seq: int
    deps: tuple[bytes, ...]
    start_op: int
    time: int
    message: bytes
    others: tuple[bytes, ...]
    columns: dict[int, bytes]
    data: bytes

    @property
    def actors(self) -> tuple[bytes, ...]:
        """What the change's actor columns index: its own actor, then the others."""
        return (self.actor, *self.others)


def split(data: bytes, inflate_limit: int) -> Iterator[Chunk]:
    """The chunks that stand one after the other in `data`; raises Malformed on anything else."""
    reader = leb.Reader(data)
    while not reader.done:
        start = reader.position
        if reader.take(4) != MAGIC:
            raise Malformed("a chunk does not begin with Automerge's magic bytes")
        checksum = reader.take(4)
        kind = reader.byte()
        body = reader.take(reader.number())
        whole = data[start : reader.position]
        if kind == CHANGE:  # nearly always; what is hashed stands there already
            digest = hashlib.sha256(whole[_HASHED_FROM:]).digest()
        else:
            if kind == COMPRESSED_CHANGE:
                body = inflate(body, inflate_limit)
            elif kind != DOCUMENT:
                raise Malformed(f"a chunk has the unknown type {kind}")
            digest = chunk_hash(kind, body)
        if digest[:4] != checksum:
            raise Malformed("a chunk's checksum is wrong")
        yield Chunk(kind, digest, body, whole)


def is_plain(data: bytes) -> bool:
    """Whether a chunk is a change as it was made, not a compressed one."""
    return data[8] == CHANGE


def chunk_hash(kind: int, body: bytes) -> bytes:
    """The hash a chunk is known by; that of a compressed change is its inflated form's."""
    hashed = CHANGE if kind == COMPRESSED_CHANGE else kind
    return hashlib.sha256(bytes((hashed,)) + leb.number(len(body)) + body).digest()


def seal(kind: int, body: bytes) -> bytes:
    """A chunk around `body` (inflated), with the right checksum."""
    stored = body
    if kind == COMPRESSED_CHANGE:
        deflater = zlib.compressobj(wbits=-15)
        stored = deflater.compress(body) + deflater.flush()
    return MAGIC + chunk_hash(kind, body)[:4] + bytes((kind,)) + leb.string(stored)


def inflate(data: bytes, limit: int) -> bytes:
    """Raw DEFLATE, refused past `limit` bytes and when anything stands behind its end."""
    inflater = zlib.decompressobj(wbits=-15)
    try:
        body = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise Malformed(f"a chunk does not inflate: {error}") from error
    if len(body) > limit:
        raise Malformed(f"a chunk inflates to more than {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise Malformed("a deflated chunk ends too early or too late")
    return body


def change(chunk: Chunk) -> ChangeBody:
    """What a change chunk says of itself; raises Malformed, also for bytes behind its end."""
    reader = leb.Reader(chunk.body)
    deps = reader.hashes()
    actor = reader.string(_ACTOR_LIMIT)
    seq, start_op = reader.number(), reader.number()
    time, note = reader.signed(), reader.string(len(chunk.body))
    count = reader.number()
    if count > len(chunk.body):
        raise Malformed("the bytes end too early")
    others = tuple(reader.string(_ACTOR_LIMIT) for _ in range(count))
    columns = column_data(reader, column_lengths(reader))
    if not reader.done:
        raise Malformed("bytes stand behind a change's end")
    return ChangeBody(
        chunk.hash, actor, seq, deps, start_op, time, note, others, columns, chunk.data
    )


def column_lengths(reader: leb.Reader) -> list[tuple[int, int]]:
    """The table of columns: (specification, length), in rising order of specification."""
    count = reader.number()
    if count > reader.end - reader.position:
        raise Malformed("the bytes end too early")
    table = reader.data[reader.position : min(reader.position + 2 * count, reader.end)]
    if len(table) == 2 * count and table.isascii():  # nearly always: numbers of one byte
        reader.position += len(table)
        lengths = list(zip(table[::2], table[1::2], strict=True))
    else:
        lengths = [(reader.number(), reader.number()) for _ in range(count)]
    order = [specification & ~DEFLATED_COLUMN for specification, _ in lengths]
    if sorted(set(order)) != order:
        raise Malformed("a change's columns are out of order")
    return lengths


def column_data(reader: leb.Reader, lengths: list[tuple[int, int]]) -> dict[int, bytes]:
    """Each column's bytes by its specification."""
    data, at = reader.data, reader.position
    found: dict[int, bytes] = {}
    for specification, length in lengths:
        found[specification] = data[at : at + length]
        at += length
    if at > reader.end:
        raise Malformed("the bytes end too early")
    reader.position = at
    return found
