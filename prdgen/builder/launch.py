"""Puts limits on itself, then becomes the program named: run as a file, imports nothing of ours.

`python -I -S launch.py '{"cpu": 60, …}' PROGRAM ARGUMENT…`. Limits that a system refuses are left
out, except that the processes of Linux lose the network where the kernel lets them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9


def _limit(name: int, amount: int) -> None:
    _, hard = resource.getrlimit(name)
    ceiling = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    try:
        resource.setrlimit(name, (ceiling, ceiling))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"limit {name} not set: {error}\n")


def _confine() -> None:
    """No network and no new rights; the process dies with its parent. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if system.unshare(_CLONE_NEWNET) != 0:
        system.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def main() -> None:
    """Set the limits, then replace this process by the program."""
    limits, argv = json.loads(sys.argv[1]), sys.argv[2:]
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, limits["cpu"])
    _limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    if sys.platform.startswith("linux"):
        _limit(resource.RLIMIT_AS, limits["memory_bytes"])
    os.nice(limits["nice"])
    _confine()
    os.execv(argv[0], argv)  # noqa: S606 - becoming that program is what this is for


if __name__ == "__main__":
    main()
