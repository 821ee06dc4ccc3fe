"""The published site over HTTP: who may keep what for how long, and what a reader sees when."""

import asyncio
import json
import re

import httpx2
import pytest

from prdgen import serving, settings
from prdgen.builder import artifacts
from prdgen.flows import levels
from prdgen.server import site_headers

from . import house as houses
from . import team

PAGE = "/site/prds/checkout/"
FILE = "prds/checkout/index.html"


@pytest.fixture
async def public(open_house, example):
    """A house whose site anyone may read."""
    return await open_house(example, public_site="true")


def style_of(page: str) -> str:
    found = re.search(r'href="(?:\.\./)*(assets/prdgen/site\.[0-9a-f]+\.css)"', page)
    assert found
    return f"/site/{found[1]}"


async def test_a_private_site_is_kept_by_no_cache_but_the_readers_own(house):
    """And that asks each time; what is in a file's name cannot change."""
    reader = await house.as_("reader")
    page = await reader.get(PAGE)
    assert page.headers["cache-control"] == "private, no-cache"
    assert "surrogate-key" not in page.headers
    style = await reader.get(style_of(page.text))
    assert style.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (await house.anyone().get(PAGE)).status_code == 401
    assert "cache-control" not in (await house.anyone().get(PAGE)).headers


async def test_a_public_page_says_how_long_browser_and_cdn_keep_it(public):
    """And under which keys the CDN is told to forget it."""
    page = await public.anyone().get(PAGE)
    assert page.status_code == 200
    assert page.headers["cache-control"] == (
        "public, max-age=300, s-maxage=3600, stale-while-revalidate=60, stale-if-error=86400"
    )
    assert page.headers["surrogate-key"].split() == [serving.EVERYTHING, serving.key(FILE)]
    assert page.headers["cache-tag"].split(",") == [serving.EVERYTHING, serving.key(FILE)]
    assert page.headers["vary"] == "Accept-Encoding, Cookie"
    style = await public.anyone().get(style_of(page.text))
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_who_is_signed_in_asks_each_time(public):
    """So that who published sees it; and a shared cache does not keep what they got."""
    for browser in (await public.as_("editor"), await public.api("reader")):
        assert (await browser.get(PAGE)).headers["cache-control"] == "private, no-cache"


async def test_only_the_site_is_public(public):
    """Not the pages of the server, nor a draft's site, nor who may see the caches."""
    nobody = public.anyone()
    for address in ("/pages", "/p/main/site/prds/checkout.md", "/draft-site/x/", "/cache"):
        assert (await nobody.get(address)).status_code == 401, address


async def test_ages_are_settings(open_house, example):
    """For a team that publishes rarely, or all the time."""
    house = await open_house(
        example, public_site="true", site_browser_seconds="7", site_cdn_seconds="8"
    )
    control = (await house.anyone().get(PAGE)).headers["cache-control"]
    assert control.startswith("public, max-age=7, s-maxage=8, ")


def test_no_cache_outlives_the_files_its_page_needs():
    """Browser and CDN at the longest the settings allow, while each asks anew: then the style sheet of
    that page is still there.
    """
    longest = {each.name: each.high for each in settings.SETTINGS}
    ages = longest["site_browser_seconds"], longest["site_cdn_seconds"]
    assert sum(ages) + 2 * serving.WHILE_ASKING < artifacts.KEEP_SECONDS


async def test_who_has_it_is_told_so(house):
    """304 for the tag, weak or among others, and for none that is not it."""
    reader = await house.as_("reader")
    tag = (await reader.get(PAGE)).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await reader.get(PAGE, headers={"if-none-match": condition})
        assert (answer.status_code, answer.content) == (304, b""), condition
        assert answer.headers["etag"] == tag
    answer = await reader.get(PAGE, headers={"if-none-match": '"another"'})
    assert answer.status_code == 200


async def test_the_tag_is_of_the_content_and_its_coding(own):
    """A commit elsewhere leaves it; a change of the page does not."""
    reader = await own.as_("reader")
    plain = await reader.get("/site/prds/checkout.md", headers={"accept-encoding": "identity"})
    again = await reader.get("/site/prds/checkout.md", headers={"accept-encoding": "identity"})
    assert plain.headers["etag"] == again.headers["etag"]
    packed = await reader.get("/site/prds/checkout.md", headers={"accept-encoding": "gzip"})
    if packed.headers.get("content-encoding"):
        assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", ()),
        ("gzip, deflate, br", ("br", "gzip")),
        ("br;q=0, gzip;q=0.5", ("gzip",)),
        ("*", ("br", "zstd", "gzip")),
        ("*, br;q=0", ("zstd", "gzip")),
        ("GZIP;Q=nonsense", ("gzip",)),
    ],
)
def test_codings_are_those_the_reader_takes(accepted, expected):
    """As RFC 9110 has them, weights of nought included."""
    assert site_headers.encodings(accepted) == expected


