"""A server with clients on Automerge's own engine, driven without waiting for time."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4, uuid5

from automerge import core

from prdgen import ids
from prdgen.crdt import wire
from prdgen.merge import three_way
from prdgen.sync.connection import Admitted
from prdgen.sync.peer import Who
from prdgen.sync.ports import Limits
from prdgen.sync.rooms import Rooms

from .fakes import Bus, MemoryStore, Seen

DOCUMENT = UUID("00000000-0000-5000-8000-000000000001")
_TURNS = 400


def merge_texts(base, theirs, ours):
    return three_way.merge(base, theirs, ours).text


async def settle():
    """Let every task run until nothing is ready any more."""
    for _ in range(25):
        await asyncio.sleep(0)


class Server:
    """Rooms over a store in memory; several servers may share store and bus."""

    def __init__(self, text="", *, store=None, bus=None, name="one", limits=None):
        self.store = store or MemoryStore()
        if not self.store.snapshots:
            self.store.seed(DOCUMENT, text)
        self.bus = bus or Bus()
        self.seen = Seen()
        self.readers = set()
        self.rooms = Rooms(
            self.store, self.bus, self.seen,
            merge_texts=merge_texts, process_id=name, limits=limits or Limits(),
        )  # fmt: skip
        self.bus.listeners.append(self.rooms)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.store.away = False
        await self.rooms.close()

    async def opener(self, document_id, claim):
        if document_id not in self.store.snapshots:
            return None
        return Admitted(await self.rooms.get(document_id), claim != "reader")

    async def room(self):
        return await self.rooms.get(DOCUMENT)


class Client:
    """An editor: an Automerge document, its sync state, and a connection that can be cut."""

    def __init__(self, name="ann", document=None, document_id=DOCUMENT, claim=None, storage=None):
        self.name = name
        self.who = Who(uuid5(document_id, name), name.title(), "#123456")
        self.document = document or core.Document()
        self.document_name = ids.document_name(document_id)
        self.claim = claim
        self.storage = storage
        self.connection = None
        self.closings = []
        self.news = []
        self.outbox = []

    @property
    def text(self):
        found = self.document.get(core.ROOT, "content")
        return self.document.text(found[1]) if found else None

    @property
    def heads(self):
        return sorted(self.document.get_heads())

    @property
    def saved(self):
        """What the editor calls "Saved": the server's heads contain all of mine."""
        ours = set(self.document.get_heads())
        return bool(self.server_heads) and ours <= {
            change.hash for change in self.document.get_changes([])
        } and ours == set(self.server_heads)  # fmt: skip

    def connect(self, server: Server):
        self.server_heads = []
        self.state = core.SyncState()
        self.server = server
        self.connection = server.rooms.connect(self.who, server.opener, self.claim)
        self.peer_id = f"{self.name}-{uuid4().hex[:6]}"
        self.target = None
        self.outbox = [
            wire.Join(self.peer_id, metadata=wire.Metadata(self.storage, self.storage is None))
        ]

    def cut(self):
        """The network is gone: everything on its way is lost."""
        if self.connection is not None:
            self.connection.leave()
        self.connection, self.outbox = None, []

    async def send(self):
        """Deliver the oldest message on its way to the server."""
        await self.connection.receive(wire.encode(self.outbox.pop(0)))

    def hear(self):
        """Take in everything the server has sent; whether there was anything."""
        data = self.connection.peer.take()
        for item in data:
            self._hear(wire.decode(item))
        if self.connection.peer.closing:
            self.closings.append(self.connection.peer.closing)
            self.cut()
        return bool(data)

    def _hear(self, message):
        if isinstance(message, wire.Peer):
            self.target = message.sender_id
            self.generate()
        elif isinstance(message, wire.Sync):
            decoded = core.Message.decode(message.data)
            self.document.receive_sync_message(self.state, decoded)
            self.server_heads = list(_heads_of(message.data))
            self.generate()
        else:
            self.news.append(message)

    def generate(self):
        """Queue the next sync message, if there is one; true then."""
        if self.connection is None or self.target is None:
            return False
        message = self.document.generate_sync_message(self.state)
        if message is None:
            return False
        kind = wire.Sync if self.document.get_heads() else wire.Request
        self.outbox.append(kind(self.peer_id, self.target, self.document_name, message.encode()))
        return True

    def type(self, text, at=None):
        """Insert `text`; at the end unless `at` says where."""
        name = self.document.get(core.ROOT, "content")[1]
        at = self.document.length(name) if at is None else min(at, self.document.length(name))
        with self.document.transaction() as transaction:
            for index, letter in enumerate(text):
                transaction.insert(name, at + index, core.ScalarType.Str, letter)
        self.generate()

    def delete(self, at, count):
        name = self.document.get(core.ROOT, "content")[1]
        with self.document.transaction() as transaction:
            for _ in range(count):
                transaction.delete(name, at)
        self.generate()


def _heads_of(data):
    from prdgen.crdt import message

    return message.decode(data).heads


async def quiesce(*clients):
    """Deliver everything both ways until nobody has anything to say."""
    for _ in range(_TURNS):
        busy = False
        for client in clients:
            while client.connection is not None and client.outbox:
                await client.send()
                busy = True
        await settle()
        for client in clients:
            if client.connection is not None:
                busy = client.hear() or busy
        if not busy:
            return
    raise AssertionError("they do not come to rest")


async def joined(server, *names, **options):
    """Clients that are connected and have the document."""
    clients = [Client(name, **options) for name in names]
    for client in clients:
        client.connect(server)
    await quiesce(*clients)
    return clients
