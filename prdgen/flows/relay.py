"""event log → stream → consumers: what happened leaves the database once, in order, and is heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from prdgen import background
from prdgen.errors import PrdgenError
from prdgen.events import EVENT_TYPES, Event
from prdgen.flows import export, news, read, recovered
from prdgen.flows.context import App
from prdgen.flows.news import News
from prdgen.jobs.queue import LOW
from prdgen.store import audit, event_log, inbox, people, usage
from prdgen.store.statements import Tx

log = logging.getLogger(__name__)
_BATCH = 200
_AT_ONCE = 100
_RETRY_SECONDS = 0.5
_POLL_SECONDS = 30.0
_BLOCK_SECONDS = 5.0
_BETWEEN_CATCH_UPS = 12
_EXPORT_SECONDS = 5.0
_CONFLICTS: Final = frozenset({"git.conflict.detected"})
_CHANGED: Final = frozenset({"prd.created", "prd.updated"})


@dataclass(frozen=True, slots=True)
class Consumer:
    """One who hears of what happened."""

    hear: Callable[[Tx, Event], Awaitable[None]]
    """Does something about one event, in the transaction that marks it as heard."""
    types: frozenset[str] = frozenset(EVENT_TYPES)
    """Of which events it wants to hear; nothing is noted of others."""


async def publish_once(app: App) -> int:
    """Publish what waits in the outbox, numbered in this order; returns how many there were.

    One relay at a time (an advisory lock). A crash between stream and commit publishes again under
    the same numbers; consumers know an event by its id.
    """
    async with app.store.transaction() as tx:
        if not await event_log.try_lock_relay(tx):
            return 0
        waiting = await event_log.unpublished(tx, _BATCH)
        numbers = await event_log.mark_published(tx, [event.id for event in waiting])
        for event in waiting:
            await app.bus.append_event(event.cloud_event(numbers[event.id]))
    return len(waiting)


async def consume_once(app: App, group: str, consumer: Consumer, *, block: float) -> int:
    """Hand the group's next events to `consumer`, each once; returns how many were read."""
    streams = app.bus.streams
    entries = await streams.read_group(group, app.process_id, count=_AT_ONCE, block=block)
    heard, events = 0, [_event(found) for _, found in entries]
    async for number in _taken(app, group, consumer, events):
        await streams.ack(group, [entry_id for entry_id, _ in entries[heard : heard + number]])
        heard += number
    return len(entries)


async def catch_up(app: App, group: str, consumer: Consumer) -> int:
    """What the group missed because a stream was lost with Valkey; returns how many."""
    async with app.store.transaction() as tx:
        missed = await inbox.unseen(tx, group, consumer.types)
    events = [event for _, event in missed]
    for begin in range(0, len(events), _AT_ONCE):
        async for _ in _taken(app, group, consumer, events[begin : begin + _AT_ONCE]):
            continue
    return len(missed)


async def _taken(
    app: App, group: str, consumer: Consumer, events: Sequence[Event]
) -> AsyncIterator[int]:
    """Hand events over in their order; how many more are heard, after each transaction. One transaction
    is enough for all of them, which costs less after a push of many pages. Where it fails each
    has its own, up to the first that fails by itself, which is raised.
    """
    try:
        await _take(app, group, consumer, events)
    except Exception as error:
        if len(events) == 1:
            raise
        log.info("%s events are heard one by one: %s", len(events), error)
        for event in events:
            await _take(app, group, consumer, [event])
            yield 1
    else:
        yield len(events)


async def _take(app: App, group: str, consumer: Consumer, events: Sequence[Event]) -> None:
    events = [event for event in events if event.type in consumer.types]
    if not events:
        return
    async with app.store.transaction() as tx:
        fresh = await inbox.first_time(tx, group, [event.id for event in events])
        for event in events:
            if event.id in fresh:
                fresh.discard(event.id)  # a stream may carry one twice
                await consumer.hear(tx, event)


