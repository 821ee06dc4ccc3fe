"""Who is in a page, where, what they do, and that they are gone when they are gone."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest
from editor.stand_in import chromium
from playwright.sync_api import Browser, expect

from bench import processes

from .desk import Desk
from .house import House

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
LONG = "# Long\n\n" + "".join(f"Line {number}.\n\n" for number in range(1, 200))


def in_view(desk: Desk, words: str) -> None:
    """Wait until a line with these words is on the screen."""
    line = desk.page.locator(".cm-line").filter(has_text=re.compile(rf"^{re.escape(words)}$"))
    expect(line).to_be_in_viewport(timeout=5_000)


def put(desk: Desk, words: str) -> None:
    """Put the cursor at the end of a line, as a click does."""
    desk.go("Control+Home")
    desk.put_cursor(desk.text.index(words) + len(words))


def test_who_is_typing_is_named_while_they_type(shared: House, sit: Sit) -> None:
    """The word comes with the first key and goes when they are still."""
    page = shared.add_page("docs/typing.md", "# Typing\n")
    ada, bob = sit(shared), sit(shared, "Bob")
    for desk in (ada, bob):
        desk.open(page)
    count = ada.page.locator(".people-count")
    expect(count).to_have_text("2 people")
    bob.go("Control+End")
    bob.type("Bob writes")
    expect(count).to_have_text("Bob is typing…")
    expect(ada.page.locator(".face.typing")).to_have_count(1)
    expect(count).to_have_text("2 people", timeout=6_000)


def test_a_person_is_followed_until_one_does_something_oneself(shared: House, sit: Sit) -> None:
    """A click on a face goes there, and along with them; a turn of the wheel ends it."""
    page = shared.add_page("docs/follow.md", LONG)
    ada, bob = sit(shared), sit(shared, "Bob")
    for desk in (ada, bob):
        desk.open(page)
    put(bob, "Line 150.")
    ada.page.get_by_role("button", name="Go to Bob and follow").click()
    in_view(ada, "Line 150.")
    put(bob, "Line 20.")
    in_view(ada, "Line 20.")
    expect(ada.page.get_by_role("button", name="Stop following Bob")).to_be_visible()
    ada.page.locator(".cm-scroller").hover()
    ada.page.mouse.wheel(0, 40)
    expect(ada.page.get_by_role("button", name="Stop following Bob")).to_have_count(0)
    put(bob, "Line 190.")
    ada.page.wait_for_timeout(600)
    expect(ada.page.locator(".cm-line").filter(has_text="Line 190.")).to_have_count(0)


def test_the_state_is_on_the_page(shared: House, sit: Sit) -> None:
    """Loaded alone, Collaborating in company, and back; what it means is said beside the word."""
    page = shared.add_page("docs/state.md", "# State\n")
    ada = sit(shared)
    ada.open(page)
    status = ada.page.locator(".status")
    expect(status).to_have_attribute("data-state", "Loaded")
    bob = sit(shared, "Bob")
    bob.open(page)
    expect(status).to_have_attribute("data-state", "Collaborating")
    expect(status).to_have_attribute("title", re.compile(r"^Saved\nOthers are in the page"))
    bob.page.close()
    expect(status).to_have_attribute("data-state", "Loaded")


def _send(pids: list[int], number: int) -> int:
    """A signal to a browser's processes; how many were there: some of its helpers end by themselves."""
    sent = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            sent += 1
    return sent


def test_a_tab_that_vanished_is_gone_within_ten_seconds(
    shared: House, sit: Sit, browser: Browser
) -> None:
    """A laptop whose lid is shut says nothing: it is noticed, and its face goes. Opened again it
    comes back by itself, with what was written meanwhile, and nothing has to be done to go on.
    """
    page = shared.add_page("docs/vanish.md", "# Vanish\n")
    ada = sit(shared)
    ada.open(page)
    before = {one.pid for one in processes.tree(os.getpid())}
    other = browser.browser_type.launch(
        executable_path=chromium(), args=["--no-sandbox", "--headless=shell", "--disable-gpu"]
    )
    bob = Desk(other, shared)
    bob.sign_in(shared.add_user("Vera"))
    bob.open(page)
    count = ada.page.locator(".people-count")
    expect(count).to_have_text("2 people")
    frozen = [
        one.pid
        for one in processes.tree(os.getpid())
        if one.pid not in before and one.name.startswith(("chrom", "headless"))
    ]
    assert _send(frozen, signal.SIGSTOP)
    try:
        expect(count).to_have_text("Only you", timeout=10_000)
    finally:
        _send(frozen, signal.SIGCONT)
    ada.go("Control+End")
    ada.type("While the lid was shut.\n")
    bob.sees("While the lid was shut.", 30)
    bob.go("Control+End")
    bob.type("Awake again.\n")
    ada.sees("Awake again.", 30)
    expect(count).to_have_text(re.compile("2 people|Vera is typing"))
    other.close()
