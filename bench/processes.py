"""What running processes have cost: processor time and memory, from /proc (Linux)."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
_SERVICES = ("postgres", "valkey-server", "redis-server")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc: its parent, its name, and its processor time in seconds."""

    pid: int
    parent: int
    name: str
    seconds: float
    """Its own, and that of its children that have ended."""


def find(pid: int) -> Process | None:
    """The process, while it is there."""
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, fields = (
        text[text.index("(") + 1 : text.rindex(")")],
        text[text.rindex(")") + 2 :].split(),
    )
    return Process(pid, int(fields[1]), name, sum(map(int, fields[11:15])) / TICKS)


def tree(root: int, *, whole: bool = False) -> list[Process]:
    """The process and everything that descends from it; Postgres and Valkey only when `whole`."""
    return [process for process in _tree(root) if whole or process.name not in _SERVICES]


def services(root: int, state_dir: Path) -> list[Process]:
    """The Postgres and Valkey that serve `state_dir`, whoever started them."""
    own = {process.pid for process in _tree(root)}
    found = [process for process in _all() if process.name in _SERVICES]
    heads = {p.pid for p in found if p.pid in own or str(state_dir) in _command(p.pid)}
    return [p for p in found if p.pid in heads or p.parent in heads]


def seconds(processes: Iterable[Process]) -> float:
    """Processor seconds of all of them."""
    return sum(process.seconds for process in processes)


def megabytes(processes: Iterable[Process]) -> float:
    """Memory of all of them: proportional set size, so that shared pages count once."""
    return round(sum(_kilobytes(process.pid) for process in processes) / 1024, 1)


def wait_idle(root: int, patience: float = 60.0, share: float = 0.05) -> None:
    """Wait until the tree used under 5 % (or another share) of a core for two seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = seconds(tree(root))
        time.sleep(2)
        if seconds(tree(root)) - before < 2 * share:
            return


def stop(process: subprocess.Popen[str], patience: float = 40.0) -> None:
    """End a process that was started here: asked first, made to after a while."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _kilobytes(pid: int) -> int:
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text("utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0


def _tree(root: int) -> list[Process]:
    processes = list(_all())
    inside = {root}
    while more := {p.pid for p in processes if p.parent in inside} - inside:
        inside |= more
    return [process for process in processes if process.pid in inside]


def _all() -> Iterator[Process]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (process := find(int(entry.name))) is not None:
            yield process


def _command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
