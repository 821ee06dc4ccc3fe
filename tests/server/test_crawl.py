"""Every internal link of the example leads somewhere."""

from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from .house import BASE, HTML, Seen

_SLOW = ("/export/",)


async def crawl(browser, start: str, within: str = "/") -> tuple[dict[str, int], dict[str, str]]:
    """Status by address, and who pointed there, following every link from `start`."""
    waiting, found, whence = [start], {}, {start: "the start"}
    while waiting:
        address = waiting.pop()
        answer = await browser.get(address, headers=HTML)
        found[address] = answer.status_code
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        links = [urldefrag(urljoin(BASE + address, link))[0] for link in Seen(answer.text).links()]
        for link in links:
            parts = urlsplit(link)
            place = parts.path + (f"?{parts.query}" if parts.query else "")
            known = place in whence or parts.path.startswith(_SLOW)
            if (
                f"{parts.scheme}://{parts.netloc}" == BASE
                and parts.path.startswith(within)
                and not known
            ):
                whence[place] = address
                waiting.append(place)
    return found, whence


async def test_every_link_from_the_home_page_works(own):
    """No 404 and no 500 anywhere a person can click to, the published site included."""
    browser = await own.as_("owner")
    found, whence = await crawl(browser, "/")
    wrong = {a: (s, whence[a]) for a, s in found.items() if s >= 400}
    assert not wrong
    assert len(found) > 60
    for kind in (
        "/p/",
        "/edit/",
        "/history/",
        "/diff/",
        "/raw/",
        "/requirements/",
        "/site/",
        "/static/",
    ):
        assert any(address.startswith(kind) for address in found), kind


async def test_the_odd_repository_can_be_crawled(house):
    """Whatever stands in pages: links of theirs may be broken, the server's own are not."""
    found, whence = await crawl(await house.as_("reader"), "/pages")
    assert not {a: whence[a] for a, s in found.items() if s >= 500}
    wrong = {a: whence[a] for a, s in found.items() if s == 404}
    assert not {a: w for a, w in wrong.items() if "nasty" not in unquote(w)}


async def test_every_anchor_within_a_page_exists(own):
    """Outlines, footnotes and links to requirements find their place."""
    browser = await own.as_("reader")
    for item in (await browser.get("/api/pages")).json()["items"]:
        page = Seen((await browser.get(f"/p/main/{item['page_path']}", headers=HTML)).text)
        ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
        anchors = {unquote(link[1:]) for link in page.links() if link.startswith("#")}
        assert anchors <= ids, (item["page_path"], anchors - ids)
