"""event log → stream → consumers: in order, each once, also when Valkey forgot everything."""

import io

import pypdf
import pytest
import redis

from prdgen.builder import pdf
from prdgen.bus.errors import BusUnavailable
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.flows import context, export, index, relay, table
from prdgen.jobs.worker import Worker
from prdgen.settings import Settings
from prdgen.store import event_log


@pytest.fixture
async def app(repo, database_url, redis_url):
    """An App without its live side: nothing else relays."""
    settings = Settings(repository=repo.path, database_url=database_url, redis_url=redis_url)
    async with context.open_app(settings, table.tasks) as opened:
        yield opened


async def record(app, *pages):
    async with app.store.transaction() as tx:
        await event_log.record(tx, [Event("prd.updated", "main", page) for page in pages])


class Heard:
    """A consumer that remembers; `fails` times it fails first."""

    def __init__(self, fails=0):
        self.pages, self.fails = [], fails

    async def __call__(self, tx, event):
        if self.fails:
            self.fails -= 1
            raise BusUnavailable(got="it was killed")
        self.pages.append(event.page_path)


async def drain(app, heard, group="test"):
    while await relay.consume_once(app, group, relay.Consumer(heard), block=0.01):
        continue


async def test_events_are_numbered_in_order(app):
    """Numbers are given as they are published, without gaps."""
    await record(app, "a.md", "b.md")
    await record(app, "c.md")
    assert await relay.publish_once(app) == 3
    async with app.store.transaction() as tx:
        found = await event_log.recent(tx, 0)
    assert [(number, event.page_path) for number, event in found] == [
        (1, "a.md"), (2, "b.md"), (3, "c.md"),
    ]  # fmt: skip


async def test_a_consumer_hears_each_event_once(app):
    """Published twice (a relay was killed between stream and commit): heard once."""
    heard = Heard()
    await record(app, "a.md", "b.md")
    await relay.publish_once(app)
    async with app.store.transaction() as tx:
        await tx.execute("UPDATE event_log SET number = NULL")
    await relay.publish_once(app)
    await drain(app, heard)
    await relay.catch_up(app, "test", relay.Consumer(heard))
    assert heard.pages == ["a.md", "b.md"]


async def test_what_a_killed_consumer_had_not_done_comes_again(app):
    """A consumer that fails in the middle gets the event again."""
    heard = Heard(fails=1)
    await record(app, "a.md")
    await relay.publish_once(app)
    with pytest.raises(BusUnavailable):
        await drain(app, heard)
    await relay.catch_up(app, "test", relay.Consumer(heard))
    await drain(app, heard)
    assert heard.pages == ["a.md"]


async def test_one_event_that_cannot_be_heard_keeps_back_none_before_it(app):
    """Many are heard in one transaction; when it fails, each has its own, and none is heard twice."""

    class Picky(Heard):
        async def __call__(self, tx, event):
            await event_log.record(tx, [Event("prd.approved", "main", event.page_path)])
            if event.page_path == "c.md" and self.fails:
                self.fails -= 1
                await tx.execute("SELECT 1/0")
            self.pages.append(event.page_path)

    heard = Picky(fails=4)
    await record(app, "a.md", "b.md", "c.md", "d.md")
    await relay.publish_once(app)
    with pytest.raises(Invalid):
        await drain(app, heard)
    async with app.store.transaction() as tx:
        done = await tx.execute("SELECT count(*) FROM event_log WHERE type = 'prd.approved'")
        assert (await done.fetchone())[0] == 2
    with pytest.raises(Invalid):
        await relay.catch_up(app, "test", relay.Consumer(heard))
    await relay.catch_up(app, "test", relay.Consumer(heard))
    await drain(app, heard)
    async with app.store.transaction() as tx:
        done = await tx.execute(
            "SELECT page_path FROM event_log WHERE type = 'prd.approved' ORDER BY position"
        )
        assert [path for (path,) in await done.fetchall()] == ["a.md", "b.md", "c.md", "d.md"]
    await drain(app, heard)


