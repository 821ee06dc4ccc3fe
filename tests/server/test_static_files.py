"""The built editor and the server's own files: compressed, typed, and kept as long as they are true."""

import brotli
import pytest

from prdgen.server import html

BUILT = html.STATIC / "editor" / "manifest.json"
built = pytest.mark.skipif(not BUILT.is_file(), reason="the editor is not built")


def biggest_script() -> str:
    """The address of the editor's main part."""
    scripts = html.built("src/main.ts").preload
    return max(
        scripts, key=lambda name: (html.STATIC / name.removeprefix("/static/")).stat().st_size
    )


@built
async def test_a_script_comes_in_the_best_encoding_the_browser_takes(house):
    """Brotli before gzip before nothing; the type is always the script's, the text the same."""
    address, browser = biggest_script(), house.anyone()
    plain = await browser.get(address, headers={"accept-encoding": "identity"})
    for accepted, encoding in (("gzip, br;q=1.0", "br"), ("gzip", "gzip")):
        answer = await browser.get(address, headers={"accept-encoding": accepted})
        assert answer.headers["content-encoding"] == encoding
        assert "Accept-Encoding" in answer.headers["vary"]
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert answer.content == plain.content
    assert "content-encoding" not in plain.headers


@built
async def test_the_compressed_engine_is_the_engine(house):
    """WebAssembly keeps its type, so that it is compiled while it streams."""
    [address] = html.built("src/main.ts").wasm
    answer = await house.anyone().get(address, headers={"accept-encoding": "br"})
    assert answer.headers["content-type"] == "application/wasm"
    beside = html.STATIC / f"{address.removeprefix('/static/')}.br"
    assert brotli.decompress(beside.read_bytes()) == beside.with_suffix("").read_bytes()


@built
async def test_hashed_files_are_kept_and_others_asked_for_again(house):
    """A name or query with the content's hash: for ever. A fixed name: 304 while it is the same."""
    browser = house.anyone()
    for address in (html.built("src/main.ts").entry, html.asset("prdgen.css")):
        assert "immutable" in (await browser.get(address)).headers["cache-control"]
    first = await browser.get("/static/editor/tokens.css")
    assert first.headers["cache-control"] == "no-cache"
    again = {"if-none-match": first.headers["etag"]}
    assert (await browser.get("/static/editor/tokens.css", headers=again)).status_code == 304


@built
async def test_compressed_files_have_no_address_of_their_own(house):
    """They would come with a type that says nothing."""
    address = biggest_script()
    assert (await house.anyone().get(f"{address}.br")).status_code == 404
