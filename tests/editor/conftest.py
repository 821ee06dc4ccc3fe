"""The built editor in a real browser, against the stand-in server of `editor/dev`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .stand_in import BUILT, EDITOR, Server, chromium


@pytest.fixture
def server() -> Iterator[Server]:
    """A fresh stand-in server."""
    if not BUILT.exists() or not (EDITOR / "node_modules").exists():
        pytest.skip("the editor is not built (npm ci && npm run build in editor/)")
    made = Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium a module: while Playwright runs, no other event loop can."""
    arguments = ["--no-sandbox", "--headless=shell", "--disable-gpu"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def open_page(server: Server, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page as a person with a browser profile of their own; complaints fail the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(
        name: str = "Ada", *, width: int = 1280, height: int = 800, **config: object
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{name}: {error}"))
        page.on(
            "console",
            lambda said: (
                complaints.append(f"{name}: {said.text}")
                if said.type == "error" and "WebSocket" not in said.text
                else None
            ),
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(server.page_url(name, **config))
        page.locator(".cm-content").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, complaints
