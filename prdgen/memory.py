"""When garbage is collected, and giving memory back to the system that was freed."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Final

_FUNCTION: Final = "malloc_trim"
_LOOK_SECONDS: Final = 1.0
_WORTH_IT: Final = 10
"""After so many collections of young objects Python by itself would look at old ones, too."""
MANY: Final = 50_000
"""New objects, where hardly anything is garbage that only the collector finds, and much is made."""
_NEVER: Final = 1_000_000_000
_LONGEST_SECONDS: Final = 600.0


def give_back() -> None:
    """Where the C library can (glibc): closed documents leave holes it would keep for itself."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), _FUNCTION, None)
        if trim is not None:
            trim(0)


class Collector:
    """Looks through old objects for garbage when nobody waits: that stops everything else.

    What is there from the start (modules, mostly) is never looked at again; young objects are, as
    always, once there are `young` more (Python's own number unless given). If it is never quiet, old
    ones are looked at every ten minutes all the same.
    """

    def __init__(self, now: float, young: int | None = None) -> None:
        gc.collect()
        gc.freeze()
        own, middle, _ = gc.get_threshold()
        gc.set_threshold(young or own, middle, _NEVER)
        self._last = now

    def look(self, now: float, *, quiet: bool) -> bool:
        """Collect if this is a moment for it; whether it was."""
        due = gc.get_count()[2] > _WORTH_IT
        if not due or not (quiet or now - self._last >= _LONGEST_SECONDS):
            return False
        gc.collect()
        self._last = now
        return True


async def collect(quiet: Callable[[], bool], young: int | None = None) -> None:
    """Collect garbage in this process, until cancelled, when `quiet` says that nobody types or works."""
    loop = asyncio.get_running_loop()
    collector = Collector(loop.time(), young)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        collector.look(loop.time(), quiet=quiet())
