"""One key's value in two notations, `tags: [a, b]` and a line for each: merged by what it says.

Words of one notation are not those of the other: merged word by word, they would be no value, or one that nobody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from prdgen.merge import flow_lists, tokens

_HEAD: Final = re.compile(r"([^\n:]+:)[ \t]*([^\n]*)\n(.*)", re.DOTALL)
_ROW: Final = re.compile(r"([ \t]*-[ \t]+)([^\n]*?)[ \t]*\n")
_SCALAR: Final = re.compile(
    r""""(?P<double>[^"\\\n]*)"|'(?P<single>(?:[^'\n]|'')*)'|(?P<plain>[^\s,\[\]{}#"'&*!|>%@`-][^#"'\n]*|-[^\s#"'][^#"'\n]*)"""
)
_KINDS: Final = {"[": "list", "{": "map", '"': "double", "'": "single", "|": "text", ">": "text"}
Value = str | tuple[str, ...]


def differ(*texts: str) -> bool:
    """Whether these texts of one key are in several notations; one that is not there has none."""
    return len({_kind(text) for text in texts if text.strip()}) > 1


def merged(base: str, theirs: str, ours: str) -> str | None:
    """One key's lines with what either side changed in its value: in our notation when both did. None: they
    cannot be told, or both changed it to something else.
    """
    was, their, our = (_value(text) for text in (base, theirs, ours))
    if was is None or their is None or our is None:
        return None
    if their in (was, our):
        return ours
    if our == was:
        return theirs
    if not (isinstance(was, tuple) and isinstance(their, tuple) and isinstance(our, tuple)):
        return None
    found = flow_lists.merged(*(f"key: [{', '.join(each)}]\n" for each in (was, their, our)))
    items = None if found is None else flow_lists.items(found)
    return None if items is None else _as_ours(ours, items)


def _kind(text: str) -> str:
    found = _HEAD.fullmatch(text)
    if found is None:
        return ""
    rest = found[2].strip()
    if rest and not rest.startswith("#"):
        return _KINDS.get(rest[0], "plain") + ", in lines" * bool(found[3])
    row = _ROW.match(found[3])
    return "rows" + row[1] if row else "keys" if found[3].strip() else "none"


def _value(text: str) -> Value | None:
    """What the lines of one key say; None: it is not as simple as that."""
    found = _HEAD.fullmatch(text)
    if found is None:
        return None
    match _kind(text):
        case "list":
            return flow_lists.items(text)
        case kind if kind.startswith("rows") and not found[2]:
            rows = [_ROW.fullmatch(line) for line in tokens.lines(found[3])]
            items = [_scalar(row[2]) if row else None for row in rows]
            return None if None in items else tuple(item for item in items if item is not None)
        case "double" | "single" | "plain":
            return _scalar(found[2].rstrip())
        case _:
            return None


def _scalar(text: str) -> str | None:
    found = _SCALAR.fullmatch(text)
    if found is None or ": " in (found["plain"] or "") or (found["plain"] or "").endswith(":"):
        return None
    if found["single"] is not None:
        return found["single"].replace("''", "'")
    return found["plain"] if found["double"] is None else found["double"]


def _as_ours(ours: str, items: Sequence[str]) -> str | None:
    """Our lines with these items; None when one of them is not to be written plainly."""
    if not all(_scalar(item) == item and not re.search(r"[,\[\]{}]", item) for item in items):
        return None
    found = _HEAD.fullmatch(ours)
    if found is None or not items:
        return None
    if _kind(ours) == "list":
        return flow_lists.with_items(ours, items)
    row = _ROW.match(found[3])
    return None if row is None else f"{found[1]}\n" + "".join(f"{row[1]}{item}\n" for item in items)
