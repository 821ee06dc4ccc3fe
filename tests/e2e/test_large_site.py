"""A site of many pages in a real browser, from a plain web server: found, listed and navigated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from .house import House

pytestmark = pytest.mark.browser
COUNT = 1300
FOLDERS = 5


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def test_a_large_site_is_searched_in_parts_and_navigated_by_folder(
    make_house: Callable[..., House], browser: Browser
) -> None:
    """Pages of every part are found; a large folder's navigation is loaded when it is opened; the list
    of all pages leads to lists of folders. Nothing is asked for that is not there.
    """
    pages: dict[str, str | bytes] = {
        f"docs/part-{n % FOLDERS}/p{n}.md": f"# Page {n}\n\nAbout antelope{n}x.\n"
        for n in range(COUNT)
    }
    house = make_house({**pages, "docs/index.md": "# Home\n", "mkdocs.yml": "site_name: T\n"})
    built = house.prdgen("build")
    assert built.returncode == 0, built.stderr
    handler = partial(Quiet, directory=str(house.repository / "public"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        tab = browser.new_context().new_page()
        missing: list[str] = []
        tab.on("response", lambda answer: answer.status >= 400 and missing.append(answer.url))
        tab.route("**/nav/**", lambda route: route.abort())
        tab.goto(f"http://127.0.0.1:{plain.server_port}/part-3/p8/")
        tab.get_by_text("Part 2", exact=True).click()
        tab.get_by_text("This folder could not be loaded.").first.wait_for()
        tab.unroute("**/nav/**")
        tab.get_by_text("Part 2", exact=True).click()
        tab.get_by_text("Part 2", exact=True).click()
        tab.get_by_role("link", name="Page 12", exact=True).wait_for()
        tab.goto(f"http://127.0.0.1:{plain.server_port}/part-3/p8/")
        assert tab.locator(".md-nav__link--active").inner_text().strip() == "Page 8"
        tab.get_by_text("Part 1", exact=True).click()
        tab.get_by_role("link", name="Page 11", exact=True).wait_for()
        for number in range(20, 30):
            tab.locator("#prd-search-input").fill(f"antelope{number}x")
            tab.locator(
                f"#prd-search-list a[href$='/part-{number % FOLDERS}/p{number}/']"
            ).wait_for()
        tab.goto(f"http://127.0.0.1:{plain.server_port}/pages/")
        tab.locator("main").get_by_role("link", name="Part 4").click()
        tab.locator("main").get_by_role("link", name="Page 1299", exact=True).wait_for()
        assert not [url for url in missing if "favicon" not in url]
        plain.shutdown()
