"""Pagefind's files of filters, in an order of their own: it writes them as its hash maps have them, so
two indexes of the same pages would differ.

The format is Pagefind 1.5's: `pagefind_dcd` and CBOR, compressed. A filter is its name and a list of
values with their pages' numbers; the meta file lists the filters, by name and file, as its fourth item.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import cbor2

_MARK: Final = b"pagefind_dcd"
_FILTER, _META, _ENTRY = ".pf_filter", ".pf_meta", "pagefind-entry.json"
_FILTERS: Final = 3


def ordered(folder: Path, found: Iterable[Path]) -> dict[str, bytes]:
    """Path below `folder` → content of the files that take the place of those which `replaced` names;
    the same for the same pages.
    """
    files = list(found)
    made: dict[str, bytes] = {}
    renamed: dict[str, str] = {}
    for path in (each for each in files if each.suffix == _FILTER):
        name, values = _read(path)
        data = _written([name, sorted([value, sorted(pages)] for value, pages in values)])
        renamed[path.stem] = _named(path.stem, data)
        made[f"{path.relative_to(folder).parent.as_posix()}/{renamed[path.stem]}{_FILTER}"] = data
    entry = (folder / _ENTRY).read_text("utf-8")
    for path in (each for each in files if each.suffix == _META):
        meta = _read(path)
        meta[_FILTERS] = sorted([name, renamed[file]] for name, file in meta[_FILTERS])
        data = _written(meta)
        old = path.stem.removeprefix("pagefind.")
        new = _named(old, data)
        made[f"pagefind.{new}{_META}"] = data
        entry = entry.replace(json.dumps(old), json.dumps(new))
    return {**made, _ENTRY: entry.encode()}


def replaced(path: Path) -> bool:
    """Whether `ordered` gives another file for this one."""
    return path.suffix in {_FILTER, _META} or path.name == _ENTRY


def _read(path: Path) -> Any:
    return cbor2.loads(gzip.decompress(path.read_bytes()).removeprefix(_MARK))


def _written(value: list[Any] | Mapping[str, Any]) -> bytes:
    return gzip.compress(_MARK + cbor2.dumps(value), mtime=0)


def _named(old: str, data: bytes) -> str:
    """The name of a file by its content, as long as the old one: `en_` and some digits."""
    language, _, digits = old.rpartition("_")
    return f"{language}_{hashlib.sha256(data).hexdigest()[: len(digits)]}"
