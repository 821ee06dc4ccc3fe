"""The shell and the service worker: the same for everybody, there without a session and without the store."""

import re

import pytest

from prdgen.server import html, offline

pytestmark = pytest.mark.skipif(offline.address() is None, reason="the editor is not built")


async def test_the_shell_names_nobody(house):
    """Signed in or not, it is the same page but for its nonce."""
    pages = []
    for browser in (house.anyone(), await house.as_("owner")):
        answer = await browser.get("/offline")
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])[1]
        assert f'data-nonce="{nonce}"' in answer.text
        pages.append(answer.text.replace(nonce, ""))
    assert pages[0] == pages[1]


async def test_the_shell_names_files_that_are_there(house):
    """Its own, and the editor's, which the worker fetches when the editor was used."""
    browser = house.anyone()
    page = (await browser.get("/offline")).text
    parts = re.search(r'data-editor-parts="([^"]+)"', page)[1].split()
    assert any(part.endswith(".wasm") for part in parts)
    for address in [*parts, *re.findall(r'(?:href|src)="(/static/[^"]+)"', page)]:
        assert (await browser.get(address)).status_code == 200, address


async def test_the_worker_says_which_shell_it_is_for(house):
    """A script for the whole server, asked for each time, that begins with the shell's version."""
    answer = await house.anyone().get("/service-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    again = {"if-none-match": answer.headers["etag"]}
    assert (await house.anyone().get("/service-worker.js", headers=again)).status_code == 304
    assert answer.text.startswith(f'const SHELL_VERSION = "{offline.version()}";\n')
    assert "import " not in answer.text.partition("\n")[2][:200]


async def test_another_file_is_another_version(house, monkeypatch):
    """Whatever the shell names is in its version."""
    before = offline.version()
    monkeypatch.setattr(html, "asset", lambda name: f"/static/{name}?v=other")
    monkeypatch.setitem(html.template("offline.html").environment.globals, "asset", html.asset)
    offline.version.cache_clear()
    html.template("offline.html").environment.cache.clear()
    try:
        assert offline.version() != before
    finally:
        offline.version.cache_clear()
        html.template("offline.html").environment.cache.clear()


async def test_pages_say_who_is_signed_in(house):
    """What the device shows without the server hangs on it: in, out, or not known just now."""
    reader = await house.as_("reader")
    page = (await reader.get("/pages")).text
    assert f'data-session="in" data-person="{reader.person.id}"' in page
    assert 'data-session="out">' in (await house.anyone().get("/sign-in")).text
