"""What stands in front of every address: names, origins, policies, the shape of errors."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest
import websockets

from prdgen.server import auth, connected
from prdgen.store import access, people

from . import house as houses
from .house import HTML


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", ""]
)
async def test_other_names_are_not_answered(house, host):
    """DNS rebinding: a page of another name that resolves here gets nothing, signed in or not."""
    answer = await (await house.as_("owner")).get("/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "wrong-host"


@pytest.mark.parametrize("host", ["localhost:8400", "127.0.0.1", "[::1]:8400", "LOCALHOST"])
async def test_own_names_are_answered(house, host):
    """The machine's own names, with or without a port."""
    assert (await house.anyone().get("/healthz", headers={"host": host})).status_code == 200


async def test_a_host_cannot_write_the_policy(house):
    """What stands after the host's colon is a port; it never becomes part of a header."""
    answer = await house.anyone().get("/healthz", headers={"host": "localhost:; script-src *"})
    assert answer.status_code == 421


async def test_named_hosts_are_answered(open_house, example):
    """`allowed_hosts` and `base_url` add names; behind a proxy the public origin may change things."""
    house = await open_house(
        example, allowed_hosts="prd.internal", base_url="https://prd.example", follow=False
    )
    for name in ("prd.internal", "prd.example"):
        assert (await house.anyone().get("/healthz", headers={"host": name})).status_code == 200
    program = await house.api("reader")
    origin = {"origin": "https://prd.example", "host": "127.0.0.1:8400"}
    body = {"text": "x", "page_path": "a.md"}
    assert (await program.post("/api/preview", json=body, headers=origin)).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9", "http://["]
)
async def test_other_sites_change_nothing(house, origin):
    """A request from another site's page is refused, token or not."""
    body = {"text": "x", "page_path": "a.md"}
    program = await house.api("editor")
    answer = await program.post("/api/preview", json=body, headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.json()["code"] == "wrong-origin"
    assert (await program.get("/api/me", headers={"origin": origin})).status_code == 200


async def test_the_socket_refuses_other_sites(house):
    """Cross-site WebSocket hijacking: the handshake is refused by Origin and by Host."""
    cookie = (await house.as_("editor")).cookies[auth.cookie_name(house.app)]
    async with houses.on_a_port(house) as address:
        for headers, origin in (
            ({"cookie": f"{auth.cookie_name(house.app)}={cookie}"}, "https://evil.example"),
            ({"cookie": f"{auth.cookie_name(house.app)}={cookie}"}, "null"),
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(
                    f"ws://{address}/sync", origin=origin, additional_headers=headers
                )
            assert refused.value.response.status_code == 403


async def test_the_socket_wants_a_session(house):
    """Without one it closes with 4401, which the editor shows as: sign in again."""
    async with houses.on_a_port(house) as address:
        async with websockets.connect(f"ws://{address}/sync", origin=f"http://{address}") as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 5)
        assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize(("role", "code"), [("reader", 1000), (None, 4401)])
async def test_an_open_editor_follows_what_its_person_may(own, monkeypatch, role, code):
    """A role or a session taken away ends the open connection, with the reason."""
    monkeypatch.setattr(connected, "LOOK_SECONDS", 0.05)
    cookie = f"{auth.cookie_name(own.app)}={(await own.as_('editor')).cookies[auth.cookie_name(own.app)]}"
    person = await own.person("editor")
    async with (
        houses.on_a_port(own) as address,
        websockets.connect(f"ws://{address}/sync", additional_headers={"cookie": cookie}) as socket,
    ):
        async with own.app.store.transaction() as tx:
            if role is None:
                await access.end_sessions(tx, person.id)
            else:
                await people.update(tx, person.id, role=role)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 5)
        assert closed.value.rcvd.code == code
        assert closed.value.rcvd.reason


async def test_all_open_editors_are_looked_at_together(own, monkeypatch):
    """However many there are: by one question, and each by its own session or token."""
    monkeypatch.setattr(connected, "LOOK_SECONDS", 0.05)
    asked = []
    roles_now = auth.roles_now
    monkeypatch.setattr(
        auth, "roles_now", lambda app, some: asked.append(len(some)) or roles_now(app, some)
    )
    person, other = await own.person("editor"), await own.person("owner")
    async with own.app.store.transaction() as tx:
        made = [await access.make_token(tx, person.id, name, "write") for name in "ab"]
        made.append(await access.make_token(tx, other.id, "c", "write"))
    async with houses.on_a_port(own) as address, AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(websockets.connect(
                f"ws://{address}/sync", additional_headers={"authorization": f"Bearer {secret}"}
            ))
            for secret, _ in made
        ]  # fmt: skip
        while 3 not in asked:
            await asyncio.sleep(0.01)
        async with own.app.store.transaction() as tx:
            await access.revoke_token(tx, person.id, made[0][1].id)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(sockets[0].recv(), 5)
        assert closed.value.rcvd.code == 4401
        while 2 not in asked:
            await asyncio.sleep(0.01)
        assert [socket.state.name for socket in sockets] == ["CLOSED", "OPEN", "OPEN"]


