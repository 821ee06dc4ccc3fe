"""Which change builds on which, so that what came since some heads is found without the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Generic, Protocol, TypeVar


class Node(Protocol):
    """Anything with a hash that builds on others."""

    @property
    def hash(self) -> bytes:
        """Its name."""

    @property
    def deps(self) -> tuple[bytes, ...]:
        """The names of those it builds on directly."""


T = TypeVar("T", bound=Node)
_MOST_KEPT: Final = 64


class Graph(Generic[T]):
    """The changes of a document in the order in which they came in: each after its `deps`."""

    def __init__(self) -> None:
        self._order: list[T] = []
        self._children: Counter[bytes] = Counter()
        self._found: dict[tuple[bytes, ...], tuple[T, ...]] = {}
        """Answers of `beyond` since the last one was added: peers are asked about one by one."""

    def add(self, node: T) -> None:
        """Append one; what it builds on is here."""
        self._order.append(node)
        for dep in node.deps:
            self._children[dep] += 1
        self._found.clear()

    def beyond(self, known: Sequence[bytes], heads: Iterable[bytes]) -> list[T]:
        """Those neither `known` nor built upon by them, in order; `heads` are all ends there are.

        Walks back from the newest only until everything older is known: the cost is how far back
        `known` lies, not how long the document is.
        """
        key = tuple(known)
        kept = self._found.get(key)
        if kept is None:
            kept = tuple(self._walk(known, heads))
            if len(kept) <= _MOST_KEPT and len(self._found) < _MOST_KEPT:
                self._found[key] = kept
        return list(kept)

    def _walk(self, known: Iterable[bytes], heads: Iterable[bytes]) -> list[T]:
        inside, ends = set(known), set(heads)
        seen: Counter[bytes] = Counter()
        found: list[T] = []
        for node in reversed(self._order):
            if ends <= inside:
                break
            ends.discard(node.hash)
            for dep in node.deps:
                seen[dep] += 1
                if seen[dep] == self._children[dep]:
                    ends.add(dep)
            if node.hash in inside:
                inside.update(node.deps)
            else:
                found.append(node)
        return found[::-1]
