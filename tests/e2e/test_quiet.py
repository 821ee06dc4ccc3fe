"""No page of the server or the site makes the browser complain: no script error, no broken policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from .desk import Desk
from .house import House, until
from .places import SERVER, SITE

pytestmark = pytest.mark.browser
_PAST_THE_EDGE = """() => [...document.querySelectorAll(".top nav a, .legend > *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth - 4).map((one) => one.textContent)"""
WIDE = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The example repository, served."""
    house = House(tmp_path_factory.mktemp("example"), None)
    house.start()
    yield house
    house.stop()


def test_no_page_makes_the_browser_complain_or_scroll_sideways(
    example: House, sit: Callable[..., Desk]
) -> None:
    """Every page at the width of a telephone, the whole row of places at its top in view; a page that is not
    there may say 404 and no more.
    """
    ada = sit(example, viewport={"width": 360, "height": 740})
    site = f"{example.url}{SITE['site-requirements']}"
    until(lambda: ada.context.request.get(site).ok, 20, what="the site")
    said = {}
    for name, address in (SERVER | SITE).items():
        ada.page.goto(example.url + address)
        ada.page.wait_for_load_state("networkidle" if "edit" not in name else "load")
        if name == "edit":
            ada.saved()
        if "not-found" in name or name == "problem":
            ada.forgive("404 (Not Found)")
        found = list(ada.complaints)
        if (wider := ada.page.evaluate(WIDE)) > 0:
            found.append(f"{wider} px wider than the window")
        found += ada.page.evaluate(_PAST_THE_EDGE)
        if found:
            said[name] = found
        ada.complaints.clear()
    assert said == {}


@pytest.mark.parametrize("kind", ["site-statuses", "site-owners"])
def test_numbers_of_pages_stand_under_their_word_on_a_telephone(
    example: House, sit: Callable[..., Desk], kind: str
) -> None:
    """ "Ada 1" says nothing; the table keeps its head where longer lists become rows of words."""
    ada = sit(example, viewport={"width": 360, "height": 740})
    address = f"{example.url}{SITE[kind]}"
    until(lambda: ada.context.request.get(address).ok, 20, what="the site")
    ada.page.goto(address)
    word, number = ada.page.locator(".prd-list th").last, ada.page.locator(".prd-list td").nth(1)
    expect(word).to_have_text("Pages")
    expect(word).to_be_visible()
    above, below = word.bounding_box(), number.bounding_box()
    assert above
    assert below
    assert abs(above["x"] - below["x"]) < 2
