"""Opening once, parking, compacting, several processes."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from prdgen.errors import NotFound
from prdgen.sync import errors
from prdgen.sync.ports import Limits

from .fakes import Bus, MemoryStore
from .harness import DOCUMENT, Server, joined, quiesce, settle
from .test_room import Gate, insert, typed

pytestmark = pytest.mark.anyio


def now():
    return asyncio.get_running_loop().time()


async def test_opening_is_single_flight():
    """However many ask at once, the store is read once and there is one room."""
    async with Server("a") as server:
        found = await asyncio.gather(*(server.rooms.get(DOCUMENT) for _ in range(5)))
        assert len(set(map(id, found))) == 1
        assert server.store.loads == 1


async def test_a_cancelled_opener_does_not_take_the_others_with_it():
    """The one who asked first may go away."""
    async with Server("a") as server:
        first = asyncio.ensure_future(server.rooms.get(DOCUMENT))
        second = asyncio.ensure_future(server.rooms.get(DOCUMENT))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).text == "a"


async def test_an_unknown_document():
    """The store's own error reaches the caller, each time."""
    async with Server("a") as server:
        for _ in range(2):
            with pytest.raises(NotFound):
                await server.rooms.get(UUID(int=7))


async def test_a_quiet_room_is_parked_and_woken():
    """Only saved bytes stay; what others stored meanwhile is there on waking."""
    store, bus = MemoryStore(), Bus(away=True)
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        await (await one.room()).edit(insert("b"), origin="file")
        await one.rooms.check(now() + 61)
        assert (one.rooms.open, one.rooms.parked) == ((), 1)
        await (await two.room()).edit(insert("c"), origin="file")
        loads = store.loads
        assert (await one.room()).text == "cba"
        assert store.loads == loads
        assert one.rooms.parked == 0


async def test_it_is_quiet_a_moment_after_the_last_edit():
    """However many rooms are open; what may stop everything for a moment waits for that."""
    async with Server("a") as server:
        assert server.rooms.quiet(now())
        await (await server.room()).edit(insert("b"), origin="file")
        assert not server.rooms.quiet(now())
        assert server.rooms.quiet(now() + 1.1)


async def test_a_room_with_peers_is_not_parked():
    """However quiet it is; only its document sleeps, as bytes."""
    async with Server("a") as server:
        await joined(server, "ann")
        await server.rooms.check(now() + 3600)
        (room,) = server.rooms.open
        assert room.asleep
        assert (room.text, room.clean) == ("a", True)
        assert room.asleep, "what is stored can be read without it"


async def test_a_sleeping_document_goes_on_where_it_was():
    """For who types, who comes, what the server writes, and what another process stored."""
    store, bus = MemoryStore(), Bus()
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        ann, bob = await joined(one, "ann", "bob")
        room = await one.room()

        async def sleeping():
            await one.rooms.check(now() + 3600)
            await one.rooms.check(now() + 7200)
            assert room.asleep

        await sleeping()
        ann.type("b")
        await quiesce(ann, bob)
        assert bob.text == room.text
        await sleeping()
        await room.edit(insert("c"), origin="file")
        await quiesce(ann, bob)
        await sleeping()
        await (await two.room()).edit(insert("d"), origin="file")
        await quiesce(ann, bob)
        await sleeping()
        (carol,) = await joined(one, "carol")
        await quiesce(ann, bob, carol)
        assert {ann.text, bob.text, carol.text} == {room.text}
        assert sorted(room.text) == ["a", "b", "c", "d"]


async def test_a_woken_document_stays_awake_for_a_while():
    """Who looked at it is about to write: it would be loaded again a moment later."""
    async with Server("a") as server:
        await joined(server, "ann")
        (room,) = server.rooms.open
        await server.rooms.check(now() + 3600)
        assert room.asleep
        assert room.replica.text() == "a"
        await server.rooms.check(now() + 3600)
        assert not room.asleep
        await server.rooms.check(now() + 1)
        assert not room.asleep, "as long as one that was typed in"
        await server.rooms.check(now() + 3600)
        assert room.asleep


async def test_a_snapshot_when_the_changes_outgrow_it():
    """Loading stays fast: the store gets a snapshot, and it is whole."""
    async with Server("a", limits=Limits(loose_bytes=500)) as server:
        (ann,) = await joined(server, "ann")
        for letter in "bcdefghijklmnopqrstuvwxyz":
            ann.type(letter)
            await quiesce(ann)
        assert server.store.snapshots[DOCUMENT][1] > 10
        async with Server(store=server.store) as again:
            assert (await again.room()).text == ann.text


@pytest.mark.parametrize("bus_away", [False, True])
async def test_two_processes_converge(bus_away):
    """Over the bus at once; without it after five seconds of silence, in one query."""
    store, bus = MemoryStore(), Bus(away=bus_away)
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        (ann,), (bob,) = await joined(one, "ann"), await joined(two, "bob")
        ann.type("1")
        bob.type("2")
        await quiesce(ann, bob)
        if bus_away:
            assert ann.text != bob.text
            for server in (one, two):
                await server.rooms.check(now() + 6)
        await quiesce(ann, bob)
        assert ann.text == bob.text
        assert sorted(ann.text) == ["1", "2", "a"]
        assert one.seen.stored[-1].last_seq == two.seen.stored[-1].last_seq == 2


