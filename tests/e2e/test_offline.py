"""The time without the server: what a browser shows, keeps, and hands over when it is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import PAGE
from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

Sit = Callable[..., Desk]
MakeHouse = Callable[..., House]
OTHER = "docs/other.md"
PAGES = {PAGE: "# Checkout\n\nA short page.\n", OTHER: "# Other page\n\nNever opened.\n"}

TUNNEL = """
  const Open = window.WebSocket;
  window.WebSocket = class extends Open {
    constructor(url) {
      super(localStorage.getItem("tunnel") ? url.replace("/sync", "/nowhere") : url);
    }
  };
"""
"""A browser whose socket is cut off while the rest of the network stands."""


def worker_ready(page: Page) -> None:
    """Wait until the service worker runs and has the editor."""
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    kept = "caches.match('/offline?editor').then(Boolean)"
    until(lambda: page.evaluate(kept), what="the editor in the cache")


def noted(page: Page, words: str) -> None:
    """Wait until the device's book holds `words`."""
    book = """async (words) => {
      const db = await new Promise((done) => {
        indexedDB.open("prdgen-kept").onsuccess = (event) => done(event.target.result);
      });
      const pages = await new Promise((done) => {
        db.transaction("pages").objectStore("pages").getAll().onsuccess = (event) => done(event.target.result);
      });
      db.close();
      return JSON.stringify(pages).includes(words);
    }"""
    until(lambda: page.evaluate(book, words), what=f"{words!r} in the book")


def test_the_editor_opens_without_the_server_and_sends_later(
    make_house: MakeHouse, sit: Sit
) -> None:
    """A page seen before opens, takes text, survives a reload, and everything arrives later."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "A short page.")
    house.kill()
    ada.page.reload()
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    assert ada.text == PAGES[PAGE]
    expect(ada.notice("The server cannot be reached")).to_be_visible()
    ada.go("Control+End")
    ada.type("Typed on the train.\n")
    ada.page.reload()
    ada.sees("Typed on the train.", 20)
    house.start()
    ada.settle(PAGE)
    assert "Typed on the train." in house.file(PAGE)


def test_an_unknown_page_says_what_is_available(make_house: MakeHouse, sit: Sit) -> None:
    """A page that was never here gives the list of those that are; one of them opens."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "A short page.")
    house.kill()
    ada.page.goto(f"{house.url}/edit/main/{OTHER}")
    expect(ada.page.locator("h1")).to_have_text("This page is not on this device")
    expect(ada.page.locator("#main")).to_contain_text("main/docs/other.md")
    row = ada.page.locator(".row")
    expect(row).to_contain_text("docs/checkout.md · to read and to write · kept ")
    row.locator(".row-title").click()
    ada.sees("A short page.")


def test_a_page_that_was_read_can_be_read_again(make_house: MakeHouse, sit: Sit) -> None:
    """The reading view of a page, from this device; and it loads anew when the server is back."""
    house = make_house(PAGES)
    house.start()
    rita = sit(house, "Rita", role="reader")
    rita.page.goto(f"{house.url}/p/main/{OTHER}")
    rita.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    noted(rita.page, "Never opened.")
    house.kill()
    rita.page.reload()
    expect(rita.page.locator("article")).to_contain_text("Never opened.")
    expect(rita.page.locator(".server-line")).to_contain_text("as this device kept it on")
    house.start()
    expect(rita.page.locator(".server-line")).to_contain_text("is there again", timeout=20_000)
    rita.page.get_by_role("link", name="Load the newest").click()
    expect(rita.page.locator(".actions")).to_contain_text("History")


