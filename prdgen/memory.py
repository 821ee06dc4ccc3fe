"""Giving memory back to the system that was freed and is not used again."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_FUNCTION: Final = "malloc_trim"


def give_back() -> None:
    """Where the C library can (glibc): closed documents leave holes it would keep for itself."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), _FUNCTION, None)
        if trim is not None:
            trim(0)
