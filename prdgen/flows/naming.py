"""titles → file names, and names as case-blind file systems see them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from prdgen import ids
from prdgen.errors import Invalid

LONGEST_TITLE: Final = 120
_LONGEST_ENDING: Final = 10


def folded(page_path: str) -> str:
    """A path as file systems that ignore case and Unicode form see it."""
    return unicodedata.normalize("NFC", page_path).casefold()


def repaired(page_path: str) -> str:
    """A path of nearly the same letters that a page can be edited under."""
    plain = re.sub(r"[\x00-\x1f\x7f\\]+", "-", unicodedata.normalize("NFC", page_path))
    return "/".join(_short(name) for name in plain.split("/"))


def _short(name: str) -> str:
    """A name cut before its ending to what a disk takes."""
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) <= ids.MAX_NAME_BYTES or len(ending) > _LONGEST_ENDING:
        return _cut(name, ids.MAX_NAME_BYTES)
    return f"{_cut(stem, ids.MAX_NAME_BYTES - len(f'{dot}{ending}'.encode()))}{dot}{ending}"


def _cut(words: str, size: int) -> str:
    return words.encode()[:size].decode("utf-8", "ignore")


def title(given: str, where: str = "the new page") -> str:
    """A title as one line; raises Invalid when it is empty, too long, or has control characters.

    It becomes a heading and a commit's subject, so it must not bring lines of its own.
    """
    found = given.strip(" \t")
    if not 0 < len(found) <= LONGEST_TITLE or not found.isprintable():
        raise Invalid(what="title", where=where,
                      expected=f"one line of up to {LONGEST_TITLE} letters",
                      got=repr(found[:80]) if found else "nothing")  # fmt: skip
    return found


def file_name(title: str) -> str:
    """`Checkout: 1-click` → `checkout-1-click.md`; letters of every script are kept."""
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", title).casefold()).strip("-_")
    return f"{_cut(words[:80], ids.MAX_NAME_BYTES - 3).strip('-') or 'page'}.md"
