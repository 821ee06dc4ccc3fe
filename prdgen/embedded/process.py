"""Processes that outlive the one that started them: spawn, recognise, stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from prdgen.embedded import account

_LOG_LIMIT = 10_000_000


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    as_account: account.Account = account.AS_WE_ARE,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command`, its output appended to `log`, in a session of its own: ctrl-C in our
    terminal does not reach it.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            [*as_account.prefix, *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
            start_new_session=True, env={**os.environ, **(environment or {})},
            user=as_account.uid, group=as_account.gid,
            extra_groups=None if as_account.uid is None else [],
        )  # fmt: skip


def open_log(log: Path) -> IO[bytes]:
    """`log` for appending; one that grew past 10 MB becomes `log.1` first."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")


def tail(log: Path, lines: int = 6) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return "it left no log"
    return " | ".join(text.splitlines()[-lines:])


def command_of(pid: int) -> str:
    """The command line of a running process; empty when there is none, or only its zombie."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return words.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self").exists():
            return ""
    done = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "" if "<defunct>" in done.stdout else done.stdout.strip()


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Whether `true()` came to hold within `seconds`, asked every few milliseconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def stop(
    pid: int, runs: Callable[[], bool], *, signals: Sequence[tuple[signal.Signals, float]]
) -> None:
    """Send each signal in turn, with its patience in seconds, until `runs()` is false."""
    for number, patience in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not runs(), patience):
            return
