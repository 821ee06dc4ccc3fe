"""A peer's place in one room: its sync session, and what waits there for it."""

from __future__ import annotations

from dataclasses import dataclass

from prdgen.crdt.replica import Change
from prdgen.crdt.sync import Session
from prdgen.sync.peer import Peer
from prdgen.sync.ports import Heads


@dataclass(slots=True, eq=False)
class Seat:
    """One peer in one room. Who may not write is a follower: its changes are never taken."""

    peer: Peer
    can_write: bool
    session: Session
    due: bool = True
    """Whether a sync message should be generated for it at the end of the turn."""
    waiting_bytes: int = 0
    """Received and not yet applied."""
    agreed: bool = False
    """Whether it once said something that was no news; what came before that it may carry for
    others, what comes later its person typed."""
    hanging: int = 0
    """Messages in a row that left changes waiting for what they build on."""
    their_heads: Heads = ()
    head: bytes = b""
    """What all messages to it begin with, once there was one."""


@dataclass(slots=True, eq=False)
class Taken:
    """Changes one message brought, applied to the room and not yet stored."""

    seat: Seat
    delivered: list[Change]
    added: list[Change]
    """What the server added so that the text is the merged one (see `cold`)."""
    text: str
    """The room's text after them."""

    @property
    def changes(self) -> list[Change]:
        """All of them, in an order the store can take."""
        return self.delivered + self.added
