"""Undo takes back one's own edits, whatever others and the network did in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]
TEXT = "# Undo\n\nFirst.\n\nLast.\n"


def undo(desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        desk.go("Control+z")
    desk.saved()


def test_undo_reaches_across_a_restart_and_others_edits(make_house: MakeHouse, sit: Sit) -> None:
    """Typed before, while and after the server was away: own words go one by one, Bob's stay."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    ada.go("Control+End")
    ada.type("one ")
    ada.saved()
    house.kill()
    ada.page.wait_for_timeout(700)  # A pause makes the next words a step of their own.
    ada.type("two ")
    expect(ada.page.locator(".status-text")).to_contain_text("waiting")
    house.start()
    ada.saved()
    bob.saved()
    bob.go("Control+Home")
    bob.put_cursor(TEXT.index("First"))
    bob.type("Bob's ")
    bob.saved()
    ada.sees("Bob's First.")
    undo(ada)
    assert ada.text == TEXT.replace("First", "Bob's First") + "one "
    undo(ada)
    assert ada.text == TEXT.replace("First", "Bob's First")
    ada.go("Control+y")
    ada.go("Control+y")
    assert ada.settle(PAGE, bob) == TEXT.replace("First", "Bob's First") + "one two "


def test_undo_of_words_inside_which_somebody_wrote(make_house: MakeHouse, sit: Sit) -> None:
    """Ada's words go, and what Bob put between them stays."""
    house = make_house({PAGE: TEXT})
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    ada.go("Control+End")
    ada.type("left right")
    ada.saved()
    bob.sees("left right")
    bob.go("Control+End")
    bob.put_cursor(bob.text.index("right"))
    bob.type("BOB ")
    bob.saved()
    ada.sees("left BOB right")
    undo(ada)
    assert ada.settle(PAGE, bob) == f"{TEXT}BOB "


def test_undo_reaches_into_an_epoch_that_is_over(make_house: MakeHouse, sit: Sit) -> None:
    """Bob types on until the document is followed by another; Ada's words of before go and come."""
    house = make_house({PAGE: TEXT}, epoch_changes=12, epoch_idle_changes=10)
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    now = """() => JSON.parse(localStorage[
      Object.keys(localStorage).find((key) => key.startsWith("prdgen.page:"))]).documentUrl"""
    ada.go("Control+End")
    ada.type("by Ada ")
    ada.saved()
    first = ada.page.evaluate(now)
    bob.go("Control+Home")
    bob.put_cursor(TEXT.index("First"))
    for number in range(16):
        bob.type(f"b{number} ")
        bob.saved()
    until(lambda: ada.page.evaluate(now) != first, what="another document")
    bobs = "".join(f"b{number} " for number in range(16))
    ada.sees(f"{bobs}First")
    undo(ada)
    assert ada.text == TEXT.replace("First", f"{bobs}First")
    ada.go("Control+y")
    assert ada.settle(PAGE, bob) == TEXT.replace("First", f"{bobs}First") + "by Ada "
