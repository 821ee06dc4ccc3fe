"""The guard: what is counted, refused, or recognised as more than an edit, before any decoding."""

from __future__ import annotations

import time
import zlib

import pytest
from automerge import core

from prdgen.crdt import chunks, columns, errors, guard, leb, operations
from prdgen.crdt.replica import Replica

from .making import (
    EnginePeer,
    body_of,
    body_of_data,
    forged,
    forged_rows,
    million_inserts,
    two,
    typed,
)

LIMITS = guard.DEFAULT


def refused(replica: Replica, data: bytes, error=errors.ChangeRefused) -> errors.ChangeRefused:
    """The refusal of `data`, after which the replica is seen to be untouched."""
    before = replica.save()
    with pytest.raises(error) as found:
        replica.apply([data])
    assert replica.save() == before
    assert not replica.waiting
    return found.value


@pytest.mark.parametrize("text", ["a", "xyz" * 400, "é😀" * 300])
def test_operations_are_counted(text):
    """Plain, deflated and in a whole document: always one operation a letter."""
    replica = Replica.seed("Hello")
    change = typed(replica, 0, text)
    deflated = chunks.seal(chunks.COMPRESSED_CHANGE, next(chunks.split(change.data, 1 << 20)).body)
    assert guard.count_operations(change.data, LIMITS) == len(text)
    assert guard.count_operations(deflated, LIMITS) == len(text)
    assert guard.count_operations(replica.save(), LIMITS) == len(text) + len("Hello") + 1


def test_deletions_are_counted_in_changes():
    """A deletion is an operation of its change too."""
    replica = Replica.seed("Hello")
    assert guard.count_operations(typed(replica, 0, "", delete=5).data, LIMITS) == 5


def test_a_million_letters_are_refused_in_milliseconds():
    """Trap 22: the engine would take 2.4 s and 663 MB for this kilobyte."""
    replica = Replica.seed("Hello")
    attack = million_inserts(replica)
    began = time.process_time()
    refused(replica, attack, errors.TooManyOperations)
    assert time.process_time() - began < 0.1
    deflated = chunks.seal(chunks.COMPRESSED_CHANGE, next(chunks.split(attack, 1 << 20)).body)
    refused(replica, deflated, errors.TooManyOperations)


def test_a_document_of_a_million_letters_is_refused():
    """Trap 22: the same in a document chunk, its columns deflated."""
    column = zlib.compressobj(wbits=-15)
    data = leb.signed(1_000_000) + b"\1"
    action = column.compress(data) + column.flush()
    body = b"\0\0\0" + leb.number(1) + leb.number(operations.ACTION | 8) + leb.number(len(action))
    with pytest.raises(errors.TooManyOperations):
        guard.count_operations(chunks.seal(chunks.DOCUMENT, body + action), LIMITS)


def test_predecessors_are_bounded():
    """Trap 22: a million predecessors of one operation are as heavy as a million operations."""
    replica = Replica.seed("Hello")
    body = body_of(typed(Replica.load(replica.save()), 0, "", delete=1))
    columns = dict(body.columns) | {operations.PRED: b"\x7f" + leb.number(1_000_000)}
    refused(replica, forged(body, columns=columns))


def test_a_deflated_bomb_is_refused():
    """Inflating stops at the limit."""
    bomb = chunks.seal(chunks.COMPRESSED_CHANGE, b"\0" * (LIMITS.inflated_bytes + 1))
    assert len(bomb) < 20_000
    with pytest.raises(errors.ChangeRefused, match="inflates to more"):
        guard.count_operations(bomb, LIMITS)


def test_many_deflated_changes_are_bounded_together():
    """A message of small bombs inflates no further than one big one may."""
    bomb = chunks.seal(chunks.COMPRESSED_CHANGE, b"\0" * LIMITS.message_bytes)
    began = time.process_time()
    with pytest.raises(errors.ChangeRefused):
        guard.count_operations(bomb * 500, LIMITS)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("specification", [0x42, 0x34, 0x15, 0x70, 0x13])
def test_counting_stops_at_the_limit(specification):
    """Four million rows written out one by one are not counted to the end."""
    column = leb.signed(-4_000_000) + b"\1" * 4_000_000
    began = time.process_time()
    assert columns.count_rows(specification, column, 50_000) > 50_000
    assert time.process_time() - began < 0.5


def test_a_message_of_too_many_changes():
    """Each change costs something, however small."""
    replica, peer = two()
    changes = [typed(peer, 0, "x").data for _ in range(5)]
    with pytest.raises(errors.ChangeRefused):
        replica.apply(changes, limits=guard.Limits(message_changes=4))


@pytest.mark.parametrize("rubbish", [b"x", b"\0", chunks.MAGIC])
def test_rubbish_behind_a_chunk(rubbish):
    """Bytes behind the end are no part of any change."""
    replica, peer = two()
    refused(replica, typed(peer, 0, "a").data + rubbish)


def test_rubbish_inside_a_change():
    """Bytes behind the last column would travel with the change for ever."""
    replica, peer = two()
    refused(replica, forged(body_of(typed(peer, 0, "a")), tail=b"rubbish"))


def test_a_wrong_checksum():
    """A flipped bit is seen."""
    replica, peer = two()
    data = bytearray(typed(peer, 0, "a").data)
    data[-1] ^= 1
    refused(replica, bytes(data))