PAGES = [
    "/", "/pages", "/p/main/site/odd/nasty.md", "/edit/main/site/prds/checkout.md", "/people",
    "/sign-in", "/nowhere", "/history/main/site/odd/uses.md", "/diff/main/site/odd/uses.md",
]  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
async def test_every_page_has_a_strict_policy(house, address):
    """No inline script or style runs, nothing frames us, nothing is sniffed, nothing leaks."""
    answer = await (await house.as_("owner")).get(address, headers=HTML)
    policy = answer.headers["content-security-policy"]
    scripts = re.search(r"script-src ([^;]*)", policy)[1]
    assert "unsafe-inline" not in policy
    assert scripts == "'self' 'wasm-unsafe-eval'"
    for rule in (
        "default-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert rule in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("address", PAGES)
async def test_no_page_needs_what_the_policy_forbids(house, address):
    """Scripts come from files; no handler, style or javascript: address stands in the HTML."""
    text = (await (await house.as_("owner")).get(address, headers=HTML)).text
    seen = houses.Seen(text)
    assert all("src" in script for script in seen.all("script"))
    assert not seen.all("iframe", "object", "embed", "base")
    for tag, attributes in seen.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert "style" not in attributes, (tag, attributes)
        assert not attributes.get("href", "").lower().startswith(("javascript:", "data:text"))


async def test_every_answer_of_nobody_is_a_way_in(house):
    """Without a session a person is led to sign in, and a program is told so."""
    nobody = house.anyone()
    for address in ("/", "/pages", "/p/main/x.md", "/raw/main/mkdocs.yml", "/export/main/x.pdf",
                    "/site/", "/search?q=a", "/tokens", "/people", "/new"):  # fmt: skip
        shown = await nobody.get(address, headers=HTML)
        assert (shown.status_code, shown.headers["location"][:13]) == (303, "/sign-in?next"), (
            address
        )
        assert (await nobody.get(address)).status_code == 401, address


async def test_errors_are_problem_details(reader):
    """RFC 9457, whatever was wrong: the address, the method, the body, the query."""
    token = {"x-csrf-token": await reader.token()}
    for answer in (
        await reader.get("/nowhere"),
        await reader.get("/api/nowhere"),
        await reader.get("/static/nowhere.js"),
        await reader.delete("/api/pages"),
        await reader.put("/pages"),
        await reader.post("/api/preview", content=b"{", headers=token),
        await reader.post("/api/preview", content=b"[1]", headers=token),
        await reader.post("/api/preview", content=b'{"text": 5}', headers=token),
        await reader.post("/api/preview", content=b"[" * 100_000, headers=token),
        await reader.post("/api/preview", content=b"\xff\xfe", headers=token),
        await reader.get("/api/pages?limit=many"),
        await reader.get("/api/pages?limit=" + "0" * 5000 + "1"),
        await reader.get("/api/pages?after=nonsense"),
        await reader.get("/api/search"),
        await reader.get("/api/search?q=%00"),
        await reader.get("/api/pages?status=%00"),
        await reader.get("/api/pages/main/x%00.md"),
        await reader.get("/requirements/%00"),
        await reader.get("/api/requirements/%00/uses"),
        await reader.get("/api/events", headers={"last-event-id": b"\xb2"}),
        await reader.get("/api/events?after=99999999999999999999999"),
        await reader.get("/api/events?types=nonsense"),
        await reader.get("/api/conflicts"),
        await reader.get("/api/export/main/site/prds/checkout.md?format=exe"),
        await reader.get("/api/diff/main/site/prds/checkout.md?from=HEAD&to=%00"),
        await reader.get("/p/main/site/prds/checkout.md?commit=nonsense"),
    ):
        assert 400 <= answer.status_code < 500, (answer.url, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", answer.url
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert {"type", "title", "detail", "hint", "code", "instance"} <= problem.keys()
        assert "Traceback" not in answer.text


async def test_what_a_problem_is_can_be_looked_up(reader):
    """A problem's `type` is an address that answers."""
    problem = (await reader.get("/api/pages/main/no.md")).json()
    shown = await reader.get(problem["type"], headers=HTML)
    assert shown.status_code == 200
    assert "What to do" in shown.text


async def test_people_get_error_pages(house):
    """403, 404 and 405 as pages with a way on; a person never sees JSON."""
    reader = await house.as_("reader")
    for address, status in (("/nowhere", 404), ("/p/main/no.md", 404), ("/new", 403),
                            ("/p/main/../x", 404), ("/p/nobranch/x.md", 404)):  # fmt: skip
        answer = await reader.get(address, headers=HTML)
        assert answer.status_code == status, address
        assert "<h1>" in answer.text
        assert 'href="/pages"' in answer.text
    assert (await reader.post("/pages", headers=HTML)).status_code == 405


async def test_a_crash_is_told_without_its_insides(open_house, example, caplog):
    """An unforeseen error: logged with its traceback, answered without, policy included."""
    house = await open_house(example, follow=False)
    reader = await house.as_("reader")
    house.app.repository = None
    for headers in (HTML, {}):
        answer = await reader.get("/api/branches" if not headers else "/pages", headers=headers)
        assert answer.status_code == 500
        assert "NoneType" not in answer.text
        assert "content-security-policy" in answer.headers
    assert "NoneType" in caplog.text


async def test_a_body_too_large_is_refused(house):
    """A body is read up to a limit, and not by people who may not send it."""
    program, large = await house.api("reader"), b'"' + b"x" * 9_000_000 + b'"'
    assert (await program.post("/api/preview", content=large)).status_code == 413
    assert (await house.anyone().post("/api/preview", content=large)).status_code == 401
