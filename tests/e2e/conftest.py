"""Real servers and real browsers for the whole thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from editor.stand_in import BUILT, chromium
from playwright.sync_api import Browser, sync_playwright

from .desk import Desk
from .house import House

PAGE = "docs/checkout.md"
TEXT = "# Checkout\n\nA short page.\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium a module: while Playwright runs, no other event loop can."""
    if not BUILT.exists():
        pytest.skip("the editor is not built (make dev)")
    arguments = ["--no-sandbox", "--headless=shell", "--disable-gpu"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """`make_house(pages, **settings)`: a repository of the test's own, served after `start`."""
    made: list[House] = []

    def make(pages: dict[str, str | bytes] | None = None, **settings: object) -> House:
        made.append(House(tmp_path / str(len(made)), pages or {PAGE: TEXT}, **settings))
        return made[-1]

    yield make
    for house in made:
        house.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A served repository for tests that let the server be; each makes a page of its own."""
    house = House(tmp_path_factory.mktemp("house"), {PAGE: TEXT})
    house.start()
    yield house
    house.stop()


@pytest.fixture
def sit(browser: Browser) -> Iterator[Callable[..., Desk]]:
    """`sit(house, "Bob", role=…)`: a person at a browser of their own, signed in; Ada is the owner."""
    made: list[Desk] = []

    def desk(house: House, name: str = "Ada", role: str = "editor", **options: object) -> Desk:
        found = Desk(browser, house, storage_state=house.cookies.get(name), **options)
        made.append(found)
        if name not in house.cookies:
            found.sign_in(house.link if name == "Ada" else house.add_user(name, role))
            house.cookies[name] = found.context.storage_state()
        return found

    yield desk
    complaints = [words for one in made for words in one.complaints]
    for one in made:
        one.context.close()
    assert not complaints, complaints
