"""Several pages taken along as one file: chosen in the list, waited for, downloaded."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from . import axe
from .desk import Desk
from .house import House

pytestmark = pytest.mark.browser
PAGES: dict[str, str | bytes] = {
    "mkdocs.yml": "site_name: Shop\ndocs_dir: docs\n",
    "docs/index.md": "# Home\n",
    "docs/a/one.md": "# Page one\n\n- [REQ-001] Quick.\n",
    "docs/a/two.md": "# Page two\n",
    "docs/secret.md": "---\ndraft: true\n---\n# Secret\n",
}


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    made = make_house(PAGES)
    made.start()
    return made


def downloaded(tab: Page) -> bytes:
    """The file behind the link of a document's page."""
    link = tab.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=30_000)
    with tab.expect_download() as coming:
        link.click()
    return Path(coming.value.path()).read_bytes()


def open_list(tab: Page, house: House) -> None:
    """The list of pages, once the index has them."""
    tab.goto(f"{house.url}/pages")
    while tab.get_by_role("checkbox").count() < 3:
        tab.reload()


def test_pages_are_chosen_with_the_keyboard_on_a_telephone(
    house: House, sit: Callable[..., Desk]
) -> None:
    """Two boxes, one button, a page that shows how far it is, the file; nothing is wider than the
    screen, and no rule of axe is broken.
    """
    desk = sit(house, viewport={"width": 360, "height": 740})
    tab = desk.page
    open_list(tab, house)
    expect(tab.get_by_role("checkbox", name="Select Secret")).to_have_count(0)
    for title in ("Page one", "Page two"):
        box = tab.get_by_role("checkbox", name=f"Select {title}")
        box.focus()
        tab.keyboard.press("Space")
        expect(box).to_be_checked()
    assert not axe.violations(tab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.get_by_role("button", name="Selected pages as PDF").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/exports/*")
    expect(tab.get_by_role("heading", name="2 pages")).to_be_visible()
    assert downloaded(tab)[:5] == b"%PDF-"
    assert not axe.violations(tab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_whole_site_and_a_folder_from_a_page(house: House, sit: Callable[..., Desk]) -> None:
    """Where one page is exported, its folder and the site are, too."""
    desk = sit(house)
    tab = desk.page
    for name, begins in (
        ("All pages in docs/a as Word", b"PK"),
        ("The whole site as PDF", b"%PDF-"),
    ):
        tab.goto(f"{house.url}/p/main/docs/a/one.md")
        tab.locator("summary", has_text="More files").click()
        tab.get_by_role("button", name=name).click()
        assert downloaded(tab).startswith(begins)


def worker_of(house: House) -> int:
    """The process that does this server's jobs."""
    for children in Path(f"/proc/{house.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("the server has no worker")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
def test_cancelled_and_made_after_all(house: House, sit: Callable[..., Desk]) -> None:
    """While nobody works on it, one person asks twice, cancels, and asks again; the open page hears
    that the file is ready.
    """
    tab = sit(house).page
    open_list(tab, house)
    worker = worker_of(house)
    os.kill(worker, signal.SIGSTOP)
    tab.get_by_role("button", name="The whole site as PDF").click()
    tab.wait_for_url("**/exports/*")
    where = tab.url
    expect(tab.get_by_text("Begins in a moment.")).to_be_visible()
    assert not axe.violations(tab)
    open_list(tab, house)
    tab.get_by_role("button", name="The whole site as PDF").click()
    tab.wait_for_url(where)
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.get_by_text("It was cancelled.")).to_be_visible()
    tab.get_by_role("button", name="Make it again").click()
    expect(tab.get_by_role("button", name="Cancel")).to_be_visible()
    assert tab.url == where
    os.kill(worker, signal.SIGCONT)
    assert downloaded(tab)[:5] == b"%PDF-"


def test_it_works_without_scripts(house: House, browser: Browser, sit: Callable[..., Desk]) -> None:
    """The page loads itself again until the file is there."""
    sit(house)
    context = browser.new_context(
        java_script_enabled=False, storage_state=house.cookies["Ada"], color_scheme="dark"
    )
    tab = context.new_page()
    open_list(tab, house)
    tab.get_by_role("button", name="The whole site as Word").click()
    assert downloaded(tab)[:2] == b"PK"
    context.close()