async def test_of_what_a_consumer_does_not_listen_to_nothing_is_noted(app):
    """Not from the stream, not from the store: most events are of one kind."""
    heard = Heard()
    consumer = relay.Consumer(heard, frozenset({"prd.deleted"}))
    await record(app, "a.md", "b.md")
    async with app.store.transaction() as tx:
        await event_log.record(tx, [Event("prd.deleted", "main", "c.md")])
    await relay.publish_once(app)
    assert await relay.consume_once(app, "test", consumer, block=0.01) == 3
    assert await relay.consume_once(app, "test", consumer, block=0.01) == 0
    assert await relay.catch_up(app, "test", consumer) == 0
    assert heard.pages == ["c.md"]
    async with app.store.transaction() as tx:
        noted = await tx.execute("SELECT count(*) FROM inbox WHERE consumer = 'test'")
        assert await noted.fetchone() == (1,)


async def test_a_lost_stream_is_caught_up(app, redis_url):
    """Valkey lost everything before anybody read it: the consumer gets it from the store, in order."""
    heard = Heard()
    await record(app, "a.md")
    await relay.publish_once(app)
    await drain(app, heard)
    await record(app, "b.md", "c.md")
    await relay.publish_once(app)
    with redis.Redis.from_url(redis_url) as valkey:
        valkey.flushdb()
    await relay.catch_up(app, "test", relay.Consumer(heard))
    await record(app, "d.md")
    await relay.publish_once(app)
    await drain(app, heard)
    assert heard.pages == ["a.md", "b.md", "c.md", "d.md"]


async def test_an_event_of_work_that_was_undone_is_never_published(app):
    """Row and event are one transaction."""
    with pytest.raises(ZeroDivisionError):
        async with app.store.transaction() as tx:
            await event_log.record(tx, [Event("prd.updated", "main", "a.md")])
            raise ZeroDivisionError
    assert await relay.publish_once(app) == 0


async def test_typing_is_one_event_per_flush(house):
    """`content.changed` of what people type reaches the log."""
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    found = await house.events("content.changed", "prd.version.created", "user.joined")
    assert ("content.changed", "one.md") in found
    assert ("prd.version.created", "one.md") in found
    assert ("user.joined", "one.md") in found


async def test_people_come_and_go_not_their_tabs(house):
    """A second tab of the same person is no news, and neither is its end."""
    ann = await house.editor()
    other = await house.editor()
    await other.leave()
    await ann.write("typed\n")
    await house.save("ann")
    found = await house.events("user.joined", "user.left")
    assert found.count(("user.joined", "one.md")) == 1
    assert ("user.left", "one.md") not in found


async def changed(app, repo, text):
    """The page has this text on main, and everyone who hears of it has heard."""
    repo.commit("change it", one=text)
    await index.branch(app, "main")
    while await relay.publish_once(app):
        continue
    group = relay.consumers(app)["export"]
    while await relay.consume_once(app, "export", group, block=0.01):
        continue


async def due(app):
    async with app.store.transaction() as tx:
        await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await Worker(app.queue).run_until_idle()


async def test_the_files_people_ask_for_are_made_anew_when_their_page_changes(
    app, repo, monkeypatch
):
    """The fourth consumer: a PDF somebody loaded once is there again before it is asked for."""
    await changed(app, repo, "# One\n\nFirst.\n")
    await due(app)
    assert export.kept(app).asked("main\0one.md") == {}
    first = await export.file(app, "main", "one.md", "pdf")
    await changed(app, repo, "# One\n\nSecond.\n")
    await changed(app, repo, "# One\n\nThird.\n")
    assert (await app.queue.counts())["todo"] == 1
    await due(app)
    monkeypatch.setattr(pdf, "make", None)  # Whoever asks now waits for nothing.
    again = await export.file(app, "main", "one.md", "pdf")
    assert "Third." in words(again.data)
    assert "First." in words(first.data)


def words(data):
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


async def test_a_branch_that_is_not_published_makes_no_files(app, repo):
    """Nor does a page that was deleted meanwhile stop anything."""
    await export.file(app, "main", "one.md", "docx")
    async with app.store.transaction() as tx:
        for branch in ("draft/x", "main"):
            event = Event("prd.updated", branch, "one.md")
            await relay.export_again(app, tx, event)
    assert (await app.queue.counts())["todo"] == 1
    repo.git("rm", "-q", "one.md"), repo.git("commit", "-qm", "remove it")
    await due(app)
    assert await app.queue.failed() == []
