"""Text that waits on a device, and whose it is: signing in again, out, and as somebody else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE, TEXT
from .desk import Desk
from .house import House

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]


def test_nobody_sends_what_somebody_else_typed(make_house: MakeHouse, sit: Sit) -> None:
    """Ada types without the server, Bob signs in beside her: her text waits until she is back."""
    house = make_house()
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    house.kill()
    ada.go("Control+End")
    ada.type("Written by Ada\n")
    ada.context.clear_cookies()
    house.start()
    ada.sign_in(house.add_user("Bob"))
    status = ada.page.locator(".status-text")
    expect(status).to_contain_text("Someone else is signed in", timeout=20_000)
    expect(status).to_contain_text("(3 words waiting)")
    assert "Written by Ada" not in house.file(PAGE)
    ada.sign_in(house.link)
    ada.settle(PAGE)
    ada.save_version("By Ada")
    assert house.blame(PAGE)["Written by Ada"] == "Ada"
    ada.forgive("403 (Forbidden)")  # Her page asked for a preview while Bob was signed in.


def test_signing_in_again_in_another_tab_connects_at_once(make_house: MakeHouse, sit: Sit) -> None:
    """The open page hears of it, and does not sit out its back-off."""
    house = make_house()
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    ada.context.clear_cookies()
    link = house.prdgen("user", "link", "ada@example.org").stdout.strip()
    house.kill()
    house.start()
    status = ada.page.locator(".status-text")
    expect(status).to_contain_text("You are signed out", timeout=20_000)
    way = ada.notice("signed in again").get_by_role("link", name="Sign in")
    assert way.get_attribute("href").startswith("/sign-in?next=%2Fedit%2F")
    ada.sign_in(link)
    began = time.monotonic()
    ada.saved()
    assert time.monotonic() - began < 1.5
    expect(ada.notice("signed in again")).to_have_count(0)


def test_signing_out_closes_the_other_tabs(make_house: MakeHouse, sit: Sit) -> None:
    """An open editor of the person goes to the sign-in page and writes nothing more here."""
    house = make_house()
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    other = ada.tab()
    other.goto(f"{house.url}/pages")
    person = other.evaluate("document.body.dataset.person")
    other.locator(".me summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.locator("h1")).to_have_text("Sign in")
    expect(ada.page.locator("h1")).to_have_text("Sign in")
    left = """async () => [JSON.stringify(localStorage), ...(await caches.keys()),
      ...(await indexedDB.databases()).map((one) => one.name)].join()"""
    assert person not in other.evaluate(left)


def test_closing_asks_only_where_text_would_be_lost(make_house: MakeHouse, sit: Sit) -> None:
    """Kept on the device: no question. A browser that keeps nothing: one."""
    house = make_house()
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    forbidden = "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('no'); } })"
    bob.page.add_init_script(forbidden)
    asked: dict[str, int] = {"Ada": 0, "Bob": 0}
    for desk, name in ((ada, "Ada"), (bob, "Bob")):
        desk.page.on("dialog", lambda _, name=name: asked.update({name: asked[name] + 1}))
        desk.open(PAGE)
        desk.saved()
    house.kill()
    for desk in (ada, bob):
        desk.go("Control+End")
        desk.type("Not on the server\n")
        expect(desk.page.locator(".status-text")).to_contain_text("waiting")
    expect(bob.page.locator(".status-text")).to_contain_text("Kept on this tab")
    for desk in (ada, bob):
        desk.page.close(run_before_unload=True)
        desk.page.wait_for_event("close")
    assert asked == {"Ada": 0, "Bob": 1}
    house.start()
    ada.page = ada.tab()
    ada.open(PAGE)
    assert ada.settle(PAGE) == f"{TEXT}Not on the server\n"
