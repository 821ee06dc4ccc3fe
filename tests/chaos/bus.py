"""The line between servers and Valkey, on which messages get lost or late."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

from chaos.lines import Line


class BusLine(Line):
    """What subscribers of Valkey hear (`message`) is dropped or held back as `worsen` says; held back
    messages come out of order. All else passes, for a lost answer would only be a lost connection.
    """

    def __init__(self, socket_path: Path, dice: random.Random) -> None:
        self._to = str(socket_path)
        self._dice = dice
        self._loss = self._late = 0.0
        self.lost = self.held = 0
        super().__init__()

    def worsen(self, loss: float, late: float) -> None:
        """From now on so many of all messages are lost, and so many come up to 3 s late."""
        self._loss, self._late = loss, late

    def cut(self) -> None:
        """Every connection ends."""
        self.soon(lambda: [writer.close() for writer in self.writers])

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """To Valkey, and back."""
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_unix_connection(self._to)
            self.writers.add(back)
            try:
                await asyncio.gather(self._ask(reader, back), self._answer(there, writer))
            finally:
                back.close()
                self.writers.discard(back)

    async def _ask(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def _answer(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        waiting = b""
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                waiting += data
                while (end := _end(waiting, 0)) is not None:
                    self._pass(waiting[:end], sink)
                    waiting = waiting[end:]
                await sink.drain()
        sink.close()

    def _pass(self, reply: bytes, sink: asyncio.StreamWriter) -> None:
        if b"\r\nmessage\r\n" not in reply[:24]:
            sink.write(reply)
        elif self._dice.random() < self._loss:
            self.lost += 1
        elif self._dice.random() < self._late:
            self.held += 1
            self.loop.call_later(self._dice.uniform(0, 3), self._late_write, sink, reply)
        else:
            sink.write(reply)

    def _late_write(self, sink: asyncio.StreamWriter, reply: bytes) -> None:
        if not sink.is_closing():
            sink.write(reply)


def _end(data: bytes, at: int) -> int | None:
    """Where the reply that begins at `at` ends (RESP 2 and 3); None: not all of it is here."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, rest, after = data[at : at + 1], data[at + 1 : line], line + 2
    if kind in b"$=!":
        end = after + int(rest) + 2 if int(rest) >= 0 else after
        return end if end <= len(data) else None
    if kind in b"*>~%|":
        found: int | None = after
        for _ in range(int(rest) * (2 if kind in b"%|" else 1)):
            found = None if found is None else _end(data, found)
        return found
    return after
