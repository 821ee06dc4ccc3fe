"""a reader's request → browser → CDN → memory → Valkey → ledger and artifacts: one file of the site."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Final

from anyio import to_thread

from prdgen.builder.errors import SiteUnreadable
from prdgen.builder.reading import File, Reading
from prdgen.bus.bus import Bus
from prdgen.bus.errors import BusUnavailable
from prdgen.flows import levels
from prdgen.flows.levels import Count, Encodings, Kept
from prdgen.settings import Settings

log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 0.02
"""So often the ledger is asked whether the site is another one, at most."""
_MOST_NAMED: Final = 1_000
"""Paths that are named one by one when they changed; of more, everything is looked up again."""


class Levels:
    """The levels of one server process, from the nearest to the last. Browser and CDN are not here:
    what they ask for again, or for the first time, is counted.
    """

    def __init__(self, settings: Settings, site: Path, bus: Bus) -> None:
        self.settings = settings
        self.browser, self.cdn, self.store = Count(), Count(), Count()
        self.memory = levels.Memory(settings.site_memory_bytes, settings.site_memory_seconds)
        self.valkey = levels.InValkey(bus, settings.site_valkey_seconds)
        self.flights = levels.Flights()
        self.news = levels.News()
        self.reading = Reading(site)
        self.stale = 0
        """Answers given though the site could not be read just then."""
        self.unreadable = False
        """Whether the ledger could not be read when it was asked last."""
        self._turn, self._looked = 0, float("-inf")

    def turn(self) -> int:
        """The site's turn, known to within 20 ms; the one before when it cannot be read."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            try:
                self._turn, self.unreadable = self.reading.turn(), False
            except SiteUnreadable as error:
                self.unreadable = True
                self.store.failures += 1
                log.warning("%s", error)
        return self._turn

    def at_hand(self, path: str, encodings: Encodings) -> Kept | None:
        """What memory knows of a path; never waits."""
        return self.memory.find(path, encodings, self.turn())

    def changed(self, paths: list[str] | None) -> None:
        """The site is another one at these paths; None: everywhere. Open pages hear of it."""
        self._looked = float("-inf")
        if paths is None:
            self.memory.clear()
        else:
            self.memory.drop(paths)
        self.news.say(paths)


async def file(house: Levels, path: str, encodings: Encodings) -> Kept:
    """One public file, or that there is none. Asked when the browser (5 minutes) and the CDN (an hour)
    have not answered; each level below fills those above. Raises SiteUnreadable when no level has it.
    """
    kept = house.at_hand(path, encodings)  # memory: a minute
    if kept is not None:
        return kept
    turn = house.turn()
    # One look-up for all who ask for it now, however slow what is below may be.
    return await house.flights.once(
        (path, encodings, turn), lambda: _below(house, path, encodings, turn)
    )


async def _below(house: Levels, path: str, encodings: Encodings, turn: int) -> Kept:
    """Below memory. What an older turn left is no answer, but saves reading the same bytes again."""
    shared = await house.valkey.find(path, encodings)  # Valkey: ten minutes
    if shared is not None and shared.turn == turn:
        return house.memory.keep(path, encodings, shared.file, turn)
    known = house.memory.last(path, encodings) or shared
    try:
        found = await _stored(house, path, encodings, known.file if known else None)
    except SiteUnreadable as error:
        house.store.failures += 1
        if known is None:
            raise
        log.warning("%s is served as it was: %s", path, error)
        house.stale += 1
        return Kept(known.file, known.turn, time.monotonic())
    if found is not None:
        house.valkey.keep(encodings, found, turn)
    return house.memory.keep(path, encodings, found, turn)


async def _stored(
    house: Levels, path: str, encodings: Encodings, known: File | None
) -> File | None:
    """From the ledger of what is public, and the artifacts."""
    found = await to_thread.run_sync(house.reading.find, path, encodings, known)
    if found is None:
        house.store.misses += 1
    else:
        house.store.hit(0.0)
    return found


async def tell(bus: Bus, paths: Iterable[str]) -> None:
    """The site was just published and is another one at these paths: Valkey forgets them, and every
    server's memory does. Not heard, it costs nothing but a look at the ledger.
    """
    named = list(paths)
    try:
        if len(named) <= _MOST_NAMED:
            await levels.forget(bus, named)
        await bus.publish_site(named if len(named) <= _MOST_NAMED else None)
    except BusUnavailable as error:
        log.warning("servers find out by themselves that the site changed: %s", error)


async def listen(bus: Bus, house: Levels, stop: asyncio.Event) -> None:
    """Take in what `tell` says, until `stop`."""
    async with aclosing(bus.subscribe_site()) as notices:
        async for paths in notices:
            if stop.is_set():
                return
            house.changed(paths)
