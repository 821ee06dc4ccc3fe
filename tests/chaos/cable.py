"""The network between clients and servers, which can be cut in the middle of a frame."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Sequence


class Cable:
    """Carries TCP connections from a port of its own to a server, in a thread.

    The first of the servers that takes a connection gets it, as behind a proxy of a team's own.
    """

    def __init__(self, to_ports: Sequence[int], dice: random.Random) -> None:
        self._to = to_ports
        self._dice = dice
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._budget: dict[asyncio.StreamWriter, int] = {}
        self.port = 0
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def cut(self) -> None:
        """Every connection ends after a few more bytes, wherever in a frame that is."""
        self._loop.call_soon_threadsafe(self._cut)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        for task in asyncio.all_tasks():
            task.cancel()
        self._loop.call_soon(self._loop.call_soon, self._loop.stop)

    def _cut(self) -> None:
        for writer in self._writers:
            self._budget[writer] = self._dice.randint(0, 40)
            self._loop.call_later(0.3, writer.close)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._carry, "127.0.0.1", self.port)
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in self._to:
            try:
                there, back = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            both = {writer, back}
            self._writers |= both
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            self._writers -= both
            return
        writer.close()

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
