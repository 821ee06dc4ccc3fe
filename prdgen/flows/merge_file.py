"""three files → one: a page as `git merge` has it merged, without a server and without Git's index."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prdgen.errors import PrdgenError
from prdgen.files import text as file_text
from prdgen.files.text import FileText
from prdgen.git import driver
from prdgen.merge import diff, markers, three_way
from prdgen.merge.markers import Markers, Style

LIMIT_MS: Final = 60
"""How long comparing may take at worst; longer, and whole lines are merged. Git merges file by file,
and nobody should wait for one."""


class CannotMerge(PrdgenError):
    """{where} cannot be merged: {got}."""

    cure = "Nothing was written. Check that the three files are there and that this one can be written."
    exit_code = 129
    """Git takes more than 128 for a driver that failed, and less for conflicts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The merged bytes, and how many places somebody has to look at."""

    data: bytes
    conflicts: int


def merge(base: bytes, ours: bytes, theirs: bytes, style: Markers) -> Outcome:
    """What both sides made of `base`, with markers where they changed the same words.

    Bytes outside an edit stay: line endings, BOM, final newline. Where one side only changed these,
    its are taken. Raises NotEditable when one of the three is not UTF-8 text.
    """
    texts = [file_text.decode(data) for data in (base, theirs, ours)]
    words = [each.text for each in texts]
    merged = three_way.merge(words[0], words[1], words[2], LIMIT_MS, whole=style.whole)
    if _wears_theirs(*texts):
        marked = diff.apply(merged.text, markers.marked(merged, style))
        data = file_text.patch(theirs, diff.splices(words[1], marked, LIMIT_MS))
    else:
        data = file_text.patch(ours, markers.splices(words[2], merged, style))
    return Outcome(data, len(merged.conflicts))


def by_line(base: Path, ours: Path, theirs: Path, style: Markers) -> Outcome:
    """The same by Git's own merge, line by line; ours and one conflict for what is no text at all.

    Raises GitFailed.
    """
    shown = [f"--{style.style}"] if style.whole else []
    labels = [part for label in (style.ours, style.base, style.theirs) for part in ("-L", label)]
    options = [*shown, f"--marker-size={style.size}", *labels]
    return Outcome(*(driver.by_line(base, ours, theirs, options) or (read(ours), 1)))


def markers_for(folder: Path, style: str | None, size: int, labels: dict[str, str]) -> Markers:
    """How conflicts are written: in this style, else in the one Git is configured for."""
    wanted = style or driver.conflict_style(folder)
    chosen: Style = next((known for known in markers.STYLES if known == wanted), "merge")
    return Markers(style=chosen, size=size, **labels)


def _wears_theirs(base: FileText, theirs: FileText, ours: FileText) -> bool:
    """Whether only their side changed what a text does not show: BOM and line endings."""
    was, they, we = ((text.bom, frozenset(text.endings)) for text in (base, theirs, ours))
    mixed = theirs.text == base.text and theirs.endings != base.endings
    return we == was and (they != was or mixed)


def write(path: Path, data: bytes) -> None:
    """Put the bytes in the file's place at once, or leave it as it is. Raises CannotMerge."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}.prdgen~")
    try:
        mode = path.stat().st_mode
        made.write_bytes(data)
        made.chmod(mode & 0o777)
        made.replace(path)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise CannotMerge(where=path, got=os.strerror(error.errno or 0)) from error


def read(path: Path) -> bytes:
    """A file's bytes. Raises CannotMerge."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotMerge(where=path, got=os.strerror(error.errno or 0)) from error
