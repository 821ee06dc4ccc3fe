"""The outgoing queue of one connection."""

from __future__ import annotations

from uuid import uuid4

from prdgen.sync import errors
from prdgen.sync.peer import Closing, Peer, Who
from prdgen.sync.ports import Limits


def peer(limit=10):
    return Peer("ann-1", Who(uuid4(), "Ann", "#123456"), Limits(queued_bytes=limit))


async def test_messages_come_out_in_order_until_it_is_closed():
    """What was queued before the end is still sent."""
    ann = peer(100)
    ann.send(b"a")
    ann.send(b"b")
    ann.close(1000, "bye")
    ann.send(b"c")
    assert [data async for data in ann.outgoing()] == [b"a", b"b"]
    assert ann.closing == Closing(1000, "bye")


async def test_the_first_reason_stands():
    """What closes later does not hide why."""
    ann = peer()
    ann.close(4400, "first")
    ann.close(1000, "second")
    assert ann.closing.reason == "first"


async def test_it_has_room_again_after_draining():
    """Who was skipped is called, once."""
    ann, calls = peer(), []
    ann.send(bytes(10))
    assert not ann.has_room
    ann.when_drained(lambda: calls.append("drained"))
    ann.take()
    ann.take()
    assert ann.has_room
    assert calls == ["drained"]


async def test_only_a_reader_without_progress_is_closed():
    """Taking anything starts the time anew."""
    ann = peer()
    ann.send(bytes(10))
    ann.check(0, 30)
    ann.take()
    ann.send(bytes(10))
    ann.check(31, 30)
    assert ann.closing is None
    ann.check(61, 30)
    assert ann.closing.code == errors.TooSlow.close_code


def test_a_reason_fits_into_a_close_frame():
    """At most 123 bytes, and no letter is cut in two."""
    assert errors.close_reason("short") == "short"
    cut = errors.close_reason("ä" * 100)
    assert len(cut.encode()) <= 123
    assert cut.endswith("ä…")


async def test_what_can_be_sent_at_once_is_not_queued():
    """But nothing overtakes what is queued, or on its way."""
    ann, sent, open_ = peer(100), [], True

    def direct(data):
        if open_:
            sent.append(data)
        return open_

    ann.direct = direct
    ann.send(b"a")
    open_ = False
    ann.send(b"b")
    open_ = True
    ann.send(b"c")
    outgoing = ann.outgoing()
    assert [await anext(outgoing), await anext(outgoing)] == [b"b", b"c"]
    ann.send(b"d")  # c is on its way
    assert await anext(outgoing) == b"d"
    ann.close(1000, "bye")
    assert [data async for data in outgoing] == []
    assert sent == [b"a"]
