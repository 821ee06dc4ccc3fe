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

from .harness import settle

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

    async def publish_change(self, document_id, last_seq, process_id):
        await self.gate.wait()
        self.seqs.append(last_seq)

    async def publish_live(self, document_id, payload, process_id):
        self.live.append(payload)


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
