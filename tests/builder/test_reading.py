"""What a reader is given of the public site."""

import pytest

from prdgen.builder import reading as reading_module
from prdgen.builder.errors import SiteUnreadable
from prdgen.builder.reading import Reading


@pytest.fixture
def reading(team):
    team.publish(a__b="# B\n\n" + "words " * 300)
    return Reading(team.site.state)


def test_a_file_comes_in_the_first_coding_it_has(reading, team):
    """Else as it is, as long as its twins are not made; and nothing is nothing."""
    early = reading.find("a/b/index.html", ("br", "gzip"))
    team.site.improve()
    assert early.encoding == ""
    assert reading.find("a/b/index.html", ("br", "gzip"), early).encoding == "br"
    packed = reading.find("a/b/index.html", ("br", "gzip"))
    plain = reading.find("a/b/index.html", ())
    assert (packed.encoding, plain.encoding) == ("br", "")
    assert packed.artifact == plain.artifact
    assert len(packed.data) < len(plain.data)
    assert reading.find("a/c/index.html", ("br",)) is None


def test_what_the_caller_has_is_not_read_again(reading, team):
    """Until it is another one."""
    known = reading.find("a/b/index.html", ("br",))
    assert reading.find("a/b/index.html", ("br",), known) is known
    team.publish(a__b="# B\n\nnew\n")
    assert b"new" in reading.find("a/b/index.html", (), known).data


def test_each_change_is_a_turn(reading, team):
    """So that what was found before is looked at again."""
    before = reading.turn()
    assert reading.turn() == before > 0
    team.publish(a__b="# B\n\nnew\n")
    assert reading.turn() != before


def test_only_names_that_say_their_bytes_last(reading, team):
    """The theme's; not a page, and not a team's own file that looks like one."""
    team.assets["site/photo.a1b2c3d4.png"] = b"png"
    team.publish()
    style = next(
        path for path in team.site.current().files if path.startswith("assets/prdgen/site.")
    )
    assert reading.find(style, ()).lasting
    assert not reading.find("photo.a1b2c3d4.png", ()).lasting
    assert not reading.find("nav.json", ()).lasting


@pytest.mark.parametrize(
    ("path", "hashed"),
    [
        ("assets/prdgen/site.80340713.css", True),
        ("assets/javascripts/bundle.a5f9d56c.min.js", True),
        ("pagefind/fragment/en_5ebbc4b13b.pf_fragment", True),
        ("assets/images/logo.5ebbc4b1.png", True),
        ("assets/images/logo.20260101.png", False),
        ("pagefind/pagefind.js", False),
        ("nav.json", False),
    ],
)
def test_a_hash_in_a_name_is_told_from_a_date(path, hashed):
    """A hash of digits only counts where names always have one."""
    assert (reading_module._HASHED.search(path) is not None) == hashed


def test_a_lost_artifact_is_an_error_and_not_a_missing_page(reading, team):
    """Nobody is told 404, which caches keep."""
    found = reading.find("a/b/index.html", ())
    team.site.store.path(found.artifact).unlink()
    with pytest.raises(SiteUnreadable, match=r"a/b/index\.html"):
        reading.find("a/b/index.html", ())
