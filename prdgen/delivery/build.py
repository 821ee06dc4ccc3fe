"""One build as a target has it: every address with what stands there; and the order of putting it there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Self

from prdgen.delivery.errors import TargetGarbled

_VERSION: Final = 1


class Kind(IntEnum):
    """What a file is to its readers. New files go up in this order, so that whatever is linked is there."""

    FIXED = 0
    """Named by its content, so that it never changes: what pages are drawn with."""
    FILE = 1
    """A file of the repository at its own address."""
    PAGE = 2
    INDEX = 3
    """Leads to pages: navigation, lists, search, sitemap, the home page."""


@dataclass(frozen=True, slots=True)
class File:
    """What stands at one address."""

    name: str
    """Of the artifact: a hash of its bytes, and the ending of a compressed twin."""
    kind: Kind
    mark: str = ""
    """Differs whenever the object at the target must; of content and headers."""
    size: int = 0
    check: str = ""
    """How the target itself shows that nobody changed it: an MD5, or a time."""


@dataclass(frozen=True)
class Build:
    """One build: immutable, and complete by itself."""

    id: str
    commit: str
    at: str
    """When it was made, ISO 8601 in UTC."""
    pages: int
    files: Mapping[str, File] = field(default_factory=dict)
    """Path below the site's base → file."""

    def packed(self) -> bytes:
        """The build as gzipped JSON; `unpacked` reads it."""
        files = {path: [f.name, int(f.kind), f.mark, f.size, f.check]
                 for path, f in sorted(self.files.items())}  # fmt: skip
        facts = {"version": _VERSION, "id": self.id, "commit": self.commit, "at": self.at,
                 "pages": self.pages, "files": files}  # fmt: skip
        return gzip.compress(json.dumps(facts, separators=(",", ":")).encode(), 6, mtime=0)

    @classmethod
    def unpacked(cls, data: bytes, where: str) -> Self:
        """The build that `packed` wrote. Raises TargetGarbled."""
        try:
            facts: dict[str, Any] = json.loads(gzip.decompress(data))
            if facts["version"] != _VERSION:
                raise TargetGarbled(
                    where=where, expected=f"version {_VERSION}", got=f"version {facts['version']}"
                )
            files = {path: File(name, Kind(kind), mark, size, check)
                     for path, (name, kind, mark, size, check) in facts["files"].items()}  # fmt: skip
            return cls(facts["id"], facts["commit"], facts["at"], facts["pages"], files)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            got = f"{type(error).__name__}: {error}"
            raise TargetGarbled(where=where, expected="the list of a build", got=got) from error


NOTHING: Final = Build("", "", "", 0)
"""What a new target has."""


def otherwise(old: Build, new: Build) -> set[str]:
    """The addresses at which two builds differ."""
    return {
        path for path in old.files.keys() | new.files.keys()
        if _mark(old.files.get(path)) != _mark(new.files.get(path))
    }  # fmt: skip


def _mark(file: File | None) -> str:
    return file.mark or file.name if file else ""


def in_order(build: Build, paths: set[str]) -> list[list[str]]:
    """These addresses of the build in the steps in which they may come to be: within one step, in
    any order. The home page and lists are last, when what they lead to is there.
    """
    steps: dict[int, list[str]] = {}
    for path in sorted(paths):
        if file := build.files.get(path):
            steps.setdefault(file.kind, []).append(path)
    return [steps[kind] for kind in sorted(steps)]
