"""The search index: Pagefind over the public build, pages only."""

import gzip
import json
from dataclasses import replace

import cbor2
import pytest

from prdgen.builder import errors, search


def test_index_joins_the_build_and_leaves_it_whole(team):
    """Search files come a moment later, as artifacts of the same build."""
    team.publish(a="# Zebra crossing\n\nStripes.\n")
    manifest = team.site.improve()
    assert "pagefind/pagefind.js" in manifest.files
    assert (team.site.public / "pagefind" / "pagefind-entry.json").is_file()
    assert "Stripes" in team.read("a/index.html")
    fragments = [path for path in manifest.files if path.endswith(".pf_fragment")]
    assert len(fragments) == 2


def test_lists_and_excluded_pages_are_not_searched(team):
    """Only pages are found: no lists, and none that asks to be left out."""
    team.publish(a="---\nsearch: {exclude: true}\n---\n# A\n", b="---\nunlisted: true\n---\n# B\n")
    manifest = team.site.improve()
    fragments = [path for path in manifest.search if path.endswith(".pf_fragment")]
    assert len(fragments) == 1


def test_next_build_keeps_the_index(team):
    """Until the next index is made, the last one goes on answering."""
    team.publish(a="# A\n")
    search = team.site.improve().search
    built = team.publish(a="# A\n\nMore.\n")
    assert built.manifest.search == search
    assert search.keys() <= built.manifest.files.keys()


def test_no_build_no_index(team):
    """Without a build there is nothing to index."""
    assert team.site.improve() is None


@pytest.fixture
def fragments():
    """What results are shown from, of an index in a folder."""

    def read(folder):
        paths = folder.glob("fragment/*")
        texts = [gzip.decompress(path.read_bytes()).partition(b"{")[2] for path in paths]
        return [json.loads(b"{" + text) for text in texts]

    return read


def files_of(manifest):
    """The index: its files by name, without those that are the same for every site."""
    return {path: name for path, name in manifest.search.items() if ".pf_" in path}


def test_the_next_index_is_the_one_a_new_site_would_get(team, tmp_path, frame):
    """Files that are kept from the last index change nothing, and none of an old page stays."""
    team.publish(a="# Zebra\n\nStripes.\n", b="# Lion\n")
    team.site.improve()
    team.publish(a="# Zebra\n\nBlack and white.\n")
    again = team.site.improve()
    new = type(team)(tmp_path / "new", frame)
    new.pages = team.pages
    new.publish()
    assert files_of(again) == files_of(new.site.improve())


def test_filters_are_the_same_in_every_index_of_the_same_pages(team, tmp_path, frame):
    """Pagefind writes them as its hash maps have them; and what they say is what it wrote."""
    states = ("draft", "review", "approved", "done", "parked")
    pages = {
        f"p{number}": f"---\nstatus: {state}\nowner: {state}er\n---\n# Page {number}\n"
        for number, state in enumerate(states)
    }
    made = []
    for number in range(3):
        new = type(team)(tmp_path / f"new{number}", frame)
        new.publish(**pages)
        manifest = new.site.improve()
        made.append(dict(manifest.search))
        filters = [path for path in manifest.search if path.endswith(".pf_filter")]
        read = [cbor2.loads(gzip.decompress((new.site.public / path).read_bytes())[12:])
                for path in filters]  # fmt: skip
        assert {name for name, _ in read} == {"status", "owner"}
        assert {value.casefold() for name, values in read if name == "status"
                for value, _ in values} == set(states)  # fmt: skip
        for path in filters:
            meta = next(each for each in manifest.search if each.endswith(".pf_meta"))
            said = gzip.decompress((new.site.public / meta).read_bytes())
            assert path.rpartition("/")[2].removesuffix(".pf_filter").encode() in said
            entry = json.loads((new.site.public / "pagefind/pagefind-entry.json").read_text())
            assert f"pagefind.{entry['languages']['en']['hash']}.pf_meta" in meta
    assert made[0] == made[1] == made[2]


def test_an_index_of_the_same_pages_is_not_made_again(team, monkeypatch):
    """A commit that changes no page costs no search index."""
    team.publish(a="# A\n")
    first = team.site.improve()
    monkeypatch.setattr(search.Index, "files", None)
    team.target = replace(team.target, commit="beef")
    team.publish()
    assert team.site.improve().search == first.search


def test_a_broken_index_is_made_from_nothing(team):
    """Who is killed while Pagefind writes, or loses a file of it, gets a whole index next time."""
    team.publish(a="# A\n")
    whole = files_of(team.site.improve())
    (kept,) = (team.site.state / "search").glob("*/")
    for path in [*kept.glob("index/*"), *kept.glob("*.json")]:
        path.unlink()
    team.publish(a="# A\n\nMore.\n")
    team.publish(a="# A\n")
    assert files_of(team.site.improve()) == whole
    kept.rename(kept.with_name("working"))
    team.publish(a="# A\n\nMore.\n")
    assert len(files_of(team.site.improve())) == len(whole)


def test_a_finished_build_comes_with_its_index(team):
    """`prdgen build` switches once: nobody sees the pages without search and twins."""
    team.publish(a="# A\n")
    with team.site.index() as index:
        built = team.build(a="# A\n\n" + "Zebra. " * 200, index=index)
        assert "Zebra" not in team.read("a/index.html")
        shown = team.site.finish(built.manifest, index, twins=True)
    assert "Zebra" in team.read("a/index.html")
    assert (team.site.public / "a/index.html.br").is_file()
    assert files_of(shown)
    assert team.site.current() == shown
    link = team.site.public.readlink()
    with team.site.index() as index:
        assert team.site.finish(team.build(index=index).manifest, index, twins=True) == shown
    assert team.site.public.readlink() == link


def test_an_index_read_while_pages_are_made_is_the_same(team, tmp_path, frame):
    """Whether Pagefind reads a page as it comes or at the end, search finds the same."""
    texts = {f"p{n}": f"# Page {n}\n\n## Part\n\nZebra {n}.\n" for n in range(9)}
    with team.site.index() as index:
        early = team.site.finish(team.build(**texts, index=index).manifest, index)
    late = type(team)(tmp_path / "late", frame)
    late.publish(**texts)
    assert files_of(early) == files_of(late.site.improve())
    with team.site.index() as index:
        again = team.build(p1="# Page 1\n\nLion.\n", index=index).manifest
        assert len(team.site.finish(again, index).pages) == 10


def test_a_site_without_searched_pages(team):
    """There is nothing to index, and nothing to fail at."""
    team.pages = {"site/index.md": "---\nsearch: {exclude: true}\n---\n# Home\n"}
    team.publish()
    assert not [path for path in files_of(team.site.improve()) if "fragment" in path]


def test_pagefind_that_fails_is_told(team, monkeypatch):
    """What it says is in the error, and the old index stays."""
    team.publish(a="# A\n")
    before = team.site.improve().search
    team.publish(a="# A\n\nMore.\n")
    monkeypatch.setattr(search.pagefind_bin, "get_executable", lambda: "/bin/false")
    with pytest.raises(errors.ChildFailed, match="search index"):
        team.site.improve()
    assert team.site.current().search == before


def test_results_lead_to_pages_of_any_name(team, fragments):
    """Addresses are escaped as links are (conventions of URLs)."""
    team.publish(**{"why? 100% #1 été": "# Odd\n"})
    team.site.improve()
    urls = {each["url"] for each in fragments(team.site.public / "pagefind")}
    assert "/why%3F%20100%25%20%231%20%C3%A9t%C3%A9/" in urls
