"""Keeps files and commits in step with the open documents this process leases."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from prdgen.errors import PrdgenError
from prdgen.events import Event
from prdgen.flows import astray, begin, clash, displaced, edit, roll, status, watch
from prdgen.flows import open as open_flow
from prdgen.flows import recovered as recovered_flow
from prdgen.flows.adopt import Adopter
from prdgen.flows.carrier import Carrier
from prdgen.flows.context import App
from prdgen.flows.errors import NotHere, NotRolled, PageNotLive
from prdgen.flows.live import COMMIT, Live, has_another
from prdgen.git import locks
from prdgen.merge.pieces import Conflict
from prdgen.store import conflicts, documents, event_log, leases
from prdgen.store.documents import Document
from prdgen.store.errors import AgreedPointMoved, LeaseLost
from prdgen.sync.peer import Peer
from prdgen.sync.ports import Stored
from prdgen.sync.room import Room

log = logging.getLogger(__name__)
_TICK = 0.05
_RETRY_SECONDS = 1.0
_ASK_SECONDS = 0.1


class Keeper:
    """One task per leased document: file within a moment, commit when it was quiet, lease alive.

    Look-up and creation are one step: the task that prepares a document is stored before it runs.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._lives: dict[UUID, asyncio.Task[Live | None]] = {}
        self._runs: dict[UUID, asyncio.Task[None]] = {}
        self._told: set[asyncio.Task[None]] = set()
        self._gates = locks.Gates(app.repository, _TICK)
        self.carrier = Carrier(app)
        self.adopter = Adopter(app, self.hold, self.find)
        self._closing = False

    async def get(self, branch: str, page_path: str) -> Live:
        """The live document of a page, leased by this process; raises PageNotLive or NotHere."""
        for live in self.all():
            if (
                live.kept
                and live.gone is None
                and (live.branch, live.page_path) == (branch, page_path)
            ):
                return live
        opened = await open_flow.document(self._app, branch, page_path)
        if opened.document is None:
            raise PageNotLive(page_path=page_path, branch=branch, reason=opened.read_only_reason)
        return await self._ask(opened.document)

    async def _ask(self, row: Document) -> Live:
        """Keep a document, or the one that follows it; a server that leases it is asked to give it.

        Raises NotHere when it does not give it before the lease would have run out, or when this
        server stops.
        """
        until = time.monotonic() + self._app.settings.lease_seconds + 1
        while (live := await self.hold(row)) is None:
            if self._closing or time.monotonic() > until:
                raise NotHere(page_path=row.page_path)
            async with self._app.store.transaction() as tx:
                await leases.ask(tx, row.id)
            await asyncio.sleep(_ASK_SECONDS)
            async with self._app.store.transaction() as tx:
                row = await documents.newest(tx, row.id)
        return live

    def give(self, document_id: UUID) -> None:
        """Another server asks for a lease: it gets it as soon as nothing is being written."""
        live = self.find(document_id)
        if live is not None:
            live.wanted = True
            live.changed.set()

    async def hold(self, row: Document) -> Live | None:
        """Begin to keep a document, or return it when it is kept; None: leased elsewhere, or this
        server stops.
        """
        task = self._lives.get(row.id)
        if task is None or (task.done() and self.find(row.id) is None):
            if self._closing:
                return None
            task = asyncio.create_task(self._begin(row), name=f"hold {row.page_path}")
            self._lives[row.id] = task
        return await asyncio.shield(task)

    async def follow(self, row: Document) -> None:
        """Have a document where its page is by now, if it is not leased elsewhere."""
        live = await self.hold(row)
        if live is not None and (live.branch, live.page_path) == (row.branch, row.page_path):
            await self._look(live)

    def find(self, document_id: UUID) -> Live | None:
        """The kept document with this id, if it is ready."""
        task = self._lives.get(document_id)
        if task is None or not task.done() or task.cancelled() or task.exception():
            return None
        live = task.result()
        return live if live is not None and live.room.open else None

    def all(self) -> list[Live]:
        """Every document this process keeps."""
        return [live for key in list(self._lives) if (live := self.find(key)) is not None]

    def stored(self, room: Room, stored: Stored) -> None:
        """Hook of the rooms: changes of `room` are in the store; every line gets its author."""
        live = self.find(room.document_id)
        if live is None or live.over:
            self.carrier.stored(room)
            if live is None:
                self.adopter.typed_in(room)
            return
        for delivery in stored.deliveries:
            from_tip = delivery.origin == COMMIT
            live.authorship.advance(delivery.after, delivery.person_id, from_tip=from_tip)
        live.last_change = time.monotonic()
        if live.dirty_since is None or live.refused or live.left:
            live.changed.set()  # else it sleeps until the file is due, which does not change
        live.dirty_since = live.dirty_since or live.last_change
        live.left = live.left and not room.peers and not stored.foreign
        live.uncommitted = True
        live.refused = None

    async def commit(self, live: Live) -> None:
        """Commit what is typed, whoever did. Call with `live.lock` held."""
        await edit.commit(self._app, live, None, None)

    def disputed(self, room: Room, found: Sequence[Conflict]) -> None:
        """Hook of the rooms: late changes and the text here met in the same lines; both stay."""
        live = self.find(room.document_id)
        if live is not None:
            self._aside(self._dispute(live, found))

    async def _dispute(self, live: Live, found: Sequence[Conflict]) -> None:
        heads, text = live.room.heads, live.room.text
        events = [clash.event(live.branch, live.page_path, text, one) for one in found]
        try:
            async with self._app.store.transaction() as tx:
                for one in found:
                    await conflicts.record(
                        tx, conflicts.Conflict(live.id, one.ours, one.theirs, heads, "late")
                    )
                await event_log.record(tx, events)
        except PrdgenError as error:
            log.warning("a conflict in %s is not marked: %s", live.page_path, error)

    def joined(self, room: Room, peer: Peer) -> None:
        """Hook of the rooms: someone opened the page."""
        if not has_another(room, peer):
            self._tell("user.joined", room, peer)
        if live := self.find(room.document_id):
            live.left = False

    def left(self, room: Room, peer: Peer) -> None:
        """Hook of the rooms: someone closed the page; after the last one its text is committed."""
        if not has_another(room, peer):
            self._tell("user.left", room, peer)
        live = self.find(room.document_id)
        if live is not None and not room.peers:
            live.left = True
            live.last_change = time.monotonic()
            live.changed.set()

    def _tell(self, type_: str, room: Room, peer: Peer) -> None:
        """Record that someone came or went, beside the room's work."""
        live = self.find(room.document_id)
        row = None if live is None else live.document
        self._aside(self._told_of(row, type_, room, peer))

    async def _told_of(self, row: Document | None, type_: str, room: Room, peer: Peer) -> None:
        try:
            async with self._app.store.transaction() as tx:
                row = row or await documents.get(tx, room.document_id)
                event = Event(type_, row.branch, row.page_path, peer.who.person_id)
                await event_log.record(tx, [event])
        except PrdgenError as error:
            log.warning("%s of %s is not recorded: %s", type_, room.name, error)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the room's work."""
        task = asyncio.create_task(work)
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def sweep(self) -> None:
        """Take over what a dead process left, and carry over what arrived in retired documents."""
        await self.adopter.sweep()
        await self.carrier.sweep()

    @asynccontextmanager
    async def locked(self, live: Live) -> AsyncIterator[Live]:
        """`live`, or the document that follows it by now, with its lock held; raises NotHere."""
        while True:
            async with live.lock:
                if live.kept:
                    yield live
                    return
            async with self._app.store.transaction() as tx:
                row = await documents.newest(tx, live.id)
            live = await self._ask(row)

    async def _begin(self, row: Document) -> Live | None:
        live = await begin.keeping(self._app, row)
        if live is not None:
            self._runs[row.id] = asyncio.create_task(self._run(live), name=f"keep {row.page_path}")
        return live

    async def _run(self, live: Live) -> None:
        """Write and commit in time until closed; what fails is logged, once, and tried again."""
        renewed, said, lost = time.monotonic(), "", False
        while not self._closing and live.room.open:
            live.changed.clear()
            try:
                if lost:
                    async with live.lock:
                        await astray.heal(self._app, live)
                    lost = False
                if time.monotonic() - renewed > self._app.settings.lease_seconds / 3:
                    await self._renew(live)
                    renewed = time.monotonic()
                    await self._look(live)
                await self._due(live)
                if said and not live.paused:
                    log.info("%s is in its file again", live.page_path)
                    said = ""
                if await self._roll(live) or self._idle(live) or live.wanted:
                    break
                await self._wait(live)
            except LeaseLost:
                log.warning("the lease on %s moved to another process", live.page_path)
                break
            except AgreedPointMoved as error:
                log.info("%s goes on from what the store has: %s", live.page_path, error)
                lost = True
                await asyncio.sleep(_TICK)
            except (PrdgenError, OSError) as error:
                if said != str(error):
                    log.warning("%s is not in its file yet: %s", live.page_path, error)
                said = live.paused = str(error)
                self._aside(status.tell(self._app, live))
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception as error:
                log.exception("%s could not be written; it is tried again", live.page_path)
                live.paused = f"{type(error).__name__} in the server"
                await asyncio.sleep(_RETRY_SECONDS)
        if not self._closing:
            await self._let_go(live)

    def _idle(self, live: Live) -> bool:
        """Nobody is in the page, nothing waits, and it was quiet for a while."""
        waits = live.uncommitted or live.dirty_since is not None or live.lock.locked()
        quiet = time.monotonic() > live.last_change + max(60.0, self._app.settings.quiet_seconds)
        return not live.room.peers and not waits and quiet

    async def _let_go(self, live: Live) -> None:
        """Keep the document no longer; the next one who opens it begins anew."""
        async with live.lock:
            live.released = True
        task = self._lives.get(live.id)
        if task is not None and task.done() and not task.exception() and task.result() is live:
            del self._lives[live.id], self._runs[live.id]
        try:
            async with self._app.store.transaction() as tx:
                await documents.release_lease(tx, live.id, self._app.process_id, live.fence)
                if not live.wanted:  # else whoever asked for it takes it
                    await leases.tell_freed(tx, live.id)
        except PrdgenError as error:
            log.info("the lease on %s runs out by itself: %s", live.page_path, error)

    async def _due(self, live: Live) -> None:
        """Do what is due now: the file after `write_seconds`, the commit after `quiet_seconds`."""
        if live.shut:  # its file cannot be written either
            live.room.touch()
            await recovered_flow.tend(self._app, live)
        now, settings = time.monotonic(), self._app.settings
        file_due = live.dirty_since is not None and now >= live.file_due(settings.write_seconds)
        quiet = live.left or now >= live.last_change + settings.quiet_seconds
        if (file_due or (live.uncommitted and quiet)) and self._gates.are_shut(live.branch):
            return  # a push: whoever waited for its end with the page's lock would keep the push out
        if file_due:
            live.dirty_since, live.wrote_at = None, now
            try:
                async with live.lock:
                    await edit.write_file(self._app, live)
            except BaseException:
                live.dirty_since = now
                raise
            if live.paused and live.gone is None:
                self._later(live)
        await recovered_flow.tend(self._app, live)
        if live.uncommitted and quiet and live.dirty_since is None and live.refused is None:
            async with live.lock:
                await edit.commit(self._app, live, None, None)
            if live.uncommitted:
                self._later(live)

    async def _roll(self, live: Live) -> bool:
        """Begin the next epoch when it is due; True when this document was retired."""
        if not roll.due(self._app, live, time.monotonic()):
            return False
        async with live.lock:
            successor = await roll.prepare(self._app, live)
            if successor is None:
                return False
            # Whoever opens the next document from now on waits for this task.
            task = asyncio.create_task(self._go_on(live, successor), name=f"hold {live.page_path}")
            self._lives[successor.row.id] = task
            try:
                await task
            except NotRolled as error:
                log.info("%s", error)
                return False
            return True

    async def _go_on(self, live: Live, successor: roll.Successor) -> Live | None:
        begun = await roll.go(self._app, live, successor)
        self._runs[begun.id] = asyncio.create_task(self._run(begun), name=f"keep {begun.page_path}")
        return begun

    def _later(self, live: Live) -> None:
        """What could not be done now is tried again, but not at once."""
        again = time.monotonic() + _RETRY_SECONDS - self._app.settings.write_seconds
        live.dirty_since = max(live.dirty_since or again, again)

    async def _wait(self, live: Live) -> None:
        """Sleep until the next thing is due or something changed."""
        if live.paused or live.refused:
            self._aside(status.tell(self._app, live))
        now, settings = time.monotonic(), self._app.settings
        due = [_RETRY_SECONDS if live.paused or live.refused else settings.lease_seconds / 3]
        if live.dirty_since is not None:
            due.append(live.file_due(settings.write_seconds) - now)
        elif live.uncommitted and live.refused is None:
            due.append(0 if live.left else live.last_change + settings.quiet_seconds - now)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(_TICK, min(due))):
                await live.changed.wait()

    async def _look(self, live: Live) -> None:
        """See what changed outside and was not told: a system has only so many events to give."""
        async with live.lock:
            met = live.document
            await watch.look(self._app, live)
            if (met.tip_commit, met.file_hash) != (
                live.document.tip_commit, live.document.file_hash,
            ):  # fmt: skip
                log.info("what changed outside in %s was found late", live.page_path)

    async def _renew(self, live: Live) -> None:
        app = self._app
        async with app.store.transaction() as tx:
            kept = await documents.renew_lease(
                tx, live.id, app.process_id, live.fence, app.settings.lease_seconds
            )
        if not kept:
            raise LeaseLost(what=live.page_path)

    async def close(self) -> None:
        """Write and commit everything that is not, then let go of every lease."""
        await self.adopter.close()
        await asyncio.gather(*self._lives.values(), return_exceptions=True)
        await self.carrier.close()
        self._closing = True
        await asyncio.gather(*self._lives.values(), return_exceptions=True)
        lives = self.all()
        for live in lives:
            live.changed.set()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)
        self._lives.clear()
        for live in lives:
            try:
                await self._end(live)
            except (PrdgenError, OSError) as error:
                log.error("%s: %s; its text is in the store", live.page_path, error)  # noqa: TRY400
            except Exception:
                log.exception("%s is not committed; its text is in the store", live.page_path)

    async def _end(self, live: Live) -> None:
        await displaced.finish(live)
        async with live.lock:
            await recovered_flow.last_save(self._app, live)
        await self._let_go(live)
