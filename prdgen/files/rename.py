"""Two renames Python does not have: exchanging two names, and a rename that replaces nothing.

Linux: `renameat2` (glibc 2.28, else the system call by number). macOS: `renameatx_np`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Callable
from typing import Final

_LINUX: Final = {"exchange": 2, "no_replace": 1}
_MACOS: Final = {"exchange": 2, "no_replace": 4}
_SYSTEM_CALL: Final = {"x86_64": 316, "aarch64": 276, "arm64": 276, "riscv64": 276}
UNSUPPORTED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What filesystems and kernels say that do not know these renames."""


def exchange(folder: int, one: str, other: str) -> None:
    """Let two names in an open folder change places as one step; both must exist. Raises OSError."""
    _rename(folder, one, other, "exchange")


def no_replace(folder: int, old: str, new: str) -> None:
    """Rename `old` to `new` unless that exists (FileExistsError). Raises OSError."""
    _rename(folder, old, new, "no_replace")


def _rename(folder: int, old: str, new: str, how: str) -> None:
    if _CALL is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), new)
    ctypes.set_errno(0)
    if _CALL(folder, os.fsencode(old), folder, os.fsencode(new), how) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), new)


def _find_call() -> Callable[[int, bytes, int, bytes, str], int] | None:
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        swap = getattr(library, "renameatx_np", None)
        flags = _MACOS
    else:
        swap = getattr(library, "renameat2", None)
        flags = _LINUX
    if swap is not None:
        swap.argtypes = [
            ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
        ]  # fmt: skip
        return lambda a, old, b, new, how: int(swap(a, old, b, new, flags[how]))
    number = _SYSTEM_CALL.get(platform.machine())
    if not sys.platform.startswith("linux") or number is None:
        return None
    call = library.syscall
    call.restype = ctypes.c_long
    return lambda a, old, b, new, how: int(
        call(
            ctypes.c_long(number), ctypes.c_int(a), ctypes.c_char_p(old), ctypes.c_int(b),
            ctypes.c_char_p(new), ctypes.c_uint(flags[how]),
        )
    )  # fmt: skip


_CALL: Final = _find_call()
