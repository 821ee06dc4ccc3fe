"""Sessions: the sync protocol against ourselves and against Automerge's own engine."""

from __future__ import annotations

import random
import time

import pytest

from prdgen.crdt import errors, guard, message
from prdgen.crdt.replica import Replica
from prdgen.crdt.sync import Session

from .making import EnginePeer, body_of, forged, million_inserts, serve, talk, two, typed


def sent(*changes: bytes, heads=(), version=message.VERSION_1) -> bytes:
    return message.encode(message.Message(heads, changes=changes, version=version))


def test_a_new_peer_gets_the_document():
    """A client that has nothing is served in a few messages."""
    replica, peer = Replica.seed("Hello 😀"), EnginePeer()
    for index in range(30):
        typed(replica, index, "x")
    assert serve(Session(), replica, peer) <= 4
    assert (peer.text(), peer.heads()) == (replica.text(), replica.heads)


def test_a_new_peer_that_can_gets_one_chunk():
    """A whole document is smaller than its changes; old clients get the changes."""
    replica = Replica.seed("Hello")
    for index in range(200):
        typed(replica, index, "x")
    session = Session()
    session.receive(replica, EnginePeer().next_message())
    answer = message.decode(session.next_message(replica))
    assert (answer.version, len(answer.changes)) == (message.VERSION_2, 1)
    old = Session()
    old.receive(replica, message.encode(message.Message((), have=(message.Have(),))))
    assert len(message.decode(old.next_message(replica)).changes) == 201


def test_edits_of_both_sides_meet():
    """Edits made at the same time are on both sides after one exchange."""
    replica = Replica.seed("Hello")
    peer, session = EnginePeer(replica.save()), Session()
    serve(session, replica, peer)
    peer.type(0, "é😀 ")
    typed(replica, 5, "!")
    serve(session, replica, peer)
    assert peer.text() == replica.text() == "é😀 Hello!"


def test_what_came_is_reported_once():
    """`receive` returns the new changes, in an order in which they can be applied."""
    replica = Replica.seed("Hello")
    peer, session = EnginePeer(replica.save()), Session()
    serve(session, replica, peer)
    before = replica.heads
    peer.type(0, "a")
    peer.type(1, "b")
    data = peer.next_message()
    new = session.receive(replica, data)
    assert new == replica.changes_since(before)
    assert session.receive(replica, data) == []


def test_it_says_what_the_peer_has():
    """`their_heads` is what the peer said it has."""
    replica, peer, session = Replica.seed("Hello"), EnginePeer(), Session()
    assert session.their_heads is None
    serve(session, replica, peer)
    assert session.their_heads == replica.heads


def test_silence_when_nothing_is_new():
    """Two sides that agree stop talking."""
    replica, peer = two()
    one, other = Session(), Session()
    talk(one, replica, other, peer)
    assert one.next_message(replica) is None
    typed(replica, 0, "x")
    assert one.next_message(replica) is not None
    assert one.next_message(replica) is None


def test_a_server_that_lost_everything_gets_it_back():
    """Trap 5: the seed rebuilt, a client's whole history comes in again."""
    replica = Replica.seed("Hello")
    peer = EnginePeer(replica.save())
    peer.type(5, " world")
    serve(Session(), replica, peer)
    rebuilt = Replica.seed("Hello")
    peer.state = type(peer.state)()
    serve(Session(), rebuilt, peer)
    assert rebuilt.text() == "Hello world"


def test_a_server_that_lost_changes_recovers_with_the_old_client_state():
    """A client that kept its sync state with us starts anew when we do not know it any more."""
    replica = Replica.seed("Hello")
    peer = EnginePeer(replica.save())
    serve(Session(), replica, peer)
    peer.type(5, " world")
    serve(Session(), replica, peer)
    rebuilt = Replica.seed("Hello")
    serve(Session(), rebuilt, peer)
    assert rebuilt.text() == peer.text() == "Hello world"


