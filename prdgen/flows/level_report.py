"""The cache levels → a table of what each was asked, for the metrics and for people."""

from __future__ import annotations

from dataclasses import dataclass

from prdgen.flows.levels import Count
from prdgen.flows.read_site import Levels


@dataclass(frozen=True, slots=True)
class Row:
    """One level of this process, since it began."""

    level: str
    seconds: float | None
    """How long it keeps a page; None: it is the last one, and always current."""
    count: Count
    entries: int | None = None
    bytes: int | None = None

    @property
    def share(self) -> float | None:
        """Hits among what it was asked, from 0 to 1; None: that cannot be seen from here."""
        asked = self.count.hits + self.count.misses
        return self.count.hits / asked if asked and self.level not in {"browser", "cdn"} else None

    @property
    def age(self) -> float:
        """Seconds since what it had was last known to be current, on average over its hits."""
        return self.count.age_sum / self.count.hits if self.count.hits else 0.0


def of(levels: Levels) -> list[Row]:
    """From the reader's to the last one. Browsers' hits are those that were asked about and still
    held (304); what a CDN answers by itself is never seen here, only what it did not have.
    """
    settings, memory = levels.settings, levels.memory
    public = settings.public_site
    return [
        Row("browser", settings.site_browser_seconds if public else 0, levels.browser),
        Row("cdn", settings.site_cdn_seconds if public else 0, levels.cdn),
        Row("memory", settings.site_memory_seconds, memory.count, len(memory), memory.bytes),
        Row("valkey", settings.site_valkey_seconds, levels.valkey.count),
        Row("store", None, levels.store),
    ]


def state(levels: Levels) -> str:
    """`ok`, `without valkey` (it did not answer just now) or `stale` (the site's own files do not)."""
    if levels.unreadable:
        return "stale"
    return "without valkey" if levels.valkey.rests else "ok"
