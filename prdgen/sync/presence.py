"""Who is in a page, and passing their cursors on. Live only: nothing of it is ever stored.

A cursor is an ephemeral message of automerge-repo whose sender the server vouches for; who is
behind a sender, and in which colour, is in the list of people which the server sends.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Final
from uuid import UUID

from prdgen.crdt import errors as crdt_errors
from prdgen.crdt import wire
from prdgen.sync import plain_cbor
from prdgen.sync.outside import Outside
from prdgen.sync.peer import Peer
from prdgen.sync.seats import Seats

_log: Final = logging.getLogger(__name__)
ANNOUNCE_SECONDS: Final = 3.0
GONE_SECONDS: Final = 10.0
"""After this without a word another process' people are gone."""
_PEOPLE, _LIVE = b"P", b"L"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the page, by one of their editors."""

    peer_id: str
    person_id: str | None
    name: str
    color: str


class Presence:
    """The people in one room: those of this process, and those of others as last heard."""

    def __init__(self, document_id: UUID, name: str, seats: Seats, outside: Outside) -> None:
        self._document_id = document_id
        self._name = name
        self._seats = seats
        self._outside = outside
        self._others: dict[str, tuple[float, tuple[Person, ...]]] = {}
        self._count = 0
        self._announced = 0.0

    @property
    def people(self) -> tuple[Person, ...]:
        """Everyone in the page, on every process."""
        return self._here() + tuple(p for _, some in self._others.values() for p in some)

    def changed(self) -> None:
        """Someone came or went here: tell all editors, and the other processes."""
        self._announce()
        self._tell()

    def relay(self, peer: Peer, message: wire.Ephemeral) -> None:
        """Pass a live message of `peer` to everyone else; its sender is the peer, whatever it says.

        A peer that is slow misses it: a newer one follows.
        """
        message = replace(message, sender_id=peer.peer_id, target_id="")
        self._send(message, (other for other in self._seats.peers if other is not peer))
        self._outside.news.live(
            self._document_id, _LIVE + wire.encode(replace(message, target_id="*"))
        )

    def heard(self, process_id: str, payload: bytes, now: float) -> None:
        """A live message or the people of another process; what cannot be read is dropped."""
        try:
            self._hear(process_id, payload, now)
        except (ValueError, TypeError, crdt_errors.BadMessage) as error:
            _log.warning("process %s says something unreadable: %s", process_id, error)

    def _hear(self, process_id: str, payload: bytes, now: float) -> None:
        if payload[:1] == _PEOPLE:
            people = tuple(Person(*entry) for entry in json.loads(payload[1:]))
            known = self._others.get(process_id, (0.0, ()))[1]
            self._others[process_id] = (now, people)
            if not people:
                del self._others[process_id]
            if people != known:
                self._tell()
        elif payload[:1] == _LIVE:
            message = wire.decode(payload[1:])
            if isinstance(message, wire.Ephemeral):
                self._send(message, self._seats.peers)

    def check(self, now: float) -> None:
        """Say again who is here, and forget processes that were not heard of."""
        gone = [p for p, (heard, _) in self._others.items() if now - heard > GONE_SECONDS]
        for process_id in gone:
            del self._others[process_id]
        if gone:
            self._tell()
        if self._seats.peers and now - self._announced >= ANNOUNCE_SECONDS:
            self._announced = now
            self._announce()
            # A client drops what it hears before it has the document: this list is never missed.
            self._tell()

    def _here(self) -> tuple[Person, ...]:
        return tuple(
            Person(
                peer.peer_id,
                str(peer.who.person_id) if peer.who.person_id else None,
                peer.who.name,
                peer.who.color,
            )
            for peer in self._seats.peers
        )

    def _announce(self) -> None:
        people = json.dumps([astuple(person) for person in self._here()])
        self._outside.news.live(self._document_id, _PEOPLE + people.encode())

    def _tell(self) -> None:
        people: list[plain_cbor.Plain] = [
            {"peerId": p.peer_id, "personId": p.person_id, "name": p.name, "color": p.color}
            for p in self.people
        ]
        self._count += 1
        data = plain_cbor.encode({"type": "people", "people": people})
        server = self._outside.peer_id
        session = f"people-{server}"
        message = wire.Ephemeral(server, "", self._name, session, self._count, data)
        self._send(message, self._seats.peers)

    @staticmethod
    def _send(message: wire.Ephemeral, peers: Iterable[Peer]) -> None:
        for peer in peers:
            if peer.has_room:
                peer.send(wire.encode(replace(message, target_id=peer.peer_id)))