@pytest.mark.parametrize("seed", range(25))
def test_three_peers_converge(seed):
    """Whatever the order of edits and messages, everybody ends with the same text."""
    rng = random.Random(seed)
    replica = Replica.seed("Some text 😀\n")
    peers = [(EnginePeer(), Session()) for _ in range(3)]
    for _ in range(60):
        peer, session = rng.choice(peers)
        if peer.heads() and rng.random() < 0.4:
            peer.type(rng.randrange(len(peer.text()) + 1), rng.choice(["a", "é😀", "xyz"]))
        if rng.random() < 0.1:
            typed(replica, rng.randrange(len(replica.text())), "S")
        if (data := peer.next_message()) is not None:
            session.receive(replica, data)
        if (data := session.next_message(replica)) is not None:
            peer.receive(data)
    for _ in range(2):
        for peer, session in peers:
            serve(session, replica, peer)
    assert {peer.text() for peer, _ in peers} == {replica.text()}


def test_a_reader_who_writes_still_gets_every_later_edit():
    """Trap 8: a follower's changes stay out, and it loses nothing."""
    replica, peer, session = Replica.seed("Hello"), EnginePeer(), Session()
    serve(session, replica, peer, follower=True)
    for index in range(5):
        peer.type(0, "reader ")
        serve(session, replica, peer, follower=True)
        typed(replica, len(replica.text()), f" {index}")
        serve(session, replica, peer, follower=True)
        assert peer.text().endswith(replica.text().removeprefix("Hello"))
    assert replica.text() == "Hello 0 1 2 3 4"
    assert session.ignored >= 5


def test_a_writing_reader_does_not_talk_for_ever():
    """Trap 8 (automerge#772): two sides that cannot agree fall silent."""
    replica, peer, session = Replica.seed("Hello"), EnginePeer(), Session()
    serve(session, replica, peer, follower=True)
    peer.type(0, "reader ")
    assert serve(session, replica, peer, follower=True) <= 4


def test_a_followers_changes_are_not_looked_at():
    """Trap 22: what a reader sends is cut out before anything is decoded."""
    replica = Replica.seed("Hello")
    assert Session().receive(replica, sent(b"not even a chunk"), follower=True) == []


def test_a_kilobyte_of_a_million_letters_is_refused_at_once():
    """Trap 22: operations are counted before anything is decoded."""
    replica = Replica.seed("Hello")
    attack = sent(million_inserts(replica))
    assert len(attack) < 1200
    with pytest.raises(errors.TooManyOperations) as refused:
        Session().receive(replica, attack)
    assert refused.value.facts == {"got": 1_000_000, "limit": 300_000}
    assert replica.text() == "Hello"


def test_many_changes_in_one_message_are_counted_together():
    """A thousand changes just under the limit are as heavy as one over it."""
    replica, peer = two("Hello")
    changes = [typed(peer, 0, "x" * 50) for _ in range(5)]
    limits = guard.Limits(operations=50, message_operations=200)
    with pytest.raises(errors.TooManyOperations):
        Session(limits).receive(replica, sent(*(change.data for change in changes)))
    assert replica.text() == "Hello"


def test_a_message_over_its_limit():
    """Long messages are refused by their length alone."""
    with pytest.raises(errors.SyncRefused):
        Session(guard.Limits(message_bytes=100)).receive(Replica.seed(""), b"\x42" * 101)


def test_a_change_whose_past_is_missing_waits_and_is_asked_for():
    """Trap 13: it is reported, and what it builds on is asked for by name."""
    replica, peer = two("Hello")
    first, second = typed(peer, 0, "a"), typed(peer, 1, "b")
    session = Session()
    assert session.receive(replica, sent(second.data, heads=(second.hash,))) == []
    assert session.waiting == {second.hash}
    assert message.decode(session.next_message(replica)).need == (first.hash,)
    new = session.receive(replica, sent(first.data, heads=(second.hash,)))
    assert [change.hash for change in new] == [first.hash, second.hash]
    assert (replica.text(), session.waiting) == ("abHello", frozenset())


def test_waiting_changes_belong_to_the_peer_who_sent_them():
    """Another peer's delivery never carries in a change somebody else wrote and sent."""
    replica, peer = two("Hello")
    first, second = typed(peer, 0, "a"), typed(peer, 1, "b")
    session, other = Session(), Session()
    session.receive(replica, sent(second.data))
    assert [c.hash for c in other.receive(replica, sent(first.data))] == [first.hash]
    assert [c.hash for c in session.receive(replica, sent())] == [second.hash]


