"""Old addresses on the published site: what pages name, and what Git knows."""

from dataclasses import replace

import pytest

from prdgen.builder import redirects, site_config
from prdgen.builder.scope import Scope

PAGE = "# New & better\n\nWords.\n"


def names(text: str, *old: str) -> str:
    return f"---\nredirect_from: [{', '.join(old)}]\n---\n{text}"


def test_a_renamed_page_is_found_at_its_old_address(team):
    """A canonical link for machines, a refresh without scripts, and a script that keeps the anchor."""
    team.moved = {"site/old/place.md": ["site/new.md"]}
    team.publish(new=PAGE)
    page = team.read("old/place/index.html")
    assert '<link rel="canonical" href="https://prd.example/new/">' in page
    assert '<meta http-equiv="refresh" content="0; url=../../new/">' in page
    assert 'src="../../assets/prdgen/moved.js" data-to="../../new/"' in page
    assert "New &amp; better" in page
    assert "location.hash" in team.read("assets/prdgen/moved.js")


def test_an_index_and_a_readme_stood_for_their_folder(team):
    team.moved = {"site/a/index.md": ["site/new.md"], "site/b/README.md": ["site/new.md"]}
    team.publish(new=PAGE)
    assert "../new/" in team.read("a/index.html")
    assert "../new/" in team.read("b/index.html")


@pytest.mark.parametrize(
    ("moved", "pages"),
    [
        ({"site/other.md": ["site/new.md"]}, {"other": "# Other\n"}),
        ({"site/index.md": ["site/new.md"]}, {}),
        ({}, {"other": "# Other\n", "new": names(PAGE, "other")}),
        ({}, {"new": names(PAGE, "404.html", "pages", "tags/index.html", "new")}),
        ({"site/new.md": ["site/new.md"]}, {}),
    ],
)  # fmt: skip
def test_no_redirect_stands_where_something_else_does(team, moved, pages):
    """Neither in a page's place, nor in that of a list the site makes itself."""
    team.moved = moved
    team.publish(**{"new": PAGE} | pages)
    for place in ("other", "new", "tags", "pages"):
        if (team.site.public / place / "index.html").exists():
            assert 'http-equiv="refresh"' not in team.read(f"{place}/index.html")
    assert 'http-equiv="refresh"' not in team.read("index.html") + team.read("404.html")


def test_a_redirect_never_stands_in_the_way_of_a_file(team):
    """A name that a file needs as its folder, or a folder as its file, would stop the build."""
    team.assets["site/logo.png"] = b"picture"
    team.moved = {"site/logo.png.md": ["site/new.md"]}
    team.publish(new=names(PAGE, "logo.png/old", "a.html"), **{"a.html": "# A\n"})
    assert (team.site.public / "logo.png").read_bytes() == b"picture"
    assert "refresh" not in team.read("a.html/index.html")


def test_a_way_that_ends_at_a_redirect_leads_on(team):
    """Git knows that a became b; the page c says that it was b."""
    team.moved = {"site/a.md": ["site/gone.md", "site/b.md"], "site/x.md": ["site/gone.md"]}
    team.publish(c=names("# C\n", "b"))
    assert "url=../c/" in team.read("a/index.html")
    assert "url=../c/" in team.read("b/index.html")
    assert not (team.site.public / "x").exists(), "it leads nowhere"


def test_two_that_name_each_other_stay_pages(team):
    team.publish(a=names("# A\n", "b", "old"), b=names("# B\n", "a", "old"))
    assert "refresh" not in team.read("a/index.html") + team.read("b/index.html")
    assert "url=../a/" in team.read("old/index.html"), "the first one has what both name"


def test_nothing_leads_to_or_names_what_is_not_published(team):
    """Neither to a page that is a draft, nor from a path that is excluded."""
    team.moved = {"site/old.md": ["site/secret.md"], "site/templates/plan.md": ["site/new.md"]}
    team.publish(new=PAGE, secret="---\ndraft: true\n---\n# S\n")
    assert not (team.site.public / "old").exists()
    assert not (team.site.public / "templates").exists()


def test_redirects_are_made_once(team):
    """A change of another page makes none of them again; one of their page's title does."""
    team.moved = {f"site/old/{number}.md": ["site/new.md"] for number in range(30)}
    first = team.publish(new=PAGE, other="# Other\n")
    put, written = team.site.store.put, []
    team.site.store.put = lambda data: written.append(data) or put(data)
    second = team.build(other="# Other\n\nMore.\n")
    assert not [data for data in written if b"refresh" in data]
    assert second.manifest.redirects == first.manifest.redirects
    team.build(new="# Another title\n")
    assert len([data for data in written if b"refresh" in data]) == 30
    assert team.site.current().redirects == first.manifest.redirects


def test_a_redirect_goes_away_when_a_page_comes_to_its_place(team):
    team.moved = {"site/old.md": ["site/new.md"]}
    team.publish(new=PAGE)
    assert "refresh" in team.read("old/index.html")
    team.publish(old="# Here again\n")
    assert "Here again" in team.read("old/index.html")


@pytest.mark.parametrize("old", ["../../x.md", "a/../../../x.md", "/etc/x.md", ".."])
def test_a_redirect_of_mkdocs_stays_inside_the_site(old):
    """Trap 17: a push writes nothing beside the public folder."""
    scope = Scope.of(site_config.read(b"site_name: T\ndocs_dir: .\n"))
    assert redirects.mapped(replace(scope, redirects={old: "index.md", "b.md": "index.md"})) == {
        "b/index.html": ("index.md", "")
    }


def test_an_anchor_is_that_of_the_redirect_which_stands():
    """Where a page claims the old address, the place that mkdocs.yml had in mind is in another page."""
    scope = Scope.of(site_config.read(b"site_name: T\ndocs_dir: .\n"))
    rules = replace(scope, redirects={"was.md": "a.md#part", "old.md": "a.md#goal"})
    leading = {"was/index.html": "b.md", "old/index.html": "a.md"}
    assert redirects.anchors(leading, rules) == {"old/index.html": "goal"}


def test_the_public_folder_takes_no_other_place(team):
    """Whoever asks for it."""
    made = team.build(new=PAGE).manifest
    files = {**made.files, "../out.html": next(iter(made.files.values()))}
    with pytest.raises(ValueError, match="outside"):
        team.site._switch._fill(team.site.public.parent / "slot", files)
