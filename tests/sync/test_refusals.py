"""What is wrong ends one connection, with a reason; everybody else goes on."""

from __future__ import annotations

from uuid import uuid4

from automerge import core

from prdgen.crdt import errors as crdt_errors
from prdgen.crdt import message, wire
from prdgen.crdt.sync import Session
from prdgen.sync import errors
from prdgen.sync.peer import Who
from prdgen.sync.ports import Limits

from .harness import DOCUMENT, Client, Server, joined, quiesce, settle
from .test_room import Gate, typed


async def refused(server, client, other):
    """The client was closed with a reason, and `other` can go on writing."""
    await quiesce(client, other)
    assert client.closings, "it is still connected"
    closing = client.closings[-1]
    assert 4400 <= closing.code < 4500
    assert 0 < len(closing.reason.encode()) <= 123
    assert not other.closings
    other.type("!")
    await quiesce(other)
    assert other.saved
    assert (await server.room()).text == other.text
    return closing


def sync(client, data):
    return wire.Sync(client.peer_id, client.target, client.document_name, data)


async def test_an_unreadable_sync_message():
    """Trap 8: it is not dropped silently, for then the session would be dead."""
    async with Server("a") as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.outbox.append(sync(ann, b"\x42garbage"))
        await refused(server, ann, bob)
        ann.connect(server)
        ann.type("kept")
        await quiesce(ann, bob)
        assert "kept" in bob.text


async def test_a_change_of_too_many_operations():
    """Trap 22: a small message with very many operations is not decoded."""
    async with Server("a") as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.type("x" * 300_001)
        closing = await refused(server, ann, bob)
        assert "operations" in closing.reason
        assert not closing.reason.endswith("..")


async def test_a_panic_of_the_engine(monkeypatch):
    """Trap 21: the room is loaded again; what others sent in the same moment stays."""
    async with Server("a") as server:
        ann, bob, cem = await joined(server, "ann", "bob", "cem")
        original = Session.receive

        def receive(self, replica, data, **how):
            new = original(self, replica, data, **how)
            if any(b"boom" in change.data for change in new):
                raise crdt_errors.EnginePanicked(why="boom")
            return new

        monkeypatch.setattr(Session, "receive", receive)
        gate = Gate(server.store)
        await typed(cem, "1")
        for client, text in ((bob, "Bob"), (ann, "boom"), (cem, "2")):
            client.type(text)
            await client.send()
        before = server.store.loads
        gate.open()
        await refused(server, ann, bob)
        await quiesce(bob, cem)
        assert server.store.loads == before + 1
        assert "boom" not in cem.text
        assert sorted(cem.text) == sorted("aBob12!")
        assert not cem.closings


async def test_a_reader_is_a_follower():
    """Trap 8: a reader's changes are never taken, and it still hears everything."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        (eve,) = await joined(server, "eve", claim="reader")
        eve.type("not allowed")
        await quiesce(ann, eve)
        ann.type("b")
        await quiesce(ann, eve)
        ann.type("c")
        await quiesce(ann, eve)
        assert ann.text == (await server.room()).text == "abc"
        assert {"b", "c"} <= set(eve.text)
        assert not eve.closings


async def test_a_guest_is_a_follower():
    """Without a person nobody could be named as the writer."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        guest = Client("guest")
        guest.who = Who(None, "Guest", "#000000")
        guest.connect(server)
        await quiesce(guest)
        guest.type("x")
        await quiesce(guest, ann)
        assert ann.text == "a"


def reshape(client, text):
    with client.document.transaction() as transaction:
        name = transaction.put_object(core.ROOT, "content", core.ObjType.Text)
        for index, letter in enumerate(text):
            transaction.insert(name, index, core.ScalarType.Str, letter)
    client.generate()


async def test_a_change_that_reshapes_becomes_an_edit_of_the_text():
    """Trap 5: `doc.content = "…"` neither hides others' text nor loses what was written."""
    async with Server("one\ntwo\n") as server:
        ann, bob = await joined(server, "ann", "bob")
        bob.type("three\n")
        await quiesce(bob)
        reshape(ann, "one\n2\n")
        closing = await refused(server, ann, bob)
        assert closing.code == errors.TextTakenIn.close_code
        assert bob.text == "one\n2\nthree\n!"
        assert server.store.rows[DOCUMENT][1].person_id == ann.who.person_id


