"""The short way of a GET below /site/: the same answers as the long one, to the same people."""

import asyncio

import pytest

from prdgen.server.readers import Readers, credentials_of

from . import house as houses
from . import team

PAGE = "/site/prds/checkout/"


class Wire:
    """One connection, on which bytes are written and answers read."""

    def __init__(self, reader, writer, cookie=""):
        self.reader, self.writer, self.cookie = reader, writer, cookie

    @classmethod
    async def open(cls, address, browser=None):
        host, port = address.split(":")
        pairs = browser.cookies.items() if browser else ()
        cookie = "; ".join(f"{name}={value}" for name, value in pairs)
        return cls(*await asyncio.open_connection(host, int(port)), cookie)

    def ask(self, path=PAGE, *more, method="GET", version="1.1", host="127.0.0.1"):
        lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *more]
        lines += [f"Cookie: {self.cookie}"] if self.cookie else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode())

    async def answer(self, *, bodiless=False):
        """Status, headers by lower-case name, and body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        size = 0 if bodiless else int(headers.get("content-length", 0))
        return int(head[0].split()[1]), headers, await self.reader.readexactly(size)

    async def get(self, *asked, **more):
        self.ask(*asked, **more)
        return await self.answer()


def hits(house):
    return house.app.levels.memory.count.hits


@pytest.fixture
async def served(own):
    async with houses.on_a_port(own) as address:
        yield address


async def test_the_short_way_says_what_the_long_one_says(own, served):
    """Header by header, in each coding, and that it is unchanged; the page before fills memory."""
    wire = await Wire.open(served, await own.as_("reader"))
    style = "/site/assets/logo.svg"
    for asked in ((PAGE,), (PAGE, "Accept-Encoding: br"), (f"{PAGE}?q=1",), (style,)):
        long = await wire.get(*asked)
        before = hits(own)
        short = await wire.get(*asked)
        assert hits(own) == before + 1
        assert long[0] == short[0] == 200
        assert {**long[1], "date": ""} == {**short[1], "date": ""}
        assert long[2] == short[2]
        tag = long[1]["etag"].replace('w/"', '"')
        unchanged = await wire.get(*asked, f"If-None-Match: {tag}")
        assert (unchanged[0], unchanged[2]) == (304, b"")
        assert "content-length" not in unchanged[1]


async def test_the_long_and_the_short_way_mix_on_one_connection(own, served):
    """Requests sent at once are answered in their order."""
    wire = await Wire.open(served, await own.as_("reader"))
    await wire.get()
    for path in (PAGE, "/healthz", PAGE, PAGE, "/site/nothing", PAGE):
        wire.ask(path)
    found = [(await wire.answer())[0] for _ in range(6)]
    assert found == [200, 200, 200, 200, 404, 200]


async def test_a_reader_who_does_not_read_is_not_written_to_for_ever(own, served):
    """Thousands of requests at once wait for the socket; all are answered in the end."""
    wire = await Wire.open(served, await own.as_("reader"))
    _, _, page = await wire.get()
    for _ in range(3000):
        wire.ask()
    await wire.writer.drain()
    for _ in range(3000):
        status, _, body = await wire.answer()
        assert (status, len(body)) == (200, len(page))


async def test_nobody_comes_in_by_the_short_way(own, served):
    """Neither without a session, nor with another one, nor by another name of this machine."""
    reader = await Wire.open(served, await own.as_("reader"))
    assert (await reader.get())[0] == 200
    nobody = await Wire.open(served)
    assert (await nobody.get())[0] == 401
    assert (await nobody.get(PAGE, "Cookie: prdgen_session=x"))[0] == 401
    assert (await reader.get(host="evil.example"))[0] == 421
    assert (await reader.get(PAGE, "Host: evil.example"))[0] != 500


async def test_who_signs_out_reads_no_more(own, served):
    """At once, though memory has the page."""
    browser = await own.as_("reader")
    wire = await Wire.open(served, browser)
    await wire.get()
    assert (await wire.get())[0] == 200
    await browser.send_form("/sign-out")
    assert (await wire.get())[0] == 401


async def test_other_methods_go_the_long_way(own, served):
    """HEAD has no body, POST is no way to read, and a body of a GET is read past."""
    wire = await Wire.open(served, await own.as_("reader"))
    _, headers, page = await wire.get()
    wire.ask(method="HEAD")
    status, head, _ = await wire.answer(bodiless=True)
    assert (status, head["content-length"]) == (200, headers["content-length"])
    assert (await wire.get(method="POST"))[0] == 405
    wire.ask(PAGE, "Content-Length: 3")
    wire.writer.write(b"abc")
    assert (await wire.answer())[2] == page
    assert (await wire.get())[2] == page


async def test_a_connection_ends_when_the_reader_says_so(own, served):
    """After the whole answer."""
    wire = await Wire.open(served, await own.as_("reader"))
    _, _, page = await wire.get()
    status, headers, body = await wire.get(PAGE, "Connection: close")
    assert (status, headers["connection"], body) == (200, "close", page)
    assert await wire.reader.read() == b""
    old = await Wire.open(served, await own.as_("reader"))
    assert (await old.get(version="1.0"))[2] == page
    assert await old.reader.read() == b""


async def test_a_file_without_a_byte_is_a_file(own, served):
    """On both ways to it: it is no 304, and not missing."""
    team.put(own.app.repository.work_tree, {"site/empty.txt": b""})
    await own.follow()
    wire = await Wire.open(served, await own.as_("reader"))
    for _ in range(2):
        status, headers, body = await wire.get("/site/empty.txt")
        assert (status, headers["content-length"], body) == (200, "0", b"")


async def test_a_public_site_is_read_by_anyone(open_house, example):
    """The short way keeps those who are signed in and those who are not apart."""
    house = await open_house(example, public_site="true")
    async with houses.on_a_port(house) as address:
        nobody, editor = (
            await Wire.open(address),
            await Wire.open(address, await house.as_("editor")),
        )
        for _ in range(2):
            assert (await nobody.get())[1]["cache-control"].startswith("public, max-age=300")
            assert (await editor.get())[1]["cache-control"] == "private, no-cache"
        assert hits(house) == 3


def test_readers_are_known_for_seconds_and_in_bounds(monkeypatch):
    """Whoever they are, by everything they came with."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    readers, ann = Readers(), credentials_of([(b"host", b"x"), (b"cookie", b"a=1")])
    readers.let_in(ann, readers.turn)
    assert readers.know(ann)
    assert not readers.know(credentials_of([(b"cookie", b"a=1"), (b"authorization", b"b")]))
    now[0] = 5.0
    assert not readers.know(ann)
    for number in range(25_000):
        readers.let_in((str(number).encode(), None), readers.turn)
    assert len(readers._until) <= 10_000
    readers.forget()
    assert not readers._until
    before = readers.turn
    readers.forget()  # while they were being checked
    readers.let_in(ann, before)
    assert not readers.know(ann)
