"""One of a crew: answers with the facts of its share of the pages, then makes them."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any, Final

from prdgen.builder import child, facts, fragments, making, render
from prdgen.builder.sources import PageSource

_KEPT: Final = 8_000_000
"""Characters of text whose pages stay parsed from the first pass to the second: what is parsed takes
thirty times as much memory, and what is not kept is parsed again.
"""


class _Share:
    """The pages this process was given."""

    def __init__(self) -> None:
        self._parsed: dict[str, render.Parsed] = {}
        self._kept = 0
        self._setting: making.Setting | None = None

    def answer(self, question: dict[str, Any]) -> Any:
        """Facts of new pages, then the setting of all pages, then some of them made."""
        if "facts" in question:
            return [self._facts(page) for page in question["facts"]]
        if "setting" in question:
            self._setting = question["setting"]
            fragments.SHARED.folder = question["fragments"] or fragments.SHARED.folder
            return None
        return {order.facts.page_path: self._made(order) for order in question["orders"]}

    def _facts(self, source: PageSource) -> dict[str, Any]:
        parsed = render.parse(source.page_path, source.read(), brief=True)
        if self._kept < _KEPT:
            self._parsed[source.page_path] = parsed
            self._kept += len(source.read())
        return dataclasses.asdict(facts.of(source, parsed.facts))

    def _made(self, order: making.Order) -> dict[str, Any]:
        if self._setting is None:
            raise ValueError("pages were ordered before the setting of all pages was given")
        parsed = self._parsed.pop(order.facts.page_path, None)
        return dataclasses.asdict(making.page(order, self._setting, parsed))


if __name__ == "__main__":
    # Short-lived and without cycles worth collecting: the collector only costs time here.
    gc.disable()
    child.serve(_Share().answer)
