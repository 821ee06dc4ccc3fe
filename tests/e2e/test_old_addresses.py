"""Links that were right once, followed in a real browser: on the server, and on a plain web server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page

from . import axe
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
OLD = "docs/old/checkout.md"
TEXT = (
    "# Checkout\n\nWords.\n\n" + "## A part\n\nMore of it.\n\n" * 9 + "## The end\n\nLast words.\n"
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def test_an_old_link_with_an_anchor_arrives(
    make_house: Callable[..., House], sit: Sit, browser: Browser
) -> None:
    """Renamed alone and with its folder: the site, built without a server, and then the server's own
    addresses lead to the place in the page; a browser without scripts arrives at the page.
    """
    house = make_house({OLD: TEXT, "docs/index.md": "# Home\n", "mkdocs.yml": "site_name: T\n"})
    house.git("mv", OLD, "docs/old/till.md")
    house.git("commit", "--quiet", "--message", "Rename the page")
    house.git("mv", "docs/old", "docs/new")
    house.git("commit", "--quiet", "--message", "Rename its folder")
    built = house.prdgen("build", "--no-search")
    assert built.returncode == 0, built.stderr
    public = house.repository / "public"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(public))) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{plain.server_port}"
        for scripts in True, False:
            tab = browser.new_context(java_script_enabled=scripts).new_page()
            tab.goto(f"{root}/old/checkout/#the-end")
            tab.wait_for_url(lambda url: "/new/till/" in url)
            assert tab.url == f"{root}/new/till/" + ("#the-end" if scripts else "")
            assert "Last words" in tab.content()
            tab.context.close()
        plain.shutdown()
    house.start()
    ada = sit(house)
    for old, new in (("/site/old/checkout/", "/site/new/till/"),
                     (f"/p/main/{OLD}", "/p/main/docs/new/till.md")):  # fmt: skip
        ada.page.goto(f"{house.url}{old}#the-end")
        ada.page.wait_for_url(f"{house.url}{new}#the-end")
        assert "Last words" in ada.page.content()


def test_an_old_anchor_of_a_renamed_heading_arrives(
    make_house: Callable[..., House], sit: Sit, browser: Browser
) -> None:
    """At the heading, which stands at the top of the window: on the site without a server, with scripts
    and without, from the page's old address, too; then on the server. No rule of axe is broken.
    """
    parts = "## A part\n\nMore of it.\n\n" * 20
    text = f"# Checkout\n\n{parts}## Limits\n\nWhat is not allowed.\n\n{parts}"
    house = make_house({OLD: text, "docs/index.md": "# Home\n", "mkdocs.yml": "site_name: T\n"})
    for heading in "Bounds", "Edges":
        house.add_page(OLD, text.replace("## Limits", f"## {heading}"))
    house.git("mv", OLD, "docs/till.md")
    house.git("commit", "--quiet", "--message", "Rename the page")
    assert house.prdgen("build", "--no-search").returncode == 0
    public = house.repository / "public"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(public))) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{plain.server_port}"
        for scripts, address in (True, "/till/"), (False, "/till/"), (True, "/old/checkout/"):
            tab = browser.new_context(java_script_enabled=scripts).new_page()
            tab.goto(f"{root}{address}#limits")
            tab.wait_for_url(f"{root}/till/#limits")
            assert 0 <= _top_of(tab, "Edges") < 200
            assert scripts is False or axe.violations(tab) == []
            tab.context.close()
        plain.shutdown()
    house.start()
    ada = sit(house)
    for old in "limits", "bounds":
        ada.page.goto(f"{house.url}/p/main/docs/till.md#{old}")
        assert 0 <= _top_of(ada.page, "Edges") < 200
        assert axe.violations(ada.page) == []


def _top_of(page: Page, heading: str) -> float:
    """How far below the window's top a heading stands, once the page has stopped moving."""
    place = page.get_by_role("heading", name=heading)
    place.wait_for()
    tops = [-1.0, -2.0]

    def still() -> bool:
        tops.append((place.bounding_box() or {"y": -1.0})["y"])
        return tops[-1] == tops[-2]

    until(still, 5, what="a page that stands still")
    return tops[-1]


def test_an_open_editor_leads_to_where_its_page_is_now(
    make_house: Callable[..., House], sit: Sit
) -> None:
    """After a rename the menu and the way back name the new path, without loading the page again."""
    house = make_house({OLD: TEXT})
    house.start()
    ada = sit(house)
    ada.open(OLD)
    ada.saved()
    house.git("mv", OLD, "docs/old/till.md")
    house.git("commit", "--quiet", "--message", "Rename the page")
    ada.notice("docs/old/till.md").wait_for(timeout=20_000)
    links = ada.page.locator("header a[href], .menu-list a[href]")
    found = [link.get_attribute("href") or "" for link in links.all()]
    assert not [href for href in found if "checkout" in href]
    named = {href.partition("/main/")[0] for href in found if "docs/old/till.md" in href}
    assert named == {"/p", "/history", "/export"}
    ada.page.get_by_role("button", name="More").click()
    ada.page.get_by_role("menuitem", name="History").click()
    ada.page.wait_for_url("**/history/main/docs/old/till.md")
