"""a text that can be merged or committed nowhere → a file beside the clone, so that it is not lost."""

from __future__ import annotations

import logging
import time

from prdgen.files.errors import NotEditable
from prdgen.flows.context import App

log = logging.getLogger(__name__)


def put(app: App, page_path: str, data: bytes, what: str) -> None:
    """In a thread: keep it in `.git/prdgen/kept` and log `what` became of it, and where it is."""
    folder = app.state_dir / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{page_path.replace('/', '%2F')}.{time.time_ns()}"
    path.write_bytes(data)
    log.error("%s: %s; it is kept in %s", page_path, what, path)


def put_save(app: App, page_path: str, data: bytes, error: Exception) -> None:
    """In a thread: the same with a save that cannot be merged with what we wrote."""
    why = error.message if isinstance(error, NotEditable) else error
    put(app, page_path, data, f"a save met our own and cannot be merged ({why})")
