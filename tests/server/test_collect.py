"""Old objects are looked through for garbage when nobody types."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prdgen.memory import Collector


class Knot:
    """Refers to itself, so that only a collection finds it."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def collector(young: int | None = None) -> Iterator[Collector]:
    """One, and afterwards everything as it was."""
    before = gc.get_threshold()
    try:
        yield Collector(0.0, young)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def grown_old() -> weakref.ref[Knot]:
    """Garbage among the old objects."""
    knot = Knot()
    for _ in range(12):
        gc.collect(1)
    return weakref.ref(knot)


def test_typing_is_never_stopped_for_a_look_at_all_old_objects():
    """Not even when there are many new ones that stay; young ones are looked at as always."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, Any]) -> None:
        if phase == "stop":
            seen.append(info["generation"])

    with collector():
        gc.callbacks.append(note)
        try:
            kept = [[number] for number in range(400_000)]
        finally:
            gc.callbacks.remove(note)
    assert len(kept) == 400_000
    assert 1 in seen
    assert 2 not in seen


def test_who_makes_much_may_have_young_objects_looked_at_seldom():
    """A worker that indexes thousands of pages: each look would cost more than it finds."""
    with collector(young=50_000):
        before = gc.get_stats()[0]["collections"]
        kept = [[number] for number in range(400_000)]
        assert len(kept) == 400_000
        assert gc.get_stats()[0]["collections"] - before <= 10


def test_old_garbage_goes_as_soon_as_it_is_quiet():
    """And not before, however often one looks."""
    with collector() as found:
        garbage = grown_old()
        assert not any(found.look(second, quiet=False) for second in range(1, 600))
        assert garbage() is not None
        assert found.look(600.0, quiet=True)
        assert garbage() is None


def test_where_it_is_never_quiet_it_goes_after_ten_minutes():
    """A server that is always busy does not grow for ever."""
    with collector() as found:
        garbage = grown_old()
        assert not found.look(599.0, quiet=False)
        assert found.look(600.0, quiet=False)
        assert garbage() is None


def test_a_quiet_server_is_left_alone():
    """Nothing was made, so there is nothing to look for."""
    with collector() as found:
        gc.collect()
        assert not found.look(3600.0, quiet=True)
