"""a save on disk → the text it was made from, which may be older than what the file held last.

A program reads the file, works for a while, and writes it. What we wrote into the file meanwhile
is not in its text, and that does not mean that somebody deleted it.
"""

from __future__ import annotations

from collections.abc import Sequence

from anyio import to_thread

from prdgen.crdt.replica import Change, Replica
from prdgen.flows.context import App
from prdgen.flows.live import RECENT_SECONDS, Heads, Live, frontier
from prdgen.merge import diff, nearness
from prdgen.store import changes

_MOST = 16


def text(base: str, recent: Sequence[str], theirs: str) -> str:
    """The text `theirs` was made from: `base`, what both sides had last, or one the file had before.

    Only a save that lacks something is asked about. In a thread: each text is compared.
    """
    if not any(splice.delete for splice in diff.splices(base, theirs)):
        return base
    return min((base, *reversed(recent)), key=lambda one: nearness.distance(one, theirs))


async def remember(app: App, live: Live) -> None:
    """Note which texts the file may have had lately, before this process kept the document."""
    async with app.store.transaction() as tx:
        typed = await changes.typed_within(tx, live.id, RECENT_SECONDS)
    if typed:
        found = await to_thread.run_sync(
            _versions, live.room.replica, live.document.file_heads, typed
        )
        for one in found:
            live.had_in_file(one)


def _versions(replica: Replica, upto: Heads, typed: set[bytes]) -> list[str]:
    """The texts on the way to `upto` without and with what was `typed`, oldest first."""
    later = replica.missing_from(upto)
    all_ = [change for change in replica.changes_since(()) if change.hash not in later]
    new = _newest(all_, typed)
    heads: set[bytes] = set()
    for change in all_:
        if change.hash not in new:
            heads = frontier(heads, change)
    found, order = [replica.text(tuple(sorted(heads)))], [c for c in all_ if c.hash in new]
    step = len(order) // _MOST + 1
    for number, change in enumerate(order, 1):
        heads = frontier(heads, change)
        if number % step == 0:
            found.append(replica.text(tuple(sorted(heads))))
    return found


def _newest(history: Sequence[Change], typed: set[bytes]) -> set[bytes]:
    """Those of `typed` that nothing else builds on."""
    found, needed = set[bytes](), set[bytes]()
    for change in reversed(history):
        if change.hash in typed and change.hash not in needed:
            found.add(change.hash)
        else:
            needed.update(change.deps)
    return found
