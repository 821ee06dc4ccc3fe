"""The event stream, and what whoever looks after the server asks."""

import asyncio
import json
from contextlib import asynccontextmanager

import cbor2
import httpx2
import pytest

from prdgen.crdt import wire
from prdgen.events import Event
from prdgen.flows import open as open_flow
from prdgen.server import auth, events_stream
from prdgen.store import access, event_log

from . import house as houses


class Stream:
    """A reader of server-sent events."""

    def __init__(self, response: httpx2.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> dict:
        """The next event: its id, its name and its data."""
        found: dict = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in {"id", "event", "data"}:
                    found[name] = value
                if not line and "data" in found:
                    return found | {"data": json.loads(found["data"])}
        raise AssertionError("the stream ended")


@pytest.fixture
async def stream(own):
    """`async with stream(params, last) as s`: the stream over a real socket."""
    secret = (await own.as_("reader")).cookies[auth.cookie_name(own.app)]

    @asynccontextmanager
    async def opened(last: str | None = None, **params: str):
        async with houses.on_a_port(own) as address, httpx2.AsyncClient() as client:
            headers = {"cookie": f"{auth.cookie_name(own.app)}={secret}"}
            if last is not None:
                headers["last-event-id"] = last
            async with client.stream(
                "GET", f"http://{address}/api/events", params=params, headers=headers
            ) as response:
                assert response.status_code == 200
                assert response.headers["content-type"].startswith("text/event-stream")
                yield Stream(response)

    return opened


async def happen(house, *names: str, branch: str = "main", page: str = "site/a.md") -> None:
    async with house.app.store.transaction() as tx:
        await event_log.record(tx, [Event(name, branch, page) for name in names])


async def test_events_are_told_as_they_happen(own, stream):
    """A CloudEvent with its number as id, within a moment of the transaction."""
    async with stream() as listening:
        began = asyncio.get_running_loop().time()
        await happen(own, "prd.updated")
        found = await listening.next()
        assert found["event"] == "prd.updated"
        assert found["data"]["type"] == "prd.updated"
        assert found["data"]["specversion"] == "1.0"
        assert asyncio.get_running_loop().time() - began < 0.9


async def test_a_listener_goes_on_where_it_stopped(own, stream):
    """Nothing is missed and nothing told twice over a broken connection."""
    async with stream() as listening:
        await happen(own, "prd.created", "prd.updated")
        first = await listening.next()
    await happen(own, "prd.deleted")
    async with stream(first["id"]) as again:
        assert (await again.next())["event"] == "prd.updated"
        assert (await again.next())["event"] == "prd.deleted"
    async with stream(after=first["id"]) as third:
        assert (await third.next())["event"] == "prd.updated"


async def test_events_are_filtered(own, stream):
    """By type and by branch."""
    async with stream("0", types="prd.deleted,prd.created", branch="draft/x") as listening:
        await happen(own, "prd.created")
        await happen(own, "prd.updated", branch="draft/x")
        await happen(own, "prd.deleted", branch="draft/x")
        assert (await listening.next())["event"] == "prd.deleted"


async def test_a_stream_ends_with_its_session(own, stream, monkeypatch):
    """Who is signed out hears nothing more."""
    monkeypatch.setattr(events_stream, "LOOK_SECONDS", 0.0)
    person = await own.person("reader")
    async with stream() as listening:
        async with own.app.store.transaction() as tx:
            await access.end_sessions(tx, person.id)
        await happen(own, "prd.created")
        with pytest.raises(AssertionError, match="the stream ended"):
            await listening.next()
            await listening.next()


async def test_events_are_for_people_who_are_signed_in(house):
    """Nobody listens unseen."""
    assert (await house.anyone().get("/api/events")).status_code == 401


async def test_health_ready_and_figures(house):
    """For machines, without a session: alive, ready, and numbers in Prometheus' format."""
    nobody = house.anyone()
    assert (await nobody.get("/healthz")).json()["status"] == "ok"
    assert (await nobody.get("/readyz")).json() == {"status": "ready", "failed": {}, "site": "ok"}
    figures = await nobody.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in figures.text.splitlines():
        assert line.startswith("# ") or float(line.split()[1]) >= 0


async def test_ready_says_which_part_failed(own_servers, example, tmp_path, eventually):
    """Valkey gone, then Postgres gone: 503 with the name, and pages say so without a traceback."""
    from . import team

    folder = team.copy(example, tmp_path / "repo")
    urls = own_servers.postgres.url, own_servers.valkey.url
    async with houses.opened(folder, *urls) as house:
        browser = await house.as_("reader")
        own_servers.valkey.stop()

        async def failed() -> set[str]:
            return set((await browser.get("/readyz")).json()["failed"])

        await eventually(lambda: _equals(failed, {"cache"}))
        assert (await browser.get("/pages")).status_code == 200
        own_servers.postgres.stop()
        await eventually(lambda: _equals(failed, {"cache", "database"}))
        assert (await browser.get("/readyz")).status_code == 503
        assert (await browser.get("/healthz")).status_code == 200
        shown = await browser.get("/pages", headers=houses.HTML)
        assert shown.status_code == 503
        assert shown.headers["retry-after"]
        assert "Nothing is lost" in shown.text
        own_servers.start()
        await eventually(lambda: _equals(failed, set()), 30)


async def _equals(ask, expected: set[str]) -> bool:
    return await ask() == expected


async def test_cursors_are_told_to_those_who_name_them(own, stream):
    """From the bus, without a number, for known people and pages; nobody else gets them."""
    person = await own.person("editor")
    opened = await open_flow.document(own.app, "main", "site/prds/checkout.md")
    document = opened.document.id
    people = b"P" + json.dumps([["tab", str(person.id), "Ed", "#123456"]]).encode()
    data = cbor2.dumps({"type": "presence", "place": {"from": [3, 7], "to": [3, 7]}})
    moved = b"L" + wire.encode(wire.Ephemeral("tab", "*", "doc", "session", 1, data))

    async def publish() -> None:
        while True:
            for payload in (people, moved):
                await own.app.bus.publish_live(document, payload, "elsewhere")
            await asyncio.sleep(0.1)

    async with stream(types="cursor.moved,prd.updated") as listening:
        publishing = asyncio.create_task(publish())
        found = await listening.next()
        publishing.cancel()
        assert "id" not in found
        assert found["event"] == "cursor.moved"
        facts = found["data"]["data"]
        assert facts["page_path"] == "site/prds/checkout.md"
        assert (facts["person_id"], facts["line"], facts["column"]) == (str(person.id), 3, 7)
        await happen(own, "prd.updated")
        assert (await listening.next())["event"] == "prd.updated"
    async with stream() as others:
        await own.app.bus.publish_live(document, people, "elsewhere")
        await own.app.bus.publish_live(document, moved, "elsewhere")
        await happen(own, "prd.deleted")
        assert (await others.next())["event"] == "prd.deleted"
