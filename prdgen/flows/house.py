"""The live side of one server process: rooms, keeper, watcher, relay, opened and closed in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prdgen import background
from prdgen.errors import PrdgenError
from prdgen.flows import (
    dispute,
    exchange,
    forge_exchange,
    index,
    landing,
    lease,
    overtaken,
    read_site,
    recover,
    relay,
    servers,
    set_back,
    size,
    watch,
    write_rules,
)
from prdgen.flows import open as open_flow
from prdgen.flows import rooms as rooms_flow
from prdgen.flows.context import App
from prdgen.flows.keep import Keeper
from prdgen.flows.open import Claim
from prdgen.store import documents
from prdgen.store.people import Person
from prdgen.sync.ports import Limits
from prdgen.sync.room import Room
from prdgen.sync.rooms import Rooms

log = logging.getLogger(__name__)
_SWEEP_SECONDS = 10.0
_AGREED_SECONDS = 0.1
_NEWS_SECONDS = 0.02
"""Other processes hear of changes at most this often; what comes meanwhile goes together."""
_LOOK_SECONDS = 1.0


@asynccontextmanager
async def live(app: App, stop: asyncio.Event) -> AsyncIterator[None]:
    """Open what edits need; at the end write and commit everything before anything closes."""
    keeper, merging = Keeper(app), rooms_flow.Merging()
    settings = app.settings
    rooms = Rooms(
        rooms_flow.StoredChanges(app.store),
        rooms_flow.HeardOnBus(app.bus),
        rooms_flow.Hooks(keeper, merging),
        merge_texts=merging,
        process_id=app.process_id,
        limits=Limits(
            agreed_seconds=_AGREED_SECONDS,
            news_seconds=_NEWS_SECONDS,
            quiet_seconds=settings.quiet_seconds,
            message_bytes=settings.message_limit,
            page_bytes=size.most(settings),
            messages_per_second=settings.messages_per_second,
        ),
        guard=app.change_limits,
    )
    app.keeper, app.rooms = keeper, rooms
    news = await lease.enter(app)
    await landing.recover(app)
    await recover.run(app)
    tasks = [
        asyncio.create_task(work, name=name)
        for name, work in (
            ("watch", watch.run(app, stop)),
            ("relay", relay.run(app, stop)),
            ("bus", rooms_flow.listen(app.bus, rooms, stop)),
            ("site", read_site.listen(app.bus, app.levels, stop)),
            ("remote", exchange.clock(app, stop)),
            ("forge", forge_exchange.clock(app, stop)),
            ("leases", lease.run(app, news)),
            ("sweep", _sweep(app, stop)),
            ("catch up", _catch_up(app, stop)),
        )
    ]
    await index.verify(app)
    await watch.branches(app)
    try:
        yield
    finally:
        await keeper.close()
        await rooms.close()
        stop.set()
        await background.end(tasks)


async def opener(app: App, document_id: UUID, claim: Claim | None) -> Room | None:
    """The room an editor asks for by document id: found, or rebuilt from its claim; kept from now."""
    assert app.rooms is not None
    assert app.keeper is not None
    row = await open_flow.claimed(app, document_id, claim)
    if row is None:
        return None
    if row.status == "retired":
        # Its last change names the document that follows; what arrives here is carried over there.
        return await app.rooms.get(row.id)
    held = await app.keeper.hold(row)
    if held is not None:
        return held.room
    async with app.store.transaction() as tx:
        row = await documents.get(tx, document_id)
    return await app.rooms.get(row.id)


async def may_write(app: App, person: Person, role: str, room: Room) -> bool:
    """Whether the folder's rules let this person write the page of an open document."""
    async with app.store.statement() as tx:
        row = await documents.find(tx, room.document_id)
    return await write_rules.allows(app, person, role, row.page_path if row else "")


async def _sweep(app: App, stop: asyncio.Event) -> None:
    """Take over what a dead process left: at once when it was a server of this clone, else now and
    then.
    """
    assert app.keeper is not None
    others: set[str] = set()
    swept = float("-inf")
    while not stop.is_set():
        try:
            now = asyncio.get_running_loop().time()
            found = {server.process_id for server in servers.alive(app.state_dir)}
            gone, others = others - found, found
            if gone or now >= swept + min(_SWEEP_SECONDS, app.settings.lease_seconds):
                swept = now
                await lease.take_over(app)
                await app.keeper.sweep()
        except (PrdgenError, OSError) as error:
            log.warning("documents left by another process wait: %s", error)
        await asyncio.sleep(_LOOK_SECONDS)


async def _catch_up(app: App, stop: asyncio.Event) -> None:
    """A folder in which Git was busy when its branch moved follows soon after: whoever commits there
    before would take out of the branch what has just come, which comes back; so does what Git itself took out of
    it; and people are told of two versions that a killed server owed them.
    """
    while not stop.is_set():
        pause = _LOOK_SECONDS
        for step in (landing.catch_up, overtaken.tend, set_back.tend, dispute.catch_up):
            try:
                await step(app)
            except PrdgenError as error:
                log.info("what follows a branch that moved is done later: %s", error)
            except Exception:
                log.exception("what follows a branch that moved is done later")
                pause = _SWEEP_SECONDS
        await asyncio.sleep(pause)
