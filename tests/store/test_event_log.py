"""The outbox and the inbox."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest

from prdgen import events
from prdgen.store import event_log, inbox


def event(**given) -> events.Event:
    return events.Event("prd.updated", "main", "docs/checkout.md", **given)


async def test_an_event_comes_back_as_it_was(tx):
    """Type, place, person, data and time make the round trip."""
    given = event(person_id=uuid4(), data={"words": 3})
    await event_log.record(tx, [given])
    assert await event_log.unpublished(tx) == [given]


async def test_an_event_of_a_rolled_back_transaction_never_happened(store):
    """The row and the event are in one transaction."""
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await event_log.record(tx, [event()])
            raise ZeroDivisionError
    async with store.transaction() as tx:
        assert await event_log.unpublished(tx) == []


async def test_cursors_are_never_written(tx):
    """Live-only events leave no trace."""
    await event_log.record(tx, [events.Event("cursor.moved")])
    assert await event_log.unpublished(tx) == []


async def test_numbers_follow_the_relays_order_without_gaps(tx):
    """Trap 13: SSE ids are the relay's numbers, not the order of insertion."""
    first, second, third = event(), event(), event()
    await event_log.record(tx, [first, second, third])
    numbers = await event_log.mark_published(tx, [second.id, first.id])
    assert numbers == {second.id: 1, first.id: 2}
    assert await event_log.mark_published(tx, [third.id]) == {third.id: 3}
    assert await event_log.recent(tx, 1) == [(2, first), (3, third)]
    assert await event_log.newest_number(tx) == 3


async def test_there_is_one_relay_at_a_time(store):
    """One relay keeps the order."""
    async with store.transaction() as one, store.transaction() as two:
        assert await event_log.try_lock_relay(one)
        assert not await event_log.try_lock_relay(two)
    async with store.transaction() as two:
        assert await event_log.try_lock_relay(two)


async def test_recording_wakes_whoever_listens(store):
    """A wake-up at once, without polling."""
    async with aclosing(store.listen(event_log.CHANNEL)) as heard:
        assert await anext(heard) == ""
        waiting = asyncio.create_task(anext(heard))
        async with store.transaction() as tx:
            await event_log.record(tx, [event(), event()])
        assert await asyncio.wait_for(waiting, 5) == ""


async def test_a_consumer_takes_an_event_once(tx):
    """Delivery is at least once, effects are once."""
    given = event()
    other = event()
    assert await inbox.first_time(tx, "audit", [given.id, given.id]) == {given.id}
    assert await inbox.first_time(tx, "audit", [given.id, other.id]) == {other.id}
    assert await inbox.first_time(tx, "usage", [given.id]) == {given.id}
    assert await inbox.first_time(tx, "usage", []) == set()


async def test_what_a_lost_stream_carried_is_found_again(tx):
    """Valkey may lose everything: a consumer asks the store what it has not taken."""
    taken, missed, later = event(), event(), event()
    await event_log.record(tx, [taken, missed, later])
    await event_log.mark_published(tx, [taken.id, missed.id])
    await inbox.first_time(tx, "audit", [taken.id])
    assert await inbox.unseen(tx, "audit", {given.type for given in (taken, missed)}) == [
        (2, missed)
    ]


async def test_pruning_never_starts_the_numbers_anew(tx):
    """A browser that resumes from 7 must not miss a second 1."""
    given = event()
    await event_log.record(tx, [given])
    await event_log.mark_published(tx, [given.id])
    await event_log.prune(tx, -1)
    assert await event_log.newest_number(tx) == 1
