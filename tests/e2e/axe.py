"""The axe-core accessibility checker, run on a page that is open in a real browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_PROGRAM = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => (await axe.run(document)).violations.map((rule) => ({
  rule: rule.id, help: rule.help,
  places: rule.nodes.slice(0, 5).map((node) => node.target.join(" ") + "  " + node.html.slice(0, 160)),
}))"""


@cache
def _program() -> str:
    return _PROGRAM.read_text("utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """Every rule of axe-core, best practices included, that the page breaks, with the places."""
    page.evaluate(_program())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