async def test_the_same_reshaping_change_twice_is_once():
    """The editor tries again after connecting again; the text does not double."""
    async with Server("one\ntwo\n") as server:
        ann, bob = await joined(server, "ann", "bob")
        reshape(ann, "one\ntwo\nthree\n")
        await quiesce(ann, bob)
        ann.connect(server)
        await refused(server, ann, bob)
        assert bob.text == "one\ntwo\nthree\n!"


async def forging(server, ann):
    """Eve, who has Ann's document and writes under Ann's actor."""
    eve = Client("eve", document=ann.document.fork())
    eve.document.set_actor(ann.document.get_actor())
    eve.connect(server)
    await quiesce(eve)
    return eve


async def test_an_actor_belongs_to_one_person():
    """Trap 14: what comes under another's actor is no change of theirs; it is an edit of the
    one who brought it, and what others typed in the same turn stays."""
    async with Server("a\n") as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.type("b\n")
        await quiesce(ann, bob)
        eve = await forging(server, ann)
        gate = Gate(server.store)
        await typed(bob, "1")
        bob.type("2")
        await bob.send()
        eve.type("forged\n", at=0)
        await eve.send()
        gate.open()
        closing = await refused(server, eve, bob)
        assert closing.code == errors.ActorRefused.close_code
        assert bob.text == "forged\na\nb\n12!"
        forged = next(r for r in server.store.rows[DOCUMENT] if r.person_id == eve.who.person_id)
        assert forged.actor != ann.document.get_actor()


async def test_a_forgery_that_comes_first_after_a_start_is_none_of_the_owners():
    """What an editor brings when it is opened may be others', but not under an actor with an owner."""
    async with Server("a\n") as server:
        (ann,) = await joined(server, "ann")
        ann.type("b\n")
        await quiesce(ann)
        eve = Client("eve", document=ann.document.fork())
        eve.document.set_actor(ann.document.get_actor())
        eve.type("forged\n", at=0)
    async with Server(store=server.store) as again:
        eve.connect(again)
        await quiesce(eve)
        assert eve.closings[0].code == errors.ActorRefused.close_code
        rows = server.store.rows[DOCUMENT]
        theirs = [row for row in rows if row.actor == ann.document.get_actor()]
        assert {row.person_id for row in theirs} == {ann.who.person_id}
        ann.connect(again)
        await quiesce(ann)
        ann.type("c\n")
        await quiesce(ann)
        assert not ann.closings
        assert ann.saved


async def test_its_owner_goes_on_after_a_forgery():
    """The owner's next change is not taken for a double."""
    async with Server("a\n") as server:
        (ann,) = await joined(server, "ann")
        ann.type("b\n")
        await quiesce(ann)
        eve = await forging(server, ann)
        eve.type("forged\n")
        await quiesce(eve)
        ann.type("c\n")
        await quiesce(ann)
        assert not ann.closings
        assert ann.saved


async def test_a_page_over_the_live_limit():
    """Trap 16: the reason says how large a live page may be; making it smaller is allowed."""
    async with Server("a" * 90, limits=Limits(page_bytes=100)) as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.type("ä" * 20)
        closing = await refused(server, ann, bob)
        assert closing.code == errors.PageTooLarge.close_code
        assert "130" in closing.reason
        assert "100" in closing.reason


async def test_a_large_page_may_shrink():
    """A page that is over the limit already can be cut down in steps."""
    async with Server("a" * 200, limits=Limits(page_bytes=100)) as server:
        (ann,) = await joined(server, "ann")
        ann.delete(0, 20)
        await quiesce(ann)
        assert not ann.closings
        assert len((await server.room()).text) == 180


async def test_changes_whose_ground_is_missing_end_the_connection():
    """Trap 13: they are not held silently for ever."""
    async with Server("a") as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.document.set_actor(uuid4().bytes)
        name = ann.document.get(core.ROOT, "content")[1]
        for letter in "xy":
            with ann.document.transaction() as transaction:
                transaction.insert(name, 0, core.ScalarType.Str, letter)
        last = ann.document.get_changes([])[-1]
        for number in range(7):
            data = message.encode(
                message.Message((last.hash,), (bytes([number] * 32),), (), (bytes(last.raw_bytes),))
            )
            ann.outbox.append(sync(ann, data))
        closing = await refused(server, ann, bob)
        assert "missing" in closing.reason


async def test_too_many_bytes_waiting():
    """A flood is not kept in memory."""
    async with Server("a", limits=Limits(waiting_bytes=1000)) as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.outbox += [sync(ann, b"\x42" + bytes(900))] * 2
        while ann.outbox:
            await ann.send()
        await settle()
        closing = await refused(server, ann, bob)
        assert closing.code == errors.TooManyMessages.close_code
