"""Rates, plain CBOR, and what is on its way to other processes."""

from __future__ import annotations

import asyncio
from uuid import UUID

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from prdgen.sync import plain_cbor
from prdgen.sync.news import News
from prdgen.sync.rates import Rate

from .harness import DOCUMENT, settle

PLAIN = st.recursive(
    st.none() | st.text() | st.integers(0, 2**64 - 1),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
    max_leaves=20,
)


@settings(max_examples=30, deadline=None)
@given(PLAIN)
def test_plain_cbor_is_read_by_others(value):
    """Strings, numbers, lists and maps of any size."""
    assert cbor2.loads(plain_cbor.encode(value)) == value


def test_a_rate_allows_a_burst_and_then_so_many_a_second():
    """A clock that stands still allows no more than the burst."""
    rate = Rate(2, burst=3)
    assert [rate.allow(0) for _ in range(4)] == [True, True, True, False]
    assert rate.allow(0.5)
    assert not rate.allow(0.5)
    assert [rate.allow(100) for _ in range(4)] == [True, True, True, False]


class SlowBus:
    """Keeps what was published; the first call waits."""

    def __init__(self):
        self.gate, self.seqs, self.live = asyncio.Event(), [], []
        self.company = True

    async def publish_change(self, document_id, last_seq, process_id):
        await self.gate.wait()
        self.seqs.append(last_seq)
        return self.company

    async def publish_live(self, document_id, payload, process_id):
        self.live.append(payload)


async def test_a_process_that_is_alone_tells_seldom(monkeypatch):
    """It is its own only listener; as soon as another one listens it tells at once again."""
    monkeypatch.setattr("prdgen.sync.news._ALONE", 4)
    news, bus = News(), SlowBus()
    bus.gate.set()
    publishing = asyncio.ensure_future(news.publish(bus, "one", 0.02))

    async def told_in(seconds):
        before = len(bus.seqs)
        end = asyncio.get_running_loop().time() + seconds
        number = 0
        while asyncio.get_running_loop().time() < end:
            news.stored(DOCUMENT, number := number + 1)
            await asyncio.sleep(0.002)
        return len(bus.seqs) - before

    together = await told_in(0.4)
    bus.company = False
    await asyncio.sleep(0.1)
    alone = await told_in(0.4)
    assert 0 < alone < together / 2
    publishing.cancel()


async def test_a_slow_bus_holds_nobody_up():
    """Only the newest number of a document is told; live messages are bounded."""
    news, bus = News(), SlowBus()
    publishing = asyncio.ensure_future(news.publish(bus, "one"))
    for seq in range(1, 100):
        news.stored(UUID(int=1), seq)
        await settle() if seq == 1 else None
    for number in range(2000):
        news.live(UUID(int=1), b"%d" % number)
    bus.gate.set()
    await settle()
    publishing.cancel()
    assert bus.seqs == [1, 99]
    assert len(bus.live) == 1000
    assert bus.live[-1] == b"1999"
