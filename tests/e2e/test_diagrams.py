"""Wide diagrams: whole in the column of a desktop, and large when somebody wants it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .desk import Desk
from .house import House, until

pytestmark = pytest.mark.browser

STEPS = "\n".join(
    f"  S{n}[Step number {n} of many] --> S{n + 1}[Step number {n + 1} of many]" for n in range(7)
)
WIDE = f"# Wide\n\nAn order goes through many hands.\n\n```mermaid\nflowchart LR\n{STEPS}\n```\n"


@pytest.mark.parametrize("where", ["/site/prds/wide/", "/p/main/docs/prds/wide.md"])
def test_a_wide_diagram_fits_and_is_shown_large(
    make_house: Callable[..., House], sit: Callable[..., Desk], where: str
) -> None:
    """Nothing of it is out of sight; a button shows it as large as the window, Escape ends that."""
    house = make_house(
        {"docs/prds/wide.md": WIDE, "docs/index.md": "# Home\n", "mkdocs.yml": "site_name: S\n"}
    )
    house.start()
    page = sit(house, "Ada").page
    page.set_viewport_size({"width": 1280, "height": 800})
    until(lambda: page.goto(house.url + where).status == 200, 60, what="the page")
    figure = page.locator("figure.diagram")
    assert figure.evaluate("f => f.scrollWidth <= f.clientWidth + 1")
    shown = figure.locator("svg").bounding_box()["width"]
    figure.get_by_role("button", name="Enlarge").click()
    large = page.get_by_role("dialog", name="The diagram, large")
    expect(large).to_be_visible()
    assert large.locator("svg").bounding_box()["width"] > 1.3 * shown
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    page.set_viewport_size({"width": 360, "height": 740})
    assert figure.evaluate("f => f.scrollWidth > f.clientWidth")
