"""Trap 21: forged changes with right checksums never reach a panic, and never spoil a document.

`FUZZ_DOCUMENTS=20000` tries that many documents; the suite tries a few.
"""

from __future__ import annotations

import os
import random

import pytest

from prdgen.crdt import chunks, errors, guard, leb, message, operations, wire
from prdgen.crdt.replica import Replica
from prdgen.crdt.sync import Session

from .making import ACTOR, EnginePeer, body_of, forged_rows, typed

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "60"))
WORKERS = 4
TEXTS = ["a", "bc", "é😀", "xyz" * 10]


def a_document(rng: random.Random) -> tuple[Replica, list[bytes]]:
    """A document with some history, and changes somebody made to an earlier version of it."""
    replica = Replica.seed("Hello wörld 😀\n" * 3)
    for _ in range(rng.randrange(4)):
        how = {"actor": rng.choice([None, ACTOR])}
        typed(replica, rng.randrange(20), rng.choice(TEXTS), delete=rng.randrange(3), **how)
    writer = Replica.load(replica.save())
    if rng.random() < 0.5:
        typed(replica, 3, "zz", delete=2)
    changes = [
        typed(writer, rng.randrange(20), rng.choice(TEXTS), delete=rng.randrange(4)).data
        for _ in range(rng.randrange(1, 3))
    ]
    return replica, changes


def bytes_changed(rng: random.Random, data: bytes) -> bytes:
    (chunk,) = chunks.split(data, 1 << 20)
    body = bytearray(chunk.body)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(rng.choice([0, 33]), len(body))
        kind = rng.randrange(4)
        if kind == 0:
            body[at] = rng.randrange(256)
        elif kind == 1:
            body[at] = (body[at] + rng.choice([-2, -1, 1, 2, 127, 128])) % 256
        elif kind == 2:
            del body[at]
        else:
            body.insert(at, rng.randrange(256))
    return chunks.seal(rng.choice([chunks.CHANGE, chunks.COMPRESSED_CHANGE]), bytes(body))


def rows_changed(rng: random.Random, data: bytes) -> bytes:
    """Like `bytes_changed`, but written as Automerge would write it."""
    (chunk,) = chunks.split(data, 1 << 20)
    body = chunks.change(chunk)
    rows = operations.rows(body, operations.count(body), operations.ANY)
    name = rng.choice(["key_actor", "key_counter", "insert", "action", "value_meta", "pred",
                       "pred_actor", "pred_counter", "object_actor", "object_counter"])  # fmt: skip
    column = list(getattr(rows, name))
    if column:
        at = rng.randrange(len(column))
        other = [None, 0, 1, 2, 3, 7, 22, *column, (column[at] or 0) + rng.choice([-1, 1, 2])]
        column[at] = bool(rng.randrange(2)) if name == "insert" else rng.choice(other)
    if any((value or 0) < 0 for value in column):
        column = [abs(value or 0) for value in column]
    return forged_rows(body, **{name: column})


