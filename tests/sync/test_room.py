"""Rooms: apply, store, then say."""

from __future__ import annotations

import asyncio

import pytest

from prdgen.crdt.splices import Splice
from prdgen.errors import Conflict, Unavailable
from prdgen.sync import errors, ports
from prdgen.sync.ports import Limits

from .harness import DOCUMENT, Client, Server, joined, quiesce, settle


class Gate:
    """Holds every write of a store until `open` is called."""

    def __init__(self, store):
        self._event = asyncio.Event()
        self.waiting = 0
        store.before_append = self._wait

    async def _wait(self):
        self.waiting += 1
        await self._event.wait()

    def open(self):
        self._event.set()


async def typed(client, text):
    """`client` types and sends; the server gets it, nobody hears anything yet."""
    client.type(text)
    await client.send()
    await settle()


async def test_two_editors_converge():
    """What one types the other has, and both know that it is stored."""
    async with Server("# Title\n") as server:
        ann, bob = await joined(server, "ann", "bob")
        ann.type("Hello ")
        bob.type("Servus ", at=0)
        await quiesce(ann, bob)
        room = await server.room()
        assert ann.text == bob.text == room.text == "Servus # Title\nHello "
        assert ann.saved
        assert bob.saved


async def test_nothing_unstored_is_said():
    """Trap 8: while a write is under way neither its author nor anyone else hears of it."""
    async with Server() as server:
        ann, bob = await joined(server, "ann", "bob")
        gate = Gate(server.store)
        await typed(ann, "x")
        assert gate.waiting == 1
        assert not ann.hear()
        assert not bob.hear()
        assert (await server.room()).text == ""
        gate.open()
        await quiesce(ann, bob)
        assert bob.text == "x"
        assert ann.saved


async def test_a_newcomer_is_not_told_what_is_not_stored():
    """Joining in the middle of a write gives the stored state, then the rest."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        gate = Gate(server.store)
        await typed(ann, "b")
        bob = Client("bob")
        bob.connect(server)
        for _ in range(2):
            await bob.send()
            await settle()
            bob.hear()
        assert bob.text is None
        gate.open()
        await quiesce(ann, bob)
        assert bob.text == "ab"


async def test_writes_are_grouped_by_what_came_in_meanwhile():
    """Everything that arrives during one write is the next write."""
    async with Server() as server:
        ann, bob, cem = await joined(server, "ann", "bob", "cem")
        gate = Gate(server.store)
        for client in (ann, bob, cem):
            await typed(client, client.name)
        gate.open()
        await quiesce(ann, bob, cem)
        assert server.store.appends == 2
        assert sorted(ann.text) == sorted("annbobcem")


async def test_a_store_that_is_away_closes_the_room_and_nothing_is_lost():
    """Trap 8: the editor keeps its changes, nothing half-applied stays, and it syncs again."""
    async with Server("a") as server:
        ann, bob = await joined(server, "ann", "bob")
        server.store.away = True
        await typed(ann, "b")
        await quiesce(ann, bob)
        assert [c.code for c in ann.closings + bob.closings] == [errors.TRY_AGAIN_LATER] * 2
        assert "not answering" in ann.closings[0].reason
        assert server.rooms.open == ()
        server.store.away = False
        for client in (ann, bob):
            client.connect(server)
        await quiesce(ann, bob)
        assert ann.text == bob.text == "ab"
        assert ann.saved


async def test_hooks_say_who_typed_what():
    """Authorship can follow: each delivery has its person and the text before and after."""
    async with Server("a") as server:
        ann, bob = await joined(server, "ann", "bob")
        gate = Gate(server.store)
        await typed(ann, "b")
        await typed(ann, "c")
        await typed(bob, "d")
        gate.open()
        await quiesce(ann, bob)
        found = [d for stored in server.seen.stored for d in stored.deliveries]
        assert [d.person_id for d in found] == [
            ann.who.person_id,
            ann.who.person_id,
            bob.who.person_id,
        ]
        assert [d.before for d in found[1:]] == [d.after for d in found[:-1]]
        assert found[-1].after == (await server.room()).text


async def test_a_failing_hook_harms_no_room(caplog):
    """What the floor above does wrong is logged; the text is stored and relayed."""
    async with Server() as server:
        server.seen.on_stored = lambda room, stored: 1 / 0
        ann, bob = await joined(server, "ann", "bob")
        ann.type("x")
        await quiesce(ann, bob)
        assert bob.text == "x"
        assert "ZeroDivisionError" in caplog.text


async def test_comings_and_goings_are_told():
    """Joined and left, once each."""
    async with Server() as server:
        (ann,) = await joined(server, "ann")
        ann.cut()
        assert (server.seen.came, server.seen.went) == (["Ann"], ["Ann"])


def insert(text):
    """A server-side edit that puts `text` at the start."""
    return lambda replica: replica.edit([Splice(0, 0, text)])


async def test_a_server_edit_reaches_the_editors():
    """An edit runs in the loop, and its transaction sees the new changes."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        seen = []

        async def in_tx(tx, changes):
            seen.append((tx, [change.hash for change in changes]))

        made = await (await server.room()).edit(insert("b"), origin="file", in_tx=in_tx)
        await quiesce(ann)
        assert ann.text == "ba"
        assert seen == [("transaction", [change.hash for change in made])]
        assert server.store.rows[DOCUMENT][-1].origin == "file"


