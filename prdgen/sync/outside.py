"""Everything rooms share: their ports, limits, and the name this server has on the wire."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from prdgen.crdt import guard as crdt_guard
from prdgen.sync.news import News
from prdgen.sync.ports import BusPort, ChangeStore, Limits, MergeTexts, RoomHooks

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """The surroundings of all rooms of one process."""

    changes: ChangeStore
    bus: BusPort
    merge_texts: MergeTexts
    process_id: str
    storage_id: str
    """The same for every process on one store: what is stored is stored for all of them."""
    hooks: RoomHooks = field(default_factory=RoomHooks)
    limits: Limits = field(default_factory=Limits)
    news: News = field(default_factory=News)
    guard: crdt_guard.Limits = crdt_guard.DEFAULT
    """What one change and one message may hold."""

    @property
    def peer_id(self) -> str:
        """This process' name on the wire."""
        return f"prdgen-{self.process_id}"

    def call(self, hook: Callable[..., None], *facts: Any) -> None:
        """Call a hook of the floor above; its failure is logged and harms no room."""
        try:
            hook(*facts)
        except Exception:
            _log.exception("a hook of the rooms failed")
