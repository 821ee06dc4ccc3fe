"""`kill -9` of the server, of Postgres and of Valkey while two people type, and a lost database."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE, TEXT
from .desk import Desk, typing
from .house import House, numbered, until, words_of

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
Make = Callable[..., House]
KEPT = "kept on this device"


def two(house: House, sit: Sit) -> dict[str, Desk]:
    """Ada and Bob in the page, each on a line of their own."""
    house.start()
    ada, bob = sit(house, "Ada"), sit(house, "Bob")
    ada.open(PAGE), bob.open(PAGE)
    ada.go("Control+Home", "End")
    ada.type("\n\n")
    ada.saved()
    bob.sees("\n\n\n")
    bob.go("Control+End")
    return {"ada": ada, "bob": bob}


def all_once(house: House, desks: dict[str, Desk], count: int) -> None:
    """After it went quiet every typed word stands once on both screens, in the file and in Git."""
    ada, bob = desks.values()
    text = ada.settle(PAGE, bob, seconds=40)
    for prefix in desks:
        assert words_of(text, prefix) == numbered(prefix, count)
    assert [line for line in text.splitlines() if line.startswith("ada")] == [
        "".join(f"ada{n} " for n in range(count))
    ]
    until(lambda: house.committed(PAGE) == text, 20, what="the text in a commit")
    assert house.git("fsck", "--strict", "--no-dangling") == ""


def test_the_server_killed_while_two_type(make_house: Make, sit: Sit) -> None:
    """Browsers come back by themselves after a restart on the same port; nothing lost or doubled."""
    house = make_house(quiet_seconds=2)
    desks = two(house, sit)
    for number in typing(desks, 60):
        if number == 20:
            house.kill()
        if number == 30:
            expect(desks["ada"].page.locator(".status-text")).to_contain_text("Kept on this device")
            house.start()
    all_once(house, desks, 60)


@pytest.mark.parametrize("victim", ["postgres_pid", "valkey_pid"])
def test_a_service_killed_while_two_type(make_house: Make, sit: Sit, victim: str) -> None:
    """The embedded server comes back by itself; typing goes on meanwhile, nothing lost or doubled."""
    house = make_house(quiet_seconds=2)
    desks = two(house, sit)
    for number in typing(desks, 60):
        if number == 20:
            before = getattr(house, victim)
            os.kill(before, signal.SIGKILL)
    until(lambda: getattr(house, victim) not in (None, before), 20, what="a new process")
    all_once(house, desks, 60)


def test_the_page_says_that_the_store_is_away(make_house: Make, sit: Sit) -> None:
    """While Postgres is stopped the words are "kept on this device", and then "Saved" again."""
    house = make_house(quiet_seconds=2)
    desks = two(house, sit)
    house.signal_postgres(signal.SIGSTOP)
    try:
        list(typing(desks, 10))
        expect(desks["ada"].page.locator(".status-text")).to_contain_text(KEPT, timeout=15_000)
        list(typing({"more": desks["ada"]}, 10))
    finally:
        house.signal_postgres(signal.SIGCONT)
    for prefix, count in (("ada", 10), ("bob", 10), ("more", 10)):
        text = desks["ada"].settle(PAGE, desks["bob"], seconds=60)
        assert words_of(text, prefix) == numbered(prefix, count)


def test_a_dropped_database_comes_back_from_git_and_browsers(make_house: Make, sit: Sit) -> None:
    """Text partly committed and partly only typed is there once after DROP DATABASE and restart."""
    house = make_house(quiet_seconds=600)
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    ada.go("Control+End")
    list(typing({"first": ada}, 10))
    ada.saved()
    ada.save_version("The first words")
    ada.go("Control+End")
    list(typing({"second": ada}, 10))
    ada.saved()
    house.kill()
    house.drop_database()
    list(typing({"third": ada}, 10))
    house.start()
    ada.sign_in(house.link)
    ada.page.bring_to_front()
    text = ada.settle(PAGE, seconds=60)
    ada.forgive("403 (Forbidden)")  # the first call with the lost session's form token
    for prefix in ("first", "second", "third"):
        assert words_of(text, prefix) == numbered(prefix, 10)
    assert text.startswith(TEXT)
    house.cookies.clear()
    bob = sit(house, "Bob")
    bob.open(PAGE)
    assert bob.text == text


def test_text_of_a_dropped_database_comes_back_when_the_page_is_loaded_again(
    make_house: Callable[..., House], sit: Sit
) -> None:
    """The person is the same one to the browser, though every account was lost."""
    house = make_house()
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    ada.go("Control+End")
    ada.type("\nbefore the drop")
    ada.saved()
    house.kill()
    house.drop_database()
    ada.type(" and after it")
    until(lambda: "Kept on this device" in ada.status, what="kept")
    house.start()
    ada.sign_in(house.link)
    ada.page.reload()
    ada.sees("before the drop and after it")
    ada.forgive("403 (Forbidden)")  # the first call with the lost session's form token
    text = ada.settle(PAGE)
    assert text.count("before the drop") == text.count("and after it") == 1
