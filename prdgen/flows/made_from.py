"""a save on disk → the text it was made from, which may be older than what the file held last.

A program reads the file, works for a while, and writes it. What we wrote into the file meanwhile
is not in its text, and that does not mean that somebody deleted it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from anyio import to_thread

from prdgen.crdt.replica import Change, Replica
from prdgen.flows.context import App
from prdgen.flows.live import RECENT_SECONDS, Heads, Live, Step, frontier
from prdgen.merge import nearness
from prdgen.store import changes, documents

_MOST = 16
_MOST_OF_IT = 0.5


def text(base: str, steps: Sequence[Step], theirs: str) -> str:
    """The text `theirs` was made from: `base`, what both sides had last, or one the file had before.

    `steps` are our last writes, oldest first. A save that lacks what we wrote into the file was
    made before we did; one that lacks only what came from the disk has that deleted, and one that
    has most of what we wrote has changed the rest. An older text that has what
    neither `base` nor the save has is not taken, nor one that lacks what both have. Blocks.
    """
    followed, older = base, base
    for step in reversed(steps):
        there = nearness.share(step.old, step.new, followed)
        if there is not None and there <= _MOST_OF_IT:
            continue  # `base` itself is older, or it was deleted on the disk
        kept = nearness.share(step.old, step.new, theirs)
        if kept is not None and _after(step, theirs, kept):
            break
        if kept is not None or (nearness.share(step.new, step.old, theirs) or 0) > _MOST_OF_IT:
            older = step.old
        followed = step.old
    more = nearness.share(base, older, theirs)
    if more is not None and more <= _MOST_OF_IT:
        return base
    return nearness.nearer(older, base, theirs)


def _after(step: Step, theirs: str, kept: float) -> bool:
    """Whether `theirs`, which has that share of what `step` wrote, was made after it."""
    return kept == 1 or (
        kept > _MOST_OF_IT
        and nearness.distance(step.new, theirs) < nearness.distance(step.old, theirs)
    )


async def remember(app: App, live: Live) -> None:
    """Note what may have been written into the file lately, before this process kept the document: also
    in the epoch before, when this one has just begun.
    """
    assert app.rooms is not None
    async with app.store.transaction() as tx:
        came = await changes.from_elsewhere(tx, live.id, RECENT_SECONDS)
        before = await documents.predecessor(tx, live.document)
        earlier = await changes.from_elsewhere(tx, before.id, RECENT_SECONDS) if before else set()
    found: list[str] = []
    if before and earlier:
        room = await app.rooms.get(before.id)
        found += await to_thread.run_sync(_versions, room.replica, before.file_heads, earlier)
    if came:
        row = live.document
        found += await to_thread.run_sync(_versions, live.room.replica, row.file_heads, came)
    for old, new in pairwise(found):
        live.wrote(old, new)


def _versions(replica: Replica, upto: Heads, came: set[bytes]) -> list[str]:
    """The texts on the way to `upto` without and with what `came` lately, oldest first."""
    later = replica.missing_from(upto)
    all_ = [change for change in replica.changes_since(()) if change.hash not in later]
    new = _newest(all_, came)
    heads: set[bytes] = set()
    for change in all_:
        if change.hash not in new:
            heads = frontier(heads, change)
    found, order = [replica.text(tuple(sorted(heads)))], [c for c in all_ if c.hash in new]
    step = len(order) // _MOST + 1
    for number, change in enumerate(order, 1):
        heads = frontier(heads, change)
        if number % step == 0 or number == len(order):
            found.append(replica.text(tuple(sorted(heads))))
    return found


def _newest(history: Sequence[Change], came: set[bytes]) -> set[bytes]:
    """Those of `came` that nothing else builds on."""
    found, needed = set[bytes](), set[bytes]()
    for change in reversed(history):
        if change.hash in came and change.hash not in needed:
            found.add(change.hash)
        else:
            needed.update(change.deps)
    return found
