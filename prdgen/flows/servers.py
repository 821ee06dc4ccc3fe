"""The servers of one clone: each known by a file it keeps locked, so that a dead one is known too."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qs, urlsplit

from prdgen.flows.errors import AlreadyServed, OtherServices
from prdgen.settings import Settings

_FOLDER: Final = "servers"
_CLONE: Final = "clone"
_OWN: Final = "embedded"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that works on this clone now."""

    process_id: str
    pid: str
    address: str
    services: str
    """Which database and cache it uses; `embedded`: the clone's own."""


def clone_id(state_dir: Path) -> str:
    """A name for this clone, the same for all its processes, also in containers that share it.

    It is kept in a file; a copy of the clone is another one, for its file is.
    """
    path = state_dir / _CLONE
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        fresh = state_dir / f"{_CLONE}.{secrets.token_hex(4)}"
        fresh.write_text(secrets.token_hex(16), "ascii")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was quicker: its name is the clone's
        finally:
            fresh.unlink()
    name = f"{path.read_text('ascii')}\0{path.stat().st_ino}"
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def new_process_id(state_dir: Path) -> str:
    """A name for one process of this clone; it begins with the clone's."""
    return f"{clone_id(state_dir)}-{secrets.token_hex(8)}"


@contextmanager
def joined(state_dir: Path, settings: Settings, address: str) -> Iterator[str]:
    """Be one of the clone's servers inside the block; gives this process' id.

    Several may be, if all have the same database and cache, and those are not the clone's own.
    Raises AlreadyServed and OtherServices.
    """
    services, process_id = _services(settings), new_process_id(state_dir)
    folder = state_dir / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{process_id}.lock"
    with (state_dir / "servers.lock").open("ab") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        _check(alive(state_dir), services)
        held = _lock(note, f"{os.getpid()} {address} {services}\n")
    with held:
        try:
            yield process_id
        finally:
            note.unlink(missing_ok=True)


def at(state_dir: Path, address: str) -> Server | None:
    """The server of this clone that is reached at `address`."""
    return next((server for server in alive(state_dir) if server.address == address), None)


def alive(state_dir: Path) -> list[Server]:
    """The servers that work on the clone now; what dead ones left is removed."""
    return [
        found for note in sorted((state_dir / _FOLDER).glob("*.lock")) if (found := _read(note))
    ]


def _lock(note: Path, text: str) -> IO[bytes]:
    """The file with this text, locked before anybody sees it."""
    fresh = note.with_suffix(".new")
    held = fresh.open("wb")
    fcntl.flock(held, fcntl.LOCK_EX)
    held.write(text.encode())
    held.flush()
    fresh.rename(note)
    return held


def _read(note: Path) -> Server | None:
    try:
        file = note.open("rb")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, address, services = file.read().decode().split()
            return Server(note.stem, pid, address, services)
        note.unlink(missing_ok=True)
        return None


def _check(others: list[Server], services: str) -> None:
    for other in others:
        if _OWN in services or _OWN in other.services:
            raise AlreadyServed(got=other.pid, where=other.address)
        if services != other.services:
            raise OtherServices(got=other.pid, where=other.address)


def _services(settings: Settings) -> str:
    """The two services' places, hashed, without who signs in there; or that one is embedded."""
    if not settings.database_url or not settings.redis_url:
        return _OWN
    places = []
    for url in (settings.database_url, settings.redis_url):
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        where = [asked.get(name, [""])[0] for name in ("host", "port", "dbname", "db")]
        places.append(f"{parts.hostname} {parts.port} {parts.path} {where}")
    return hashlib.sha256("\n".join(places).encode()).hexdigest()[:16]
