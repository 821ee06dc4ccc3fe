"""What consumers and the builder write down: everything twice is once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from prdgen.events import Event
from prdgen.store import audit, builds, notifications, people, usage


def build(commit="c1", status="done"):
    return builds.Build(uuid4(), "main", commit, status, 3, 0.5, {"index.html": "h"})


async def test_the_latest_build_is_the_one_that_was_done(store):
    """A failed build is not what readers see."""
    for given in (build("c1"), build("c2"), build("c3", "failed")):
        async with store.transaction() as tx:
            await builds.record(tx, given)
    async with store.transaction() as tx:
        assert (await builds.latest(tx, "main")).commit == "c2"
        assert (await builds.latest(tx, "main", None)).commit == "c3"
        assert await builds.latest(tx, "draft") is None


async def test_a_person_is_told_once_and_reads_it_once(tx):
    """The consumer may get an event twice."""
    ann = await people.create(tx, "Ann", "ann@example.org", "#123456")
    event_id, at = uuid4(), datetime.now(UTC)
    for _ in range(2):
        await notifications.notify(
            tx, [ann.id], event_id, type="prd.updated", title="Changed", href="/p/x", at=at
        )
    assert len(await notifications.newest(tx, ann.id, unread=True)) == 1
    await notifications.mark_read(tx, ann.id)
    assert await notifications.newest(tx, ann.id, unread=True) == []


async def test_many_people_are_told_at_once(tx):
    """Who was told before is not told again; nobody is nobody."""
    known = [await people.create(tx, name, f"{name}@example.org", "#123456") for name in "abc"]
    event_id, at = uuid4(), datetime.now(UTC)
    for whom in ([], known[:1], known):
        await notifications.notify(
            tx, [each.id for each in whom], event_id, type="prd.updated", title="C", href="/", at=at
        )
    assert [len(await notifications.newest(tx, each.id)) for each in known] == [1, 1, 1]


async def test_what_is_old_is_not_told_any_more(tx):
    """Read or not."""
    ann = await people.create(tx, "Ann", "ann@example.org", "#123456")
    for days in (1, 200):
        at = datetime.now(UTC) - timedelta(days=days)
        await notifications.notify(
            tx, [ann.id], uuid4(), type="prd.updated", title=f"{days} days ago", href="/", at=at
        )
    await notifications.prune(tx, 180)
    assert [each.title for each in await notifications.newest(tx, ann.id)] == ["1 days ago"]


async def test_the_audit_keeps_an_event_once(tx):
    """Newest first."""
    event = Event("prd.created", "main", "a.md", data={"words": 1})
    await audit.record(tx, event)
    await audit.record(tx, event)
    (entry,) = await audit.newest(tx)
    assert (entry.event_id, entry.data) == (event.id, {"words": 1})
    assert await audit.newest(tx, before=event.at) == []


async def test_usage_adds_up_over_days(tx):
    """Counts by day, summed from a day on."""
    for day, times in ((1, 5), (2, 1), (3, 2)):
        await usage.count(tx, "view", day=date(2026, 1, day), page_path="a.md", times=times)
    (total,) = await usage.totals(tx, date(2026, 1, 2))
    assert total.count == 3
