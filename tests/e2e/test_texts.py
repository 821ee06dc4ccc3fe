"""Line endings and letters outside the first plane survive typing, byte by byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser
Sit = Callable[..., Desk]
CRLF = b"\xef\xbb\xbf# Windows\r\n\r\nfirst line\r\nsecond line\r\nthird line, no newline"


def test_one_word_in_a_crlf_page_changes_one_line(shared: House, sit: Sit) -> None:
    """BOM, CRLF and the missing final newline stay; `git diff` shows exactly the line."""
    page = shared.add_page("docs/windows.md", CRLF)
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.go("Control+End", "ArrowUp", "Home")
    ada.type("one ")
    ada.settle_bytes(page, CRLF.replace(b"second", b"one second"))
    changed = shared.git("diff", "--unified=0", "--", page).splitlines()
    assert [line.strip() for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-second line", "+one second line",
    ]  # fmt: skip
    ada.save_version("One word")
    assert shared.git("diff", "--stat", "HEAD~1", "--", page).endswith(
        "1 insertion(+), 1 deletion(-)"
    )


@pytest.mark.parametrize("key", [False, True])
def test_keys_after_the_dialog_of_a_version_are_in_the_text(
    shared: House, sit: Sit, key: bool
) -> None:
    """The first one, too, at the caret; also when the dialog was opened by its button."""
    page = shared.add_page(f"docs/dialog-{key}.md", b"One.\n\nEnd.\n")
    ada = sit(shared, "Ada")
    ada.open(page)
    ada.go("Control+Home", "End")
    ada.type(" Two")
    ada.saved()
    if key:
        ada.page.keyboard.press("Control+s")
    else:
        ada.page.get_by_role("button", name="Save version").click()
    ada.page.locator("dialog[open] textarea").wait_for()
    ada.page.keyboard.type("Say two")
    ada.page.keyboard.press("Control+Enter")
    ada.page.keyboard.type(" three.")
    ada.sees("One. Two three.\n\nEnd.")
    ada.notice("Version saved").wait_for(timeout=15_000)


@pytest.mark.parametrize(
    ("name", "before", "typed"),
    [
        ("emoji", "a👩‍👩‍👧b 🏳️‍🌈", "🎉"),
        ("rtl", "שלום world مرحبا", "אב"),
        ("marks", "e\u0301a\u0308 क्षि", "o\u0302"),
    ],
)
def test_letters_at_every_boundary(
    shared: House, sit: Sit, name: str, before: str, typed: str
) -> None:
    """Typed at each place a cursor can stand, two browsers and the file agree to the letter."""
    page = shared.add_page(f"docs/{name}.md", before + "\n")
    ada, bob = sit(shared, "Ada"), sit(shared, "Bob")
    ada.open(page), bob.open(page)
    bob.go("Control+End")
    bob.type("end")
    places = ada.boundaries(before)
    ada.go("Control+Home")
    for place in reversed(places):
        ada.put_cursor(place)
        ada.page.keyboard.insert_text(typed)
    text = ada.settle(page, bob)
    assert text == _between(before, places, typed) + "\nend"
    until(lambda: shared.path(page).read_bytes() == text.encode(), 5, what="the same bytes")


def _between(before: str, places: list[int], typed: str) -> str:
    units = before.encode("utf-16-le")
    ends = [*places[1:], len(units) // 2]
    pieces = [
        units[2 * start : 2 * end].decode("utf-16-le")
        for start, end in zip(places, ends, strict=True)
    ]
    return "".join(typed + piece for piece in pieces)
