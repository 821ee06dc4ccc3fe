"""Readers of a site, in a process of their own: 50 connections, and every answer is looked at.

Run by `bench.read` with one JSON object on its input; what it saw is one on its output.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from bench.hammer import Zipf
from prdgen.builder.reading import Reading

EDITION: Final = re.compile(rb"Edition (\d+)\.")
_MADE_OF: Final = re.compile(rb'(?:href|src)="([^"#:?]+\.(?:css|js|svg))"')
_LOOK_SECONDS: Final = 0.002
_ASK_AGAIN: Final = 0.3
"""So many of the requests say what they have already, as a browser does."""


@dataclass(slots=True)
class Seen:
    """What all readers saw."""

    requests: int = 0
    unchanged: int = 0
    errors: int = 0
    stale: int = 0
    """Answers to requests that were made after a newer edition had been public for `allowed_s`."""
    stalest_ms: float = 0.0
    torn: int = 0
    """Answers whose bytes are not what their tag says, or are of two editions, and pages that name a
    file which is not there."""
    new_editions: int = 0
    took_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Public:
    """What is public since when, looked up in the ledger beside the server."""

    reading: Reading
    pages: dict[str, str]
    """Address → public path, of the pages that change."""
    turn: int = 0
    since: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """Address → moments, and the edition that was public from then on."""

    async def watch(self) -> None:
        """Look every two milliseconds."""
        while True:
            turn = self.reading.turn()
            if turn != self.turn:
                for address, path in self.pages.items():
                    found = self.reading.find(path, ())
                    number = edition(found.data)[0] if found else 0
                    known = self.since.setdefault(address, [])
                    # When it was looked up, which is a moment after it was so.
                    if not known or known[-1][1] != number:
                        known.append((time.monotonic(), number))
                self.turn = turn
            await asyncio.sleep(_LOOK_SECONDS)

    def behind(self, address: str, number: int, asked: float) -> float:
        """For how many seconds a newer edition had been public when it was asked for."""
        newer = [at for at, each in self.since.get(address, ()) if each > number]
        return max(0.0, asked - newer[0]) if newer else 0.0


def edition(page: bytes) -> tuple[int, bool]:
    """The number a page says at its beginning and its end, and whether it is one."""
    found = {int(number) for number in EDITION.findall(page)}
    return max(found, default=0), len(found) <= 1


class Connection:
    """One connection of one browser, with what it keeps."""

    def __init__(self, port: int, header: str) -> None:
        self._port, self._header = port, header
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, address: str, tag: str = "") -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        writer.write(
            f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._header}\r\n{condition}\r\n".encode()
        )
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value
                for line in head[1:]
                for name, _, value in [line.partition(": ")]
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        except (OSError, asyncio.IncompleteReadError):
            self._streams = None
            raise
        return int(head[0].split()[1]), headers, body


async def read(
    seen: Seen, public: Public, connection: Connection, pages: list[str], number: int,
    until: float, allowed: float, known_files: dict[str, bool],
) -> None:  # fmt: skip
    """One reader, until the time is over."""
    zipf, tags = Zipf(len(pages), number), dict[str, tuple[str, int]]()
    latest: dict[str, int] = {}
    while time.monotonic() < until:
        address = pages[zipf.draw()]
        tag, kept = tags.get(address, ("", 0)) if zipf.chance(_ASK_AGAIN) else ("", 0)
        asked = time.monotonic()
        try:
            status, headers, body = await connection.get(address, tag)
        except (OSError, asyncio.IncompleteReadError) as error:
            seen.errors += 1
            seen.problems.append(f"{address}: {error!r}")
            await asyncio.sleep(0.05)
            continue
        seen.took_ms.append((time.monotonic() - asked) * 1000)
        seen.requests += 1
        if status == 304:
            seen.unchanged += 1
            found, whole = kept, True
        elif status == 200:
            found, whole = edition(body)
            whole = whole and headers["etag"] == f'"{hashlib.sha256(body).hexdigest()[:40]}"'
            tags[address] = headers["etag"], found
            whole = whole and await _has_its_files(connection, address, body, known_files)
        else:
            seen.errors += 1
            seen.problems.append(f"{address}: {status}")
            continue
        seen.new_editions += found > latest.get(address, found)
        latest[address] = max(found, latest.get(address, 0))
        seen.torn += not whole
        behind = public.behind(address, found, asked)
        seen.stalest_ms = max(seen.stalest_ms, behind * 1000)
        seen.stale += behind > allowed


async def _has_its_files(
    connection: Connection, address: str, page: bytes, known: dict[str, bool]
) -> bool:
    """Whether every file the page names is there; each is asked for once."""
    for name in _MADE_OF.findall(page):
        file = urljoin(address, name.decode())
        if file not in known:
            known[file] = (await connection.get(file))[0] == 200
        if not known[file]:
            return False
    return True


async def main(job: dict[str, object]) -> Seen:
    """Read as the job says."""
    seen = Seen()
    pages = [str(each) for each in job["pages"]]  # type: ignore[attr-defined]
    changing = dict(job["changing"])  # type: ignore[call-overload]
    public = Public(Reading(Path(str(job["site"]))), changing)
    watching = asyncio.create_task(public.watch())
    until = time.monotonic() + float(str(job["seconds"]))
    known: dict[str, bool] = {}
    await asyncio.gather(*(
        read(seen, public, Connection(int(str(job["port"])), str(job["header"])), pages, number,
             until, float(str(job["allowed_s"])), known)
        for number in range(int(str(job["connections"])))
    ))  # fmt: skip
    watching.cancel()
    return seen


if __name__ == "__main__":
    found = asyncio.run(main(json.loads(sys.stdin.readline())))
    print(json.dumps(asdict(found)))
