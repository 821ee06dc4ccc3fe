"""The pipe by which a push asks: read to its end, and its number closed once."""

import asyncio
import os

import uvloop

from prdgen.git import http_backend
from prdgen.git.http_backend import _Pipe


async def _read_and_closed(monkeypatch):
    ours, theirs = os.pipe()
    opened = []

    def close(descriptor, *, really=os.close):
        really(descriptor)
        opened.append(os.open(os.devnull, os.O_RDONLY))  # as another thread would, at once

    pipe = _Pipe(ours)
    os.write(theirs, b"one\ntwo")
    first = await pipe.reader.readuntil(b"\n")
    monkeypatch.setattr(http_backend.os, "close", close)
    os.fdopen(theirs, "wb").close()
    rest = await pipe.reader.read()
    pipe.close()
    for _ in range(20):
        await asyncio.sleep(0.001)
    monkeypatch.undo()
    return first, rest, ours, opened


def test_a_pipe_is_closed_once(monkeypatch):
    """uvloop's own pipes close their number again, which is another file's by then."""
    first, rest, ours, opened = uvloop.run(_read_and_closed(monkeypatch))
    assert (first, rest) == (b"one\n", b"two")
    assert opened == [ours]
    os.fstat(ours)
    os.close(ours)