async def test_what_another_process_wrote_in_between_is_read():
    """Trap 13: the seq of the own write shows the gap; nothing waits for the bus."""
    store, bus = MemoryStore(), Bus(away=True)
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        (ann,), (bob,) = await joined(one, "ann"), await joined(two, "bob")
        ann.type("1")
        await quiesce(ann, bob)
        bob.type("2")
        await quiesce(ann, bob)
        assert bob.text == (await two.room()).text
        assert sorted(bob.text) == ["1", "2", "a"]
        foreign = [d.person_id for s in two.seen.stored if s.foreign for d in s.deliveries]
        assert foreign == [ann.who.person_id]


async def test_the_same_change_at_two_processes_is_stored_once():
    """A tab that reconnects to another process sends again what is stored already."""
    store, bus = MemoryStore(), Bus(away=True)
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        await two.room()
        (ann,) = await joined(one, "ann")
        ann.type("1")
        await quiesce(ann)
        ann.cut()
        ann.connect(two)
        await quiesce(ann)
        assert (await two.room()).text == "a1"
        assert len(store.rows[DOCUMENT]) == 1


async def test_a_gap_in_the_store_is_noticed():
    """Trap 13: a room never goes on over a missing number; it is loaded again."""
    store, bus = MemoryStore(), Bus(away=True)
    async with (
        Server("a", store=store, bus=bus) as one,
        Server(store=store, bus=bus, name="two") as two,
    ):
        (bob,) = await joined(two, "bob")
        for text in "12":
            await (await one.room()).edit(insert(text), origin="file")
        whole, store.since = store.since, _with_gap(store.since)
        await two.rooms.check(now() + 6)
        await quiesce(bob)
        assert bob.closings[0].code == errors.TRY_AGAIN_LATER
        store.since = whole
        assert (await two.room()).text == "21a"


def _with_gap(since):
    async def since_without_first(document_id, seq):
        return (await since(document_id, seq))[1:]

    return since_without_first


async def test_a_slow_peer_is_closed_in_the_end():
    """A reader that takes nothing for half a minute loses its connection, not the room."""
    async with Server(limits=Limits(queued_bytes=200)) as server:
        ann, bob = await joined(server, "ann", "bob")
        for letter in "abcdef":
            ann.type(letter)
            await quiesce(ann)
        await server.rooms.check(now())
        await server.rooms.check(now() + 31)
        assert bob.connection.peer.closing.code == errors.TooSlow.close_code
        assert ann.connection.peer.closing is None


async def test_closing_refuses_newcomers():
    """After the end no room opens."""
    server = Server("a")
    await server.rooms.close()
    with pytest.raises(errors.RoomClosed):
        await server.rooms.get(DOCUMENT)


async def test_checks_go_on_while_the_store_is_away(eventually, caplog):
    """A failing check is said in the log and made again."""
    async with Server("a") as server:
        await server.room()
        server.store.away = True
        with pytest.raises(Exception, match="not answering"):
            await server.rooms.check(now() + 6)
        server.store.away = False
        await server.rooms.check(now() + 12)


async def test_a_room_that_failed_is_opened_anew():
    """Nothing of the broken state is used again."""
    async with Server("a") as server:
        room = await server.room()
        (ann,) = await joined(server, "ann")
        gate = Gate(server.store)
        await typed(ann, "b")
        server.store.away = True
        gate.open()
        await settle()
        server.store.away = False
        fresh = await server.room()
        assert fresh is not room
        assert fresh.text == "a"


@pytest.mark.parametrize("noticed_by", ["typing", "comparing"])
async def test_a_store_that_went_back_gets_everything_again(noticed_by):
    """An older backup under a running server: "Saved" was true then, and becomes true again."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann")
        for letter in "bcd":
            ann.type(letter)
            await quiesce(ann)
        del server.store.rows[DOCUMENT][1:]
        server.store.hashes = {row.hash for row in server.store.rows[DOCUMENT]}
        if noticed_by == "typing":
            ann.type("e")
        else:
            await server.rooms.check(now() + 6)
        await quiesce(ann)
        assert ann.closings[0].code == errors.TRY_AGAIN_LATER
        ann.connect(server)
        await quiesce(ann)
        assert ann.saved
        async with Server(store=server.store) as again:
            assert (await again.room()).text == ann.text


async def test_a_store_that_hangs_does_not_hold_up_the_end(caplog):
    """Stopping ends; the log says what was not stored."""
    server = Server("a", limits=Limits(closing_seconds=0.01))
    (ann,) = await joined(server, "ann")
    Gate(server.store)
    await typed(ann, "b")
    await server.rooms.close()
    assert "did not get everything stored" in caplog.text
    ann.hear()
    assert ann.closings