async def test_what_is_not_there_is_kept_for_seconds(public):
    """By a CDN; a browser asks again, for it may come any moment."""
    answer = await public.anyone().get("/site/prds/nothing/")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=10"
    signed_in = await (await public.as_("reader")).get("/site/prds/nothing/")
    assert signed_in.headers["cache-control"] == "private, no-cache"


async def test_a_draft_is_kept_by_nobody(own):
    """Its pages and files; the theme is no secret, and has its hash in its name."""
    editor, folder = await own.as_("editor"), own.app.repository.work_tree
    team.git(folder, "checkout", "-q", "-b", "draft/idea")
    team.put(folder, {"site/prds/idea.md": "# Idea\n\nNot agreed yet.\n"})
    team.git(folder, "checkout", "-q", "main")
    page = await editor.get("/draft-site/draft/idea/prds/idea/")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    source = await editor.get("/draft-site/draft/idea/prds/idea.md")
    assert source.headers["cache-control"] == "private, no-store"
    style = style_of(page.text).replace("/site/", "/draft-site/draft/idea/")
    assert (await editor.get(style)).headers["cache-control"].startswith("private, max-age=")


async def test_a_commit_is_read_a_moment_later(own, eventually):
    """By who read the old page from memory just before."""
    reader, folder = await own.as_("reader"), own.app.repository.work_tree
    await reader.get(PAGE)
    text = (folder / "site/prds/checkout.md").read_text("utf-8")
    team.put(folder, {"site/prds/checkout.md": f"{text}\nA sentence of today.\n"})
    await own.follow()

    async def new():
        return "A sentence of today." in (await reader.get(PAGE)).text

    await eventually(new)


async def test_levels_are_counted_and_shown(own):
    """As metrics, and on a page for who looks after the server."""
    reader = await own.as_("reader")
    tag = (await reader.get(PAGE)).headers["etag"]
    await reader.get(PAGE, headers={"via": "1.1 edge"})
    await reader.get(PAGE, headers={"if-none-match": tag})
    figures = (await reader.get("/metrics")).text
    for line in (
        'level_hits_total{level="memory"} 2',
        'level_misses_total{level="memory"} 1',
        'level_hits_total{level="store"} 1',
        'level_hits_total{level="browser"} 1',
        'level_misses_total{level="cdn"} 1',
        'level_entries{level="memory"} 1',
    ):
        assert f"prdgen_site_{line}\n" in figures, line
    assert (await reader.get("/cache", headers=houses.HTML)).status_code == 403
    shown = (await (await own.as_("maintainer")).get("/cache", headers=houses.HTML)).text
    assert "66.7 %" in shown


async def test_valkey_away_is_said_and_read_without(own_servers, example, tmp_path):
    """In `readyz`, in the metrics, on the page."""
    folder = team.copy(example, tmp_path / "repo")
    urls = own_servers.postgres.url, own_servers.valkey.url
    async with houses.opened(folder, *urls) as house:
        reader = await house.as_("maintainer")
        await asyncio.to_thread(own_servers.valkey.stop)
        assert (await reader.get(PAGE)).status_code == 200
        assert (await reader.get("/readyz")).json()["site"] == "without valkey"
        assert "prdgen_site_without_valkey 1\n" in (await reader.get("/metrics")).text
        shown = await reader.get("/cache", headers=houses.HTML)
        assert "Valkey did not answer in time" in shown.text


async def test_who_follows_the_site_hears_of_what_was_published(own):
    """At the address of each file that is another one now, once it is public."""
    browser = await own.as_("reader")
    async with houses.on_a_port(own) as address, httpx2.AsyncClient() as client:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        asked = client.stream("GET", f"http://{address}/site-news", headers={"cookie": cookie})
        async with asked as answer:
            assert answer.headers["cache-control"] == "private, no-store"
            lines = answer.aiter_lines()
            own.app.levels.changed(["a/index.html"])
            told = [line async for line in _until_data(lines)]
            assert "event: prd.updated" in told
            assert json.loads(told[-1].removeprefix("data: ")) == {"paths": ["a/index.html"]}


async def test_who_may_not_read_follows_nothing(house, public):
    """A public site's readers ask now and then instead, which a cache can answer."""
    assert (await house.anyone().get("/site-news")).status_code == 401
    assert (await public.anyone().get("/site-news")).status_code == 204


def test_a_follower_who_does_not_listen_hears_that_it_may_be_anything():
    """Nothing is kept for them without bounds."""
    news = levels.News()
    with news.follow() as heard:
        for number in range(100):
            news.say([str(number)])
        waiting = [heard.get_nowait() for _ in range(heard.qsize())]
    assert None in waiting
    assert len(waiting) <= 20
    news.say(["later"])
    assert heard.empty()


async def _until_data(lines):
    async for line in lines:
        yield line
        if line.startswith("data: "):
            return
