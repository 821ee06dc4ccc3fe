"""Values from pages made storable: a hostile front matter must not stop the index of a branch."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from psycopg.types.json import Jsonb

_UNSTORABLE: Final = re.compile("[\x00\x02\x03\ud800-\udfff]")
_DEEPEST: Final = 32
_MOST: Final = 20_000


def text(value: str) -> str:
    """`value` with U+FFFD for what PostgreSQL refuses (NUL, lone surrogates) and for the two
    characters that mark highlights.
    """
    return value if value.isprintable() else _UNSTORABLE.sub("\ufffd", value)


def jsonb(value: Any) -> Jsonb:
    """`value` as JSON: dates and the like as text, too deep or too much of it as `…`."""
    return Jsonb(_Budget(_MOST).clean(value, 0))


class _Budget:
    """Counts values, since YAML's aliases can make few bytes many values, or endless ones."""

    def __init__(self, left: int) -> None:
        self._left = left

    def clean(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return "…"
        if isinstance(value, dict):
            return {text(str(key)): self.clean(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.clean(item, depth + 1) for item in value]
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        return text(str(value))
