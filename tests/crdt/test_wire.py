"""The envelope: CBOR messages of automerge-repo, and everything that only looks like one."""

from __future__ import annotations

import random

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prdgen.crdt import cbor_scan, errors, wire, wire_sync

SYNC = {"type": "sync", "senderId": "a", "targetId": "b", "documentId": "c", "data": b"x"}

MESSAGES = [
    wire.Join("a", ("1", "2"), wire.Metadata("store", is_ephemeral=False)),
    wire.Peer("a", "b", "1", wire.Metadata()),
    wire.Leave("a"),
    wire.Sync("a", "b", "c", b"x"),
    wire.Request("a", "b", "c", b"x"),
    wire.Unavailable("a", "b", "c"),
    wire.Ephemeral("a", "b", "c", "s", 2**40, b""),
    wire.ErrorMessage("oops", "a", "b"),
    wire.RemoteSubscriptionChange("a", "b", ("x",), ("y",)),
    wire.RemoteHeadsChanged("a", "b", "c", {"s": wire.StorageHeads(("h",), 2**41)}),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_there_and_back(message):
    """Every message is read as it was written."""
    assert wire.decode(wire.encode(message)) == message


def test_bytes_with_their_tag():
    """Some encoders tag byte strings as arrays of bytes (RFC 8746)."""
    tagged = SYNC | {"data": cbor2.CBORTag(cbor_scan.BYTES_TAG, b"x")}
    assert wire.decode(cbor2.dumps(tagged)) == wire.Sync("a", "b", "c", b"x")


def test_absent_properties():
    """JavaScript writes absent properties as `undefined`."""
    join = {"type": "join", "senderId": "a", "supportedProtocolVersions": ["1"],
            "peerMetadata": {"storageId": cbor2.undefined, "isEphemeral": True}}  # fmt: skip
    assert wire.decode(cbor2.dumps(join)) == wire.Join("a")


def test_metadata_under_its_documented_name():
    """The protocol's README and its code disagree on one key; both are read."""
    join = {"type": "join", "senderId": "a", "metadata": {"storageId": "s", "isEphemeral": False}}
    assert wire.decode(cbor2.dumps(join)).metadata == wire.Metadata("s", is_ephemeral=False)


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        {},
        {"type": "nothing of ours"},
        {"type": ["sync"]},
        {"type": "sync"},
        SYNC | {"data": "x"},
        SYNC | {"senderId": 5},
        SYNC | {"documentId": "x" * 1000},
        SYNC | {"data": cbor2.CBORTag(35, "(a+)+$")},
        {"type": "join", "senderId": "a", "supportedProtocolVersions": "1"},
        {"type": "join", "senderId": "a", "peerMetadata": []},
        {"type": "join", "senderId": "a", "peerMetadata": {"isEphemeral": 5}},
        {"type": "ephemeral"} | {k: v for k, v in SYNC.items() if k != "type"},
        SYNC | {"type": "ephemeral", "sessionId": "s", "count": -1},
        SYNC | {"type": "ephemeral", "sessionId": "s", "count": float("nan")},
        SYNC | {"type": "ephemeral", "sessionId": "s", "count": True},
        SYNC | {"type": "remote-heads-changed", "newHeads": {"s": []}},
        SYNC | {"type": "remote-heads-changed", "newHeads": {"s": {"heads": [1], "timestamp": 1}}},
        SYNC | {"type": "remote-subscription-change", "add": ["x"] * 5000},
    ],
)
def test_wrong_types(content):
    """A message with a wrong type in it is a bad message."""
    with pytest.raises(errors.BadMessage):
        wire.decode(cbor2.dumps(content))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa1",
        b"\xa1\x64type",
        b"\xff",
        b"\xbf\xff",
        b"\x81" * 100_000,
        b"\x81" * 100_000 + b"\0",
        b"\xa1\x61a" * 50_000 + b"\0",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x9a\x00\x10\x00\x00" + b"\0" * 2**20,
        b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x40\xd8\x40\x41x",
        b"\xa1\x62\xff\xfe\x00",
        b"\xa1\x00\x00",
        b"\xfc",
        cbor2.dumps(SYNC) + b"\0",
    ],
)
def test_cbor_that_is_none_or_too_much(data):
    """Cut off, endless, deep, huge, with references and big decimals: never another error."""
    with pytest.raises(errors.BadMessage):
        wire.decode(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes(data):
    """Whatever the bytes are, it is a message or a BadMessage."""
    try:
        wire.decode(data)
    except errors.BadMessage:
        return


@pytest.mark.parametrize("part", range(4))
def test_a_sync_message_is_read_alike_at_once_and_by_the_decoder(part, monkeypatch):
    """Whole, changed, cut off or longer; by the client's own encoder and by another one."""
    rng = random.Random(part)
    read = 0
    for _ in range(300):
        content = {
            "type": rng.choice(["sync", "sync", "sync", "request"]), "senderId": "peer-é" * rng.choice([1, 5]),
            "targetId": "x" * rng.choice([0, 23, 24, 300, 513]), "documentId": "4NMNnkMhL8jXrdJ9jamS58PAVdXu",
            "data": rng.randbytes(rng.choice([0, 5, 23, 24, 255, 256, 70_000])),
        }  # fmt: skip
        keys = rng.sample(list(content), 5)
        data = bytearray(cbor2.dumps({key: content[key] for key in keys}))
        if rng.random() < 0.5:
            data[:1] = b"\xb9\x00\x05"  # as cbor-x writes it
        for _ in range(rng.choice([0, 0, 1, 2])):
            at = rng.randrange(min(len(data), 120))
            data[at] = rng.choice([0, 0x18, 0x78, 0xFF, data[at] ^ 1, data[at] ^ 0x20])
        given = bytes(data[: rng.choice([len(data)] * 4 + [len(data) - 1])]) + rng.choice(
            [b"", b"", b"a"]
        )
        at_once = outcome(given)
        read += isinstance(at_once, wire.Sync)
        with monkeypatch.context() as patch:
            patch.setattr(wire_sync, "fields", lambda _: None)
            assert outcome(given) == at_once
    assert read > 50


def outcome(data, decode=wire.decode):
    """The message, or that it was refused."""
    try:
        return decode(data)
    except errors.BadMessage:
        return "refused"


def test_clients_sync_messages_are_read_at_once():
    """Or the short way would be tested on nothing."""
    message = wire.Sync("a", "b", "c", b"d" * 300)
    assert wire_sync.fields(wire.encode(message)) is not None
    assert wire_sync.fields(b"\xb9\x00\x05" + wire.encode(message)[1:]) is not None


@pytest.mark.parametrize("part", range(4))
def test_a_connections_messages_are_read_as_each_alone(part):
    """They begin alike, with the same names and in the same order, until one does not."""
    rng = random.Random(part)
    reader = wire.Reader()
    for _ in range(300):
        ends = ("peer-é", rng.choice(["srv"] * 5 + ["x" * 300]), rng.choice("aaaab"))
        message = wire.Sync(*ends, rng.randbytes(rng.choice([0, 5, 23, 24, 255, 256, 70_000])))
        data = bytearray(wire.encode(rng.choice([message] * 5 + MESSAGES)))
        if rng.random() < 0.5:
            data[:1] = b"\xb9\x00\x05"
        for _ in range(rng.choice([0, 0, 0, 1])):
            at = rng.randrange(min(len(data), 120))
            data[at] = rng.choice([0, 0x18, 0x78, 0x5B, 0xFF, data[at] ^ 1, data[at] ^ 0x20])
        given = bytes(data[: rng.choice([len(data)] * 6 + [len(data) - 1])])
        assert outcome(given, reader.decode) == outcome(given)


def test_the_second_message_of_a_connection_is_read_behind_its_head(monkeypatch):
    """Or that way would be tested on nothing."""
    reader, seen = wire.Reader(), []
    monkeypatch.setattr(wire, "decode", lambda data, real=wire.decode: seen.append(1) or real(data))
    for data in (b"x", b"y" * 30, b"z" * 300, b"w" * 70_000):
        message = wire.Sync("a", "b", "c", data)
        assert reader.decode(wire.encode(message)) == message
    assert len(seen) == 1
