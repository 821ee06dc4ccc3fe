"""The keys under which a CDN keeps the site's files, so that it can be told which to forget."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

EVERYTHING: Final = "prdgen-site"
"""Every file of the site has this key, beside its own."""


def key(path: str) -> str:
    """The key of one public path: letters, digits and a hyphen, 18 characters."""
    return f"p-{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def keys_of(path: str) -> tuple[str, str]:
    """All keys of one public path, for the headers Surrogate-Key and Cache-Tag."""
    return EVERYTHING, key(path)


def changed(paths: Iterable[str], most: int) -> list[str]:
    """What to have forgotten when these public paths are others now: their keys, or the one of the
    whole site when they are more than `most`.
    """
    found = sorted({key(path) for path in paths})
    return found if len(found) <= most else [EVERYTHING]
