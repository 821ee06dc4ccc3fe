"""Addresses of pages, and which files may be published."""

import pytest

from prdgen.builder import sources


def test_page_urls_like_mkdocs():
    """Directory addresses; index and README stand for their folder, index first."""
    urls = sources.page_urls(["docs/a.md", "docs/x/README.md", "docs/x/index.md", "top.md"], "docs")
    assert urls == {
        "docs/a.md": "a/",
        "docs/x/index.md": "x/",
        "docs/x/README.md": "x/README/",
        "top.md": "top/",
    }


def test_relative_base():
    """Relative links climb as deep as the page lies."""
    target = sources.Target()
    assert [target.base_for(url) for url in ("", "a/", "a/b/")] == ["./", "../", "../../"]


@pytest.mark.parametrize("path", ["a.png", "x/b.SVG", "c.pdf", "d.css"])
def test_publishable(path):
    """Pictures, documents, fonts."""
    assert sources.is_publishable(path)


@pytest.mark.parametrize(
    "path", ["a.html", "a.js", "a.mjs", ".env", ".git/x.png", "a.svgz", "Makefile", "a.xml"]
)
def test_not_publishable(path):
    """Nothing that could run on the site's origin, nothing hidden."""
    assert not sources.is_publishable(path)


@pytest.mark.parametrize(
    "svg",
    [b"<svg><script/></svg>", b"<svg onload='x'/>", b"<svg/onload=x>", b"<svg><a href='JavaScript :x'/></svg>",
     b"<svg><foreignObject/></svg>", b"<svg:script/>", b"<!ENTITY x 'y'>"],
)  # fmt: skip
def test_active_svg(svg):
    """An SVG that would run something when opened by itself is known as such."""
    assert sources.is_active_svg("a.svg", svg)


def test_href_is_escaped():
    """Spaces and letters of the world in an address are escaped, slashes stay."""
    assert sources.href("/site/", "a b/ü/", "x y") == "/site/a%20b/%C3%BC/#x%20y"


_SVG = '<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'


@pytest.mark.parametrize(
    "data",
    [
        (_SVG % "<script>1</script>").encode(),
        (_SVG % "<script>1</script>").encode("utf-16"),
        ("<?xml version='1.0' encoding='utf-16le'?>" + _SVG % "").encode(),
        (_SVG % "<a-b:script>1</a-b:script>").encode(),
        (_SVG % '<a href="java&#115;cript:1">x</a>').encode(),
        (_SVG % '<a href="java\n script:1">x</a>').replace("\n ", "\n").encode(),
        (_SVG % '<g onload="1"/>').encode(),
    ],
)
def test_an_svg_that_could_run_something_is_known(data):
    """However it is written: encodings, prefixes, character references, line breaks."""
    assert sources.is_active_svg("site/a.SVG", data)


@pytest.mark.parametrize("encoding", ["", "utf-8", "ISO-8859-1"])
def test_a_plain_svg_is_an_image(encoding):
    """An ordinary drawing is published, in every usual encoding."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    drawing = '<text font-family="Inter">Preis &amp; Größe on time</text><path d="M0 0"/>'
    data = (head + _SVG % drawing).encode(encoding or "utf-8")
    assert not sources.is_active_svg("site/a.svg", data)