async def test_an_edit_whose_transaction_fails_is_undone():
    """A moved agreed point reaches the caller; the room is as stored and goes on."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        room = await server.room()

        async def in_tx(tx, changes):
            raise Conflict(what="The agreed point", expected=1, got=2)

        with pytest.raises(Conflict):
            await room.edit(insert("b"), origin="file", in_tx=in_tx)
        assert room.text == room.replica.text() == "a"
        assert server.store.rows[DOCUMENT] == []
        ann.type("c")
        await quiesce(ann)
        assert ann.text == room.text == "ac"
        assert ann.saved


async def test_an_edit_that_breaks_off_is_undone():
    """`make` may fail half way."""
    async with Server("a") as server:
        room = await server.room()

        def make(replica):
            replica.edit([Splice(0, 0, "half")])
            raise ValueError("half way")

        with pytest.raises(ValueError, match="half way"):
            await room.edit(make, origin="file")
        assert room.replica.text() == "a"
        assert room.open


async def test_an_edit_with_nothing_to_do_writes_nothing():
    """None: no transaction. An empty list: the transaction without a change."""
    async with Server("a") as server:
        room = await server.room()
        calls = []

        async def in_tx(tx, changes):
            calls.append(changes)

        assert await room.edit(lambda _: None, origin="file", in_tx=in_tx) == []
        assert calls == []
        assert await room.edit(lambda _: [], origin="file", in_tx=in_tx) == []
        assert calls == [[]]


async def test_an_edit_while_the_store_is_away_fails_at_its_caller():
    """The caller hears the store's own error; a waiting edit hears that the room is closed."""
    async with Server("a") as server:
        room = await server.room()
        server.store.away = True
        first = asyncio.ensure_future(room.edit(insert("b"), origin="file"))
        second = asyncio.ensure_future(room.edit(insert("c"), origin="file"))
        with pytest.raises(Unavailable):
            await first
        with pytest.raises(errors.RoomClosed):
            await second
        with pytest.raises(errors.RoomClosed):
            await room.edit(insert("d"), origin="file")


async def test_a_slow_reader_is_skipped_and_catches_up():
    """Its queue stays small while others type on, and it has everything after draining."""
    async with Server(limits=Limits(queued_bytes=600)) as server:
        ann, bob = await joined(server, "ann", "bob")
        for letter in "abcdefghijklmnopqrstuvwxyz":
            ann.type(letter)
            await quiesce(ann)
        waiting = sum(map(len, bob.connection.peer._queue))
        assert waiting < 1500
        await quiesce(ann, bob)
        assert bob.text == ann.text == "abcdefghijklmnopqrstuvwxyz"


async def test_changes_sent_just_before_leaving_are_stored():
    """A tab that sends and closes has its text in the store."""
    async with Server() as server:
        ann, bob = await joined(server, "ann", "bob")
        gate = Gate(server.store)
        await typed(bob, "x")
        ann.type("last words")
        await ann.send()
        ann.cut()
        gate.open()
        await quiesce(bob)
        assert "last words" in bob.text


async def test_closing_stores_what_came_in():
    """A stop of the server loses nothing that arrived."""
    server = Server()
    (ann,) = await joined(server, "ann")
    gate = Gate(server.store)
    await typed(ann, "a")
    ann.type("b")
    await ann.send()
    closing = asyncio.ensure_future(server.rooms.close())
    await settle()
    gate.open()
    await closing
    ann.hear()
    assert ann.closings[0].code == errors.GOING_AWAY
    async with Server(store=server.store) as again:
        assert (await again.room()).text == "ab"


async def test_saving_is_true_until_it_is_stored():
    """The state of saving."""
    async with Server() as server:
        (ann,) = await joined(server, "ann")
        room = await server.room()
        gate = Gate(server.store)
        await typed(ann, "a")
        assert room.saving
        gate.open()
        await quiesce(ann)
        assert not room.saving


async def test_an_origin_of_its_own_for_peers():
    """The store knows that an editor delivered a change, and whose it is."""
    async with Server() as server:
        (ann,) = await joined(server, "ann")
        ann.type("a")
        await quiesce(ann)
        row = server.store.rows[DOCUMENT][0]
        assert (row.origin, row.person_id) == (ports.PEER, ann.who.person_id)


async def test_what_only_says_i_have_it_waits_for_company():
    """A turn for every such message is a tenth of a server's work; nobody waits for one."""
    async with Server("a", limits=Limits(agreed_seconds=3600)) as server:
        ann, bob = await joined(server, "ann", "bob")
        room = await server.room()
        for letter in "bcd":
            ann.type(letter)
            bob.type(letter.upper())
            await quiesce(ann, bob)
        assert ann.text == bob.text == room.text
        assert sorted(room.text) == sorted("abcdBCD")
        assert ann.saved
        assert bob.saved
        (carol,) = await joined(server, "carol")
        assert carol.text == room.text
        await room.edit(insert("x"), origin="file")
        await quiesce(ann, bob, carol)
        assert "x" in ann.text
        assert room.saving, "what they said last still waits"
        await server.rooms.close()
        assert room.clean


async def test_a_question_does_not_wait():
    """Who misses something, or is new, is answered at once."""
    async with Server("abc", limits=Limits(agreed_seconds=3600)) as server:
        (ann,) = await joined(server, "ann")
        ann.cut()
        await (await server.room()).edit(insert("x"), origin="file")
        ann.connect(server)
        await quiesce(ann)
        assert ann.text == (await server.room()).text
