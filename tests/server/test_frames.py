"""The short way for an editor's frames: the client cannot tell it from uvicorn's own."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import asynccontextmanager

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from prdgen.server import frames

LIMIT = 70_000
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HELLO = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(data: bytes, opcode: int = BINARY, *, final: bool = True, mask: bytes = b"\1\2\3\xff"):
    """A frame as a client writes it; without `mask` as only a server may."""
    length, masked = len(data), 0x80 if mask else 0
    if length < 126:
        head = bytes((length | masked,))
    elif length < 1 << 16:
        head = bytes((126 | masked,)) + struct.pack(">H", length)
    else:
        head = bytes((127 | masked,)) + struct.pack(">Q", length)
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)) if mask else data
    return bytes((opcode | (0x80 if final else 0),)) + head + mask + body


async def echo(scope, receive, send):
    """Accept, and send back every message until the client goes."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "stop":
            await send({"type": "websocket.close", "code": 4000, "reason": "asked"})
            return
        kind = "bytes" if message.get("bytes") is not None else "text"
        await send({"type": "websocket.send", kind: message[kind]})


@asynccontextmanager
async def served(protocol, app=echo):
    """A server with this protocol; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, ws=protocol, ws_max_size=LIMIT, ws_per_message_deflate=False,
        lifespan="off", ws_ping_interval=None, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


async def connected(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HELLO)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


async def talk(port, parts):
    """Everything the server answers to these bytes, sent one after the other, until it closes."""
    reader, writer = await connected(port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.005)  # so that each is a reading of its own
    async with asyncio.timeout(10):
        answer = await reader.read(1 << 20)
        while more := await reader.read(1 << 20):
            answer += more
    writer.close()
    return answer


BYE = frame(struct.pack(">H", 1000), CLOSE)
SHORT, LONG = frame(b"short"), frame(os.urandom(300))
TALKS = {
    "one": [SHORT, BYE],
    "none": [frame(b""), BYE],
    "of every length": [frame(bytes(n)) for n in (125, 126, 127, 65_535, 65_536, LIMIT)] + [BYE],
    "several at once": [SHORT + LONG + SHORT, LONG + BYE],
    "byte by byte": [bytes((byte,)) for byte in SHORT + frame(bytes(130)) + BYE],
    "half and half": [(SHORT + LONG)[:9], (SHORT + LONG)[9:] + BYE],
    "pings between": [SHORT + frame(b"ping", PING), LONG, frame(b"", PING) + SHORT, BYE],
    "an unasked pong": [frame(b"pong", PONG) + SHORT, BYE],
    "texts between": [frame("tëxt".encode(), TEXT) + SHORT, BYE],
    "in fragments": [
        frame(b"a", final=False), frame(b"x", PING), frame(b"b", 0, final=False) + frame(b"c", 0), SHORT, BYE,
    ],
    "a message inside another": [frame(b"a", final=False), SHORT],
    "unmasked": [SHORT, frame(b"open", mask=b"")],
    "an unknown opcode": [SHORT, frame(b"a", 3)],
    "reserved bits": [bytes((0xC2,)) + SHORT[1:]],
    "too long": [SHORT, frame(bytes(LIMIT + 1))[:20]],
    "a length in too many bytes": [b"\x82\xfe\0\5" + SHORT[2:], BYE],
    "closed by the server": [frame(b"stop", TEXT), SHORT, BYE],
    "a bad close": [frame(b"x", CLOSE)],
    "no utf-8": [frame(b"\xff", TEXT)],
}  # fmt: skip


@pytest.mark.parametrize("name", TALKS)
async def test_the_client_hears_what_uvicorn_alone_would_say(name):
    """Frame by frame, byte by byte, to the closing of the connection."""
    async with served(frames.Socket) as ours, served(WebSocketsSansIOProtocol) as theirs:
        assert await talk(ours, TALKS[name]) == await talk(theirs, TALKS[name])


async def test_messages_are_handed_on_at_once_in_order():
    """To who takes them; the others wait for the application to read them."""
    taken, read, ready, ended = [], [], asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        direct = scope["extensions"][frames.EXTENSION]
        direct.deliver = lambda data: data != b"later" and (taken.append(data) or True)
        ready.set()
        while (message := await receive())["type"] == "websocket.receive":
            read.append(message["bytes"])
            assert direct.write(b"got " + message["bytes"])
        ended.set()

    async with served(frames.Socket, app) as port:
        reader, writer = await connected(port)
        await ready.wait()
        writer.write(b"".join(map(frame, (b"1", b"2", b"later", b"3"))))
        async with asyncio.timeout(10):
            assert await reader.readexactly(11) == b"\x82\x09got later"
            while len(read) < 2:  # what came after one that waits, waits as well
                await asyncio.sleep(0.01)
            writer.write(frame(b"4") + BYE)
            await ended.wait()
        assert (taken, read) == ([b"1", b"2", b"4"], [b"later", b"3"])
        writer.close()


async def test_nothing_is_sent_into_a_full_socket():
    """Whoever writes at once is told to wait, so that what is on its way stays bounded."""
    refused, go = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        direct = scope["extensions"][frames.EXTENSION]
        while direct.write(bytes(60_000)):
            await asyncio.sleep(0)
        refused.set()
        await go.wait()
        await send({"type": "websocket.send", "bytes": b"waited"})
        await receive()

    async with served(frames.Socket, app) as port:
        reader, writer = await connected(port)
        async with asyncio.timeout(10):
            await refused.wait()
            go.set()
            found = b""
            while not found.endswith(b"\x82\x06waited"):
                found = (found + await reader.read(1 << 20))[-20:]
        writer.write(BYE)
        writer.close()
