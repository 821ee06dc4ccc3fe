"""The bus: notices, presence, events, rates, cache."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import aclosing
from uuid import uuid4

import pytest

from prdgen.bus import errors
from prdgen.bus.bus import Bus


@pytest.fixture
async def bus(redis_url):
    opened = await Bus.open(redis_url)
    yield opened
    await opened.close()


class Reader:
    """Reads a subscription into a list."""

    def __init__(self, notices):
        self.seen = []
        self.times = []
        self._task = asyncio.create_task(self._read(notices))

    async def _read(self, notices):
        async with aclosing(notices):
            async for notice in notices:
                self.seen.append(notice)
                self.times.append(time.perf_counter())

    async def stop(self):
        self._task.cancel()
        await asyncio.wait([self._task])


async def ready(bus, reader, eventually):
    """Wait until the subscription is heard by Valkey."""
    probe = uuid4()

    async def heard():
        await bus.publish_change(probe, 0, "probe")
        return any(notice.document_id == probe for notice in reader.seen)

    await eventually(heard)


async def test_a_change_is_told_to_every_process(bus, eventually):
    """Document, number and process arrive."""
    reader, document_id = Reader(bus.subscribe_changes()), uuid4()
    await ready(bus, reader, eventually)
    await bus.publish_change(document_id, 2**40, "process 1")
    await eventually(lambda: (document_id, 2**40, "process 1") in reader.seen)
    await reader.stop()


async def test_a_cursor_is_told_with_its_bytes(bus, eventually):
    """Any bytes, also none."""
    reader, document_id = Reader(bus.subscribe_live()), uuid4()

    async def heard():
        await bus.publish_live(document_id, b"\x00\xff", "p")
        await bus.publish_live(document_id, b"", "p")
        return {(document_id, b"\x00\xff", "p"), (document_id, b"", "p")} <= set(reader.seen)

    await eventually(heard)
    await reader.stop()


async def test_a_notice_takes_less_than_a_millisecond(bus, eventually):
    """Median; five times that for a busy machine."""
    reader = Reader(bus.subscribe_changes())
    await ready(bus, reader, eventually)
    took = []
    for number in range(50):
        count, began = len(reader.seen), time.perf_counter()
        await bus.publish_change(uuid4(), number, "p")
        await eventually(lambda count=count: len(reader.seen) > count)
        took.append(reader.times[count] - began)
    assert sorted(took)[25] < 0.005
    await reader.stop()


async def test_everything_goes_on_after_kill_9(own_servers, eventually):
    """Calls say BusUnavailable soon, then work; subscriptions renew themselves."""
    bus = await Bus.open(own_servers.valkey.url)
    reader = Reader(bus.subscribe_changes())
    await ready(bus, reader, eventually)
    os.kill(own_servers.valkey.pid, signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(errors.BusUnavailable):
        await bus.ping()
        await bus.ping()
    assert time.monotonic() - began < 3
    await asyncio.to_thread(own_servers.valkey.start)
    await bus.ping()
    await ready(bus, reader, eventually)
    await reader.stop()
    await bus.close()


async def test_a_bus_that_is_not_there_is_named_at_once(tmp_path):
    """At the start."""
    with pytest.raises(errors.BusUnavailable):
        await Bus.open(f"unix://{tmp_path}/nothing.sock")


async def test_presence_is_by_document_and_peer(bus):
    """Set, listed, cleared."""
    here, there = uuid4(), uuid4()
    await bus.presence_set(here, "ann's tab", {"name": "Ann"})
    await bus.presence_set(here, "bob's tab", {"name": "Bob"})
    await bus.presence_clear(here, "bob's tab")
    assert await bus.presence_list(here) == {"ann's tab": {"name": "Ann"}}
    assert await bus.presence.list([here, there]) == {
        here: {"ann's tab": {"name": "Ann"}},
        there: {},
    }


async def test_presence_ends_by_itself(bus, monkeypatch):
    """A killed process cannot say goodbye."""
    document_id = uuid4()
    await bus.presence_set(document_id, "tab", {})
    monkeypatch.setattr("prdgen.bus.presence.SECONDS", -5.0)
    assert await bus.presence_list(document_id) == {}


async def test_events_are_read_in_order_from_a_place(bus):
    """Resumable."""
    ids = [await bus.append_event({"id": number}) for number in range(3)]
    assert [event["id"] for _, event in await bus.read_events("0")] == [0, 1, 2]
    assert await bus.read_events(ids[1]) == [(ids[2], {"id": 2})]


async def test_reading_waits_for_what_comes(bus):
    """Without polling."""
    last = await bus.append_event({"id": "old"})
    waiting = asyncio.create_task(bus.read_events(last, block=10))
    await bus.append_event({"id": "new"})
    assert [event for _, event in await waiting] == [{"id": "new"}]


async def test_a_group_shares_the_events_and_acknowledges(bus):
    """Each event goes to one consumer; from the oldest, also for a new group."""
    await bus.append_event({"id": 1})
    ((entry_id, event),) = await bus.streams.read_group("audit", "one")
    assert event == {"id": 1}
    assert await bus.streams.read_group("audit", "two", block=0.01) == []
    await bus.streams.ack("audit", [entry_id])


async def test_what_a_dead_consumer_left_goes_to_another(bus, monkeypatch):
    """At least once."""
    monkeypatch.setattr("prdgen.bus.streams._RECLAIM_MS", 0)
    await bus.append_event({"id": 1})
    first = await bus.streams.read_group("audit", "dead")
    assert await bus.streams.read_group("audit", "alive") == first


async def test_a_rate_lets_a_burst_through_and_then_its_pace(bus, eventually):
    """Keys do not share an allowance."""
    assert [await bus.allow("a", 20, 3) for _ in range(4)] == [True, True, True, False]
    assert await bus.allow("b", 20, 3)
    assert await eventually(lambda: bus.allow("a", 20, 3), 2)


async def test_the_cache_keeps_until_its_time_or_until_told(bus, eventually):
    """Level 3."""
    await bus.cache_set("a", b"1", 60)
    await bus.cache_set("b", b"2", 0.01)
    assert await bus.cache_get("a") == b"1"
    await bus.cache_delete("a")
    assert await bus.cache_get("a") is None

    async def gone():
        return await bus.cache_get("b") is None

    await eventually(gone)


async def test_where_the_stream_is_now(bus):
    """A reader that notes the newest event's id first misses nothing that comes after."""
    assert await bus.streams.newest() == "0"
    await bus.append_event({"id": "old"})
    here = await bus.streams.newest()
    await bus.append_event({"id": "new"})
    assert [event for _, event in await bus.read_events(here)] == [{"id": "new"}]