def test_nobody_sees_what_is_kept_for_somebody_else(make_house: MakeHouse, sit: Sit) -> None:
    """Bob signs in where Ada was: without the server her pages are not there for him."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "A short page.")
    ada.sign_in(house.add_user("Bob"))
    ada.page.goto(f"{house.url}/pages")
    expect(ada.page.locator("body")).to_have_attribute("data-person-name", "Bob")
    ada.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    house.kill()
    for address in (f"/edit/main/{PAGE}", f"/p/main/{PAGE}"):
        ada.page.goto(house.url + address)
        expect(ada.page.locator("h1")).to_have_text("This page is not on this device")
        expect(ada.page.locator("#main")).not_to_contain_text("A short page.")
        expect(ada.page.locator(".row")).to_have_count(0)


def test_signing_out_takes_away_what_was_kept(make_house: MakeHouse, sit: Sit) -> None:
    """Nothing of the person is left on the device, and the shell shows nothing."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "A short page.")
    ada.page.goto(f"{house.url}/pages")
    ada.page.locator(".me summary").click()
    left = """async () => [
      JSON.stringify(localStorage),
      ...(await indexedDB.databases()).map((one) => one.name),
      ...(await caches.keys()),
    ].filter((name) => !/^prdgen-(kept|shell-)/.test(name)).join()"""
    person = ada.page.evaluate("document.body.dataset.person")
    ada.page.get_by_role("button", name="Sign out").click()
    expect(ada.page.locator("h1")).to_have_text("Sign in")
    until(lambda: person not in ada.page.evaluate(left), what="an empty device")
    house.kill()
    ada.page.goto(f"{house.url}/edit/main/{PAGE}")
    expect(ada.page.locator("#main")).to_contain_text("Nobody is signed in here")


def test_signing_out_asks_about_text_that_is_nowhere_else(make_house: MakeHouse, sit: Sit) -> None:
    """The question names page and words; staying keeps the text, which its editor then sends."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    house.kill()
    ada.go("Control+End")
    ada.type("Three unsent words\n")
    noted(ada.page, '"words":3')
    ada.page.close()
    house.start()
    ada.page = ada.tab()
    ada.context.route("**/api/documents/*/changes", lambda route: route.fulfill(status=409))
    ada.page.goto(f"{house.url}/pages")
    expect(ada.page.locator(".unsent")).to_contain_text("(3 words)")
    ada.page.locator(".me summary").click()
    ada.page.get_by_role("button", name="Sign out").click()
    dialog = ada.page.get_by_role("dialog")
    expect(dialog).to_contain_text("(3 words)")
    dialog.get_by_role("button", name="Open the page").click()
    ada.page.locator(".cm-content").wait_for()
    ada.sees("Three unsent words")
    ada.settle(PAGE)
    ada.page.goto(f"{house.url}/pages")
    expect(ada.page.locator(".unsent")).to_have_count(0)
    ada.forgive("409 (Conflict)")


def test_the_return_says_who_changed_what_meanwhile(make_house: MakeHouse, sit: Sit) -> None:
    """Ada opens the page on the train; Bob changes two parts; her return says so and leads there."""
    text = "# Plan\n\nShort.\n\n## Goals\n\nOne goal.\n\n## Scope\n\nSmall.\n\n## Risks\n\nNone.\n"
    house = make_house({PAGE: text})
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    ada.page.add_init_script(TUNNEL)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "One goal.")
    house.kill()
    ada.page.reload()
    ada.page.locator(".cm-content").wait_for()
    ada.go("Control+End")
    ada.type("Ada was on a train.\n")
    ada.page.evaluate("localStorage.setItem('tunnel', 'shut')")
    house.start()
    bob.open(PAGE)
    bob.go("Control+Home")
    bob.put_cursor(text.index("One goal") + len("One goal"))
    bob.type(" by Bob")
    bob.put_cursor(bob.text.index("Small") + len("Small"))
    bob.type(" and tidy")
    bob.saved()
    ada.page.evaluate("localStorage.removeItem('tunnel')")
    notice = ada.page.locator(".notice").filter(has_text="While you were away")
    expect(notice).to_contain_text("Bob changed “Goals” and “Scope”.", timeout=20_000)
    notice.get_by_role("button", name="Scope").click()
    assert ada.cursor == ada.text.index("## Scope")
    assert "Ada was on a train." in ada.settle(PAGE, bob)


NEXT = """
from prdgen.cli import main
from prdgen.server import offline
offline.version = lambda: "next"
main.main()
"""


def test_a_new_version_takes_over_by_itself(make_house: MakeHouse, sit: Sit) -> None:
    """The server is updated while a page is open: the next load brings the new worker, whole."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    worker_ready(ada.page)
    noted(ada.page, "A short page.")
    shells = (
        "caches.keys().then((names) => names.filter((name) => name.startsWith('prdgen-shell-')))"
    )
    [old] = ada.page.evaluate(shells)
    house.kill()
    house.program = ("-c", NEXT)
    house.start()
    ada.page.reload()
    ada.saved()
    until(lambda: ada.page.evaluate(shells) == [old, "prdgen-shell-next"], what="the new shell")
    whole = """caches.open("prdgen-shell-next").then((cache) => cache.match("/offline?editor")).then(Boolean)"""
    until(lambda: ada.page.evaluate(whole), what="the editor in the new shell")
    ada.page.evaluate(f"caches.delete({old!r})")
    house.kill()
    ada.page.reload()
    ada.page.locator(".cm-content").wait_for(timeout=20_000)
    assert ada.text == PAGES[PAGE]


