"""How files are served, wherever that is done."""

import pytest

from prdgen import serving


def test_a_path_has_one_key_and_that_of_everything():
    """Plain letters, so that any CDN takes them in a header."""
    found = serving.keys("a/ü b,c/index.html")
    everything, own = found["Surrogate-Key"].split(" ")
    assert found["Cache-Tag"] == f"{everything},{own}"
    assert (everything, own) == (serving.EVERYTHING, serving.key("a/ü b,c/index.html"))
    assert own.isascii()
    assert own.replace("-", "").isalnum()
    assert own != serving.key("a/index.html")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.md", "text/markdown; charset=utf-8"),
        ("feed.xml", "application/xml"),
        ("a.JS", "text/javascript; charset=utf-8"),
        ("x.avif", "image/avif"),
        ("x.png", "image/png"),
        ("LICENSE", "application/octet-stream"),
        ("x.unheard-of", "application/octet-stream"),
    ],
)
def test_types_do_not_depend_on_the_machine(path, kind):
    """A name says how its file is read."""
    assert serving.content_type(path) == kind
