"""Reads and makes many pages at once, in child processes, one a processor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Final, Self

from prdgen.builder import child, facts, fragments, making, manifest
from prdgen.builder.manifest import PageFacts
from prdgen.builder.sources import PageSource

_CHILD: Final = "prdgen.builder.crew_child"
_LIMITS: Final = child.Limits(cpu=900)
_SECONDS: Final = 900.0
_WORTH_A_CHILD: Final = 48
"""Pages: starting a child costs as much as rendering so many."""
_MOST_WORKERS: Final = 4
_TURN: Final = 24


class Crew:
    """Does the reading and making of one build: here for a few pages, else in children.

    A context manager; children are started when the first large piece of work comes.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._workers: list[child.Worker] = []
        self._shares: list[list[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def facts(self, pages: Mapping[str, PageSource]) -> dict[str, PageFacts]:
        """Facts of these pages, by path. Raises ChildFailed, ChildTookTooLong."""
        count = min(os.cpu_count() or 1, _MOST_WORKERS, len(pages) // _WORTH_A_CHILD)
        if count < 2:
            return {path: facts.of(page) for path, page in pages.items()}
        self._workers = [
            self._stack.enter_context(
                child.Worker(_CHILD, what="rendering pages", seconds=_SECONDS, limits=_LIMITS)
            )
            for _ in range(count)
        ]
        # Read while the children start.
        texts = {path: page.read() for path, page in pages.items()}
        longest = sorted(texts, key=lambda path: -len(texts[path]))
        self._shares = [longest[n::count] for n in range(count)]
        answers = self._ask(
            lambda share: {
                "facts": [replace(pages[path], read=partial(str, texts[path])) for path in share]
            }
        )
        found = [manifest.facts_of(values) for answer in answers for values in answer]
        return {page.page_path: page for page in found}

    def made(
        self, orders: Mapping[str, making.Order], setting: making.Setting
    ) -> Iterator[tuple[str, making.Made]]:
        """Path and outcome of each of these pages, as they are done; those of children have their
        twins. Raises ChildFailed, ChildTookTooLong.
        """
        there = {path for share in self._shares for path in share}
        for path in [path for path in orders if path not in there]:
            yield path, making.page(orders[path], setting)
        if not self._workers:
            return
        needed = replace(setting, frame=replace(setting.frame, files={}))
        self._ask(lambda _: {"setting": needed, "fragments": fragments.SHARED.folder})
        shares = [[path for path in share if path in orders] for share in self._shares]
        with ThreadPoolExecutor(len(self._workers)) as threads:

            def ask(turn: int) -> list[Future[Any]]:
                asked = zip(self._workers, shares, strict=True)
                return [
                    threads.submit(worker.ask, {"orders": [orders[path] for path in paths]})
                    for worker, share in asked
                    if (paths := share[turn : turn + _TURN])
                ]

            # Short turns, the next one under way while the caller notes what this one made.
            turn, waiting = 0, ask(0)
            while waiting:
                answers = [each.result() for each in waiting]
                turn += _TURN
                waiting = ask(turn)
                for answer in answers:
                    yield from ((path, _made(values)) for path, values in answer.items())

    def _ask(self, question: Callable[[Sequence[str]], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(self._workers)) as threads:
            asked = zip(self._workers, self._shares, strict=True)
            return list(threads.map(lambda pair: pair[0].ask(question(pair[1])), asked))


def _made(values: dict[str, Any]) -> making.Made:
    for name in ("needs", "problems"):
        values[name] = tuple(values[name])
    return making.Made(**values)
