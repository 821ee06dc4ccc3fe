"""Reads and makes many pages at once, in child processes, one a processor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from prdgen.builder import child, facts, fragments, making, manifest, render
from prdgen.builder.manifest import PageFacts
from prdgen.builder.sources import PageSource

_CHILD: Final = "prdgen.builder.crew_child"
_LIMITS: Final = child.Limits(cpu=900)
_SECONDS: Final = 900.0
_WORTH_A_CHILD: Final = 48
"""Pages: starting a child costs as much as rendering so many."""
_MOST_WORKERS: Final = 4
_TURN: Final = 24
_READ_AT_ONCE: Final = 400
"""Pages whose texts wait for a child together."""


class Crew:
    """Does the reading and making of one build: here for a few pages, else in children.

    A context manager; children are started when the first large piece of work comes.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._workers: child.Workers | None = None
        self._have_read: list[set[str]] = []
        """Pages each child has read."""
        self._parsed: dict[str, render.Parsed] = {}
        """Pages that were read here and not made yet."""
        self._begun: Future[dict[str, PageFacts]] | None = None

    def __enter__(self) -> Self:
        self._threads = self._stack.enter_context(ThreadPoolExecutor(_MOST_WORKERS + 1))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, failure, trace)

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
        self, paths: Sequence[str], order: Callable[[str], making.Order], setting: making.Setting
    ) -> Iterator[tuple[str, making.Made]]:
        """Path and outcome of each of these pages, as they are done; `order` is asked for each when
        its turn comes. Raises ChildFailed, ChildTookTooLong.
        """
        read = set().union(*self._have_read)
        rest = [path for path in paths if path not in read]
        if self._staffed(len(rest)):
            self._deal(rest)
        else:
            for path in rest:
                yield path, making.page(order(path), setting, self._parsed.pop(path, None))
        lots = [[path for path in paths if path in have_read] for have_read in self._have_read]
        needed = replace(setting, frame=replace(setting.frame, files={}))
        question = {"setting": needed, "fragments": fragments.SHARED.folder}
        self._ask([question if lot else None for lot in lots])
        # Short turns, the next one under way while the caller notes what this one made.
        turn, waiting = 0, self._turn(lots, order, 0)
        while waiting:
            answers = [each.result() for each in waiting]
            turn += _TURN
            waiting = self._turn(lots, order, turn)
            for answer in answers:
                yield from ((path, _made(values)) for path, values in answer.items())

    def _turn(
        self, lots: Sequence[list[str]], order: Callable[[str], making.Order], turn: int
    ) -> list[Future[Any]]:
        orders = [[order(path) for path in lot[turn : turn + _TURN]] for lot in lots]
        return self._asked([{"orders": each} if each else None for each in orders])

    def _read(self, pages: Mapping[str, PageSource]) -> dict[str, PageFacts]:
        if not self._staffed(len(pages)):
            return {path: self._read_here(page) for path, page in pages.items()}
        found: dict[str, PageFacts] = {}
        paths, at_once = list(pages), _READ_AT_ONCE * len(self._have_read)
        for start in range(0, len(paths), at_once):
            # Not all texts of a large site at once.
            some = {path: pages[path] for path in paths[start : start + at_once]}
            found |= self._read_some(some)
        return found

    def _read_here(self, source: PageSource) -> PageFacts:
        """Facts of one page, which stays parsed until it is made."""
        parsed = render.parse(source.page_path, source.read(), brief=True)
        self._parsed[source.page_path] = parsed
        return facts.of(source, parsed.facts)

    def _read_some(self, pages: Mapping[str, PageSource]) -> dict[str, PageFacts]:
        texts = {path: page.read() for path, page in pages.items()}
        shares = self._deal(sorted(texts, key=lambda path: -len(texts[path])))
        questions = [
            {"facts": [replace(pages[path], read=partial(str, texts[path])) for path in share]}
            for share in shares
        ]
        found = [manifest.facts_of(values) for answer in self._ask(questions) for values in answer]
        return {page.page_path: page for page in found}

    def _staffed(self, pages: int) -> bool:
        """Whether so many pages are work for children; they are started if they are not there."""
        count = min(os.cpu_count() or 1, _MOST_WORKERS, pages // _WORTH_A_CHILD)
        if count >= 2 and self._workers is None:
            self._workers = self._stack.enter_context(
                child.Workers(
                    _CHILD, count, what="rendering pages", seconds=_SECONDS, limits=_LIMITS
                )
            )
            self._have_read = [set() for _ in range(count)]
        return count >= 2

    def _deal(self, paths: Sequence[str]) -> list[Sequence[str]]:
        """The share of each child in these pages."""
        count = len(self._have_read)
        shares = [paths[number::count] for number in range(count)]
        for share, have_read in zip(shares, self._have_read, strict=True):
            have_read.update(share)
        return shares

    def _ask(self, questions: Sequence[Any]) -> list[Any]:
        return [each.result() for each in self._asked(questions)]

    def _asked(self, questions: Sequence[Any]) -> list[Future[Any]]:
        """Ask each child its question; None is no question."""
        workers = self._workers
        if workers is None:
            return []
        return [
            self._threads.submit(workers.ask, number, question)
            for number, question in enumerate(questions)
            if question is not None
        ]


def _made(values: dict[str, Any]) -> making.Made:
    for name in ("needs", "problems"):
        values[name] = tuple(values[name])
    return making.Made(**values)
