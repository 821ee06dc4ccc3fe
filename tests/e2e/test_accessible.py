"""Every kind of page, the server's and the site's, without one violation of axe-core's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from . import axe, screenshots
from .desk import Desk
from .house import ADA, House, until
from .places import SERVER, SITE

pytestmark = pytest.mark.browser
LOOKS = ("desktop", "phone", "dark", "phone-dark")


@pytest.fixture(scope="module")
def seen(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The example repository with a history, a reviewed draft and a merged one."""
    house = House(tmp_path_factory.mktemp("seen"), None)
    for name, value in ADA.items():
        house.git("config", name, value)
    house.start()
    screenshots.prepare(browser, house)
    yield house
    house.stop()


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_breaks_a_rule_of_axe(seen: House, sit: Callable[..., Desk], look: str) -> None:
    """Home, lists, page, editor, history, drafts, review, sign-in, errors; the whole site: in light and
    in dark, on a desk and on a telephone. All rules are looked at, best practices included.
    """
    desk = sit(seen, **screenshots.LOOKS[look])
    ready = f"{seen.url}{SITE['site-requirements']}"
    until(lambda: desk.context.request.get(ready).ok, 20, what="the site")
    found: dict[str, Any] = {}
    for name, address in (SERVER | screenshots.REVIEW | SITE).items():
        screenshots.show(desk, name, address)
        if broken := axe.violations(desk.page):
            found[name] = broken
    desk.forgive("404")
    assert not found, found


def test_notifications_are_read_by_keyboard(seen: House, sit: Callable[..., Desk]) -> None:
    """From the head to the list, to the first of them, and to where it leads; the bell counts one less."""
    desk = sit(seen)
    desk.page.goto(f"{seen.url}/pages")
    bell = desk.page.get_by_role("link", name="Notifications, ")
    count = int((bell.get_attribute("aria-label") or "").split()[1])
    desk.page.get_by_role("link", name="New page").focus()
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/notifications")
    desk.page.get_by_role("button", name="Mark all as read").focus()
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/drafts/**")
    expect(desk.page.get_by_role("link", name=f"Notifications, {count - 1} unread")).to_be_visible()


def test_the_editor_has_the_bell_too(seen: House, sit: Callable[..., Desk]) -> None:
    """Who writes all day hears of a review there: the same number, and the same page behind it."""
    desk = sit(seen)
    desk.page.goto(f"{seen.url}/pages")
    words = desk.page.get_by_role("link", name="Notifications, ").get_attribute("aria-label")
    desk.page.goto(f"{seen.url}{SERVER['edit']}")
    desk.page.get_by_role("link", name=str(words), exact=True).click()
    desk.page.wait_for_url("**/notifications")
