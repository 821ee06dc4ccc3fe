"""Many editors typing into a few documents at once, and how long each change took to arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from bench import node, processes, repositories
from bench.figures import Figures, spread
from bench.node import Editor

Frames = Sequence[tuple[float, Sequence[str]]]
Typed = list[list[list[tuple[float, str]]]]
"""Of each editor in each document: when it pressed a key, and which change that made."""
_DRAIN_SECONDS = 180
_HOSTED: Final = ("recorded-editor.mjs",)
"""Programs in which several editors can be."""
_HOSTS: Final = 4


@dataclass(frozen=True, slots=True)
class Load:
    """How much is typed."""

    documents: int = 4
    editors: int = 4
    rate: float = 5.0
    """Edits a second of one editor."""
    seconds: float = 20.0
    characters: int = 8000
    """Length of a document at the beginning."""
    warm_seconds: float = 5.0
    """Typed before anything is measured, so that no side is still compiling its code."""
    recorded: bool = False
    """Whether Automerge's editors make their changes before, and only send them while measured."""

    @property
    def edits_of_one(self) -> int:
        """How often each editor presses a key while it is measured."""
        return self.keys(self.seconds)

    def keys(self, seconds: float) -> int:
        """How often one editor presses a key in this time."""
        return max(1, round(self.rate * seconds))

    @property
    def edits(self) -> int:
        """How many edits that makes."""
        return self.documents * self.editors * self.edits_of_one


@dataclass(frozen=True, slots=True)
class Place:
    """A document on a server: where its editors connect, and its name when it is there already."""

    url: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Milliseconds for every pair of a change and another editor of its document."""

    frame: list[float]
    """From the frame that left the writer's socket to the one that reached the reader's."""
    key: list[float]
    """The same from the key press, so with the client's own delay before it sends."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to."""

    arrivals: Arrivals
    texts: list[str | None]
    """Each document's text; None where its editors do not agree."""
    seconds: float
    """From the first key press until everyone had everything."""
    cpu_seconds: float
    rss_mb: float
    client_seconds: float
    """Processor time of all editors together."""
    late_ms: float | None
    """How late the busiest of them was by itself, in one of a hundred looks; None: it was not asked."""

    def figures(self, load: Load) -> Figures:
        """The figures every server under this load has."""
        return {
            **spread("", self.arrivals.frame, 0.5, 0.99),
            **spread("key_to_frame", self.arrivals.key, 0.5, 0.99),
            "edits_per_s": round(load.edits / self.seconds, 1),
            "cpu_ms_per_edit": round(self.cpu_seconds * 1000 / load.edits, 2),
            "rss_mb": self.rss_mb,
            "clients_cores": round(self.client_seconds / self.seconds, 2),
            **({} if self.late_ms is None else {"clients_late_p99_ms": round(self.late_ms, 1)}),
            "editors_agree": all(text is not None for text in self.texts),
        }


def run(
    load: Load, program: str, places: Sequence[Place], *,
    cpu: Callable[[], float], memory: Callable[[], float],
) -> Outcome:  # fmt: skip
    """Open every editor, type, wait until all have everything, and gather what happened."""
    with ExitStack() as stack:
        join = _hosts(stack, program) if load.recorded and program in _HOSTED else None
        rows = [
            [
                join(place.url) if join else stack.enter_context(Editor(program, place.url))
                for _ in range(load.editors)
            ]
            for place in places
        ]
        texts = _open(load, rows, places)
        everyone = [editor for row in rows for editor in row]
        _begin(load, rows)
        lengths = [len(text) for text in texts]
        lengths = _type(load, rows, load.keys(load.warm_seconds), lengths)[1]
        node.ask_all(everyone, "forget")
        cpu_before, clients, began = cpu(), _client_seconds(everyone), time.monotonic()
        typed, _ = _type(load, rows, load.edits_of_one, lengths)
        seconds, used = time.monotonic() - began, cpu() - cpu_before
        clients = _client_seconds(everyone) - clients
        return Outcome(
            arrivals=_arrivals(rows, typed),
            texts=[_agreed(node.ask_all(row, "text")) for row in rows],
            seconds=seconds, cpu_seconds=used, rss_mb=memory(), client_seconds=clients,
            late_ms=max(node.ask_all(everyone, "late")) if join else None,
        )  # fmt: skip


