"""Images keep their room: sizes from every format, once for each content, and what people wrote wins."""

import io
import re
import time

import pytest
from PIL import Image

from prdgen.builder import render, site, sizes
from prdgen.builder.render import RenderContext
from prdgen.builder.standing import Touched


def image(kind: str, width: int, height: int, **options: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, kind, **options)
    return made.getvalue()


def svg(attributes: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><path d="M0 0"/></svg>'.encode()


def turned(width: int, height: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return image("JPEG", width, height, exif=exif)


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.png", image("PNG", 30, 20), (30, 20)),
        ("a.JPG", image("JPEG", 31, 21), (31, 21)),
        ("turned.jpg", turned(30, 20), (20, 30)),
        ("a.gif", image("GIF", 32, 22), (32, 22)),
        ("a.webp", image("WEBP", 33, 23), (33, 23)),
        ("a.avif", image("AVIF", 34, 24), (34, 24)),
        ("a.svg", svg('width="30px" height="20"'), (30, 20)),
        ("box.svg", svg('viewBox="0 0 400.4 300"'), (400, 300)),
        ("half.svg", svg('width="100%" height="100%" viewBox="0,0,40,30"'), (40, 30)),
    ],
)
def test_sizes(name, data, size):
    """The size a browser shows the image in, whatever the format."""
    assert sizes.has_one(name)
    assert sizes.measured(name, data) == size


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", b""), ("a.png", b"\x89PNG\r\n\x1a\n"), ("a.png", image("PNG", 30, 20)[:20]),
        ("a.jpg", b"\xff\xd8\xff\xe0 torn"), ("a.webp", b"RIFF\0\0\0\0WEBPVP8 "), ("a.gif", b"GIF89a"),
        ("a.avif", image("AVIF", 34, 24)[:60]), ("a.svg", b"<svg"), ("a.svg", svg("")),
        ("a.svg", svg('viewBox="0 0 nan inf"')), ("a.svg", svg('width="-3" height="9"')),
        ("a.svg", svg('viewBox="0 0 1e300 1"')), ("a.svg", b"\xff\xfe<\0"),
        ("a.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg width="1" height="1"/>'),
    ],
)  # fmt: skip
def test_broken_images_have_no_size(name, data):
    """What is torn, lies or says nothing about its size is shown as it is, and stops nothing."""
    assert sizes.measured(name, data) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_no_torn_byte_stops_a_page(kind):
    """Whichever byte is another one: a size or none, never an error."""
    whole = image(kind, 34, 24)
    name = f"a.{kind.lower()}"
    assert sizes.measured(name, whole) == (34, 24)
    found = []
    for place in range(min(len(whole), 110)):
        for other in (0xFF, 0x01, 0x80):
            torn = bytearray(whole)
            torn[place] ^= other
            found.append(sizes.measured(name, bytes(torn)))
        found.append(sizes.measured(name, whole[:place]))
    assert None in found


def test_a_broken_avif_stops_no_site(team):
    """It is published as it is, and has no size."""
    whole = image("AVIF", 34, 24)
    torn = next(
        made
        for place in range(110)
        if raises_runtime_error(
            made := whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
    )
    team.assets = {"site/a.avif": torn}
    team.publish(a="# A\n\n![a](a.avif)\n")
    (tag,) = re.findall(r"<img[^>]*a\.[^>]*avif[^>]*>", team.read("a/index.html"))
    assert "width" not in tag


def raises_runtime_error(data: bytes) -> bool:
    """Whether Pillow says so little of it."""
    try:
        Image.open(io.BytesIO(data)).close()
    except RuntimeError:
        return True
    except (OSError, ValueError, SyntaxError):
        return False
    return False


def drawn(text: str, mode: render.Mode = "site") -> str:
    context = RenderContext(asset=lambda path: path, size=lambda _: (400, 300), mode=mode)
    return render.render("a.md", text, context=context).html


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("![x](a.png)", 'width="400" height="300"'),
        ("![x](a.png){ width=200 }", 'width="200" height="150"'),
        ('![x](a.png){: .left width="200" }', 'width="200" height="150"'),
        ("![x](a.png){height=30px}", 'height="30px" width="40"'),
        ("![x](a.png){width=50%}", 'width="50%"'),
        ("![x](a.png){width=7 height=9}", 'width="7" height="9"'),
        ('<img src="a.png" alt="x">', 'width="400" height="300"'),
        ('<img src="a.png" width=40 alt="x">', 'width="40" height="30"'),
        ('<img src="a.png" width="1" height="2" alt="x">', 'width="1" height="2"'),
        ('<img src="a.png" alt="the width = 300 px">', 'width="400" height="300"'),
        ('<img alt=\'a "height=3 x\' src="a.png" title="width=9">', 'width="400" height="300"'),
        ('<img alt="the width = 3" src="a.png" WIDTH = \'40\'>', 'width="40" height="30"'),
        ('<img src="a.png" width="40" width="7" alt="x">', 'width="40" height="30"'),
        ('<img src="a.png" data-width="7" alt="">', 'width="400" height="300"'),
        ('![x](a.png){ title="a height=3 px" width=200 }', 'width="200" height="150"'),
    ],
)
def test_what_people_wrote_wins(written, shown):
    """Both sides are there, so that nothing jumps; a side that is written stays as it is written."""
    html = drawn(f"# A\n\nWords {written} more-words.\n")
    (tag,) = re.findall(r"<img[^>]*>", html)
    said = dict(re.findall(r'(width|height)="([^"]*)"', tag))
    assert said == dict(re.findall(r'(width|height)="([^"]*)"', shown))
    assert " more-words." in html
    assert "{" not in html


