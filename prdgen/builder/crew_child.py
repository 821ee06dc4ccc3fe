"""One of a crew: answers with the facts, then with the bodies of its share of the pages."""

from __future__ import annotations

import dataclasses
import gc
from datetime import datetime
from pathlib import Path
from typing import Any

from prdgen.builder import bodies, child, facts, fragments, render
from prdgen.builder.sources import PageSource, Target


class _Share:
    """The pages this process was given."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._parsed: dict[str, render.Parsed] = {}
        self._world: bodies.World | None = None

    def answer(self, question: dict[str, Any]) -> Any:
        """Facts of new pages, then the world around them, then bodies of some of them."""
        if "facts" in question:
            return [self._facts(**page) for page in question["facts"]]
        if "world" in question:
            self._world = _world(question["world"])
            if question["fragments"]:
                fragments.SHARED.folder = Path(question["fragments"])
            return None
        return {path: self._body(path) for path in question["bodies"]}

    def _facts(
        self, page_path: str, blob: str, text: str, updated_at: str | None, updated_by: str
    ) -> dict[str, Any]:
        self._texts[page_path] = text
        at = datetime.fromisoformat(updated_at) if updated_at else None
        source = PageSource(page_path, blob, lambda: text, at, updated_by)
        parsed = self._parsed[page_path] = render.parse(page_path, text)
        return dataclasses.asdict(facts.of(source, parsed.facts))

    def _body(self, path: str) -> dict[str, Any]:
        if self._world is None:
            raise ValueError("bodies were asked for before the world around them was given")
        parsed = self._parsed.pop(path, None)
        return dataclasses.asdict(bodies.body(path, self._texts[path], self._world, parsed))


def _world(values: dict[str, Any]) -> bodies.World:
    target = Target(**values.pop("target"))
    assets = frozenset(values.pop("assets"))
    return bodies.World(target=target, assets=assets, **values)


if __name__ == "__main__":
    # Short-lived and without cycles worth collecting: the collector only costs time here.
    gc.disable()
    child.serve(_Share().answer)
