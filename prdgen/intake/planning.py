"""What taking in an outside text comes to: the same intake is the same change everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prdgen.crdt import actors
from prdgen.crdt.replica import Change, Heads, Replica
from prdgen.merge import three_way
from prdgen.merge.diff import LIMIT_MS, Splice
from prdgen.merge.pieces import Conflict

ACTOR_VERSION = b"prdgen intake 1\0"


@dataclass(frozen=True, slots=True)
class Plan:
    """Splices for the text at `heads`, to be applied there whatever the document is by then."""

    heads: Heads
    """The document's heads the plan was made for: where its change forks off."""
    splices: tuple[Splice, ...]
    actor: bytes
    """Made of heads and splices alone, so two processes or a retry write the same change."""
    text: str
    """The document's text once the plan is applied at `heads`."""
    conflicts: tuple[Conflict, ...]
    """Where both versions stand in `text`, for `git.conflict.detected` and the editor."""
    moves_point: bool
    """Whether the outside text is new, so that the agreed point moves even without a change."""

    @property
    def changes_document(self) -> bool:
        """Whether the outside text has something the document has not."""
        return bool(self.splices)


def plan(
    replica: Replica,
    *,
    theirs: str,
    base_text: str | None = None,
    base_heads: Heads | None = None,
    limit_ms: int = LIMIT_MS,
    once: bool = False,
) -> Plan:
    """What `theirs` changed since the agreed point, as an edit of the document as it is now.

    The agreed point is the last text both sides had: `base_text`, or the document's text at
    `base_heads` (fork heads, never merged ones). The change forks off at the document's present
    heads, because that is the text the merge looked at; typing that comes in meanwhile is merged
    by the document itself. `once` as in `three_way.merge`. Raises UnknownHeads. Text is LF only, without BOM.
    """
    if base_text is None:
        base_text = replica.text(base_heads)
    heads, ours = tuple(sorted(replica.heads)), replica.text()
    merged = three_way.merge(base_text, theirs, ours, limit_ms, once=once)
    return Plan(
        heads=heads,
        splices=tuple(merged.hunks),
        actor=actor_of(heads, merged.hunks),
        text=merged.text,
        conflicts=tuple(merged.conflicts),
        moves_point=theirs != base_text,
    )


def late(replica: Replica, *, base_text: str, late_text: str, limit_ms: int = LIMIT_MS) -> Plan:
    """What was written in a document that had been retired, as an edit of the present one.

    `base_text` is the text at the newest heads inside the late document that are known as agreed:
    it is found, never assumed, and with each carry it moves on to the text carried. The present
    document may have any seed: only texts meet.
    """
    return plan(replica, theirs=late_text, base_text=base_text, limit_ms=limit_ms)


def apply(replica: Replica, planned: Plan) -> list[Change]:
    """Make the planned change; the new changes, none when it was made before or is empty.

    The replica may have moved on since the plan was made: the change forks off at `heads`.
    """
    if not planned.splices:
        return []
    return replica.edit(planned.splices, actor=planned.actor, at=planned.heads)


def actor_of(heads: Iterable[bytes], splices: Sequence[Splice]) -> bytes:
    """The actor of an intake: a hash of where it forks off and of what it does."""
    digest = hashlib.sha256(ACTOR_VERSION)
    known = sorted(heads)
    digest.update(len(known).to_bytes(4, "big"))
    for head in known:
        digest.update(head)
    for splice in splices:
        insert = splice.insert.encode()
        digest.update(b"%d,%d,%d:" % (splice.position, splice.delete, len(insert)))
        digest.update(insert)
    return actors.made(actors.INTAKE, digest.digest())