def test_waiting_changes_are_bounded():
    """Nobody fills the memory with changes that can never be applied."""
    replica, peer = two("Hello")
    typed(peer, 0, "never sent")
    limits = guard.Limits(message_operations=100)
    session = Session(limits)
    with pytest.raises(errors.TooManyOperations):
        for _ in range(20):
            session.receive(replica, sent(typed(peer, 0, "x" * 50).data))
    assert replica.text() == "Hello"


def test_a_needed_change_is_sent_by_name():
    """A false member of a filter is asked for by its hash and sent."""
    replica = Replica.seed("Hello")
    change = typed(replica, 0, "x")
    typed(replica, 0, "y")
    session = Session()
    session.receive(replica, message.encode(message.Message((b"\1" * 32,), need=(change.hash,))))
    assert message.decode(session.next_message(replica)).changes == (change.data,)


def test_a_document_chunk_from_a_peer():
    """Version 2 of the protocol: whole documents, counted before they are loaded."""
    replica, peer = two("Hello")
    typed(peer, 5, " world")
    data = sent(peer.save(), heads=peer.heads, version=message.VERSION_2)
    assert len(Session().receive(replica, data)) == 1
    assert replica.text() == "Hello world"
    with pytest.raises(errors.TooManyOperations):
        Session(guard.Limits(message_operations=5)).receive(replica, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x41\0\0\0\0",
        b"\x42\0\0\0\0\0\0",
        b"\x42\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x42\0\0\1\0\3\xff\x0a\0\0",
        b"\x42\0\0\1\0\3\0\0\0\0",
        b"\x42\0\0\0\1\4abcd",
        b"\x42\0\0\0\1",
    ],
)
def test_messages_that_are_none(data):
    """Trap 21: filters that would divide by zero, lengths that lie, bytes behind the end."""
    replica = Replica.seed("Hello")
    with pytest.raises(errors.SyncRefused):
        Session().receive(replica, data)


def test_the_document_is_as_it_was_after_a_refusal():
    """A message is taken whole or not at all."""
    replica, peer = two("Hello")
    good = typed(peer, 0, "a")
    bad = forged(body_of(typed(peer, 0, "b")), seq=7)
    heads = replica.heads
    with pytest.raises(errors.ChangeRefused):
        Session().receive(replica, sent(good.data, bad))
    assert (replica.heads, replica.text()) == (heads, "Hello")


def test_an_ordinary_edit_is_cheap():
    """Receiving, reading and answering one edit of an 8,000-character page takes under 1 ms."""
    replica = Replica.seed("lorem ipsum dolor\n" * 450)
    peer = Replica.load(replica.save())
    one, other = Session(), Session()
    talk(one, replica, other, peer)
    best = 1.0
    for index in range(30):
        typed(peer, index * 100, "x")
        data, before = other.next_message(peer), replica.heads
        began = time.perf_counter()
        one.receive(replica, data)
        replica.changes_since(before)
        answer = one.next_message(replica)
        best = min(best, time.perf_counter() - began)
        other.receive(peer, answer)
    assert best < 0.001


def test_a_silent_peer_is_sent_each_change_once():
    """Relaying does not wait for acknowledgements, and repeats nothing."""
    replica, session = Replica.seed("Hello"), Session()
    session.receive(replica, EnginePeer(replica.save()).next_message())
    session.next_message(replica)
    for index in range(5):
        change = typed(replica, index, "x")
        assert message.decode(session.next_message(replica)).changes == (change.data,)


def test_a_session_outlives_a_replica_that_was_loaded_again():
    """After a panic the room loads the document again; the other peers' sessions go on."""
    replica, peer, session = Replica.seed("Hello"), EnginePeer(), Session()
    serve(session, replica, peer)
    stored = replica.save()
    typed(replica, 0, "never stored ")
    again = Replica.load(stored)
    typed(again, 5, " world")
    serve(session, again, peer)
    assert peer.text() == again.text() == "Hello world"
