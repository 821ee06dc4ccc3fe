"""Reads and renders many pages at once, in child processes, one a processor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Final, Self

from prdgen.builder import bodies, child, facts, fragments, manifest
from prdgen.builder.manifest import PageFacts
from prdgen.builder.sources import PageSource
from prdgen.page.outline import Heading

_CHILD: Final = "prdgen.builder.crew_child"
_LIMITS: Final = child.Limits(cpu=900)
_SECONDS: Final = 900.0
_WORTH_A_CHILD: Final = 48
"""Pages: starting a child costs as much as rendering so many."""
_MOST_WORKERS: Final = 4
_TURN: Final = 24


class Crew:
    """Does the reading and rendering of one build: here for a few pages, else in children.

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
        texts = {path: page.read() for path, page in pages.items()}
        longest = sorted(texts, key=lambda path: -len(texts[path]))
        self._shares = [longest[n::count] for n in range(count)]
        self._workers = [
            self._stack.enter_context(
                child.Worker(_CHILD, what="rendering pages", seconds=_SECONDS, limits=_LIMITS)
            )
            for _ in range(count)
        ]
        answers = self._ask(
            lambda share: {"facts": [_source(pages[path], texts[path]) for path in share]}
        )
        found = [manifest.facts_of(values) for answer in answers for values in answer]
        return {page.page_path: page for page in found}

    def bodies(
        self, texts: Mapping[str, str], world: bodies.World
    ) -> Iterator[tuple[str, bodies.Body]]:
        """Path and body of each of these pages, as they are done. Raises ChildFailed,
        ChildTookTooLong.
        """
        there = {path for share in self._shares for path in share}
        for path in [path for path in texts if path not in there]:
            yield path, bodies.body(path, texts[path], world)
        if not self._workers:
            return
        around = asdict(world) | {"assets": sorted(world.assets)}
        self._ask(lambda _: {"world": around, "fragments": str(fragments.SHARED.folder or "")})
        shares = [[path for path in share if path in texts] for share in self._shares]
        with ThreadPoolExecutor(len(self._workers)) as threads:

            def ask(turn: int) -> list[Future[Any]]:
                asked = zip(self._workers, shares, strict=True)
                return [
                    threads.submit(worker.ask, {"bodies": share[turn : turn + _TURN]})
                    for worker, share in asked
                    if share[turn:]
                ]

            # Short turns, the next one under way while the caller writes what this one made.
            turn, waiting = 0, ask(0)
            while waiting:
                answers = [each.result() for each in waiting]
                turn += _TURN
                waiting = ask(turn)
                for answer in answers:
                    yield from ((path, _body(values)) for path, values in answer.items())

    def _ask(self, question: Callable[[Sequence[str]], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(self._workers)) as threads:
            asked = zip(self._workers, self._shares, strict=True)
            return list(threads.map(lambda pair: pair[0].ask(question(pair[1])), asked))


def _source(page: PageSource, text: str) -> dict[str, Any]:
    at = page.updated_at.isoformat() if page.updated_at else None
    return {"page_path": page.page_path, "blob": page.blob, "text": text, "updated_at": at,
            "updated_by": page.updated_by}  # fmt: skip


def _body(values: dict[str, Any]) -> bodies.Body:
    outline = tuple(Heading(**heading) for heading in values["outline"])
    return bodies.Body(values["html"], outline, tuple(values["problems"]), tuple(values["needs"]))