def _event(found: dict[str, Any]) -> Event:
    data = dict(found["data"])
    branch, page_path, person = (data.pop(k, None) for k in ("branch", "page_path", "person_id"))
    return Event(
        found["type"], branch, page_path, UUID(person) if person else None, data,
        UUID(found["id"]), datetime.fromisoformat(found["time"]),
    )  # fmt: skip


async def count_use(tx: Tx, event: Event) -> None:
    """Analytics: how often what happened, by day and page, without names."""
    await usage.count(
        tx, event.type, day=event.at.date(), branch=event.branch or "",
        page_path=event.page_path or "",
    )  # fmt: skip


async def notify(tx: Tx, event: Event) -> None:
    """Notification: everybody hears where two versions stand and what was kept."""
    if not event.page_path or not event.branch:
        return
    if (told := _kept(event, event.branch, event.page_path)) is not None:
        await news.tell(tx, told, await people.list_people(tx))


def _kept(event: Event, branch: str, path: str) -> News | None:
    """What people are told of two sides that met; None: those whose words it is were told already."""
    if kept_as := event.data.get("kept_as"):
        if str(kept_as).startswith(recovered.PREFIX):
            return None
        title = f"Both sides changed {path}; the other version is kept as {kept_as}"
        return News("file.kept", title, "/remote", event.at, event.id)
    if deleted_in := event.data.get("deleted_in"):
        title = f"{path} is there as it was edited in {event.data['edited_in']}: {deleted_in} had deleted it"
        href = read.address("p", branch, path) if path.endswith(".md") else "/remote"
        return News("file.revived", title, href, event.at, event.id)
    title = f"Two versions of the same lines stand in {path}"
    href = f"{read.address('edit', branch, path)}#conflict"
    return News(event.type, title, href, event.at, event.id)


async def export_again(app: App, tx: Tx, event: Event) -> None:
    """Export: files of a page that people ask for are made anew when its published text changed."""
    if event.branch != app.main_branch or not event.page_path:
        return
    if await export.wanted(app, event.branch, event.page_path):
        lock = f"exports:{event.branch}:{event.page_path}"
        await app.queue.defer(
            "renew_exports", {"branch": event.branch, "page_path": event.page_path}, lock=lock,
            queueing_lock=lock, tx=tx, priority=LOW, after=_EXPORT_SECONDS,
        )  # fmt: skip


def consumers(app: App) -> dict[str, Consumer]:
    """The consumers, by their groups."""
    return {
        "notification": Consumer(notify, _CONFLICTS),
        "analytics": Consumer(count_use),
        "audit": Consumer(audit.record),
        "export": Consumer(partial(export_again, app), _CHANGED),
    }


async def run(app: App, stop: asyncio.Event) -> None:
    """Relay and consume until `stop` is set; a lost database or bus only delays."""
    tasks = [asyncio.create_task(_forever(lambda: _relay_step(app), stop), name="relay")]
    for group, consumer in consumers(app).items():
        step = _consumer_step(app, group, consumer)
        tasks.append(asyncio.create_task(_forever(step, stop), name=f"consumer {group}"))
    try:
        await stop.wait()
    finally:
        await background.end(tasks)


async def _relay_step(app: App) -> None:
    """Publish until nothing waits, then wait to be woken (or a second)."""
    async with aclosing(app.store.listen(event_log.CHANNEL)) as wakes:
        while True:
            while await publish_once(app):
                continue
            try:
                await asyncio.wait_for(anext(wakes), _POLL_SECONDS)
            except TimeoutError:
                return


def _consumer_step(app: App, group: str, consumer: Consumer) -> Callable[[], Awaitable[None]]:
    async def step() -> None:
        await catch_up(app, group, consumer)
        for _ in range(_BETWEEN_CATCH_UPS):
            await consume_once(app, group, consumer, block=_BLOCK_SECONDS)

    return step


async def _forever(step: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await step()
        except PrdgenError as error:
            log.warning("events wait: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)
        except Exception:
            log.exception("an event could not be handled; it is tried again")
            await asyncio.sleep(_RETRY_SECONDS)
