"""Reads and makes many pages at once, in child processes, one a processor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
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


@dataclass(slots=True)
class _Worker:
    """A child, and the pages it has read."""

    process: child.Worker
    read: set[str] = field(default_factory=set)


class Crew:
    """Does the reading and making of one build: here for a few pages, else in children.

    A context manager; children are started when the first large piece of work comes.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._workers: list[_Worker] = []
        self._begun: Future[dict[str, PageFacts]] | None = None

    def __enter__(self) -> Self:
        self._threads = self._stack.enter_context(ThreadPoolExecutor(_MOST_WORKERS + 1))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self, pages: Mapping[str, PageSource]) -> None:
        """Read these pages in the background, because `facts` will be asked for them."""
        if len(pages) >= 2 * _WORTH_A_CHILD:
            self._begun = self._threads.submit(self._read, pages)

    def facts(self, pages: Mapping[str, PageSource]) -> dict[str, PageFacts]:
        """Facts of these pages, by path. Raises ChildFailed, ChildTookTooLong."""
        found = self._begun.result() if self._begun else {}
        rest = {path: page for path, page in pages.items() if path not in found}
        return {path: found[path] for path in pages if path in found} | self._read(rest)

    def made(
        self, orders: Mapping[str, making.Order], setting: making.Setting
    ) -> Iterator[tuple[str, making.Made]]:
        """Path and outcome of each of these pages, as they are done. Raises ChildFailed,
        ChildTookTooLong.
        """
        read = {path for worker in self._workers for path in worker.read}
        rest = [path for path in orders if path not in read]
        workers = self._staffed(len(rest))
        for number, worker in enumerate(workers):
            worker.read.update(rest[number :: len(workers)])
        for path in rest if not workers else ():
            yield path, making.page(orders[path], setting)
        shares = [
            (worker, [orders[path] for path in orders if path in worker.read])
            for worker in self._workers
        ]
        needed = replace(setting, frame=replace(setting.frame, files={}))
        self._ask(
            (worker, {"setting": needed, "fragments": fragments.SHARED.folder})
            for worker, share in shares
            if share
        )
        # Short turns, the next one under way while the caller notes what this one made.
        turn, waiting = 0, self._turn(shares, 0)
        while waiting:
            answers = [each.result() for each in waiting]
            turn += _TURN
            waiting = self._turn(shares, turn)
            for answer in answers:
                yield from ((path, _made(values)) for path, values in answer.items())

    def _turn(
        self, shares: Iterable[tuple[_Worker, list[making.Order]]], turn: int
    ) -> list[Future[Any]]:
        return [
            self._threads.submit(worker.process.ask, {"orders": orders})
            for worker, share in shares
            if (orders := share[turn : turn + _TURN])
        ]

    def _read(self, pages: Mapping[str, PageSource]) -> dict[str, PageFacts]:
        workers = self._staffed(len(pages))
        if not workers:
            return {path: facts.of(page) for path, page in pages.items()}
        # Read while the children start.
        texts = {path: page.read() for path, page in pages.items()}
        longest = sorted(texts, key=lambda path: -len(texts[path]))
        asked = []
        for number, worker in enumerate(workers):
            share = longest[number :: len(workers)]
            worker.read.update(share)
            given = [replace(pages[path], read=partial(str, texts[path])) for path in share]
            asked.append((worker, {"facts": given}))
        found = [manifest.facts_of(values) for answer in self._ask(asked) for values in answer]
        return {page.page_path: page for page in found}

    def _staffed(self, pages: int) -> list[_Worker]:
        """The children for so many pages; none when they are few and no child is there yet."""
        count = min(os.cpu_count() or 1, _MOST_WORKERS, pages // _WORTH_A_CHILD)
        if count >= 2 and not self._workers:
            self._workers = [_Worker(self._stack.enter_context(_start())) for _ in range(count)]
        return self._workers if count >= 2 else []

    def _ask(self, questions: Iterable[tuple[_Worker, Any]]) -> list[Any]:
        asked = [
            self._threads.submit(worker.process.ask, question) for worker, question in questions
        ]
        return [each.result() for each in asked]


def _start() -> child.Worker:
    return child.Worker(_CHILD, what="rendering pages", seconds=_SECONDS, limits=_LIMITS)


def _made(values: dict[str, Any]) -> making.Made:
    for name in ("needs", "problems"):
        values[name] = tuple(values[name])
    return making.Made(**values)
