"""Automerge's sync protocol with one peer about one document, without I/O.

Written here rather than left to the engine, because three things must hold that the engine does
not give: nothing of a message is decoded before its operations are counted; a follower's changes
are left out and it still hears of everything; and a change whose dependencies are missing is
asked for, held back and reported. The protocol: https://arxiv.org/abs/2012.00472.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from prdgen import trace
from prdgen.crdt import chunks, engine, guard, message
from prdgen.crdt.errors import ChangeRefused, NotADocument, SyncRefused, TooManyOperations
from prdgen.crdt.leb import Malformed
from prdgen.crdt.message import Have, Message
from prdgen.crdt.replica import Change, Heads, Replica


class Session:
    """What one peer and this side know of each other about one document.

    A session ends with the connection, and after any error from `receive`: the peer starts
    again with a new one and loses nothing.
    """

    def __init__(self, limits: guard.Limits = guard.DEFAULT) -> None:
        self.limits = limits
        self.their_heads: Heads | None = None
        """What the peer last said it has; None before its first message."""
        self.ignored = 0
        """Changes of a follower that were left out."""
        self._follower = False
        self._their: Message | None = None
        self._shared: Heads = ()
        self._last_sent: Heads | None = None
        self._sent: set[bytes] = set()
        self._waiting: dict[bytes, guard.Checked] = {}
        self._in_flight = False
        # Up to here the peer's last message was answered; what came since it cannot have.
        self._considered: Heads | None = None

    @property
    def waiting(self) -> frozenset[bytes]:
        """The peer's changes that are not in the document: what they build on has not arrived."""
        return frozenset(self._waiting)

    def read(self, data: bytes) -> Message:
        """What a message says; raises SyncRefused for one that cannot be read."""
        if len(data) > self.limits.message_bytes:
            raise SyncRefused(why=f"it is longer than {self.limits.message_bytes} bytes")
        try:
            return message.decode(data)
        except Malformed as error:
            raise SyncRefused(why=str(error)) from error

    def only_agrees(self, replica: Replica, said: Message) -> bool:
        """Whether a message only says what the peer has by now, and nothing waits for an answer."""
        return (
            self.their_heads is not None
            and not (said.changes or said.need or self._waiting)
            and bool(said.heads)
            and all(map(replica.knows, said.heads))
        )

    def receive(
        self,
        replica: Replica,
        data: bytes | Message,
        *,
        follower: bool = False,
        whole: bool = False,
    ) -> list[Change]:
        """Take in one message, read or not; the changes it brought come back, each after those it builds on.

        A `follower`'s changes are cut out unseen. With `whole`, none is taken while one is missing that
        the peer has: it leaves a change out that the filter of `Have` took for known, until it is asked for it.
        Raises SyncRefused for an unreadable message,
        ChangeRefused, TooManyOperations or ChangeReshapes for what a change in it does, and
        EnginePanicked; only after the last is the replica not as it was.
        """
        received = self.read(data) if isinstance(data, bytes) else data
        self._follower = follower
        before, new = replica.heads, list[Change]()
        if follower:
            self.ignored += len(received.changes)
        elif received.changes or self._waiting:
            checked = self._check(replica, received)
            trace.step("validate")
            given = [*self._waiting.values(), *checked]
            if whole and (held := self._incomplete(replica, received, given)):
                guard.check_total(held.values(), self.limits)
                self._waiting = held
            else:
                new, self._waiting = replica.admit(given, limits=self.limits)
                trace.step("apply")
        self._learn(replica, received, before)
        return new

    def next_message(self, replica: Replica, *, theirs_first: bool = False) -> bytes | None:
        """What to send now, or None: nothing is new, or an answer is awaited.

        It tells the replica's heads, so call it only when all of the replica is stored. With
        `theirs_first` a peer that has changes of its own gets no others before these are here, and then all:
        what its filter took for known by chance may be what merges the others.
        """
        heads = replica.heads
        known_sync = self._known_sync(replica)
        if known_sync is None:
            return self._ask_anew(heads)
        if self._has_nothing() and heads and not self._sent:
            return self._everything(replica)
        waits = theirs_first and not self._follower and self._has_news(replica)
        pending = [] if waits else self._pending(replica, known_sync, whole=theirs_first)
        if self._last_sent == heads and not pending and (self._in_flight or self._agrees(heads)):
            return None
        self._last_sent, self._in_flight = heads, True
        self._sent.update(change.hash for change in pending)
        need = self._need(replica)
        have = () if set(need) - set(self.their_heads or ()) else (self._have(replica),)
        return replica.encoded(Message(heads, need, have, tuple([c.data for c in pending])))

    @staticmethod
    def _incomplete(
        replica: Replica, received: Message, given: Iterable[guard.Checked]
    ) -> dict[bytes, guard.Checked]:
        """All of `given`, when something the peer has is neither among them nor here; else nothing."""
        held = {change.body.hash: change for change in given}
        needed = {dep for change in held.values() for dep in change.body.deps}
        needed.update(received.heads)
        missing = any(each not in held and not replica.knows(each) for each in needed)
        return held if missing else {}

    def _check(self, replica: Replica, received: Message) -> list[guard.Checked]:
        """The message's changes that are new, every one counted before any is decoded."""
        limits, total = self.limits, 0
        found: list[guard.Checked] = []
        try:
            for chunk in guard.read(received.changes, limits):
                if chunk.kind == chunks.DOCUMENT:
                    total += guard.count_operations(chunk.data, limits)
                    self._check_total(total)
                    found += _check_document(replica, chunk.data, limits)
                elif not replica.knows(chunk.hash):
                    change = guard.check_change(chunk, limits, replica.content)
                    found.append(change)
                    total += change.operations
                self._check_total(total)
        except Malformed as error:
            raise ChangeRefused(why=str(error)) from error
        return found

    def _check_total(self, total: int) -> None:
        if total > self.limits.message_operations:
            raise TooManyOperations(got=total, limit=self.limits.message_operations)

    def _learn(self, replica: Replica, received: Message, before: Heads) -> None:
        """Update what is known of the peer, by the protocol's rules."""
        theirs = received.heads
        known = tuple(head for head in theirs if replica.knows(head))
        if received.changes and not self._follower:
            kept = (head for head in self._shared if head in replica.heads)
            grown = (head for head in replica.heads if head not in before)
            self._shared = tuple(sorted({*kept, *grown}))
        if self._sent and known:
            self._sent &= replica.missing_from(known)
        if len(known) == len(theirs):
            self._shared = tuple(sorted(theirs))
            if not theirs:  # the peer has lost everything
                self._last_sent, self._sent = None, set()
        else:
            self._shared = tuple(sorted({*self._shared, *known}))
        # A peer that repeats itself is not answered again: two sides that cannot agree (a
        # follower with changes of its own) would otherwise talk for ever.
        if self._their != received or received.changes:
            self._in_flight = False
        self._their, self.their_heads, self._considered = received, theirs, None

    def _agrees(self, heads: Heads) -> bool:
        theirs = set(self.their_heads or ())
        return self.their_heads is not None and (
            theirs >= set(heads) if self._follower else theirs == set(heads)
        )

    def _known_sync(self, replica: Replica) -> Heads | None:
        """Where the peer's summaries start; None when it names changes nobody has here."""
        haves = self._their.have if self._their else ()
        last_sync = {head for have in haves for head in have.last_sync}
        if not all(map(replica.knows, last_sync)):
            return None
        # Its heads say more than its filters do, and spare looking through them.
        return tuple(last_sync.union(filter(replica.knows, self.their_heads or ())))

    def _ask_anew(self, heads: Heads) -> bytes | None:
        if self._in_flight and self._last_sent == heads:
            return None
        self._last_sent, self._in_flight = heads, True
        return message.encode(Message(heads, have=(Have(),)))

    def _pending(self, replica: Replica, last_sync: Heads, *, whole: bool) -> list[Change]:
        """The changes the peer lacks and was not sent yet, each after those it builds on; `whole`: whatever its
        filters say.
        """
        if self._their is None:
            return []
        if self._considered is not None and all(map(replica.knows, self._considered)):
            lacking = replica.changes_since(self._considered)
        else:
            lacking = self._asked_for(replica, self._their, last_sync, whole=whole)
        self._considered = replica.heads
        return [change for change in lacking if change.hash not in self._sent]

    @staticmethod
    def _asked_for(
        replica: Replica, their: Message, last_sync: Heads, *, whole: bool
    ) -> list[Change]:
        """The changes the peer lacks by its own last message. One that asks for what nobody has here any more
        says no filter until it has that: all since its heads.
        """
        lost = not all(map(replica.knows, their.need))
        since = replica.changes_since(last_sync) if their.have or lost else []
        lacking = _lacking(since, () if whole else their.have)
        needed = {change for change in their.need if replica.knows(change)} - lacking
        earlier = [c for c in replica.changes_since() if c.hash in needed] if needed else []
        return earlier + [change for change in since if change.hash in lacking]

    def _need(self, replica: Replica) -> Heads:
        if self._follower:
            return ()
        wanted = {dep for c in self._waiting.values() for dep in c.body.deps}
        wanted.update(self.their_heads or ())
        return tuple(sorted(h for h in wanted if h not in self._waiting and not replica.knows(h)))

    def _have(self, replica: Replica) -> Have:
        shared = tuple(head for head in self._shared if replica.knows(head))
        return replica.summary(shared)

    def _has_news(self, replica: Replica) -> bool:
        return not all(map(replica.knows, self.their_heads or ()))

    def _has_nothing(self) -> bool:
        their = self._their
        return their is not None and not their.heads and not self._waiting and any(their.have)

    def _everything(self, replica: Replica) -> bytes:
        """The whole document: as one chunk for a peer that understands version 2."""
        heads, their = replica.heads, self._their
        changes, version = replica.changes_since(), message.VERSION_1
        self._last_sent, self._in_flight = heads, True
        self._sent.update(change.hash for change in changes)
        data = tuple(change.data for change in changes)
        if their is not None and message.CAPABILITY_2 in their.capabilities:
            data, version = (replica.save(),), message.VERSION_2
        # Once it has read this the peer has our heads, so they are where its next summary starts.
        return message.encode(Message(heads, have=(Have(heads),), changes=data, version=version))


def _lacking(since: list[Change], haves: Iterable[Have]) -> set[bytes]:
    """Of the changes `since` the last sync, those in no filter, and all that build on them."""
    summaries = list(haves)
    dependents: defaultdict[bytes, list[bytes]] = defaultdict(list)
    stack: list[bytes] = []
    for change in since:
        for dep in change.deps:
            dependents[dep].append(change.hash)
        if not any(change.hash in have.bloom for have in summaries):
            stack.append(change.hash)
    lacking = set(stack)
    while stack:
        for dependent in dependents.get(stack.pop(), ()):
            if dependent not in lacking:
                lacking.add(dependent)
                stack.append(dependent)
    return lacking


def _check_document(replica: Replica, data: bytes, limits: guard.Limits) -> list[guard.Checked]:
    """The new changes inside a document chunk, taken apart on a scratch document."""
    try:
        found = engine.load(data).get_changes([])
    except NotADocument as error:
        raise ChangeRefused(why=str(error)) from error
    return [
        guard.check_change(chunk, limits, replica.content)
        for change in found
        if not replica.knows(change.hash)
        for chunk in chunks.split(bytes(change.raw_bytes), limits.inflated_bytes)
    ]
