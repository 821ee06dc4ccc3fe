"""What keeps the text from its file is said in the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser


def test_a_merge_under_way_is_said_and_typing_goes_on(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """The text is stored meanwhile, and written when the merge is over."""
    house = make_house({PAGE: "# Checkout\n\nA short page.\n", "other.md": "one\n"})
    house.git("checkout", "--quiet", "-b", "side")
    house.put("other.md", "two\n"), house.git("commit", "--quiet", "--all", "--message", "Side")
    house.git("checkout", "--quiet", "main")
    house.put("other.md", "three\n"), house.git("commit", "--quiet", "--all", "--message", "Main")
    house.start()
    ada = sit(house, "Ada")
    ada.open(PAGE)
    house.git("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "side")
    ada.go("Control+End")
    ada.type("typed in a merge")
    ada.saved()
    ada.notice("not written to its file now").wait_for(timeout=20_000)
    assert "typed in a merge" not in house.file(PAGE)
    house.git("merge", "--abort")
    until(lambda: "typed in a merge" in house.file(PAGE), 15, what="the text in its file")
    until(lambda: ada.page.locator(".notice-text").count() == 0, 20, what="no notice")
