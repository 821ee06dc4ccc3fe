"""`prdgen serve` on a repository as a real process, and what a test does to it from outside."""

from __future__ import annotations

import copy
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from prdgen.embedded.services import Services

T = TypeVar("T")
LINK = re.compile(r"Sign in \(.*\): (\S+)")
ADA = {"user.name": "Ada", "user.email": "ada@example.org"}


def until(holds: Callable[[], T], seconds: float = 15.0, *, what: str = "") -> T:
    """Wait for a state; gives what `holds` gives, and fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"did not come to hold in {seconds} s: {what}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class House:
    """A repository with `prdgen serve` on it. `start`, `kill`, `stop`, `start` again."""

    def __init__(
        self, folder: Path, pages: dict[str, str | bytes] | None, **settings: object
    ) -> None:
        """A repository with these pages, or (None) the example one."""
        self.repository = folder / "prds"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self.program = ("-m", "prdgen")
        """What Python runs; a test may put another version there."""
        self._settings = {f"PRDGEN_{k.upper()}": str(v) for k, v in settings.items()}
        self.environment: dict[str, str] = {}
        """More of it for the server's processes."""
        self.options: list[str] = []
        """More options of `prdgen serve`."""
        self.link = ""
        self._said = 0
        self.cookies: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        if pages is None:
            done = self.prdgen("init", "--example")
            assert done.returncode == 0, done.stderr
            return
        self.repository.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        for name, value in ADA.items():
            self.git("config", name, value)
        for page_path, text in pages.items():
            self.put(page_path, text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Begin")

    def beside(self) -> House:
        """Another server on the same clone, on a port of its own."""
        other = copy.copy(self)
        other.port = free_port()
        other.url = f"http://127.0.0.1:{other.port}"
        other.log = self.log.with_name(f"serve-{other.port}.log")
        other.cookies, other._process = {}, None
        other._settings, other.options = dict(self._settings), list(self.options)
        return other

    # The process.

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait for its sign-in link (`link`)."""
        self.launch()
        self.answer()

    def launch(self) -> None:
        """Start the server; `answer` waits for it."""
        self._said = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, *self.program, "serve", "-C", str(self.repository)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-p", str(self.port), *self.options], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, env=self._environment(),
            )  # fmt: skip

    def answer(self) -> None:
        """Wait for the sign-in link of a server that was launched."""

        def link() -> str | None:
            said = self.log.read_bytes()[self._said :].decode()
            assert self.running, said
            found = LINK.search(said)
            return found and found[1]

        self.link = until(link, 40, what="a sign-in link")

    def kill(self) -> None:
        """`kill -9` of the server."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def interrupt(self) -> float:
        """Ctrl-C; gives how many seconds it took to end."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        return time.monotonic() - began

    def stop(self, *, gently: bool = True) -> None:
        """End everything, however the test left it."""
        if self.running and gently:
            self.interrupt()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def prdgen(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another `prdgen` command on the same repository."""
        where = [str(self.repository)] if words[0] == "init" else ["-C", str(self.repository)]
        return subprocess.run(
            [sys.executable, "-m", "prdgen", *words, *where],
            capture_output=True, text=True, env=self._environment(), timeout=60,
        )  # fmt: skip

    def add_user(self, name: str, role: str = "editor") -> str:
        """`prdgen user add`; gives the sign-in link."""
        done = self.prdgen(
            "user", "add", f"{name.lower()}@example.org", "--name", name, "--role", role
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def processes(self) -> list[int]:
        """Every process that works for this repository, the embedded servers included."""
        names = [str(self.repository).encode()]
        note = self.state / "valkey.runtime"
        if note.exists():
            names.append(note.read_bytes().strip())
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    line = (folder / "cmdline").read_bytes()
                except OSError:  # it ended while we looked
                    continue
                if any(name in line for name in names):
                    found.append(int(folder.name))
        return found

    @property
    def state(self) -> Path:
        """What belongs to the clone and not to the repository."""
        return self.repository / ".git" / "prdgen"

    @property
    def postgres_pid(self) -> int | None:
        """The embedded postmaster, while one runs."""
        return _running(self.state / "postgres" / "postmaster.pid")

    def signal_postgres(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster and all its children: the store is away as one."""
        master = self.postgres_pid
        assert master is not None
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for pid in (master, *map(int, children)):
            os.kill(pid, number)

    @property
    def valkey_pid(self) -> int | None:
        """The embedded Valkey, while one runs."""
        return _running(self.state / "valkey.pid")

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PRDGEN_LOG_LEVEL": "info", **self._settings, **self.environment}

    # The repository.

    def path(self, page_path: str) -> Path:
        """A page's file."""
        return self.repository / page_path

    def put(self, page_path: str, text: str | bytes) -> None:
        """Write a file as it is, in place."""
        path = self.path(page_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def add_page(self, page_path: str, text: str | bytes) -> str:
        """Put a page there and commit it, as someone in a terminal would; gives its path."""
        self.put(page_path, text)
        self.git("add", "--", page_path)
        self.git("commit", "--quiet", "--message", f"Add {page_path}", "--", page_path)
        return page_path

    def file(self, page_path: str) -> str:
        """A page's text in the working tree."""
        return self.path(page_path).read_bytes().decode()

    def git(self, *words: str) -> str:
        """Run Git in the repository; gives its output."""
        return self.run_git(self.repository, *words)

    def run_git(self, folder: Path, *words: str) -> str:
        """Run Git in a folder; gives its output."""

        def done() -> subprocess.CompletedProcess[str] | None:
            found = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
            # The server has index and branch for a moment when it commits; Git does not wait.
            busy = any(words in found.stderr for words in ("index.lock", "cannot lock ref"))
            return None if busy else found

        found = until(done, 5, what="the index")
        assert found.returncode == 0, found.stderr
        return found.stdout.strip()

    def commit_as(self, name: str, page_path: str) -> None:
        """Someone else commits a page's file in the terminal."""
        who = ["-c", f"user.name={name}", "-c", f"user.email={name.lower()}@example.org"]
        self.git(*who, "commit", "--quiet", "--message", f"Line by {name}", "--", page_path)

    def drop_database(self) -> None:
        """DROP DATABASE, with no server running; the embedded Postgres is there, as after a kill."""
        services = Services(self.state)
        services.start()
        try:
            url = services.postgres.url.replace("@/prdgen?", "@/postgres?")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("DROP DATABASE prdgen WITH (FORCE)")
        finally:
            services.stop()

    def committed(self, page_path: str) -> str:
        """A page's text at the tip of main."""
        done = subprocess.run(
            ["git", "show", f"main:{page_path}"], cwd=self.repository, capture_output=True
        )
        return done.stdout.decode()

    def blame(self, page_path: str) -> dict[str, str]:
        """Line → who typed it, as Git says."""
        lines = self.git("blame", "--line-porcelain", "main", "--", page_path).splitlines()
        found, author = {}, ""
        for line in lines:
            if line.startswith("author "):
                author = line.removeprefix("author ")
            elif line.startswith("\t"):
                found[line[1:]] = author
        return found


def _running(note: Path) -> int | None:
    try:
        pid = int(note.read_text("utf-8").split()[0])
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return None
    return pid


def words_of(text: str, prefix: str) -> list[str]:
    """The numbered words of one typist, in order of their numbers."""
    return sorted(re.findall(rf"\b{prefix}\d+\b", text), key=lambda word: int(word[len(prefix) :]))


def numbered(prefix: str, count: int) -> list[str]:
    """The words a typist types."""
    return [f"{prefix}{number}" for number in range(count)]