def usable(replica: Replica) -> None:
    """The document can be read, saved, loaded, edited and served."""
    text = replica.text()
    again = Replica.load(replica.save())
    assert (again.text(), again.heads) == (text, replica.heads)
    typed(again, len(text) // 2, "Q")
    assert again.text() == text[: len(text) // 2] + "Q" + text[len(text) // 2 :]
    peer = EnginePeer(again.save())
    assert peer.text() == again.text()


@pytest.mark.parametrize("part", range(WORKERS))
def test_forged_changes(part):
    """Refused with a reason, or harmless: nothing else."""
    taken = 0
    for seed in range(part, DOCUMENTS, WORKERS):
        rng = random.Random(seed)
        replica, changes = a_document(rng)
        snapshot = replica.save()
        for _ in range(12):
            forge = rng.choice([bytes_changed, rows_changed])
            which = rng.randrange(len(changes))
            given = [forge(rng, data) if i == which else data for i, data in enumerate(changes)]
            try:
                replica.apply(given)
            except errors.ChangeRefused:
                assert replica.save() == snapshot
                continue
            taken += 1
            usable(replica)
            replica = Replica.load(snapshot)
    assert taken or DOCUMENTS < 20


@pytest.mark.parametrize("part", range(WORKERS))
def test_forged_sync_messages(part):
    """A sync message is refused or taken, and the answer can be made."""
    for seed in range(part, DOCUMENTS, WORKERS):
        rng = random.Random(seed)
        replica, changes = a_document(rng)
        have = message.Have(replica.heads[:1], message.bloom_of([bytes(32), b"\7" * 32]))
        data = message.encode(message.Message(replica.heads, (b"\1" * 32,), (have,), (*changes,)))
        for _ in range(20):
            mutated = bytearray(data)
            for _ in range(rng.randrange(1, 4)):
                mutated[rng.randrange(min(len(mutated), 150))] = rng.choice([0, 1, 127, 128, 255])
            session = Session()
            try:
                session.receive(replica, bytes(mutated))
            except errors.SyncRefused:
                continue
            session.next_message(replica)


def test_forged_envelopes():
    """CBOR from a stranger is a message or a BadMessage."""
    rng = random.Random(1)
    samples = [
        wire.encode(wire.Join("peer", metadata=wire.Metadata("storage", False))),
        wire.encode(wire.Sync("a", "b", "c", b"data" * 5)),
        wire.encode(wire.RemoteHeadsChanged("a", "b", "c", {"s": wire.StorageHeads(("h",), 5)})),
    ]
    for _ in range(DOCUMENTS * 100):
        data = bytearray(rng.choice(samples))
        for _ in range(rng.randrange(1, 5)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            wire.decode(bytes(data))
        except errors.BadMessage:
            continue


def test_random_bytes_are_no_changes():
    """Noise with a right checksum is refused."""
    rng = random.Random(2)
    replica = Replica.seed("Hello")
    for _ in range(DOCUMENTS * 5):
        data = chunks.seal(rng.randrange(2) + 1, rng.randbytes(rng.randrange(200)))
        with pytest.raises(errors.ChangeRefused):
            replica.apply([data])


def test_a_panic_is_named():
    """What the engine throws is no Exception; here it becomes EnginePanicked."""
    replica, peer = Replica.seed("Hello"), Replica.seed("Hello")
    snapshot = replica.save()
    data = forged_rows(body_of(typed(peer, 3, "x")), key_actor=[5])
    with pytest.raises(errors.EnginePanicked) as panicked:
        replica.apply([data], stored=True)
    assert not isinstance(panicked.value.__cause__, Exception)
    with pytest.raises(errors.NotADocument):
        Replica.load(snapshot, [data])


def test_a_change_the_engine_leaves_out_is_not_passed_over():
    """The engine drops some broken changes without a word."""
    replica, peer = Replica.seed("Hello"), Replica.seed("Hello")
    data = forged_rows(body_of(typed(peer, 3, "x")), action=[99])
    with pytest.raises(errors.EnginePanicked):
        replica.apply([data], stored=True)


@pytest.mark.parametrize("part", range(WORKERS))
def test_a_single_letters_change_is_judged_like_any_other(part, monkeypatch):
    """What is typed letter by letter is read a shorter way: forged or not, with the same verdict."""
    rng = random.Random(1000 + part)
    verdicts = []
    for _ in range(DOCUMENTS):
        replica = Replica.seed("Hello wörld 😀\n" * 3)
        letter = typed(replica, rng.randrange(20), rng.choice("aé😀"), actor=ACTOR).data
        gone = typed(replica, rng.randrange(20), "", delete=1, actor=rng.choice([None, ACTOR])).data
        for data in (letter, gone, *(bytes_changed(rng, d) for d in (letter, gone) * 15)):
            short = verdict(replica, data)
            with monkeypatch.context() as patch:
                patch.setattr(operations, "single", lambda _: None)
                assert verdict(replica, data) == short
            verdicts.append(short)
    assert {type(found) for found in verdicts} == {str, guard.Checked}


def verdict(replica: Replica, data: bytes) -> guard.Checked | str:
    """What the guard makes of one change; the rows of a short one and a long one are lists."""
    try:
        (chunk,) = chunks.split(data, 1 << 20)
        return guard.check_change(chunk, guard.DEFAULT, replica.content)
    except (errors.ChangeRefused, leb.Malformed):
        return "refused"


def test_typed_and_deleted_letters_take_the_short_way():
    """Or the short way would be tested on nothing."""
    replica = Replica.seed("Hello")
    for change in (typed(replica, 2, "é"), typed(replica, 1, "", delete=1)):
        assert operations.single(body_of(change)) is not None
