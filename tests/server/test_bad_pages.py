"""Pages nobody would want: readable, told about on their line, and in nobody's way."""

import json
from urllib.parse import quote

import pytest

from . import team
from .house import HTML, Seen


async def config(browser, page_path: str) -> dict:
    """What the editor's shell is told of a page."""
    answer = await browser.get(f"/edit/main/{page_path}", headers=HTML)
    assert answer.status_code == 200, answer.text[:500]
    return json.loads(Seen(answer.text).all("div")[0]["data-config"])


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("latin.md", "UTF-8", "M"),
        ("nul.md", "NUL", "before"),
        ("pointer.md", "LFS", "git-lfs"),
        ("large.md", "KiB", "A line of a large page."),
    ],
)
async def test_pages_that_cannot_be_live_are_read(house, name, reason, words):
    """Readable, findable, published; not live, and the editor says why."""
    browser = await house.as_("editor")
    told = await config(browser, f"site/odd/{name}")
    assert told["documentUrl"] is None
    assert told["canWrite"] is False
    assert reason in told["readOnlyReason"]
    shown = await browser.get(f"/p/main/site/odd/{name}", headers=HTML)
    assert words in shown.text
    published = await browser.get(f"/site/odd/{name.removesuffix('.md')}/")
    assert published.status_code == 200
    state = (await browser.get(f"/api/documents/main/site/odd/{name}")).json()
    assert reason in state["read_only_reason"]


@pytest.mark.parametrize("name", ["cafe\u0301.md", "back\\slash.md", "a\ttab.md"])
async def test_pages_with_odd_names_are_read(own, name):
    """Repositories of old Macs have such names: no dead links, and what to do is said."""
    team.put(own.app.repository.work_tree, {f"site/{name}": "# Odd\n\nWords of it.\n"})
    browser, path = await own.as_("editor"), quote(f"main/site/{name}")
    for kind in ("p", "raw"):
        answer = await browser.get(f"/{kind}/{path}", headers=HTML)
        assert "Words of it." in answer.text
    assert (await browser.get(f"/history/{path}", headers=HTML)).status_code == 200
    told = await config(browser, quote(f"site/{name}"))
    assert told["documentUrl"] is None
    assert "git mv" in told["readOnlyReason"]
    body = {"branch": "main", "page_path": f"site/{name}"}
    answer = await (await own.api("editor")).post("/api/versions", json=body)
    assert answer.status_code in {400, 409}


async def test_a_version_of_a_page_that_is_not_live_is_refused(own):
    """Saving it says why, and changes nothing."""
    team.put(own.app.repository.work_tree, {"site/l.md": "# L\n\nM\xfcnchen\n".encode("latin-1")})
    body = {"branch": "main", "page_path": "site/l.md"}
    answer = await (await own.api("editor")).post("/api/versions", json=body)
    assert answer.status_code == 409
    assert "UTF-8" in answer.json()["detail"]


async def test_a_bom_and_windows_line_endings_hide_nothing(house):
    """Front matter behind a BOM is front matter; the page is live, its bytes stay."""
    browser = await house.as_("editor")
    assert (await config(browser, "site/odd/crlf.md"))["canWrite"] is True
    page = (await browser.get("/api/pages/main/site/odd/crlf.md")).json()
    assert page["title"] == "Windows"
    assert page["front_matter"] == {"title": "Windows"}
    assert "\r" not in page["markdown"]


async def test_broken_front_matter_is_told_on_its_line(house):
    """The page opens and is shown; the error stands beside it with its line."""
    browser = await house.as_("editor")
    assert (await config(browser, "site/odd/broken.md"))["canWrite"] is True
    page = Seen((await browser.get("/p/main/site/odd/broken.md", headers=HTML)).text)
    assert "Still readable." in page.words
    problems = (await browser.get("/api/pages/main/site/odd/broken.md")).json()["problems"]
    assert problems
    assert 3 <= problems[0]["line"] <= 4
    assert f"Line {problems[0]['line']}" in page.words


@pytest.mark.parametrize("address", ["/p/main/site/odd/undrawn.md", "/site/odd/undrawn/"])
async def test_a_diagram_that_does_not_parse_is_shown_as_source(reader, address):
    """Its source and the reason, and the page goes on after it."""
    page = Seen((await reader.get(address, headers=HTML)).text)
    assert "A --> --> B" in page.words
    assert "Afterwards." in page.words
    reasons = [a for a in page.all("figure", "div", "details") if "diagram" in a.get("class", "")]
    assert reasons
