"""The network between clients and servers, which can be cut in the middle of a frame."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence

from chaos.lines import Line


class Cable(Line):
    """The first of the servers that takes a connection gets it, as behind a proxy of a team's own."""

    def __init__(self, to_ports: Sequence[int], dice: random.Random) -> None:
        self._to = to_ports
        self._dice = dice
        self._budget: dict[asyncio.StreamWriter, int] = {}
        super().__init__()

    def cut(self) -> None:
        """Every connection ends after a few more bytes, wherever in a frame that is."""
        self.soon(self._cut)

    def _cut(self) -> None:
        for writer in self.writers:
            self._budget[writer] = self._dice.randint(0, 40)
            self.loop.call_later(0.3, writer.close)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """To the first server that is there, and back."""
        for port in self._to:
            try:
                there, back = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.writers.add(back)
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            finally:
                back.close()
                self.writers.discard(back)
            return

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                left = self._budget.get(sink)
                sink.write(data if left is None else data[:left])
                await sink.drain()
                if left is not None:
                    break
        self._budget.pop(sink, None)
        sink.close()
