"""Pictures of every page, run by hand: `python tests/e2e/screenshots.py FOLDER`.

Serves the example repository and visits the server's pages and the site: desktop, telephone, dark.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from editor.stand_in import chromium
from playwright.sync_api import Browser, sync_playwright

from e2e import drawn
from e2e.desk import Desk
from e2e.house import House, until
from e2e.places import PAGE, SERVER, SITE

LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


REVIEW: dict[str, str] = {}
"""Name → address of the pages about drafts and of an export, once there are some."""


def main(folder: Path) -> None:
    """Write the pictures as LOOK-PAGE.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        house = House(Path(place), None)
        house.start()
        arguments = ["--no-sandbox", "--headless=shell", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            prepare(browser, house)
            for look, options in LOOKS.items():
                _visit(browser, house, folder, look, options)
        finally:
            browser.close()
            house.stop()


def prepare(browser: Browser, house: House) -> None:
    """Ada signs in, changes a page and saves a version, so that there is something to see."""
    ada = Desk(browser, house)
    ada.sign_in(house.link)
    house.cookies["Ada"] = ada.context.storage_state()
    ada.open(PAGE)
    ada.go("Control+End")
    ada.type("\nA sentence more, for the picture of the history.\n")
    ada.saved()
    ada.save_version("Add a sentence")
    REVIEW["export"] = _export(ada)
    ada.context.close()
    REVIEW.update(drawn.review(house))


def _export(ada: Desk) -> str:
    """The address of a file of several pages that is made."""
    ada.page.goto(f"{ada.house.url}/p/main/{PAGE}")
    ada.page.locator("summary", has_text="More files").click()
    ada.page.get_by_role("button", name="The whole site as PDF").click()
    ada.page.get_by_role("link", name="Download").wait_for(timeout=60_000)
    return urlsplit(ada.page.url).path


def show(desk: Desk, name: str, address: str) -> None:
    """Open one of the places and wait until everything of it is there."""
    desk.page.goto(desk.house.url + address)
    desk.page.wait_for_load_state("load" if name.endswith("edit") else "networkidle")
    if name.endswith("edit"):
        desk.saved()
        desk.page.locator(".preview-body[data-ready]").wait_for(state="attached")


def _visit(
    browser: Browser, house: House, folder: Path, look: str, options: dict[str, object]
) -> None:
    desk = Desk(browser, house, storage_state=house.cookies["Ada"], **options)
    ready = f"{house.url}{SITE['site-requirements']}"
    until(lambda: desk.context.request.get(ready).ok, 20, what="the site")
    for name, address in (SERVER | REVIEW | SITE).items():
        show(desk, name, address)
        desk.page.screenshot(path=folder / f"{look}-{name}.png", full_page=name in REVIEW)
        print(f"{look} {name}: {', '.join(desk.complaints) or 'no complaints'}")
        desk.complaints.clear()
    desk.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
