"""What goes wrong in a storm. Each fault is a function of the storm; it leaves things repairable."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.storm import Storm


def kill_server(storm: Storm) -> None:
    """`kill -9` of the server; it is started again, perhaps after a while."""
    storm.house.kill()
    time.sleep(storm.dice.uniform(0, 1))
    storm.house.start()


def stop_server(storm: Storm) -> None:
    """Ctrl-C, and a start."""
    storm.house.interrupt()
    storm.house.start()


def kill_postgres(storm: Storm) -> None:
    """`kill -9` of the postmaster."""
    _kill(storm.house.postgres_pid)


def kill_valkey(storm: Storm) -> None:
    """`kill -9` of Valkey."""
    _kill(storm.house.valkey_pid)


def kill_worker(storm: Storm) -> None:
    """`kill -9` of the worker."""
    children = Path(f"/proc/{storm.house.pid}/task/{storm.house.pid}/children").read_text().split()
    for child in children:
        if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            _kill(int(child))


def pause_server(storm: Storm) -> None:
    """SIGSTOP for longer than a heartbeat, sometimes than a lease."""
    _pause(storm, storm.house.pid)


def pause_postgres(storm: Storm) -> None:
    """The store answers nothing for a while."""
    if storm.house.postgres_pid is not None:
        storm.house.signal_postgres(signal.SIGSTOP)
        time.sleep(storm.dice.uniform(0.2, 1.5))
        storm.house.signal_postgres(signal.SIGCONT)


def cut_cable(storm: Storm) -> None:
    """All sockets end in the middle of a frame."""
    storm.cable.cut()


ALL: list[Callable[[Storm], None]] = [
    kill_server, stop_server, kill_postgres, kill_valkey, kill_worker, pause_server,
    pause_postgres, cut_cable, cut_cable,
]  # fmt: skip


def _pause(storm: Storm, pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(storm.dice.uniform(0.2, 2.5))
    os.kill(pid, signal.SIGCONT)


def _kill(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
