"""JSON goes compressed, pages with form tokens do not."""

import json

from anyio import to_thread

from prdgen.flows import publish

BODY = {"text": "# Hello\n\n" + "A line of words.\n" * 200, "page_path": "site/prds/x.md"}


async def test_a_preview_is_compressed_and_the_same(house):
    """In the encoding that is taken; the text is what it is without."""
    program = await house.api("reader")
    plain = await program.post("/api/preview", json=BODY, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for accepted, encoding in (("gzip, br", "br"), ("gzip", "gzip")):
        answer = await program.post(
            "/api/preview", json=BODY, headers={"accept-encoding": accepted}
        )
        assert answer.headers["content-encoding"] == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert int(answer.headers["content-length"]) < len(plain.content) / 3
        assert json.loads(answer.text) == plain.json()


async def test_what_is_short_or_a_page_stays_as_it_is(house):
    """A few bytes are not worth it; a page's size must not tell what its token is."""
    reader = await house.as_("reader")
    for address in ("/api/me", "/pages"):
        answer = await reader.get(address, headers={"accept-encoding": "br"})
        assert "content-encoding" not in answer.headers


async def test_a_page_of_the_site_comes_in_each_coding_it_was_kept_in(house):
    """Precompressed: brotli, zstd and gzip, whichever the client takes."""
    await to_thread.run_sync(publish.improve, house.app)
    reader, address = await house.as_("reader"), "/site/prds/checkout/"
    plain = await reader.get(address, headers={"accept-encoding": "identity"})
    for coding in ("br", "zstd", "gzip"):
        answer = await reader.get(address, headers={"accept-encoding": coding})
        assert answer.headers["content-encoding"] == coding
        assert answer.text == plain.text
