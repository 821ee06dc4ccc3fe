"""Find and replace with the keyboard, on a wide page and on a telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .stand_in import Server

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
SELECTED = "document.getSelection().toString()"


def opened(open_page: Open, server: Server, **options: object) -> Page:
    page = open_page("Ada", **options)
    expect(page.locator(".status-text")).to_have_text("Saved", timeout=15_000)
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nneedle one\nNeedle two\nneedles\n")
    expect(page.locator(".status-text")).to_have_text("Saved")
    page.keyboard.press("Control+Home")
    return page


def test_enter_goes_from_place_to_place(server: Server, open_page: Open) -> None:
    """How many, which one; Shift goes back, Escape gives the text the focus again."""
    page = opened(open_page, server)
    page.keyboard.press("Control+f")
    page.keyboard.type("needle")
    count = page.locator(".find-count")
    expect(count).to_have_text("3 found")
    page.keyboard.press("Enter")
    expect(count).to_have_text("1 of 3")
    page.keyboard.press("Enter")
    expect(count).to_have_text("2 of 3")
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text("1 of 3")
    page.get_by_role("button", name="Whole words").click()
    expect(count).to_have_text("1 of 2")
    page.get_by_role("button", name="Match case").click()
    expect(count).to_have_text("1 of 1")
    page.keyboard.press("Escape")
    expect(page.locator(".find")).to_have_count(0)
    assert page.evaluate(SELECTED) == "needle"


def test_the_enter_that_ends_a_word_of_an_input_method_stays_in_the_field(
    server: Server, open_page: Open
) -> None:
    """Nothing is gone to, and nothing replaced, while a word is being composed."""
    page = opened(open_page, server)
    page.keyboard.press("Control+f")
    page.keyboard.type("needle")
    press = "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, isComposing: true})"
    page.evaluate(f"document.querySelector('.find-field').dispatchEvent({press})")
    expect(page.locator(".cm-searchMatch-selected")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".cm-searchMatch-selected")).to_have_count(1)


def test_a_pattern_that_is_none_is_said(server: Server, open_page: Open) -> None:
    """Words instead of a silent nothing."""
    page = opened(open_page, server)
    page.keyboard.press("Control+f")
    page.keyboard.type("(")
    page.get_by_role("button", name="Regular expression").click()
    expect(page.locator(".find-count")).to_have_text("Not a regular expression")


@pytest.mark.parametrize("width", [1280, 360])
def test_replacing_one_and_all(server: Server, open_page: Open, width: int) -> None:
    """Ctrl-H, words, Enter; everything stays on the screen, and undo takes one step back."""
    page = opened(open_page, server, width=width, height=740)
    page.keyboard.press("Control+h")
    page.get_by_label("Find", exact=True).fill("needle")
    page.get_by_label("Replace with").fill("pin")
    page.get_by_label("Replace with").press("Enter")
    page.get_by_label("Replace with").press("Enter")
    expect(page.locator(".find-count")).to_have_text("1 of 2")
    page.get_by_label("Replace with").press("Control+Alt+Enter")
    expect(page.locator(".find-count")).to_have_text("Nothing found")
    for control in page.locator(".find button, .find input").all():
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    expect(page.locator(".status-text")).to_have_text("Saved")
    assert server.text.endswith("\npin one\npin two\npins\n")
    page.keyboard.press("Control+z")
    expect(page.locator(".status-text")).to_have_text("Saved")
    assert server.text.endswith("\npin one\nNeedle two\nneedles\n")


def test_a_reader_finds_but_does_not_replace(server: Server, open_page: Open) -> None:
    """There is no second row where nothing can be typed."""
    page = open_page("Rita", canWrite=False, readOnlyReason="your role is reader")
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+h")
    page.keyboard.type("Checkout")
    expect(page.locator(".find-count")).to_contain_text("found")
    expect(page.get_by_label("Replace with")).to_have_count(0)
