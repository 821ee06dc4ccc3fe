"""The protocol of one WebSocket."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from prdgen import ids
from prdgen.crdt import wire
from prdgen.crdt.replica import Replica
from prdgen.crdt.sync import Session
from prdgen.errors import TooLarge, Unavailable
from prdgen.sync import errors
from prdgen.sync.peer import Who
from prdgen.sync.ports import Limits

from .harness import DOCUMENT, Client, Server, joined, quiesce, settle

SECOND = UUID(int=2)
WHO = Who(uuid4(), "Ann", "#123456")
NAME = ids.document_name(DOCUMENT)


def answers(connection):
    return [wire.decode(data) for data in connection.peer.take()]


async def entered(server, storage_id=None):
    """A connection that has joined as `ann-1`."""
    connection = server.rooms.connect(WHO, server.opener)
    join = wire.Join("ann-1", metadata=wire.Metadata(storage_id))
    await connection.receive(wire.encode(join))
    (peer,) = answers(connection)
    return connection, peer.sender_id


async def test_a_join_is_answered_with_the_storage_id():
    """The client's remote heads, and so its "Saved", hang on it."""
    async with Server() as server:
        connection = server.rooms.connect(WHO, server.opener)
        await connection.receive(wire.encode(wire.Join("ann-1")))
        (peer,) = answers(connection)
        assert isinstance(peer, wire.Peer)
        assert (peer.target_id, peer.version) == ("ann-1", "1")
        assert peer.metadata == wire.Metadata("prdgen", is_ephemeral=False)


async def test_the_first_message_must_be_a_join():
    """Anything else ends the connection, with an error message before."""
    async with Server() as server:
        connection = server.rooms.connect(WHO, server.opener)
        await connection.receive(wire.encode(wire.Leave("x")))
        (error,) = answers(connection)
        assert "join" in error.message
        assert connection.peer.closing.code == errors.BadProtocol.close_code


async def test_another_protocol_version():
    """Only version 1 is spoken."""
    async with Server() as server:
        connection = server.rooms.connect(WHO, server.opener)
        await connection.receive(wire.encode(wire.Join("ann-1", ("2",))))
        assert "version 1" in connection.peer.closing.reason


async def test_bytes_that_are_no_message():
    """Malformed CBOR closes with a reason, whatever it is."""
    async with Server() as server:
        for data in (b"", b"\xff", b"\xa1", b"\x80", b"\x5b" + b"\xff" * 8):
            connection, _ = await entered(server)
            await connection.receive(data)
            assert connection.peer.closing.code == errors.BadProtocol.close_code
            assert connection.peer.closing.reason


async def test_a_message_over_the_limit():
    """It is not even decoded."""
    async with Server(limits=Limits(message_bytes=100)) as server:
        connection, _ = await entered(server)
        await connection.receive(bytes(101))
        assert connection.peer.closing.code == errors.MessageTooLarge.close_code
        assert "101" in connection.peer.closing.reason


async def test_an_unknown_document_is_unavailable():
    """The client hears it, and its connection stays."""
    async with Server() as server:
        connection, target = await entered(server)
        for name in (ids.document_name(SECOND), "no-such-name"):
            await connection.receive(wire.encode(wire.Request("ann-1", target, name, b"\x42")))
            (answer,) = answers(connection)
            assert answer == wire.Unavailable(target, "ann-1", name)
        assert connection.peer.closing is None


async def refused_by(server, error):
    async def opener(document_id, claim):
        raise error

    server.opener = opener
    connection, target = await entered(server)
    await connection.receive(wire.encode(wire.Request("ann-1", target, NAME, b"\x42")))
    return connection


async def test_a_page_that_is_too_large_says_why():
    """Trap 16: unavailable, and the reason in the close frame."""
    async with Server() as server:
        error = TooLarge(what="The page", where="docs/a.md", got="300 KiB", expected="256 KiB")
        connection = await refused_by(server, error)
        assert isinstance(answers(connection)[0], wire.Unavailable)
        assert connection.peer.closing.code == errors.PageTooLarge.close_code
        assert "256 KiB" in connection.peer.closing.reason


async def test_a_store_that_is_away_is_not_an_unknown_document():
    """The client must try again rather than think the page is gone."""
    async with Server() as server:
        connection = await refused_by(server, Unavailable(what="the store", got="it is away"))
        assert answers(connection) == []
        assert connection.peer.closing.code == errors.TRY_AGAIN_LATER


async def test_another_sender_or_target():
    """Nobody speaks for someone else."""
    async with Server() as server:
        for sender, target in (("bob-1", None), ("ann-1", "another")):
            connection, us = await entered(server)
            message = wire.Sync(sender, target or us, NAME, b"\x42")
            await connection.receive(wire.encode(message))
            assert connection.peer.closing.code == errors.BadProtocol.close_code


