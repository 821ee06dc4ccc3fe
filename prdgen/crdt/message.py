"""Automerge's sync messages as values: what each side has, needs and sends.

The format is version 1 (one change an item) and version 2 (an item is any chunks) of
https://automerge.org/automerge/automerge/sync/; both may end with a list of capabilities.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from prdgen.crdt import leb
from prdgen.crdt.leb import Malformed

VERSION_1, VERSION_2 = 0x42, 0x43
CAPABILITY_2 = 0x02
"""The sender understands version 2."""
_BITS_PER_ENTRY, _PROBES = 10, 7
_MOST_PROBES, _MOST_HAVES, _MOST_CHANGES = 16, 4, 100_000
_MOST_CAPABILITIES = 64
_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Bloom:
    """A set of hashes in ten bits each, with one false member in a hundred."""

    entries: int = 0
    probes: int = _PROBES
    bits: bytes = b""
    bits_per_entry: int = _BITS_PER_ENTRY

    def __contains__(self, change_hash: bytes) -> bool:
        if not self.bits:
            return False
        return all(
            self.bits[probe >> 3] & (1 << (probe & 7))
            for probe in _probes(change_hash, len(self.bits), self.probes)
        )

    def encode(self) -> bytes:
        """The filter as it stands in a message."""
        if not self.entries:
            return b""
        sizes = (self.entries, self.bits_per_entry, self.probes)
        return b"".join(map(leb.number, sizes)) + self.bits


NO_BLOOM: Final = Bloom()


class Have(NamedTuple):
    """What a peer has: everything up to `last_sync`, and since then what is in the filter."""

    last_sync: tuple[bytes, ...] = ()
    bloom: Bloom = NO_BLOOM


class Message(NamedTuple):
    """One sync message. `changes` are chunks, not looked into."""

    heads: tuple[bytes, ...]
    need: tuple[bytes, ...] = ()
    have: tuple[Have, ...] = ()
    changes: tuple[bytes, ...] = ()
    version: int = VERSION_1
    capabilities: bytes = b""


def decode(data: bytes) -> Message:
    """The message in `data`; raises Malformed, also for bytes behind its end."""
    return _usual(data) or _any(data)


def _usual(data: bytes) -> Message | None:
    """A message as an editor nearly always sends it, taken apart at once: few heads, one summary
    with a short filter, at most one short change. None: it is another one, or malformed.
    """
    try:
        heads, at = _few_hashes(data, 1)
        need, at = _few_hashes(data, at)
        last_sync, at = _few_hashes(data, at + 1 if data[at] == 1 else len(data))
        start = at + 1
        at = start + (data[at] if data[at] < 0x80 else len(data))
        filter_bytes, count, end = data[start:at], data[at], at + 1
        changes: tuple[bytes, ...] = ()
        if count:
            start, end = _short_string(data, end)
            changes = (data[start:end],)
    except IndexError:
        return None
    if data[0] != VERSION_1 or count > 1 or end != len(data):
        return None
    return Message(heads, need, (Have(last_sync, _bloom(filter_bytes)),), changes)


def _short_string(data: bytes, at: int) -> tuple[int, int]:
    """Where the byte string at a place begins and ends; IndexError when it is no short one."""
    length, start = data[at], at + 1
    if length >= 0x80:
        more, start = data[start], start + 1
        length = length & 0x7F | more << 7
        if not 0 < more < 0x80:
            raise IndexError
    return start, start + length


def _few_hashes(data: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """The list of hashes at a place, and where it ends; IndexError when it is no short one."""
    count, start = data[at], at + 1
    if count > _FEW:
        raise IndexError
    end = start + count * leb.HASH_BYTES
    return tuple([data[i : i + leb.HASH_BYTES] for i in range(start, end, leb.HASH_BYTES)]), end


def _any(data: bytes) -> Message:
    reader = leb.Reader(data)
    version = reader.byte()
    if version not in {VERSION_1, VERSION_2}:
        raise Malformed(f"a sync message has the unknown type {version}")
    heads, need = reader.hashes(), reader.hashes()
    haves = reader.number()
    if haves > _MOST_HAVES:
        raise Malformed(f"a sync message has {haves} summaries")
    have = tuple(Have(reader.hashes(), _bloom(reader.string(len(data)))) for _ in range(haves))
    count = reader.number()
    if count > _MOST_CHANGES:
        raise Malformed(f"a sync message has {count} changes")
    changes = tuple(reader.string(len(data)) for _ in range(count))
    capabilities = b"" if reader.done else reader.string(_MOST_CAPABILITIES)
    if not reader.done:
        raise Malformed("bytes stand behind a sync message's end")
    return Message(heads, need, have, changes, version, capabilities)


def encode(message: Message) -> bytes:
    """The bytes of `message`, without capabilities: this side asks for version 1 only."""
    parts = [bytes((message.version,)), leb.hashes(message.heads), leb.hashes(message.need)]
    parts.append(leb.number(len(message.have)))
    for have in message.have:
        parts += [leb.hashes(have.last_sync), leb.string(have.bloom.encode())]
    parts.append(leb.number(len(message.changes)))
    parts += [leb.string(change) for change in message.changes]
    return b"".join(parts)


def bloom_of(hashes: Iterable[bytes]) -> Bloom:
    """The filter of `hashes`."""
    members = list(hashes)
    size = (len(members) * _BITS_PER_ENTRY + 7) // 8
    bits = bytearray(size)
    for member in members:
        for probe in _probes(member, size, _PROBES):
            bits[probe >> 3] |= 1 << (probe & 7)
    return Bloom(len(members), _PROBES, bytes(bits))


def _probes(change_hash: bytes, size: int, count: int) -> list[int]:
    # Triple hashing over the hash's first three little-endian words, as the protocol says.
    modulo = 8 * size
    x, y, z = (word % modulo for word in struct.unpack_from("<3I", change_hash))
    probes = [x]
    for _ in range(1, count):
        x = (x + y) % modulo
        y = (y + z) % modulo
        probes.append(x)
    return probes


def _bloom(data: bytes) -> Bloom:
    if not data:
        return NO_BLOOM
    reader = leb.Reader(data)
    entries, per_entry, probes = reader.number(), reader.number(), reader.number()
    size = (entries * per_entry + 7) // 8
    if not 0 < probes <= _MOST_PROBES or size == 0:
        raise Malformed("a filter has no bits or too many probes")
    bits = reader.take(size)
    if not reader.done:
        raise Malformed("bytes stand behind a filter's end")
    return Bloom(entries, probes, bits, per_entry)
