"""Sync messages are read in one way, at once or with care."""

from __future__ import annotations

import random

import pytest

from prdgen.crdt import leb, message
from prdgen.crdt.message import Have, Message


def outcome(data):
    """The message, or that it is none."""
    try:
        return message.decode(data)
    except leb.Malformed:
        return "malformed"


def a_message(rng: random.Random) -> Message:
    def hashes(most):
        return tuple(rng.randbytes(32) for _ in range(rng.choice([0, 1, 1, 2, most])))

    have = Have(hashes(9), message.bloom_of(hashes(200)))
    changes = tuple(
        rng.randbytes(rng.choice([0, 1, 95, 127, 128, 300, 20_000]))
        for _ in range(rng.choice([0, 1, 1, 2]))
    )
    return Message(hashes(9), hashes(3), (have,) * rng.choice([1, 1, 1, 0, 2]), changes)


@pytest.mark.parametrize("part", range(4))
def test_a_message_is_read_alike_at_once_and_with_care(part, monkeypatch):
    """Whole, changed, cut off or longer."""
    rng = random.Random(part)
    at_once = 0
    for _ in range(400):
        data = bytearray(message.encode(a_message(rng)))
        for _ in range(rng.choice([0, 0, 1, 2])):
            at = rng.randrange(len(data))
            data[at] = rng.choice([0, 1, 2, 0x42, 0x43, 0x7F, 0x80, 0xFF, data[at] ^ 1])
        given = bytes(
            data[: rng.choice([len(data)] * 4 + [len(data) - 1, rng.randrange(len(data))])]
        )
        given += rng.choice([b"", b"", b"", b"\0", b"\1\2"])
        found = outcome(given)
        with monkeypatch.context() as patch:
            patch.setattr(message, "_usual", lambda _: None)
            assert outcome(given) == found
        with monkeypatch.context() as patch:
            patch.setattr(message, "_any", lambda _: None)
            at_once += outcome(given) == found
    assert at_once > 15, "or the short way would be tested on nothing"
