"""What the cache levels of a server keep, and how often each had what was asked: memory and Valkey."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from prdgen.builder.reading import SUFFIXES, File
from prdgen.bus.bus import Bus
from prdgen.bus.errors import BusUnavailable

log = logging.getLogger(__name__)
Encodings = tuple[str, ...]
"""Content codings a reader takes, best first; one of COMBINATIONS."""
_PATIENCE: Final = 0.05
"""Seconds: a Valkey that takes longer is slower than the disk it stands before."""
_PATIENCE_TO_WRITE: Final = 2.0
"""Nobody waits for it."""
_REST: Final = 5.0
"""Seconds in which a Valkey that was away or slow is not asked again."""
_MOST_SHARED: Final = 1 << 20
"""Bytes: larger files would push hundreds of pages out of Valkey."""
_MOST_ABSENT: Final = 1_000
"""Paths that are known not to exist; anyone can make up more of them."""
ABSENT_SECONDS: Final = 10.0
_MOST_NEWS: Final = 20
_OVERHEAD: Final = 600
"""Bytes an entry takes in memory beside its file, about."""
COMBINATIONS: Final = tuple(
    tuple(name for bit, name in enumerate(SUFFIXES) if chosen & 1 << bit)
    for chosen in range(1 << len(SUFFIXES))
)


@dataclass(slots=True)
class Count:
    """What one level was asked since this process began."""

    hits: int = 0
    misses: int = 0
    failures: int = 0
    age_sum: float = 0.0
    """Seconds since what was found there was last known to be current, over all hits."""
    age_most: float = 0.0

    def hit(self, age: float) -> None:
        """It had what was asked, confirmed so many seconds ago."""
        self.hits += 1
        self.age_sum += age
        self.age_most = max(self.age_most, age)


@dataclass(slots=True)
class Kept:
    """What is known of one public path: its file, or that there is none, and since when."""

    file: File | None
    turn: int
    """The turn of the site in which it was so."""
    at: float
    """When that was last looked up, by the clock of the level."""
    prepared: dict[str, Any] = field(default_factory=dict)
    """What a door made of it, kept with it."""

    @property
    def size(self) -> int:
        """Bytes, about."""
        return _OVERHEAD + (len(self.file.data) if self.file else 0)


class Memory:
    """This process' own memory: so many bytes, those used longest ago go first."""

    def __init__(
        self, most: int, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.count = Count()
        self.bytes = 0
        self._most, self._seconds, self._now = most, seconds, now
        self._kept: OrderedDict[tuple[str, Encodings], Kept] = OrderedDict()
        self._absent: OrderedDict[tuple[str, Encodings], Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, path: str, encodings: Encodings, turn: int) -> Kept | None:
        """What is known of a path in this turn, while it is young enough; counted."""
        key = path, encodings
        kept = self._kept.get(key)
        if kept is not None and kept.turn == turn:
            age = self._now() - kept.at
            if age < self._seconds:
                self._kept.move_to_end(key)
                self.count.hit(age)
                return kept
        elif kept is None and (kept := self._absent.get(key)) is not None and kept.turn == turn:
            age = self._now() - kept.at
            if age < ABSENT_SECONDS:
                self.count.hit(age)
                return kept
        self.count.misses += 1
        return None

    def last(self, path: str, encodings: Encodings) -> Kept | None:
        """The file that was kept last, of whatever turn and age."""
        return self._kept.get((path, encodings))

    def keep(self, path: str, encodings: Encodings, file: File | None, turn: int) -> Kept:
        """Remember what a lower level said just now."""
        key, made = (path, encodings), Kept(file, turn, self._now())
        old = self._kept.pop(key, None)
        if old is not None:
            self.bytes -= old.size
            made.prepared = old.prepared if old.file is file else made.prepared
        if file is None:
            self._absent[key] = made
            while len(self._absent) > _MOST_ABSENT:
                self._absent.popitem(last=False)
            return made
        self._absent.pop(key, None)
        if made.size <= self._most:
            self._kept[key] = made
            self.bytes += made.size
            while self.bytes > self._most:
                self.bytes -= self._kept.popitem(last=False)[1].size
        return made

    def drop(self, paths: Iterable[str]) -> None:
        """Forget these paths."""
        for path in paths:
            for encodings in COMBINATIONS:
                self._absent.pop((path, encodings), None)
                if (old := self._kept.pop((path, encodings), None)) is not None:
                    self.bytes -= old.size

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._absent.clear()
        self.bytes = 0


class Shared(NamedTuple):
    """What Valkey had of a path."""

    file: File
    turn: int


class InValkey:
    """Valkey, which all processes share. It is asked only while it answers at once; everything that
    comes from here is compared with the turn, so that nothing in it needs to be believed.
    """

    def __init__(self, bus: Bus, seconds: float) -> None:
        self.count = Count()
        self._bus, self._seconds = bus, seconds
        self._rests_until = float("-inf")
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def rests(self) -> bool:
        """Whether it did not answer a moment ago, and reading goes on without it."""
        return time.monotonic() < self._rests_until

    async def find(self, path: str, encodings: Encodings) -> Shared | None:
        """What is there; None also when it does not answer soon."""
        if self.rests:
            return None
        data = await self._attempt(self._bus.cache_get(_key(path, encodings)))
        found = _unpacked(path, data) if data else None
        if found is None:
            self.count.misses += 1
            return None
        file, turn, at = found
        self.count.hit(max(0.0, time.time() - at))
        return Shared(file, turn)

    def keep(self, encodings: Encodings, file: File, turn: int) -> None:
        """Put a file there, beside whatever else goes on."""
        if self.rests or len(file.data) > _MOST_SHARED:
            return
        packed = _packed(file, turn)
        work = self._bus.cache_set(_key(file.path, encodings), packed, self._seconds)
        task = asyncio.create_task(self._attempt(work, _PATIENCE_TO_WRITE))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._writing)

    async def _attempt(self, call: Awaitable[Any], seconds: float = _PATIENCE) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await call
        except (TimeoutError, BusUnavailable) as error:
            self.count.failures += 1
            self._rests_until = time.monotonic() + _REST
            log.warning(
                "the site is read without Valkey for %g s: %s", _REST, str(error) or "too slow"
            )
            return None


