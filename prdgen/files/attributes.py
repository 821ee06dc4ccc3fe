"""Carries a file's mode, owner and extended attributes over to the file that takes its place."""

from __future__ import annotations

import errno
import logging
import os
import stat
from typing import Final

_LOG = logging.getLogger(__name__)
_REFUSED: Final = frozenset({errno.EPERM, errno.EACCES})
# A filesystem without extended attributes, or one attribute this process may not set (security.*).
_NO_ATTRIBUTES: Final = _REFUSED | {errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENODATA}


def copy(source: int, target: int, name: str) -> None:
    """Give the open file `target` the mode, owner and extended attributes of the open `source`.

    An owner that only root could set stays the writing process's; that is logged.
    """
    old, new = os.fstat(source), os.fstat(target)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        _give_to(target, old, name)
    _copy_extended(source, target)
    os.fchmod(target, stat.S_IMODE(old.st_mode))


def _give_to(target: int, old: os.stat_result, name: str) -> None:
    try:
        os.fchown(target, old.st_uid, old.st_gid)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        _LOG.warning("%s now belongs to the user prdgen runs as, not to uid %d", name, old.st_uid)


def _copy_extended(source: int, target: int) -> None:
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
        return
    for name in names:
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as error:
            if error.errno not in _NO_ATTRIBUTES:
                raise