def test_a_number_used_twice():
    """Trap 5: `duplicate seq` never reaches the engine."""
    replica, peer = two()
    change = typed(peer, 0, "a")
    replica.apply([change.data])
    refused(replica, forged(body_of(change), time=1))


def test_operation_numbers_used_twice():
    """Two operations of one name would garble the text."""
    replica, peer = two()
    replica.apply([typed(peer, 0, "abc").data])
    body = body_of(typed(peer, 0, "d"))
    refused(replica, forged(body, start_op=body.start_op - 1))


def test_operation_numbers_far_ahead():
    """A peer cannot use up all numbers at once."""
    replica, peer = two()
    refused(replica, forged(body_of(typed(peer, 0, "d")), start_op=1 << 30))


def test_a_change_that_forgets_its_actors_past():
    """An actor's change builds on that actor's last one."""
    replica, peer = two()
    seed = replica.heads
    replica.apply([typed(peer, 0, "a").data])
    refused(replica, forged(body_of(typed(peer, 0, "b")), deps=seed))


def test_a_letter_that_is_not_there():
    """An operation on nothing would make the next saved document unreadable."""
    replica, peer = two("Hello")
    body = body_of(typed(peer, 3, "x"))
    data = forged_rows(body, key_counter=[99], value_meta=[22])
    refused(replica, forged(body_of_data(data), start_op=200))
    assert "letter" in refused(replica, forged_rows(body, key_counter=[1])).message


def test_a_predecessor_that_is_not_there():
    """Deleting one letter under another's name would make saved documents unreadable."""
    replica, peer = two("Hello")
    body = body_of(typed(peer, 3, "", delete=1))
    refused(replica, forged_rows(body, pred_counter=[3]))


def test_another_way_of_writing_the_same():
    """Automerge writes a change anew on loading; any other writing would not be found again."""
    replica, peer = two("Hello")
    body = body_of(typed(peer, 3, "xx"))
    columns = dict(body.columns) | {operations.ACTION: b"\x7e\1\1"}
    assert "written" in refused(replica, forged(body, columns=columns)).message


def test_an_unused_actor():
    """An actor nobody names is forgotten by a saved document, and the hash would change."""
    replica, peer = two("Hello")
    body = body_of(typed(peer, 3, "x"))
    refused(replica, forged(body, others=(*body.others, b"\xff" * 16)))


def test_a_replaced_text_is_handed_back_as_text():
    """Trap 5: `doc.content = …` makes everyone else's typing invisible; its text is an edit."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    client.put("content", "Bye\r\nbye")
    (change,) = client.document.get_changes(list(peer.heads))
    error = refused(replica, change.raw_bytes, errors.ChangeReshapes)
    assert (error.text, error.deps) == ("Bye\nbye", replica.heads)


def test_another_text_object_at_content():
    """Trap 5: a new Text object there is not the room's document any more."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    with client.document.transaction() as transaction:
        name = transaction.put_object(core.ROOT, "content", core.ObjType.Text)
        transaction.insert(name, 0, core.ScalarType.Str, "B")
    (change,) = client.document.get_changes(list(peer.heads))
    assert refused(replica, change.raw_bytes, errors.ChangeReshapes).text == "B"


@pytest.mark.parametrize("key", ["page_path", "successor", "x"])
def test_no_other_key_is_let_in(key):
    """Trap 5: only the server writes a successor, and nobody anything else."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    client.put(key, "../../etc/passwd")
    (change,) = client.document.get_changes(list(peer.heads))
    assert refused(replica, change.raw_bytes, errors.ChangeReshapes).text == "Hello"


def test_content_deleted():
    """Without a text at `content` there is none to take in."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    with client.document.transaction() as transaction:
        transaction.delete(core.ROOT, "content")
    (change,) = client.document.get_changes(list(peer.heads))
    assert refused(replica, change.raw_bytes, errors.ChangeReshapes).text is None


def test_other_values_than_letters():
    """Numbers, several letters in one element, marks: not the text people type."""
    replica, peer = two("Hello")
    for kind, value in [
        (core.ScalarType.Int, 5),
        (core.ScalarType.Str, "two letters"),
        (core.ScalarType.Str, "\r"),
        (core.ScalarType.Str, "\0"),
    ]:
        client = EnginePeer(peer.save())
        with client.document.transaction() as transaction:
            transaction.insert(client.content(), 0, kind, value)
        (change,) = client.document.get_changes(list(peer.heads))
        error = refused(replica, change.raw_bytes, errors.ChangeReshapes)
        assert "\r" not in (error.text or "")
        assert "\0" not in (error.text or "")


def test_marks_reshape():
    """Markdown has its own marks."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    with client.document.transaction() as transaction:
        transaction.mark(
            client.content(), 0, 3, "bold", core.ScalarType.Boolean, True, core.ExpandMark.Both
        )
    (change,) = client.document.get_changes(list(peer.heads))
    assert refused(replica, change.raw_bytes, errors.ChangeReshapes).text == "Hello"


def test_a_letter_put_in_anothers_place():
    """Replacing an element in place is an edit like any other, and can be edited again."""
    replica, peer = two("Hello")
    client = EnginePeer(peer.save())
    with client.document.transaction() as transaction:
        transaction.put(client.content(), 0, core.ScalarType.Str, "J")
    (change,) = client.document.get_changes(list(peer.heads))
    replica.apply([change.raw_bytes])
    peer.apply([change.raw_bytes])
    replica.apply([typed(peer, 0, "C", delete=1).data])
    assert replica.text() == Replica.load(replica.save()).text() == "Cello"