async def forget(bus: Bus, paths: Iterable[str]) -> None:
    """Remove these paths from Valkey, in whatever encoding. Raises BusUnavailable."""
    await bus.cache_delete(*(_key(path, each) for path in paths for each in COMBINATIONS))


class Flights:
    """One look-up for everyone who asks the same meanwhile; who goes away does not end it."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Kept]] = {}
        self.joined = 0
        """Askers who came to a look-up under way."""

    async def once(self, key: Hashable, make: Callable[[], Awaitable[Kept]]) -> Kept:
        """What `make` gives, or the one like it that is under way."""
        task = self._under_way.get(key)
        if task is not None:
            self.joined += 1
        else:
            task = asyncio.ensure_future(make())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    def _landed(self, key: Hashable, task: asyncio.Future[Kept]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # Seen, also when every asker has gone.


class News:
    """Who waits to hear at which paths the site is another one."""

    def __init__(self) -> None:
        self._followers: set[asyncio.Queue[list[str] | None]] = set()

    @contextmanager
    def follow(self) -> Iterator[asyncio.Queue[list[str] | None]]:
        """What is said from now on, inside the block; None: everywhere."""
        queue = asyncio.Queue[list[str] | None](_MOST_NEWS)
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)

    def say(self, paths: list[str] | None) -> None:
        """Tell everyone; who did not listen for long hears that it may be anything."""
        for queue in self._followers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(paths)


def _key(path: str, encodings: Encodings) -> str:
    return f"site:{','.join(encodings)}:{path}"


def _packed(file: File, turn: int) -> bytes:
    facts = [turn, time.time(), file.artifact, file.encoding, file.lasting]
    return json.dumps(facts).encode() + b"\n" + file.data


def _unpacked(path: str, packed: bytes) -> tuple[File, int, float] | None:
    """The same back; None for what another version wrote."""
    head, _, data = packed.partition(b"\n")
    try:
        turn, at, artifact, encoding, lasting = json.loads(head)
        return File(path, str(artifact), str(encoding), data, bool(lasting)), int(turn), float(at)
    except (ValueError, TypeError):
        return None
