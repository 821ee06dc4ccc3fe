"""Programs of Debian that a benchmark needs, from the PATH or unpacked beside it; nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(sys.prefix) / "bench" / "debian"


@dataclass(frozen=True, slots=True)
class Program:
    """A program and the environment it runs in."""

    path: str
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))


def find(name: str, *packages: str) -> Program | None:
    """The program from the PATH, or from these packages, which apt is asked for once, by name; None
    when it cannot be had.
    """
    if found := shutil.which(name):
        return Program(found)
    if _there(name) is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _unpack(packages)
    path = _there(name)
    if path is None:
        return None
    libraries = ":".join(str(folder) for folder in sorted(_FOLDER.glob("usr/lib/*-linux-gnu")))
    return Program(str(path), os.environ | {"LD_LIBRARY_PATH": libraries})


def _there(name: str) -> Path | None:
    found = (_FOLDER / "usr" / folder / name for folder in ("bin", "sbin"))
    return next((path for path in found if path.exists()), None)


def _unpack(packages: tuple[str, ...]) -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for package in packages:
        subprocess.run(
            ["apt-get", "download", "-qq", package], cwd=_FOLDER, check=False, stdout=sys.stderr
        )
    for archive in _FOLDER.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive.name, "."], cwd=_FOLDER, check=False)
        archive.unlink()
