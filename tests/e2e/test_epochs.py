"""A document is followed by the next one while people type: they notice nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import PAGE
from .desk import Desk, typing
from .house import House, numbered, until, words_of
from .test_offline import TUNNEL

pytestmark = pytest.mark.browser
_WATCH = """() => {
  const content = document.querySelector(".cm-content");
  window.lost = [];
  let before = "";
  new MutationObserver(() => {
    const now = content.cmTile.root.view.state.doc.toString();
    for (const word of before.match(/\\b(ada|bob)\\d+ /g) ?? []) if (!now.includes(word)) window.lost.push(word);
    before = now;
  }).observe(content, { childList: true, subtree: true, characterData: true });
}"""

_NOW = """() => JSON.parse(localStorage[
  Object.keys(localStorage).find((key) => key.startsWith("prdgen.page:"))]).documentUrl"""


def test_typing_goes_on_over_many_epochs(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """No word is lost or doubled, none vanishes for a moment, and undo still works."""
    house = make_house(epoch_changes=12, epoch_idle_changes=12)
    house.start()
    ada, bob = sit(house, "Ada"), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
        desk.page.evaluate(_WATCH)
    first = ada.page.evaluate(
        "JSON.parse(document.getElementById('editor').dataset.config).documentUrl"
    )
    ada.go("Control+End")
    ada.type("\n\n"), ada.saved()
    bob.go("Control+Home", "ArrowDown")
    for _ in typing({"ada": ada, "bob": bob}, 60):
        pass
    text = ada.settle(PAGE, bob, seconds=60)
    assert words_of(text, "ada") == numbered("ada", 60)
    assert words_of(text, "bob") == numbered("bob", 60)
    assert " ".join(numbered("ada", 60)) in text
    for desk in (ada, bob):
        assert desk.page.evaluate("window.lost") == []
        until(lambda desk=desk: desk.page.evaluate(_NOW) != first, what="another document")
    bob.page.reload()
    bob.page.locator(".cm-content").wait_for()
    now = bob.page.evaluate(
        "JSON.parse(document.getElementById('editor').dataset.config).documentUrl"
    )
    assert now != first
    for _ in range(4):
        ada.page.keyboard.press("Control+z")
    ada.saved()
    assert "ada59" not in ada.text
    assert "bob59" in ada.text


def test_several_documents_end_while_somebody_is_away(
    make_house: Callable[..., House], sit: Callable[..., Desk]
) -> None:
    """Ada types without the server, Bob ends three documents meanwhile: she sees what he wrote, once,
    and goes on in the last of them.
    """
    house = make_house(epoch_changes=12, epoch_idle_changes=12)
    house.start()
    ada, bob = sit(house, "Ada"), sit(house, "Bob")
    ada.page.add_init_script(TUNNEL)
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    house.kill()
    ada.go("Control+End")
    ada.type("\nada on a train\n")
    ada.page.evaluate("localStorage.setItem('tunnel', 'shut')")
    house.start()
    bob.saved(40)
    bob.go("Control+Home", "ArrowDown")
    documents = {bob.page.evaluate(_NOW)}
    for number in range(80):
        bob.type(f"bob{number} ")
        bob.saved()
        documents.add(bob.page.evaluate(_NOW))
        if len(documents) > 3:
            break
    assert len(documents) > 3
    ada.page.evaluate("localStorage.removeItem('tunnel')")
    ada.sees(f"bob{number} ", 30)
    text = ada.settle(PAGE, bob, seconds=60)
    assert words_of(text, "bob") == numbered("bob", number + 1)
    assert text.count("ada on a train") == 1
    bob.type("and on ")
    ada.sees("and on ")
    ada.go("Control+End")
    ada.type("arrived")
    bob.sees("arrived")
