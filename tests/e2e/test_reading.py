"""The built site in a real browser from a plain web server: found, read and used, by keyboard alone too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from . import axe, plain
from .house import House

pytestmark = pytest.mark.browser
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "rfcs"
LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
CONFIG = """site_name: Reading
theme:
  name: material
  features: [content.code.copy]
  palette:
    - {media: "(prefers-color-scheme: light)", scheme: default, toggle: {icon: material/weather-sunny, name: Dark}}
    - {media: "(prefers-color-scheme: dark)", scheme: slate, toggle: {icon: material/weather-night, name: Light}}
"""
RICH = """---
status: approved
owner: Ada
tags: [money]
---
# Rich

A [link](plain.md), `code`, a formula $a^2$, a note[^1], and words about antelopes.

- [REQ-1] It is fast.
- [x] done
- [ ] open

> [!WARNING]
> Careful.

| a | b |
|---|---|
| 1 | 2 |

```python
def sight(): return "a line that is longer than a telephone is wide, by a good deal"  # far
```

```mermaid
flowchart LR
  a[Begin] --> b[Middle] --> c[End]
```

## Second part

Text.

[^1]: A footnote.
"""
PAGES: dict[str, str | bytes] = {
    "mkdocs.yml": CONFIG, "docs/index.md": "# Home\n\nWelcome.\n", "docs/rich.md": RICH,
    "docs/plain.md": "---\nstatus: draft ideas\nowner: Bob\n---\n# Plain\n\nREQ-1 and antelopes.\n",
}  # fmt: skip
KINDS = ("", "rich/", "plain/", "pages/", "requirements/", "tags/", "statuses/", "statuses/approved/", "owners/ada/",
         "404.html")  # fmt: skip


@pytest.fixture
def site(make_house: Callable[..., House]) -> Iterator[str]:
    """The address of a small built site with everything in it."""
    house = make_house(PAGES)
    built = house.prdgen("build")
    assert built.returncode == 0, built.stderr
    with plain.served(house.repository / "public") as address:
        yield address


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(look)`: a tab that fails the test when a page complains or asks another server."""
    said: list[str] = []

    def tab(look: str = "desktop") -> Page:
        made = browser.new_context(**LOOKS[look]).new_page()
        made.on("pageerror", lambda error: said.append(str(error)))
        made.on("console", lambda each: each.type == "error" and said.append(each.text))
        made.on(
            "request",
            lambda one: urlsplit(one.url).hostname != "127.0.0.1" and said.append(one.url),
        )
        return made

    yield tab
    assert not said, said


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_of_the_site_breaks_a_rule_of_axe(
    site: str, visit: Callable[..., Page], look: str
) -> None:
    """Every kind of page, with the search open and with a diagram enlarged; none is wider than the
    screen.
    """
    tab, found = visit(look), {}
    for kind in KINDS:
        tab.goto(site + kind)
        tab.wait_for_load_state("networkidle")
        found[kind] = axe.violations(tab)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
    tab.goto(f"{site}rich/")
    tab.get_by_role("button", name="Enlarge").click()
    found["enlarged"] = axe.violations(tab)
    tab.keyboard.press("Escape")
    tab.keyboard.press("/")
    tab.keyboard.type("antelopes")
    tab.locator("#prd-search-list a").first.wait_for()
    found["search"] = axe.violations(tab)
    assert not any(found.values()), {kind: broken for kind, broken in found.items() if broken}


def test_a_page_without_sections_shows_no_contents(site: str, visit: Callable[..., Page]) -> None:
    """Two words above nothing; they stand where there is something below them."""
    tab = visit()
    for page, shown in (("plain/", False), ("rich/", True)):
        tab.goto(site + page)
        expect(tab.locator(".md-nav--secondary > .md-nav__title")).to_be_visible(visible=shown)