async def test_several_documents_on_one_connection():
    """Each has its own room; leaving gives all seats back."""
    async with Server("one") as server:
        server.store.seed(SECOND, "two")
        first = Client("ann")
        first.connect(server)
        await quiesce(first)
        second = Client("ann", document_id=SECOND)
        second.connect(server)
        second.connection, second.peer_id = first.connection, first.peer_id
        second.target, second.outbox = first.target, []
        second.generate()
        await quiesce(second)
        assert (first.text, second.text) == ("one", "two")
        assert len(server.rooms.open) == 2
        first.cut()
        assert [room.peers for room in server.rooms.open] == [(), ()]


async def test_too_many_messages():
    """A flood ends the connection that sends it."""
    async with Server(limits=Limits(messages_per_second=5)) as server:
        connection, target = await entered(server)
        subscription = wire.encode(wire.RemoteSubscriptionChange("ann-1", target))
        for _ in range(11):
            await connection.receive(subscription)
        assert connection.peer.closing.code == errors.TooManyMessages.close_code


async def test_remote_heads_reach_who_subscribed():
    """Bob hears which heads Ann's storage has."""
    async with Server("a") as server:
        (ann,) = await joined(server, "ann", storage="storage-ann")
        (bob,) = await joined(server, "bob")
        bob.outbox.append(wire.RemoteSubscriptionChange(bob.peer_id, bob.target, ("storage-ann",)))
        await quiesce(ann, bob)
        ann.type("b")
        await quiesce(ann, bob)
        heads = [m.new_heads for m in bob.news if isinstance(m, wire.RemoteHeadsChanged)]
        expected = tuple(ids.base58check(head) for head in ann.heads)
        assert heads[-1]["storage-ann"].heads == expected
        assert len(heads) >= 2


async def test_nobody_speaks_for_the_servers_storage():
    """A client that claims the server's storage id cannot make others believe "Saved"."""
    async with Server() as server:
        connection, _ = await entered(server, storage_id="prdgen")
        assert connection.peer.storage_id is None


async def test_running_until_the_peer_goes():
    """`run` reads, writes and gives the seats back; its answer is how to close."""
    async with Server("a") as server:
        incoming, sent = asyncio.Queue(), []

        async def write(data):
            sent.append(wire.decode(data))

        connection = server.rooms.connect(WHO, server.opener)
        running = asyncio.ensure_future(connection.run(incoming.get, write))
        incoming.put_nowait(wire.encode(wire.Join("ann-1")))
        await settle()
        assert isinstance(sent[0], wire.Peer)
        incoming.put_nowait(None)
        assert (await running).code == 1000


async def test_running_ends_although_the_peer_takes_nothing():
    """A writer that hangs does not keep the connection for ever."""
    async with Server(limits=Limits(goodbye_seconds=0.01)) as server:
        connection = server.rooms.connect(WHO, server.opener)

        async def write(data):
            await asyncio.Event().wait()

        running = asyncio.ensure_future(connection.run(asyncio.Event().wait, write))
        connection.peer.send(b"x")
        await settle()
        connection.peer.close(1013, "the store is away")
        assert (await running).reason == "the store is away"


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(28, "No space left on device"), "No space left"), (KeyError("x"), "KeyError")],
)
async def test_what_a_message_breaks_on_is_said(error, said):
    """A full disk, or a fault of ours: never a bare end without a reason."""
    async with Server() as server:
        closing = (await refused_by(server, error)).peer.closing
        assert closing.code == errors.TRY_AGAIN_LATER
        assert said in closing.reason


async def test_a_message_is_taken_at_once_when_nothing_has_to_be_waited_for():
    """And only then: not before the join, and not for a document that is still to be opened."""
    async with Server("text") as server:
        server.store.seed(SECOND, "another")
        connection, server_id = await entered(server)
        request = wire.encode(wire.Request("ann-1", server_id, NAME, asks_for("")))
        assert not connection.deliver(request)
        await connection.receive(request)
        assert connection.deliver(request)
        other = wire.encode(wire.Sync("ann-1", server_id, ids.document_name(SECOND), asks_for("x")))
        assert not connection.deliver(other)
        opening = asyncio.create_task(connection.receive(other))
        await asyncio.sleep(0)
        assert not connection.deliver(request)  # it would overtake
        await opening
        assert connection.deliver(request)


async def test_what_is_wrong_with_a_message_taken_at_once_closes_the_connection():
    """As it does when it was waited for."""
    async with Server("text") as server:
        for wrong in (
            b"\xff",
            wire.encode(wire.Sync("bob-1", "x", NAME, b"x")),
            wire.encode(wire.Join("ann-1")),
        ):
            connection, server_id = await entered(server)
            await connection.receive(
                wire.encode(wire.Request("ann-1", server_id, NAME, asks_for("")))
            )
            assert connection.deliver(wrong)
            assert connection.peer.closing.code == errors.BadProtocol.close_code
            assert connection.deliver(wrong)


def asks_for(text):
    """The first sync message of someone who has this text."""
    return Session().next_message(Replica.seed(text))
