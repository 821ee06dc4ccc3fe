"""Small facts beside the clone, each kind in one JSON file, that may be thrown away."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from prdgen.flows.clone import Clone

log = logging.getLogger(__name__)
PUSHES: Final = "pushes"
"""Notes of branches whose files have to follow; see `landing`."""


def load(clone: Clone, name: str) -> dict[str, Any]:
    """What was saved last; empty when nothing was, or nothing that can be read."""
    return load_from(clone.state_dir / name)


def load_from(path: Path) -> dict[str, Any]:
    """The same, by the file."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def load_note(path: Path) -> dict[str, Any]:
    """A note of work that a killed server may have left; empty: it is done, or says nothing (a machine that
    loses its power leaves empty files), and then it goes.
    """
    found = load_from(path)
    if not found and path.exists():
        log.warning("%s cannot be read, and is removed; expected: JSON", path)
        path.unlink(missing_ok=True)
    return found


def save(clone: Clone, name: str, facts: dict[str, Any]) -> None:
    """Keep the facts, whole. Of two that save in the same moment one is the last."""
    path = clone.state_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        fresh.write_text(json.dumps(facts), "utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
