"""Pages by status and by owner: one list for each name people wrote, at an address of its own."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from prdgen.builder.manifest import PageFacts
from prdgen.page.metadata import STATUSES, status_key

_READABLE: Final = 40
"""Characters of a name that its address shows; a folder's name has at most 255 bytes."""
_HASH: Final = 8
_LIKE_A_HASH: Final = re.compile(rf"[0-9a-f]{{{_HASH}}}")
_ORDER: Final = {status: place for place, status in enumerate(STATUSES)}


@dataclass(frozen=True, slots=True)
class Field:
    """A fact that pages are listed by."""

    one: str
    """What one name is: `Status`."""
    url: str
    """Where the names are listed."""
    written: Callable[[PageFacts], tuple[str, ...]]
    """A page's names, as they are written."""
    key: Callable[[str], str]
    """Names with one key are one name."""
    order: Callable[[str], tuple[int, str]]
    """Of a key, among all."""

    def address(self, name: str) -> str:
        """Where the pages of this name are listed: the same for all ways to write it, and for no
        other name; without `/` and dots, whatever is in the name.
        """
        return self.place(self.key(name))

    def place(self, key: str) -> str:
        """The same for a key."""
        return f"{self.url}{_slug(key)}/"

    def addresses(self, facts: PageFacts) -> dict[str, str]:
        """A page's names as they are written → their addresses."""
        return {name: self.address(name) for name in self.written(facts)}


class Named:
    """The listed pages of each name of one field."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self._written: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def update(self, pages: Mapping[str, tuple[PageFacts | None, PageFacts | None]]) -> set[str]:
        """Take in page_path → facts before and after, None where a page is not listed; the keys of
        names whose pages are others, or say otherwise who they are, than before.
        """
        changed: set[str] = set()
        for path, (before, after) in pages.items():
            for name in self.field.written(before) if before else ():
                changed.add(self.field.key(name))
                self._written[self.field.key(name)].pop(path, None)
            for name in self.field.written(after) if after else ():
                changed.add(self.field.key(name))
                self._written[self.field.key(name)][path] = name
        for key in [key for key in changed if not self._written[key]]:
            del self._written[key]
        return changed

    def ordered(self) -> list[str]:
        """The keys of all names."""
        return sorted(self._written, key=self.field.order)

    def pages(self, key: str) -> Collection[str]:
        """The paths of the pages with this name."""
        return self._written.get(key, ())

    def name(self, key: str) -> str:
        """The name as most pages write it."""
        ways = Counter(self._written[key].values())
        return min(ways, key=lambda way: (-ways[way], way))


def _status_key(name: str) -> str:
    return _key(re.sub(r"[_-]", " ", name))


def _status_order(key: str) -> tuple[int, str]:
    return _ORDER.get(status_key(key), len(_ORDER)), key


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=4096)
def _slug(key: str) -> str:
    """The words of the key with `-` between them; with a hash behind what does not show all of it."""
    words = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in key).split()
    readable = "-".join(words)[:_READABLE].rstrip("-")
    if (
        readable == key.replace(" ", "-")
        and "-" not in key
        and not _LIKE_A_HASH.fullmatch(words[-1])
    ):
        return readable
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{readable}-{digest}" if readable else digest


STATUS: Final = Field(
    "Status", "statuses/", lambda facts: (facts.status,) * bool(_status_key(facts.status)),
    _status_key, _status_order,
)  # fmt: skip
OWNER: Final = Field(
    "Owner", "owners/",
    lambda facts: tuple(dict.fromkeys(name for name in facts.owner.split(", ") if _key(name))),
    _key, lambda key: (0, key),
)  # fmt: skip
