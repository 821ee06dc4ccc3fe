"""Who is in a page, and their cursors."""

from __future__ import annotations

import asyncio

import cbor2

from prdgen.crdt import wire
from prdgen.sync.ports import Limits

from .fakes import Bus, MemoryStore
from .harness import Server, joined, quiesce


def people(client):
    """The last list of people the client heard."""
    lists = [cbor2.loads(m.data) for m in client.news if isinstance(m, wire.Ephemeral)]
    return [
        p["name"] for p in [found for found in lists if found["type"] == "people"][-1]["people"]
    ]


def cursors(client):
    found = [m for m in client.news if isinstance(m, wire.Ephemeral)]
    return [(m.sender_id, cbor2.loads(m.data)["at"]) for m in found if b"cursor" in m.data]


def point(client, at, sender=None, count=1):
    data = cbor2.dumps({"type": "cursor", "at": at})
    client.outbox.append(
        wire.Ephemeral(
            sender or client.peer_id, client.target, client.document_name, "session", count, data
        )
    )


async def test_everyone_hears_who_is_here():
    """With name and colour; also who came later, and who left."""
    async with Server() as server:
        ann, bob = await joined(server, "ann", "bob")
        assert people(ann) == people(bob) == ["Ann", "Bob"]
        bob.cut()
        await quiesce(ann)
        assert people(ann) == ["Ann"]
        assert server.seen.went == ["Bob"]


async def test_a_list_of_people_says_who_is_behind_a_sender():
    """Peer id, person and colour."""
    async with Server() as server:
        (ann,) = await joined(server, "ann")
        entry = cbor2.loads(ann.news[-1].data)["people"][0]
        assert entry == {
            "peerId": ann.peer_id,
            "personId": str(ann.who.person_id),
            "name": "Ann",
            "color": "#123456",
        }


async def test_a_cursor_reaches_the_others_only():
    """Its sender is the connection it came from."""
    async with Server() as server:
        ann, bob = await joined(server, "ann", "bob")
        point(ann, 7)
        await quiesce(ann, bob)
        assert cursors(bob) == [(ann.peer_id, 7)]
        assert cursors(ann) == []


async def test_a_forged_sender_is_not_passed_on():
    """Nor is the echo every official client sends of what it hears."""
    async with Server() as server:
        ann, bob, cem = await joined(server, "ann", "bob", "cem")
        point(ann, 7, sender=cem.peer_id)
        await quiesce(ann, bob, cem)
        assert cursors(bob) == cursors(cem) == []
        assert ann.connection.peer.closing is None


async def test_cursors_over_the_rate_are_dropped():
    """The connection stays; a newer cursor follows anyway."""
    async with Server(limits=Limits(live_per_second=3)) as server:
        ann, bob = await joined(server, "ann", "bob")
        for at in range(10):
            point(ann, at, count=at + 1)
        await quiesce(ann, bob)
        assert len(cursors(bob)) == 3
        assert ann.connection.peer.closing is None


async def test_people_and_cursors_of_other_processes():
    """They are heard over the bus, and a process that fell silent is forgotten in 10 s."""
    store, bus = MemoryStore(), Bus()
    async with Server(store=store, bus=bus) as one, Server(store=store, bus=bus, name="two") as two:
        (ann,), (bob,) = await joined(one, "ann"), await joined(two, "bob")
        point(bob, 5)
        await quiesce(ann, bob)
        assert cursors(ann) == [(bob.peer_id, 5)]
        now = asyncio.get_running_loop().time()
        await one.rooms.check(now + 4)
        await two.rooms.check(now + 4)
        await quiesce(ann, bob)
        assert people(ann) == ["Ann", "Bob"]
        assert people(bob) == ["Bob", "Ann"]
        bus.away = True
        await one.rooms.check(now + 20)
        await quiesce(ann)
        assert people(ann) == ["Ann"]


async def test_nothing_of_it_is_stored():
    """Live only."""
    async with Server() as server:
        ann, bob = await joined(server, "ann", "bob")
        point(ann, 7)
        await quiesce(ann, bob)
        assert server.store.appends == 0


async def test_what_another_version_says_is_dropped(caplog):
    """Two versions of the server may run side by side for a moment."""
    async with Server() as server:
        (ann,) = await joined(server, "ann")
        for payload in (b"", b"?", b"Pnot json", b'P["x"]', b"L\xff", b"P{}"):
            (await server.room()).presence.heard("two", payload, 0.0)
        assert people(ann) == ["Ann"]
        assert "unreadable" in caplog.text
