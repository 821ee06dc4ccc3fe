"""The site's sources that come with prdgen: for repositories without a mkdocs.yml of their own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Where `mkdocs.yml` and `site/` lie: packed into the wheel, or this project's own."""
    packed = _PACKAGE / "data"
    return packed if (packed / "mkdocs.yml").is_file() else _PACKAGE.parent


@lru_cache(maxsize=1)
def config() -> bytes:
    """The bytes of our own mkdocs.yml."""
    return (folder() / "mkdocs.yml").read_bytes()


@lru_cache(maxsize=1)
def overrides() -> dict[str, bytes]:
    """Our theme overrides, by their path inside `site/overrides`."""
    start = folder() / "site" / "overrides"
    files = sorted(path for path in start.rglob("*") if path.is_file())
    return {path.relative_to(start).as_posix(): path.read_bytes() for path in files}
