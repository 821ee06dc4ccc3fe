"""Whatever happens on the way: all copies agree, and no letter is lost or doubled."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prdgen.errors import Conflict
from prdgen.sync import ports

from .fakes import Bus, MemoryStore
from .harness import Client, Server, quiesce, settle
from .test_cold import take_in
from .test_room import insert

SEED = "0123456789"
CLIENTS = 3
WHO = st.integers(0, CLIENTS - 1)
STEPS = st.one_of(
    st.tuples(st.just("type"), WHO, st.integers(0, 30)),
    st.tuples(st.just("send"), WHO),
    st.tuples(st.just("hear"), WHO),
    st.tuples(st.just("run")),
    st.tuples(st.just("cut"), WHO),
    st.tuples(st.just("connect"), WHO, st.integers(0, 1)),
    st.tuples(st.just("edit"), st.integers(0, 1)),
    st.tuples(st.just("rollback"), st.integers(0, 1)),
    st.tuples(st.just("away")),
    st.tuples(st.just("back")),
    st.tuples(st.just("garbage"), WHO),
)


class World:
    """Three clients, two processes, one store; every typed letter is another one."""

    def __init__(self):
        self.store, self.bus = MemoryStore(), Bus()
        self.servers = [
            Server(SEED, store=self.store, bus=self.bus, name=name) for name in ("one", "two")
        ]
        self.clients = [Client(name) for name in ("ann", "bob", "cem")]
        self.letters = []

    def letter(self):
        self.letters.append(chr(0x4E00 + len(self.letters)))
        return self.letters[-1]

    async def step(self, kind, *facts):
        await getattr(self, kind)(*facts)

    async def type(self, who, at):
        if self.clients[who].text is not None:
            self.clients[who].type(self.letter(), at)

    async def send(self, who):
        if self.clients[who].connection and self.clients[who].outbox:
            await self.clients[who].send()

    async def hear(self, who):
        if self.clients[who].connection:
            self.clients[who].hear()

    async def run(self):
        await settle()

    async def cut(self, who):
        self.clients[who].cut()

    async def connect(self, who, server):
        if self.clients[who].connection is None:
            self.clients[who].connect(self.servers[server])

    async def edit(self, server):
        if not self.store.away:
            text = self.letter()
            room = await self.servers[server].room()
            await room.edit(insert(text), origin="file")

    async def rollback(self, server):
        async def in_tx(tx, changes):
            raise Conflict(what="The agreed point", expected=1, got=2)

        if not self.store.away:
            room = await self.servers[server].room()
            try:
                await room.edit(insert("!"), origin="file", in_tx=in_tx)
            except Conflict:
                return
            raise AssertionError("it was not undone")

    async def away(self):
        self.store.away = True

    async def back(self):
        self.store.away = False
        await settle()

    async def garbage(self, who):
        client = self.clients[who]
        if client.connection:
            await client.connection.receive(b"\xa1garbage")

    async def rest(self):
        """Everybody is connected, and nobody has anything to say."""
        self.store.away = False
        for _ in range(3):
            await settle()
            for client in self.clients:
                if client.connection is None or client.connection.peer.closing:
                    client.cut()
                    client.connect(self.servers[0])
            await quiesce(*self.clients)
            for server in self.servers:
                await server.rooms.check(asyncio.get_running_loop().time() + 6)
        await quiesce(*self.clients)

    async def end(self):
        for server in self.servers:
            await server.rooms.close()


async def live_through(steps):
    world = World()
    try:
        for client in world.clients:
            client.connect(world.servers[0])
        await quiesce(*world.clients)
        for step in steps:
            await world.step(*step)
        await world.rest()
        texts = {client.text for client in world.clients}
        texts.add((await world.servers[0].room()).text)
        texts.add((await world.servers[1].room()).text)
        assert len(texts) == 1
        assert sorted(texts.pop()) == sorted(SEED + "".join(world.letters))
        assert all(client.saved for client in world.clients)
    finally:
        await world.end()


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=40))
def test_all_converge_and_nothing_is_lost(steps):
    """Random interleavings, dropped connections, failing writes, rollbacks, two processes."""
    asyncio.run(live_through(steps))


async def live_through_a_loss(before, after, file_has):
    """Type, lose the store, rebuild from a file that has some of it, type offline, come back."""
    world = World()
    names = iter(f"Line {number}.\n" for number in range(100))
    typed = []

    async def write(whos):
        for who in whos:
            line = next(names)
            world.clients[who].type(line)
            typed.append(line)
            if all(client.connection for client in world.clients):
                await quiesce(*world.clients)

    for client in world.clients:
        client.connect(world.servers[0])
    await quiesce(*world.clients)
    await write(before)
    in_file = (await world.servers[0].room()).text if file_has else SEED
    for client in world.clients:
        client.cut()
    await write(after)
    await world.end()
    async with Server(SEED) as server:
        await take_in(server, in_file)
        for client in world.clients:
            client.connect(server)
            await quiesce(*[c for c in world.clients if c.connection])
        await quiesce(*world.clients)
        text = (await server.room()).text
        assert {client.text for client in world.clients} == {text}
        assert sorted(text.removeprefix(SEED).splitlines(keepends=True)) == sorted(typed)
        assert server.store.rows  # for the reader: everything is stored
        assert ports.COLD_INTAKE in {
            row.origin for row in next(iter(server.store.rows.values()))
        } or (in_file == SEED)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WHO, max_size=5), st.lists(WHO, max_size=5), st.booleans())
def test_a_lost_store_loses_and_doubles_nothing(before, after, file_has):
    """Cold intake with any share of the lines in the file and any number typed offline."""
    asyncio.run(live_through_a_loss(before, after, file_has))
