"""The machine a benchmark ran on, and how busy others kept it: a figure alone says little."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

from bench import processes


class Watch:
    """Looks at the machine from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = _busy_seconds()
        self._own = _own_seconds()

    def describe(self) -> dict[str, object]:
        """Processor, cores this process may use, system, Python, and how many cores on average
        were taken by processes that are not of this benchmark.
        """
        others = (_busy_seconds() - self._busy) - (_own_seconds() - self._own)
        return {
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)),
            "system": _system(),
            "python": platform.python_version(),
            "others_cores": round(max(0.0, others) / (time.monotonic() - self._began), 2),
        }


def _busy_seconds() -> float:
    """Processor seconds of everything since the machine started, idle and waiting left out."""
    fields = Path("/proc/stat").read_text("utf-8").splitlines()[0].split()[1:9]
    return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / processes.TICKS


def _own_seconds() -> float:
    return processes.seconds(processes.tree(os.getpid(), whole=True))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform()
