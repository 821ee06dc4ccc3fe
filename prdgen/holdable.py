"""Text in JSON that nothing else can hold: NUL and halves of characters, which JSON can name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_STRANGE: Final = re.compile("[\x00\ud800-\udfff]")


def strange(value: Any) -> str:
    """The first such character in a value of JSON, as `U+0000`; "" when there is none."""
    for text in _texts(value):
        if found := _STRANGE.search(text):
            return f"U+{ord(found[0]):04X}"
    return ""


def cleaned(value: Any) -> Any:
    """The value with a question mark for each of them."""
    if isinstance(value, str):
        return _STRANGE.sub("?", value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            left += [*each, *each.values()]
