"""Official automerge-repo clients, with no code of ours, against the rooms over a WebSocket."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from prdgen import ids
from prdgen.sync.peer import Who

from .harness import DOCUMENT, Server, uuid4

HERE = Path(__file__).parent
URL = f"automerge:{ids.document_name(DOCUMENT)}"


def folder_with_packages() -> Path | None:
    """The editor's folder, or another one named by the environment."""
    candidates = [HERE.parents[1] / "editor", Path(os.environ.get("AUTOMERGE_JS", os.devnull))]
    return next(
        (c for c in candidates if (c / "node_modules/@automerge/automerge-repo").is_dir()), None
    )


FOLDER, NODE = folder_with_packages(), shutil.which("node")
pytestmark = pytest.mark.skipif(
    FOLDER is None or NODE is None,
    reason="needs Node and the editor's packages: `npm ci` in editor/ (or AUTOMERGE_JS=folder)",
)


class Site:
    """A `Server` behind real WebSockets, and the Node clients talking to it."""

    def __init__(self, server):
        self.server, self.clients, self.closings = server, [], []

    async def __aenter__(self):
        self.listener = await serve(self._serve, "127.0.0.1", 0, max_size=2**24)
        self.port = self.listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        for process in self.clients:
            process.stdin.close()
            await process.wait()
        self.listener.close()
        await self.listener.wait_closed()

    async def _serve(self, socket):
        async def read():
            try:
                return await socket.recv()
            except ConnectionClosed:
                return None

        claim = socket.request.path.removeprefix("/")
        who = Who(uuid4(), claim or "someone", "#abcdef")
        connection = self.server.rooms.connect(who, self.server.opener, claim)
        closing = await connection.run(read, socket.send)
        self.closings.append(closing)
        await socket.close(closing.code, closing.reason)

    async def client(self, claim=""):
        process = await asyncio.create_subprocess_exec(
            NODE, str(HERE / "js/client.mjs"), str(FOLDER), f"ws://127.0.0.1:{self.port}/{claim}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.clients.append(process)

        async def tell(command, **facts):
            process.stdin.write(json.dumps({"command": command, **facts}).encode() + b"\n")
            line = b""
            while not line.startswith(b"{"):  # the library itself says things there too
                line = await asyncio.wait_for(process.stdout.readline(), 30)
                assert line, "the client's process ended"
            answer = json.loads(line)
            assert "error" not in answer, answer
            return answer["answer"]

        return tell

    async def pair(self):
        clients = await asyncio.gather(self.client(), self.client())
        await asyncio.gather(*(tell("find", documentUrl=URL) for tell in clients))
        return clients


async def test_official_clients_write_together():
    """`repo.find(url)` works, edits go both ways, "Saved" comes from the server's storage id."""
    async with Server("# Title\n") as server, Site(server) as site:
        ann, bob = await site.pair()
        await ann("splice", at=8, insert="from Ann 😀\n")
        await bob("splice", at=0, insert="<Bob>")
        both = "<Bob># Title\nfrom Ann 😀\n"
        await asyncio.gather(ann("is", text=both), bob("is", text=both))
        assert await ann("saved") == await bob("saved") == "prdgen"
        assert (await server.room()).text == both


async def test_a_connection_that_drops_loses_nothing():
    """The client connects again by itself, and what was typed meanwhile arrives."""
    async with Server("a\n") as server, Site(server) as site:
        ann, bob = await site.pair()
        for room in server.rooms.open:
            for peer in room.peers:
                peer.close(1013, "the store is away")
        await ann("splice", at=2, insert="offline\n")
        await bob("is", text="a\noffline\n")
        await ann("saved")
        assert len(site.closings) == 2


async def test_heads_of_another_client_arrive():
    """`subscribeToRemotes` works through the server."""
    async with Server("a") as server, Site(server) as site:
        ann, bob = await site.pair()
        storage_id = await ann("storageId")
        await bob("subscribe", storageId=storage_id)
        await ann("splice", at=1, insert="b")
        await bob("is", text="ab")
        assert await bob("remote", storageId=storage_id)


async def test_live_messages_and_people():
    """`handle.broadcast` reaches the others under the true sender, and people are announced."""
    async with Server("a") as server, Site(server) as site:
        ann, bob = await site.pair()
        await ann("say", message={"type": "cursor", "at": 1})
        (cursor,) = await bob("heard", type="cursor")
        assert cursor == {"senderId": await ann("peerId"), "message": {"type": "cursor", "at": 1}}
        people = await bob("heard", type="people")
        assert len(people[-1]["message"]["people"]) == 2


async def test_an_unknown_document_is_said_to_be_unavailable():
    """`repo.find` rejects rather than waiting for ever."""
    async with Server("a") as server, Site(server) as site:
        ann = await site.client()
        unknown = f"automerge:{ids.document_name(uuid4())}"
        with pytest.raises(AssertionError, match="unavailable"):
            await ann("find", documentUrl=unknown)


async def test_a_reader_with_an_official_client():
    """Its change stays with it, and it goes on hearing the others."""
    async with Server("a\n") as server, Site(server) as site:
        ann, eve = await asyncio.gather(site.client(), site.client("reader"))
        await asyncio.gather(ann("find", documentUrl=URL), eve("find", documentUrl=URL))
        await eve("splice", at=0, insert="forbidden\n")
        for number in range(3):
            await ann("splice", at=0, insert=f"{number}\n")
            await eve("has", text=f"{number}\n")
        assert (await server.room()).text == await ann("text") == "2\n1\n0\na\n"


async def test_replacing_the_text_object():
    """Trap 5: `doc.content = "…"` is closed with a reason, and its text is there."""
    async with Server("a\n") as server, Site(server) as site:
        ann, bob = await site.pair()
        await ann("reshape", text="a\nb\n")
        await bob("is", text="a\nb\n")
        assert site.closings[0].code == 4409