def test_site_is_used_by_keyboard_alone(site: str, visit: Callable[..., Page]) -> None:
    """Search is opened, walked through and left; what was looked for is marked; a diagram is enlarged
    and closed; the first stop of a page skips the header.
    """
    tab = visit()
    tab.goto(f"{site}plain/")
    tab.keyboard.press("/")
    tab.keyboard.type("fast")
    tab.locator("#prd-search-list a[href$='/rich/']").wait_for()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/rich/**")
    tab.wait_for_function("CSS.highlights.get('prd-found')?.size > 0")
    tab.keyboard.press("Control+k")
    assert tab.evaluate("document.activeElement.id") == "prd-search-input"
    tab.keyboard.press("Escape")
    expect(tab.locator(".md-search__output")).to_be_hidden()
    tab.get_by_role("button", name="Enlarge").focus()
    tab.keyboard.press("Enter")
    tab.locator("dialog[open]").wait_for()
    tab.keyboard.press("Escape")
    tab.locator("dialog").wait_for(state="detached")
    assert tab.evaluate("document.activeElement.textContent") == "Enlarge"
    tab.goto(f"{site}plain/")
    tab.keyboard.press("Tab")
    skip = tab.locator(":focus")
    assert skip.get_attribute("href") == "#prd-main"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "prd-main"


def test_search_is_narrowed_by_status_and_owner(site: str, visit: Callable[..., Page]) -> None:
    """Also without a word: the list of what someone owns."""
    tab = visit()
    tab.goto(site)
    tab.keyboard.press("/")
    tab.keyboard.type("antelopes")
    hits = tab.locator("#prd-search-list strong")
    expect(hits).to_have_count(2)
    tab.get_by_label("Owner").select_option("Bob")
    expect(hits).to_have_text(["Plain"])
    tab.locator("#prd-search-input").fill("")
    tab.get_by_label("Owner").select_option("")
    tab.get_by_label("Status").select_option("approved")
    expect(hits).to_have_text(["Rich"])


def test_links_are_copied_and_uses_are_shown(site: str, browser: Browser) -> None:
    """A heading's and a requirement's address; a code block's text; where the requirement is used."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.goto(f"{site}rich/")
    for name, copied in (
        ("Copy the link to Second part", f"{site}rich/#second-part"),
        ("Copy the link to REQ-1", f"{site}rich/#REQ-1"),
    ):
        tab.get_by_role("button", name=name).click()
        tab.get_by_text("Link copied").wait_for()
        assert tab.evaluate("navigator.clipboard.readText()") == copied
    tab.get_by_role("button", name="Copy this code").click()
    tab.get_by_text("Code copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()").startswith("def sight()")
    tab.locator(".requirement-uses").get_by_role("link", name="Plain").click()
    tab.wait_for_url("**/plain/")


def test_reading_keeps_its_budget(site: str, visit: Callable[..., Page]) -> None:
    """First paint, shift and bytes of a page nobody has anything of; the next page is fetched before,
    but not where data is to be saved.
    """
    tab = visit()
    tab.goto(f"{site}rich/")
    tab.wait_for_load_state("networkidle")
    seen = tab.evaluate("""() => new Promise((done) => {
      const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
      const own = performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"));
      const bytes = own.reduce((sum, one) => sum + one.encodedBodySize, 0);
      let shift = 0;
      new PerformanceObserver((list) => {
        for (const one of list.getEntries()) shift += one.hadRecentInput ? 0 : one.value;
      }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => done({ paint, bytes, shift }), 200);
    })""")
    assert seen["paint"] < 3000, seen
    assert seen["shift"] < 0.1, seen
    assert seen["bytes"] < 600_000, seen
    fetched: list[str] = []
    tab.on("request", lambda one: fetched.append(one.url))
    with tab.expect_request(f"{site}plain/"):
        tab.locator("#prd-content").get_by_role("link", name="link").hover()
    thrifty = visit()
    thrifty.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    thrifty.goto(f"{site}rich/")
    thrifty.locator("#prd-content").get_by_role("link", name="link").focus()
    assert thrifty.locator("link[rel=prefetch]").count() == 0


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not there")
def test_real_documents_pass_axe(
    make_house: Callable[..., House], visit: Callable[..., Page]
) -> None:
    """Hundreds of real pages, of which some are looked at: listed, found, and without a violation
    but for headings that their writers skipped.
    """
    pages: dict[str, str | bytes] = {
        f"docs/{file.name}": file.read_bytes() for file in sorted(CORPUS.glob("*.md"))
    }
    house = make_house({"mkdocs.yml": CONFIG, **pages})
    assert house.prdgen("build").returncode == 0
    broken: dict[str, list[str]] = {}
    with plain.served(house.repository / "public") as address:
        for look in LOOKS:
            tab = visit(look)
            names = ["1210-impl-specialization/", "pages/"]
            for name in [*names, "", "2457-non-ascii-idents/"] if look == "desktop" else names:
                tab.goto(address + name)
                tab.wait_for_load_state("networkidle")
                rules = [each["rule"] for each in axe.violations(tab)]
                broken[f"{look} {name}"] = [rule for rule in rules if rule != "heading-order"]
            tab.keyboard.press("/")
            tab.keyboard.type("specialization")
            tab.locator("#prd-search-list a[href*='1210-impl-specialization']").first.wait_for()
    assert not any(broken.values()), broken