def _hosts(stack: ExitStack, program: str) -> Callable[[str], Editor]:
    """Deals editors out to a few processes, in turn."""
    hosts = cycle([stack.enter_context(node.Host(program)) for _ in range(_HOSTS)])
    return lambda url: next(hosts).join(url)


def _client_seconds(editors: Sequence[Editor]) -> float:
    pids = {editor.pid for editor in editors}
    return processes.seconds(found for pid in pids if (found := processes.find(pid)))


def _open(load: Load, rows: list[list[Editor]], places: Sequence[Place]) -> list[str]:
    """Everyone has their document; its text in each row."""
    found = []
    for number, (row, place) in enumerate(zip(rows, places, strict=True)):
        document = place.document
        others = row
        if document is None:
            text = repositories.page_text(number, load.editors, load.characters)
            document = row[0].ask("create", document=f"page-{number}", text=text)
            others = row[1:]
        node.ask_all(others, "open", document=document)
        found.append(row[-1].ask("text"))
    return found


def _begin(load: Load, rows: list[list[Editor]]) -> None:
    """What editors do before the first key: recorded ones make all their changes."""
    count = load.keys(load.warm_seconds) + load.edits_of_one
    for row in rows:
        for place, editor in enumerate(row):
            editor.say("begin", marker=repositories.marker(place + 1), count=count)
    for row in rows:
        for editor in row:
            editor.answer()


def _type(
    load: Load, rows: list[list[Editor]], keys: int, lengths: list[int]
) -> tuple[Typed, list[int]]:
    """Every editor presses `keys` keys at its own place, evenly out of step with the others, and
    everyone has everything; what was typed, and how long the texts are now.
    """
    every = 1000 / load.rate
    out_of_step = every / (len(rows) * load.editors)
    for number, row in enumerate(rows):
        for place, editor in enumerate(row):
            after = 100 + out_of_step * (number * load.editors + place)
            editor.say(
                "type", marker=repositories.marker(place + 1), count=keys, every=every, after=after
            )
    typed = [[editor.answer() for editor in row] for row in rows]
    after_it = [length + load.editors * keys for length in lengths]
    _drain(rows, after_it)
    return typed, after_it


def _drain(rows: list[list[Editor]], lengths: list[int]) -> None:
    """Wait until every text is as long as it must become; who does not get there is seen later."""
    for row, length in zip(rows, lengths, strict=True):
        for editor in row:
            editor.say("length", length=length, seconds=_DRAIN_SECONDS)
    for row in rows:
        for editor in row:
            try:
                editor.answer()
            except node.EditorFailed:
                continue


def _agreed(texts: list[str]) -> str | None:
    return texts[0] if len(set(texts)) == 1 else None


def _arrivals(rows: list[list[Editor]], typed: Typed) -> Arrivals:
    found = Arrivals([], [])
    for row, keys in zip(rows, typed, strict=True):
        frames = node.ask_all(row, "frames")
        for writer, presses in enumerate(keys):
            readers = [f["received"] for n, f in enumerate(frames) if n != writer]
            more = match(presses, frames[writer]["sent"], readers)
            found.frame.extend(more.frame)
            found.key.extend(more.key)
    return found


def match(keys: Sequence[tuple[float, str]], sent: Frames, readers: Sequence[Frames]) -> Arrivals:
    """Arrival times of one editor's changes: `keys` are (when, change), `sent` the frames that left
    it and `readers` those that reached each other editor. A change that never came is left out.
    """
    left = first_times(sent)
    found = Arrivals([], [])
    for arrived in map(first_times, readers):
        for pressed, change in keys:
            if change in left and change in arrived:
                found.frame.append(arrived[change] - left[change])
                found.key.append(arrived[change] - pressed)
    return found


def first_times(frames: Frames) -> Mapping[str, float]:
    """When each change was first in a frame."""
    found: dict[str, float] = {}
    for at, changes in frames:
        for change in changes:
            found.setdefault(change, at)
    return found
