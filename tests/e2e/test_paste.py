"""Pasting much: taken in parts, typed on at once, and refused where a page ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import PAGE, TEXT
from .desk import Desk
from .house import House

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]
_PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const content = document.querySelector(".cm-content");
  content.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def lines(count: int) -> str:
    """Lines that are all different, with letters outside the basic plane."""
    return "".join(f"{number} 😀 lorem ipsum dolor sit amet\n" for number in range(count))


def test_a_large_paste_is_taken_and_typed_on(make_house: MakeHouse, sit: Sit) -> None:
    """Half a page's limit at once, words right after it, somebody else in the page: all once."""
    house = make_house()
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    pasted = lines(3600)
    assert 100_000 < len(pasted.encode()) < 140_000
    ada.go("Control+End")
    ada.page.evaluate(_PASTE, pasted)
    words = " ".join(f"w{number}" for number in range(40))
    ada.page.keyboard.type(words, delay=60)
    bob.go("Control+Home")
    bob.type("Bob was here. ")
    text = ada.settle(PAGE, bob, seconds=60)
    assert text == f"Bob was here. {TEXT}{pasted}{words}"
    ada.go("Control+a")
    ada.page.keyboard.type("New")
    assert ada.settle(PAGE, bob, seconds=60) == "New"
    for _ in "New":  # one, two or three steps, as fast as it was typed
        if pasted not in ada.text:
            ada.go("Control+z")
    assert pasted in ada.settle(PAGE, bob, seconds=60)


def test_what_a_page_cannot_hold_is_refused_before_it_is_there(
    make_house: MakeHouse, sit: Sit
) -> None:
    """The text stays as it was, it is said why, and typing goes on."""
    house = make_house()
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    ada.go("Control+End")
    ada.page.evaluate(_PASTE, lines(8000))
    expect(ada.notice("A page may have 256 KiB")).to_be_visible()
    ada.type("and on\n")
    assert ada.settle(PAGE) == f"{TEXT}and on\n"