def test_braces_that_say_no_size_stay():
    """Other braces behind an image are words, and so are those behind anything else."""
    assert '{ title="a width=3" }' in drawn('![x](a.png){ title="a width=3" }\n').replace(
        "&quot;", '"'
    )
    html = drawn("![x](a.png){ .left } and **so**{ width=3 } and ![x](a.png)`{ width=3 }`\n")
    assert "{ .left } and" in html
    assert html.count("{ width=3 }") == 2


def test_many_braces_cost_nothing():
    """What nobody closes is not looked at again and again."""
    assert "x" in drawn("![x](a.png){" + "a=b.c " * 20_000 + "\n")


def test_images_are_loaded_when_they_come_near():
    """The first image of a page is loaded at once, all others later, unless it is far below too."""
    tags = re.findall(r"<img[^>]*>", drawn("![x](a.png)\n\n![y](b.png)\n"))
    assert ["lazy" in tag for tag in tags] == ["async" in tag for tag in tags] == [False, True]
    (far,) = re.findall(r"<img[^>]*>", drawn("words " * 600 + "![x](a.png)\n"))
    assert 'loading="lazy" decoding="async"' in far
    assert '&lt;img loading="lazy"&gt;' in drawn(
        '![x](a.png)\n\nSay <b>&lt;img loading="lazy"&gt;</b>\n'
    )


def test_a_site_knows_the_sizes(team):
    """On the site every image of the repository has its size, also one outside of the docs folder."""
    team.assets = {"site/img/a.png": image("PNG", 30, 20), "other/b.svg": svg('viewBox="0 0 7 5"')}
    team.publish(a="# A\n\n![a](img/a.png) ![b](../other/b.svg)\n")
    html = team.read("a/index.html")
    assert 'width="30" height="20"' in html
    assert 'width="7" height="5"' in html


def update(team, works, path):
    """The next build, told that only this page or file was touched."""
    pages, files = team.sources({})
    told = Touched(
        {page.page_path: page for page in pages if page.page_path == path},
        {file.path: file for file in files if file.path == path},
    )
    return site.rebuild(works, told, target=team.target, previous=team.site.current())


def test_each_image_is_read_once(team, monkeypatch):
    """A page that is edited asks nobody for the sizes of its images; another image is another size."""
    team.assets = {"site/a.png": image("PNG", 30, 20), "site/b.png": image("PNG", 9, 9)}
    works = team.publish(a="# A\n\n![a](a.png) ![b](b.png)\n").works
    asked = []
    real = sizes.measured
    monkeypatch.setattr(sizes, "measured", lambda *given: (asked.append(given[0]), real(*given))[1])
    team.pages["site/a.md"] += "\nMore.\n"
    made = update(team, works, "site/a.md")
    team.site.switch(made.manifest, since=made.since)
    assert asked == []
    team.assets["site/a.png"] = image("PNG", 50, 40)
    made = update(team, made.works, "site/a.png")
    assert asked == ["site/a.png"]
    assert b'width="50" height="40"' in team.site.store.get(made.manifest.pages["site/a.md"].html)


def test_sizes_are_known_to_a_new_process(team):
    """Who goes on from a build of another process makes what a clean build makes."""
    team.assets = {"site/a.png": image("PNG", 30, 20)}
    team.publish(a="# A\n\n![a](a.png)\n")
    built = team.publish(b="# B\n\n![a](a.png)\n", a="# A!\n\n![a](a.png)\n")
    assert set(built.rendered) >= {"site/a.md", "site/b.md"}
    for page in ("a", "b"):
        assert 'width="30" height="20"' in team.read(f"{page}/index.html")


@pytest.mark.parametrize("first", ["a.png", "b.svg"])
def test_the_same_bytes_are_another_image_by_another_name(team, first):
    """Whichever was met first, each has its own size or none, as in a clean build."""
    data = svg('width="30" height="20"')
    team.assets = {"site/a.png": data, "site/b.svg": data}
    works = team.publish(a=f"# A\n\n![x]({first})\n").works
    team.pages["site/a.md"] = "# A\n\n![x](a.png) ![x](b.svg)\n"
    made = update(team, works, "site/a.md").manifest.pages["site/a.md"]
    html = team.site.store.get(made.html).decode()
    tags = re.findall(r"<img[^>]*/[ab]\.[^>]*>", html)
    assert ["width" in tag for tag in tags] == [False, True]


def test_many_images_of_one_paragraph_cost_what_they_are():
    """Eight times as many take eight times as long, not sixty-four times; each has its own braces."""

    def seconds(count: int) -> float:
        began = time.process_time()
        html = drawn(" ".join(f"![x](a.png){{width={n}}} word-{n}" for n in range(1, count + 1)))
        assert re.findall(r'width="(\d+)"', html) == [str(n) for n in range(1, count + 1)]
        return time.process_time() - began

    few = min(seconds(1_500) for _ in range(3))
    # the quietest of three on both sides: a neighbour's load is no cost of ours
    many = min(seconds(12_000) for _ in range(3))
    assert many < 24 * few
