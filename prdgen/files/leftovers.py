"""Files that a write cut short has left behind; each may hold a save that nobody has taken in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prdgen.files import disk, place


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file between two names: our own new text, or what somebody else saved just then."""

    page_path: str
    """The page it belongs to."""
    file: Path
    data: bytes


def find(root: Path) -> list[Leftover]:
    """All of them below `root`; called at start, before the first write.

    A caller takes in those whose text it does not know, then discards them all.
    """
    return [found for file in _own_files(root) if (found := _read(file, root))]


def of_page(root: Path, page_path: str) -> list[Leftover]:
    """Those of one page; called before it is written by a process that did not write it before."""
    folder = root.joinpath(*page_path.split("/")).parent
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - names are enough
    own = [folder / name for name in names if disk.OWN_NAME.fullmatch(name)]
    found = [leftover for file in own if (leftover := _read(file, root))]
    return [leftover for leftover in found if leftover.page_path == page_path]


def discard(leftover: Leftover, root: Path) -> None:
    """Remove it; its text is somewhere safe."""
    with place.opened(leftover.file, root) as where, contextlib.suppress(FileNotFoundError):
        os.unlink(where.name, dir_fd=where.folder)


def _own_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in {".git", "node_modules", ".venv"}]
        yield from (Path(folder, name) for name in names if disk.OWN_NAME.fullmatch(name))


def _read(file: Path, root: Path) -> Leftover | None:
    match = disk.OWN_NAME.fullmatch(file.name)
    state = disk.read(file, root)
    if match is None or isinstance(state, disk.Missing):
        return None
    page = file.with_name(match["name"]).relative_to(root).as_posix()
    return Leftover(page, file, state.data)