def test_any_page_sends_what_a_closed_editor_could_not(make_house: MakeHouse, sit: Sit) -> None:
    """Typed on the train, tab closed: the list of pages sends it; opened later, it stands once."""
    house = make_house(PAGES)
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    house.kill()
    ada.go("Control+End")
    ada.type("Three unsent words\n")
    ada.page.close(run_before_unload=True)
    ada.page.wait_for_event("close")
    house.start()
    ada.page = ada.tab()
    ada.page.goto(f"{house.url}/pages")
    expect(ada.page.locator(".sent")).to_contain_text("is on the server now")
    expect(ada.page.locator(".unsent")).to_have_count(0)
    until(lambda: "Three unsent words" in house.file(PAGE), what="the words in the file")
    ada.open(PAGE)
    assert ada.settle(PAGE) == PAGES[PAGE] + "Three unsent words\n"


def test_another_pages_editor_sends_it_too(make_house: MakeHouse, sit: Sit) -> None:
    """Whoever opens another page at once, and not the one they had, has told the server all."""
    house = make_house({**PAGES, "docs/other.md": "# Other\n"})
    house.start()
    ada = sit(house)
    ada.open(PAGE)
    ada.saved()
    house.kill()
    ada.go("Control+End")
    ada.type("Sent from elsewhere\n")
    ada.page.close(run_before_unload=True)
    house.start()
    ada.page = ada.tab()
    ada.open("docs/other.md")
    ada.notice("is on the server now").wait_for(timeout=10_000)
    until(lambda: "Sent from elsewhere" in house.file(PAGE), what="the words in the file")
    ada.open(PAGE)
    assert ada.settle(PAGE) == PAGES[PAGE] + "Sent from elsewhere\n"
    ada.page.reload()
    ada.saved()
    expect(ada.notice("is on the server now")).to_have_count(0)


def test_the_last_words_before_a_tab_closes_arrive(make_house: MakeHouse, sit: Sit) -> None:
    """Typed and closed in one breath, without a question: the page has it a moment later."""
    house = make_house(PAGES)
    house.start()
    ada, bob = sit(house), sit(house, "Bob")
    for desk in (ada, bob):
        desk.open(PAGE)
        desk.saved()
    for number in range(3):
        tab = ada.page
        ada.page = ada.tab()
        ada.open(PAGE)
        ada.saved()
        tab.bring_to_front()
        tab.locator(".cm-content").focus()
        tab.keyboard.press("Control+End")
        tab.keyboard.insert_text(f"Last words {number}.\n")
        tab.close(run_before_unload=True)
        bob.sees(f"Last words {number}.", 8)
    assert ada.settle(PAGE, bob).count("Last words") == 3
