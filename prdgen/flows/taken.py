"""what was taken in lately → whether a text is news, and what it was made from.

The same lines come in by two ways: a save is in the file, and is committed. Files and commits are
not looked at in the same moment, so one may hold what another had on its way.
"""

from __future__ import annotations

from dataclasses import replace

from prdgen.crdt.replica import Replica
from prdgen.flows.live import Heads, Live
from prdgen.merge import nearness


def is_since(replica: Replica, old: Heads, new: Heads) -> bool:
    """Whether everything of `old` is in `new`."""
    return replica.missing_from(new).isdisjoint(old)


def known(live: Live, since: Heads, theirs: str) -> Heads | None:
    """Heads at or after `since` that have everything of `theirs`: a text on the way to one that
    was taken in is no news. None: it is. Blocks.
    """
    for taken in reversed(live.taken):
        if is_since(live.room.replica, since, taken.heads) and nearness.between(
            taken.base, theirs, taken.text
        ):
            return taken.heads
    return None


def base(live: Live, since: Heads, agreed: str, theirs: str) -> str:
    """The newest text taken in after `since` that lies on the way from `agreed` to `theirs`, else
    `agreed`. Blocks.
    """
    for taken in reversed(live.taken):
        if is_since(live.room.replica, since, taken.heads) and nearness.between(
            agreed, taken.text, theirs
        ):
            return taken.text
    return agreed


def hand_over(live: Live, begun: Live) -> None:
    """What came in since the file was agreed on goes along into the next epoch."""
    row, replica = live.document, live.room.replica
    for taken in live.taken:
        if is_since(replica, row.file_heads, taken.heads):
            begun.taken.append(replace(taken, heads=begun.document.file_heads))
