"""The index of a large site is in parts; an edit makes the part anew that its page is in."""

import gzip
import json

import pytest

from prdgen.builder import search, search_parts


@pytest.fixture
def large(team, monkeypatch):
    """A site that is large by these measures, with its index."""
    monkeypatch.setattr(search_parts, "_LARGE", 6)
    monkeypatch.setattr(search_parts, "_PART", 4)
    team.publish(**{f"p{n}": f"# Page {n}\n\nZebra{n}.\n" for n in range(11)})
    team.site.improve()
    return team


def found(team):
    """Part → the pages that are found in it, by what the public folder has."""
    folder = team.site.public / "pagefind"
    places = [folder, *(path for path in folder.iterdir() if path.name.isdigit())]
    return {
        "" if place == folder else place.name: sorted(
            json.loads(b"{" + gzip.decompress(path.read_bytes()).partition(b"{")[2])["url"]
            for path in place.glob("fragment/*")
        )
        for place in places
    }


def test_every_page_is_in_one_part(large):
    """And the first part has Pagefind's programs, for all of them."""
    parts = found(large)
    assert len(parts) == json.loads(large.read("pagefind/parts.json"))["parts"] == 4
    assert sorted(url for urls in parts.values() for url in urls) == sorted(
        ["/", *(f"/p{n}/" for n in range(11))]
    )
    assert not list((large.site.public / "pagefind" / "1").glob("*.js"))
    assert (large.site.public / "pagefind" / "1" / "pagefind-entry.json").is_file()


def test_an_edit_makes_one_part_anew(large, monkeypatch):
    """The others stay as they are."""
    made, files = [], search.Index.files
    monkeypatch.setattr(
        search.Index, "files", lambda index, pages: made.append(set(pages)) or files(index, pages)
    )
    before = large.site.current().search
    large.publish(p3="# Page 3\n\nLion.\n")
    after = large.site.improve().search
    (part,) = made
    assert "p3/" in part
    assert len(part) < 8
    changed = {path for path, name in after.items() if before.get(path) != name}
    assert changed
    assert "pagefind/parts.json" not in changed


def test_the_parts_are_those_of_a_new_site(large, tmp_path, frame):
    """Whatever was edited and in whatever order, the index is what a clean build has."""
    for number in range(3):
        large.publish(**{f"p{number}": f"# Page\n\nLion{number}.\n", f"new{number}": "# New\n"})
        large.site.improve()
    new = type(large)(tmp_path / "new", frame)
    new.pages = large.pages
    with new.site.index() as index:
        shown = new.site.finish(new.build(index=index).manifest, index)
    names = {path for path in shown.search if ".pf_" in path}
    assert names == {path for path in large.site.current().search if ".pf_" in path}


def test_a_site_that_shrinks_has_one_index_again(large):
    """Nothing of the other parts is left, after as long as open pages may ask for it."""
    for number in range(8):
        del large.pages[f"site/p{number}.md"]
    large.publish()
    shown = large.site.improve()
    assert json.loads(large.read("pagefind/parts.json")) == {"parts": 1}
    assert not [path for path in shown.search if path.startswith("pagefind/1/")]
    assert not list(large.site.state.glob("search-*"))
