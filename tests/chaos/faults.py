"""What goes wrong in a storm. Each fault is a function of the storm; it leaves things repairable.

While one lasts people go on typing (`storm.meanwhile`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.house import House

if TYPE_CHECKING:
    from chaos.storm import Storm


def kill_server(storm: Storm) -> None:
    """`kill -9` of a server; it is started again after a while."""
    house = storm.any_house()
    house.kill()
    storm.meanwhile(0, 1)
    storm.bring_up(house)


def kill_server_for_long(storm: Storm) -> None:
    """`kill -9` of a server; others, if there are any, go on without it to the end."""
    house = storm.any_house()
    house.kill()
    storm.meanwhile(0.5, 1.5)
    if len(storm.houses) == 1 or house is storm.house:  # that one has the worker
        storm.bring_up(house)


def stop_server(storm: Storm) -> None:
    """Ctrl-C, and a start."""
    house = storm.any_house()
    house.interrupt()
    storm.bring_up(house)


def pause_server(storm: Storm) -> None:
    """SIGSTOP for longer than a heartbeat, sometimes than a lease."""
    _pause(storm, storm.any_house(), 0.2, 1.5)


def pause_server_for_long(storm: Storm) -> None:
    """SIGSTOP for longer than a lease: it comes back when another one writes the page."""
    _pause(storm, storm.any_house(), 2.5, 4)


def kill_worker(storm: Storm) -> None:
    """`kill -9` of the worker."""
    children = Path(f"/proc/{storm.house.pid}/task/{storm.house.pid}/children").read_text().split()
    for child in children:
        with suppress(FileNotFoundError):  # a Git command that is over by now
            if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                _kill(int(child))


def kill_postgres(storm: Storm) -> None:
    """`kill -9` of the postmaster."""
    _kill(storm.services.postgres_pid)
    storm.meanwhile(0, 0.5)
    storm.mend()


def pause_postgres(storm: Storm) -> None:
    """The store answers nothing for a while."""
    if (pid := storm.services.postgres_pid) is None:
        return
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for number, seconds in ((signal.SIGSTOP, 1.5), (signal.SIGCONT, 0.0)):
        for each in (pid, *map(int, children)):
            _send(each, number)
        storm.meanwhile(seconds / 4, seconds)


def kill_valkey(storm: Storm) -> None:
    """`kill -9` of Valkey."""
    _kill(storm.services.valkey_pid)
    storm.meanwhile(0, 1)
    storm.mend()


def lose_messages(storm: Storm) -> None:
    """Many messages between servers are lost, and others come late and out of order."""
    if storm.bus is not None:
        storm.bus.worsen(storm.dice.choice([0.3, 0.7, 1.0]), storm.dice.choice([0, 0.5]))
        storm.meanwhile(1, 3)
        storm.bus.worsen(0, 0)


def cut_bus(storm: Storm) -> None:
    """The servers' connections to Valkey end."""
    if storm.bus is not None:
        storm.bus.cut()


def cut_cable(storm: Storm) -> None:
    """All sockets end in the middle of a frame."""
    storm.cut()


def fill_disk(storm: Storm) -> None:
    """Nothing more can be written to the disk with the repository."""
    pids = [pid for house in storm.houses if house.running for pid in house.processes()]
    storm.disk.fill(pids)
    storm.meanwhile(0.5, 2, disk_editor=False)
    storm.disk.clear(pids)


def jump_clock(storm: Storm) -> None:
    """The wall clock is set forward or back, by seconds or by an hour."""
    if storm.clock is not None:
        storm.clock.set(storm.dice.choice([-3600, -5, 5, 3600]))
        storm.meanwhile(0.5, 1)


ALL: Final[list[Callable[[Storm], None]]] = [
    kill_server, kill_server_for_long, stop_server, pause_server, pause_server_for_long,
    kill_worker, kill_postgres, pause_postgres, kill_valkey, lose_messages, lose_messages, cut_bus,
    cut_cable, cut_cable, fill_disk, jump_clock,
]  # fmt: skip


def _pause(storm: Storm, house: House, least: float, most: float) -> None:
    os.kill(house.pid, signal.SIGSTOP)
    storm.paused.add(house.port)
    storm.meanwhile(least, most)
    os.kill(house.pid, signal.SIGCONT)
    storm.paused.clear()


def _kill(pid: int | None) -> None:
    if pid is not None:
        _send(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself just now
