"""One turn of a room: what came in is applied, stored together, or undone together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prdgen import trace
from prdgen.crdt import errors as crdt_errors
from prdgen.crdt.message import Message
from prdgen.crdt.replica import Change
from prdgen.merge import diff
from prdgen.sync import cold, errors, ledger, ports
from prdgen.sync.ledger import Ledger
from prdgen.sync.outside import Outside
from prdgen.sync.ports import Delivery, Heads
from prdgen.sync.seat import Seat, Taken

_MOST_HANGING: Final = 5
"""Messages of one peer in a row that leave changes hanging."""
_MOST_HELD: Final = 100
"""The same where all of a peer's changes wait for one (see `Session.receive`): it types on meanwhile, and may be
far away.
"""
_TRIES: Final = 20
"""So often what another process overtook is made again."""


@dataclass(slots=True, eq=False)
class Edit:
    """A server-side edit waiting for its turn."""

    make: ports.Make
    origin: str
    person_id: UUID | None
    in_tx: ports.InTransaction | None
    done: asyncio.Future[list[Change]]

    def finish(self, changes: list[Change]) -> None:
        """Let the caller have the changes."""
        if not self.done.done():
            self.done.set_result(changes)

    def fail(self, error: BaseException) -> None:
        """Let the caller have `error`."""
        if not self.done.done():
            self.done.set_exception(error)


class Turn:
    """Works on a room's ledger. Errors of a store that is away are raised; everything else ends
    at the peer or the caller whose fault it is.
    """

    def __init__(self, ledger_: Ledger, outside: Outside) -> None:
        self._ledger = ledger_
        self._outside = outside
        self._taken: list[Taken] = []

    @property
    def pending(self) -> bool:
        """Whether something is applied and not stored."""
        return bool(self._taken)

    async def take(self, seat: Seat, data: bytes | Message) -> None:
        """Apply one peer's sync message. What is wrong with it ends that connection only."""
        replica = self._ledger.replica
        before = replica.heads
        try:
            # What meets a cold intake is merged as text, so all of it at once.
            whole = self._ledger.mark is not None
            new = seat.session.receive(replica, data, follower=not seat.can_write, whole=whole)
            way = trace.applied() if trace.on else None
            if new:
                self._taken.append(await self._admit(seat, before, new))
                if way is not None:
                    trace.taken(self._ledger.document_id, way, new[0].hash)
            self._check_waiting(seat)
            seat.agreed = seat.agreed or all(map(replica.knows, seat.session.their_heads or ()))
        except crdt_errors.ChangeReshapes as error:
            seat.peer.refuse(errors.TextTakenIn())
            if error.text is not None:
                self._take_text(seat, replica.text(error.deps), error.text)
        except (crdt_errors.ChangeRefused, crdt_errors.SyncRefused) as error:
            seat.peer.refuse(errors.ChangeNotTaken(why=str(error).rstrip(".")))
        except crdt_errors.EnginePanicked as error:
            seat.peer.refuse(errors.ChangeNotTaken(why=str(error).rstrip(".")))
            await self._restore()
        except errors.ActorRefused as refusal:
            seat.peer.refuse(refusal)
            base, theirs = cold.ends(replica, replica.changes_since(before))
            await self._restore()
            self._take_text(seat, base, theirs)
        except errors.Refusal as refusal:
            seat.peer.refuse(refusal)
            await self._restore()

    async def store(self) -> None:
        """Store everything taken, in one transaction; raises Overtaken."""
        for _ in range(_TRIES):
            if not self._taken:
                return
            try:
                await self._store()
            except errors.Overtaken:
                await self._restore()
            else:
                return
        raise errors.Overtaken(document=self._ledger.document_id)

    async def _store(self) -> None:
        if trace.on:
            trace.storing(self._ledger.document_id)
        deliveries = self._deliveries()
        added = {change.hash for taken in self._taken for change in taken.added}
        changes = [
            ledger.new_change(
                change, delivery.person_id, ports.MERGED if change.hash in added else ports.PEER
            )
            for delivery in deliveries
            for change in delivery.changes
        ]
        await self._ledger.append(changes, alone=bool(added))
        if trace.on:
            trace.stored(self._ledger.document_id)
        self._taken = []
        self._ledger.settle(deliveries)

    async def run(self, edit: Edit) -> None:
        """Do one server-side edit in a transaction of its own; a failure undoes it."""
        mine: list[BaseException] = []
        try:
            changes = await self._edited(edit, mine)
        except Exception as error:
            edit.fail(error)
            if not mine:
                raise
            await self._restore()
        else:
            edit.finish(changes)

    async def _edited(self, edit: Edit, mine: list[BaseException]) -> list[Change]:
        for _ in range(_TRIES):
            try:
                return await self._edit(edit, mine)
            except errors.Overtaken:
                await self._ledger.restore()
        raise errors.Overtaken(document=self._ledger.document_id)

    async def _edit(self, edit: Edit, mine: list[BaseException]) -> list[Change]:
        before, heads = self._ledger.text, self._ledger.replica.heads
        try:
            made = edit.make(self._ledger.replica)
        except Exception as error:
            mine.append(error)
            raise
        changes = list(made or ())
        if made is None and self._ledger.replica.heads != self._ledger.heads:
            await self._ledger.restore()
        if made is not None:
            new = [ledger.new_change(change, edit.person_id, edit.origin) for change in changes]
            added = self._merge_delivered(heads, changes, mine) if edit.origin == ports.PEER else []
            new += [ledger.new_change(change, edit.person_id, ports.MERGED) for change in added]
            changes += added
            alone = bool(added) or (bool(new) and edit.origin == ports.COLD_INTAKE)
            await self._ledger.append(new, _in_transaction(edit, changes, mine), alone=alone)
        if changes:
            after = self._ledger.replica.text()
            delivery = Delivery(edit.person_id, edit.origin, tuple(changes), before, after)
            self._ledger.settle([delivery])
            if edit.origin == ports.COLD_INTAKE:
                self._ledger.mark = cold.Mark(changes[-1].hash)
        return changes

    def _merge_delivered(
        self, before: Heads, new: list[Change], mine: list[BaseException]
    ) -> list[Change]:
        """What an editor's changes need when they come by another way than its connection."""
        try:
            return self._corrected(before, new, self._late(new))[0]
        except errors.Refusal as error:
            mine.append(error)
            raise

    def _check_waiting(self, seat: Seat) -> None:
        """What a change builds on is missing: it may be in the store already, and the peer is
        asked for it; a peer that does not give it is refused.
        """
        seat.hanging = seat.hanging + 1 if seat.session.waiting else 0
        if seat.hanging:
            self._ledger.behind = True
        if seat.hanging > (_MOST_HANGING if self._ledger.mark is None else _MOST_HELD):
            raise errors.ChangeNotTaken(why="what it builds on is missing")

    async def _admit(self, seat: Seat, before: Heads, new: list[Change]) -> Taken:
        """Check who wrote the new changes, merge late ones as text; raises a Refusal.

        Late changes may be carried by someone else than their writer, and the store that knew
        the writer is lost: their actors are bound to nobody.
        """
        late = self._late(new)
        for actor in {change.actor for change in new} - {change.actor for change in late}:
            await self._ledger.bind(actor, seat.peer.who.person_id, carried=not seat.agreed)
        return Taken(seat, new, *self._corrected(before, new, late))

    def _corrected(
        self, before: Heads, new: list[Change], late: list[Change]
    ) -> tuple[list[Change], str]:
        """The changes that merge `late` ones among `new` as text, and the text with them; raises
        PageTooLarge.
        """
        replica = self._ledger.replica
        added: list[Change] = []
        mark = self._ledger.mark
        if late and mark is not None:
            added = cold.correct(replica, before, new, late, self._outside.merge_texts, mark)
            if added:
                self._ledger.mark = cold.Mark(added[-1].hash, mark)
        text = replica.text()
        limit, size = self._outside.limits.page_bytes, len(text.encode())
        if size > limit and size > len(self._ledger.text.encode()):
            raise errors.PageTooLarge(got=size, expected=limit)
        return added, text

    def _take_text(self, seat: Seat, base: str, theirs: str) -> None:
        """Take the text of changes that cannot be taken themselves in as an edit of their person.

        Delivered again, as they will be, they come to the same text.
        """
        if seat.peer.who.person_id is None or not seat.can_write:
            return
        replica = self._ledger.replica
        text = replica.text()
        merged = self._outside.merge_texts(base, theirs, text)
        made = replica.edit(diff.splices(text, merged))
        if made:
            self._taken.append(Taken(seat, [], made, replica.text()))

    async def _restore(self) -> None:
        """Go back to the store, and again apply what was taken in this turn from others."""
        if trace.on:
            trace.dropped(self._ledger.document_id)
        kept, self._taken = self._taken, []
        while kept:
            await self._ledger.restore()
            bad = self._again(kept)
            if bad is None:
                return
            bad.seat.peer.refuse(errors.ChangeNotTaken(why="it builds on a refused change"))
            kept.remove(bad)
        await self._ledger.restore()

    def _again(self, kept: list[Taken]) -> Taken | None:
        """Apply all of `kept` to the document as it is stored; the first that does not fit."""
        replica, self._taken = self._ledger.replica, []
        for taken in kept:
            before = replica.heads
            try:
                new = replica.apply([change.data for change in taken.delivered or taken.added])
                if replica.waiting:
                    return taken
                late = self._late(new) if taken.delivered else []
                self._taken.append(Taken(taken.seat, new, *self._corrected(before, new, late)))
            except (crdt_errors.ChangeRefused, crdt_errors.EnginePanicked, errors.Refusal):
                return taken
        return None

    def _late(self, new: list[Change]) -> list[Change]:
        mark = self._ledger.mark
        return mark.late(self._ledger.replica, new) if mark is not None else []

    def _deliveries(self) -> list[Delivery]:
        """What each message brought, with the text before and after it: one that types in a line is
        followed at once, and all of them together would have to be compared line by line.
        """
        deliveries: list[Delivery] = []
        before = self._ledger.text
        for taken in self._taken:
            person_id, changes = taken.seat.peer.who.person_id, tuple(taken.changes)
            deliveries.append(Delivery(person_id, ports.PEER, changes, before, taken.text))
            before = taken.text
        return deliveries


def _in_transaction(
    edit: Edit, changes: list[Change], mine: list[BaseException]
) -> Callable[[Any], Awaitable[None]] | None:
    """`edit.in_tx` for this edit's changes, remembering what it raises."""
    call = edit.in_tx
    if call is None:
        return None

    async def in_tx(tx: Any) -> None:
        try:
            await call(tx, changes)
        except Exception as error:
            mine.append(error)
            raise

    return in_tx
