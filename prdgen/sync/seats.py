"""Who sits in a room, and telling them the stored state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prdgen import ids
from prdgen.crdt import wire
from prdgen.crdt.replica import Replica
from prdgen.crdt.sync import Session
from prdgen.sync.outside import Outside
from prdgen.sync.peer import Peer
from prdgen.sync.ports import Heads
from prdgen.sync.seat import Seat


class Seats:
    """The seats of one room. Messages are made here only, and only from a replica which holds
    nothing that is not stored.
    """

    def __init__(self, name: str, outside: Outside, wake: Callable[[], None]) -> None:
        self._name = name
        self._outside = outside
        self._wake = wake
        self._by_peer: dict[Peer, Seat] = {}

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._by_peer.values()))

    def __len__(self) -> int:
        return len(self._by_peer)

    @property
    def peers(self) -> tuple[Peer, ...]:
        """The peers, in the order in which they came."""
        return tuple(self._by_peer)

    def add(self, peer: Peer, *, can_write: bool) -> bool:
        """Give `peer` a seat; False when it has one."""
        if peer in self._by_peer:
            return False
        self._by_peer[peer] = Seat(peer, can_write, Session(self._outside.guard))
        return True

    def find(self, peer: Peer) -> Seat | None:
        """The seat of `peer`."""
        return self._by_peer.get(peer)

    def remove(self, peer: Peer) -> bool:
        """Take the seat away; False when there was none."""
        return self._by_peer.pop(peer, None) is not None

    def tell(self, replica: Replica, *, changed: bool, theirs_first: bool = False) -> None:
        """One sync message for every seat that is due, or for all when heads `changed`.

        `theirs_first`: see `Session.next_message`. A peer whose queue is full is skipped and told when it has drained.
        """
        for seat in self:
            if not (changed or seat.due) or seat.peer.closing is not None:
                continue
            if seat.peer.has_room:
                seat.due = False
                self._send_sync(seat, replica, theirs_first)
            else:
                seat.due = True
                seat.peer.when_drained(self._wake)
        if changed:
            self._gossip(self._outside.storage_id, replica.heads)

    def heard_heads(self, seat: Seat) -> None:
        """Tell who asked for it which heads this seat's peer has, if they changed."""
        heads = seat.session.their_heads or ()
        if heads != seat.their_heads:
            seat.their_heads = tuple(heads)
            if seat.peer.storage_id:
                self._gossip(seat.peer.storage_id, seat.their_heads)

    def known_heads(self, peer: Peer, stored: Heads) -> None:
        """Tell a peer that just subscribed what is known of the storages it asked for."""
        known = {s.peer.storage_id: s.their_heads for s in self if s.peer.storage_id}
        known[self._outside.storage_id] = stored
        for storage_id in peer.subscriptions & known.keys():
            self._send_heads(peer, storage_id, known[storage_id])

    def _send_sync(self, seat: Seat, replica: Replica, theirs_first: bool) -> None:
        data = seat.session.next_message(replica, theirs_first=theirs_first)
        if data is not None:
            if not seat.head:
                seat.head = wire.sync_head(self._outside.peer_id, seat.peer.peer_id, self._name)
            seat.peer.send(wire.sync_with(seat.head, data))

    def _gossip(self, storage_id: str, heads: Heads) -> None:
        for peer in self._by_peer:
            if storage_id in peer.subscriptions and peer.storage_id != storage_id:
                self._send_heads(peer, storage_id, heads)

    def _send_heads(self, peer: Peer, storage_id: str, heads: Heads) -> None:
        news = {storage_id: wire.StorageHeads(
            tuple(ids.base58check(head) for head in heads), int(time.time() * 1000)
        )}  # fmt: skip
        if peer.has_room:
            message = wire.RemoteHeadsChanged(self._outside.peer_id, peer.peer_id, self._name, news)
            peer.send(wire.encode(message))
