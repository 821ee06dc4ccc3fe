"""Where a site may be published to, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from prdgen.storage.errors import BadTarget

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_EXPECTED: Final = "expected a folder or s3://bucket/folder"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, or one that is mounted here."""

    path: Path


@dataclass(frozen=True, slots=True)
class InBucket:
    """A folder of a bucket; empty: all of it."""

    bucket: str
    folder: str


def of(text: str, below: Path) -> Folder | InBucket:
    """What `text` names: `s3://bucket/folder`, `file:///folder`, or a path, seen from `below`.

    Raises BadTarget. Looks at nothing.
    """
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        if text.startswith("file:"):
            return Folder(Path(unquote(text.removeprefix("file:"))).absolute())
        return Folder((below / Path(text).expanduser()).absolute())
    if scheme.lower() == "file":
        found = urlsplit(text)
        if found.netloc not in {"", "localhost"}:
            raise BadTarget(where=text, got=f"a file: address of the host {found.netloc}")
        return Folder(Path(unquote(found.path)))
    if scheme.lower() != "s3":
        raise BadTarget(where=f"{scheme}://…", got=f"{_EXPECTED}, not {scheme}:")
    bucket, _, folder = rest.partition("/")
    if "@" in bucket:
        raise BadTarget(where="s3://…", got="keys are settings, not part of the address")
    if not _BUCKET.fullmatch(bucket):
        raise BadTarget(where=text, got=f"{bucket!r} cannot be the name of a bucket")
    folder = folder.strip("/")
    if any(part in {"", ".", ".."} for part in folder.split("/") if folder):
        raise BadTarget(where=text, got="a folder with empty parts or dots in it")
    return InBucket(bucket, folder)
