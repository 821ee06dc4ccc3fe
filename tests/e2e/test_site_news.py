"""An open page of the site learns that it was published anew, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .desk import Desk
from .house import House, until
from .test_large_site import Quiet

pytestmark = pytest.mark.browser
PAGES: dict[str, str | bytes] = {
    "docs/index.md": "# Home\n", "docs/a.md": "# A\n\nFirst words.\n", "docs/b.md": "# B\n\nOther.\n",
    "mkdocs.yml": "site_name: T\n",
}  # fmt: skip
NOTICE = ".prd-news"


class FiveMinutes(Quiet):
    """A bare CDN: it lets browsers keep pages for five minutes."""

    def end_headers(self) -> None:
        """As published pages are served."""
        self.send_header("Cache-Control", "max-age=300")
        super().end_headers()


def change(house: House, page_path: str, text: str) -> None:
    house.put(page_path, text)
    house.git("add", "--all")
    house.git("commit", "--quiet", "--message", "Change a page")


def read(tab: Page, address: str, words: str) -> None:
    """Open a page of the site once it is published; `mine` is lost when it is loaded again."""
    until(lambda: tab.goto(address).ok and words in tab.content())
    tab.evaluate("window.mine = true")


def test_readers_at_the_server_hear_of_it(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """Two tabs, one connection: each hears of its own page; nothing reloads until somebody asks; a
    change elsewhere is no news.
    """
    house = make_house(PAGES)
    house.start()
    desk = sit(house)
    streams: list[str] = []
    desk.context.on("request", lambda r: "/site-news" in r.url and streams.append(r.url))
    first, second = desk.page, desk.tab()
    read(first, f"{house.url}/site/a/", "First words.")
    read(second, f"{house.url}/site/b/", "Other.")
    change(house, "docs/a.md", "# A\n\nSecond words.\n")
    expect(first.locator(NOTICE)).to_contain_text("This page has changed.", timeout=15_000)
    assert first.evaluate("window.mine")
    assert "First words." in first.locator("#prd-content").inner_text()
    expect(second.locator(NOTICE)).to_have_count(0)
    first.get_by_role("button", name="Show the new version").click()
    expect(first.locator("#prd-content")).to_contain_text("Second words.")
    expect(first.locator(NOTICE)).to_have_count(0)
    change(house, "docs/b.md", "# B\n\nMore.\n")
    expect(second.locator(NOTICE)).to_contain_text("This page has changed.", timeout=15_000)
    second.get_by_role("button", name="Close this notice").click()
    expect(second.locator(NOTICE)).to_have_count(0)
    assert second.evaluate("window.mine")
    assert len(streams) <= 2, streams


def test_a_page_that_is_taken_away_says_so(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """What stands there can still be read; there is nothing new to show."""
    house = make_house(PAGES)
    house.start()
    desk = sit(house)
    tab = desk.page
    read(tab, f"{house.url}/site/a/", "First words.")
    house.git("rm", "--quiet", "docs/a.md")
    house.git("commit", "--quiet", "--message", "Remove a page")
    expect(tab.locator(NOTICE)).to_contain_text("no longer published", timeout=15_000)
    expect(tab.get_by_role("button", name="Show the new version")).to_have_count(0)
    desk.forgive("404 (Not Found)")


def test_a_page_from_the_browsers_cache_looks_at_once(
    make_house: Callable[..., House], browser: Browser
) -> None:
    """From a bare CDN: who comes back within five minutes is shown the old page, told, and not shown it
    again.
    """
    house = make_house(PAGES)
    assert house.prdgen("build").returncode == 0
    public = house.repository / "public"
    with ThreadingHTTPServer(("127.0.0.1", 0), _following(public)) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        tab = browser.new_context().new_page()
        site = f"http://127.0.0.1:{plain.server_port}"
        read(tab, f"{site}/a/", "First words.")
        tab.goto(f"{site}/b/")
        change(house, "docs/a.md", "# A\n\nSecond words.\n")
        assert house.prdgen("build").returncode == 0
        tab.evaluate("location.href = '/a/'")
        expect(tab.locator(NOTICE)).to_contain_text("This page has changed.", timeout=20_000)
        assert "First words." in tab.locator("#prd-content").inner_text()
        tab.evaluate("location.href = '/b/'")
        tab.wait_for_url("**/b/")
        tab.evaluate("location.href = '/a/'")
        expect(tab.locator("#prd-content")).to_contain_text("Second words.")
        expect(tab.locator(NOTICE)).to_have_count(0)
        plain.shutdown()


def _following(public: Path) -> Callable[..., FiveMinutes]:
    """Serves whatever the public folder is now."""

    class Following(FiveMinutes):
        def translate_path(self, path: str) -> str:
            self.directory = str(public.resolve())
            return super().translate_path(path)

    return partial(Following, directory=str(public))
