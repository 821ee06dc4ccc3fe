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
    """Typed at each place the cursor can stand, two browsers and the file agree to the letter."""
    page = shared.add_page(f"docs/{name}.md", before + "\n")
    ada, bob = sit(shared, "Ada"), sit(shared, "Bob")
    ada.open(page), bob.open(page)
    ada.go("Control+Home")
    bob.go("Control+End")
    bob.type("end")
    places = 0
    for _ in range(60):
        at = ada.cursor
        if ada.text[at : at + 1] in ("", "\n"):
            break
        ada.page.keyboard.insert_text(typed)
        ada.go("ArrowRight")
        places += 1
    text = ada.settle(page, bob)
    assert text.replace(typed, "") == before + "\nend"
    assert text.count(typed) == places > 2
    until(lambda: shared.path(page).read_bytes() == text.encode(), 5, what="the same bytes")
