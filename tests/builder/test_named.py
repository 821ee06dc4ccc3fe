"""Lists of pages by status and by owner: addresses, members, and what an edit costs."""

import json
import re
import unicodedata
from urllib.parse import unquote

import pytest

from prdgen.builder import lists, site
from prdgen.builder.named import OWNER, STATUS
from prdgen.builder.standing import Touched

NAMES = [
    "Ann", "Ann Lee", "ann-lee", "Ann/Lee", "Ann  Lee.", "../../etc", "..", "Иван Петров", "王小明", "अनिता",
    "عمر", "🦊", "🦊🦊", "a" * 300, "a" * 301, "Ann Lee 1a2b3c4d", "1a2b3c4d", "con<script>", "50%", "#1", "a?b",
]  # fmt: skip


def test_every_name_has_an_address_of_its_own():
    """Whatever is in a name, its address is one folder, short, and no other name's; not even where
    the file system takes capitals for small letters.
    """
    places = [OWNER.address(name) for name in NAMES]
    assert len({unicodedata.normalize("NFD", place).casefold() for place in places}) == len(NAMES)
    for place in places:
        assert re.fullmatch(r"owners/[^/\\.?#%<>: ]+/", place)
        assert len(place.encode()) < 200


def test_ways_to_write_one_name_are_one_list():
    """Capitals, blanks and, in a status, the kind of stroke make no other name."""
    assert OWNER.address("ANN  lee") == OWNER.address("Ann Lee") == "owners/ann-lee/"
    assert STATUS.address("In_Review") == STATUS.address("in-review") == "statuses/in-review/"


def test_a_page_leads_to_its_status_and_its_owners(team):
    """Each name beside the title is a link, and where it leads are all pages of that name."""
    team.publish(
        a="---\nstatus: In review\nowner: [Ann Lee, Иван]\n---\n# First\n",
        f__b="---\nstatus: in-review\nowner: ann lee\n---\n# Second\n",
    )
    html = team.read("f/b/index.html")
    assert 'href="../../statuses/in-review/"' in html
    assert 'href="../../owners/ann-lee/"' in html
    for path in ("statuses/in-review", "owners/ann-lee"):
        shown = team.read(f"{path}/index.html")
        assert "2 pages" in shown
        assert 'href="../../a/"' in shown
        assert 'href="../../f/b/"' in shown
    found = re.search(r'href="\.\./(owners/%[^"]*)"', team.read("a/index.html"))[1]
    assert "First" in team.read(f"{unquote(found)}index.html")


def test_the_names_are_listed_and_linked_from_every_page(team):
    """Statuses in the order pages go through them, owners by name; the sidebar leads to both, and the
    sitemap names each list.
    """
    made = {f"p{n}": f"---\nstatus: {s}\nowner: o{n}\n---\n# P\n"
            for n, s in enumerate(("shipped", "draft", "odd", "approved"))}  # fmt: skip
    team.publish(**made)
    listed = team.read("statuses/index.html")
    places = [listed.index(f"statuses/{s}/") for s in ("draft", "approved", "shipped", "odd")]
    assert places == sorted(places)
    assert 'href="../statuses/"' in team.read("p0/index.html")
    assert 'href="../owners/"' in team.read("p0/index.html")
    sitemap = team.read("sitemap.xml")
    for path in ("statuses/", "statuses/odd/", "owners/", "owners/o2/", "tags/"):
        assert f"<loc>https://prd.example/{path}</loc>" in sitemap


@pytest.mark.parametrize("mark", ["draft: true", "exclude: true", "unlisted: true"])
def test_pages_nobody_lists_name_nobody(team, mark):
    """The owner and the status of a page that is in no list are in none either."""
    team.publish(a=f"---\n{mark}\nstatus: secret plan\nowner: Mallory\n---\n# Hush\n")
    for path in ("owners/index.html", "statuses/index.html", "sitemap.xml"):
        assert "allory" not in team.read(path)
        assert "secret" not in team.read(path)
    assert not (team.site.public / "owners" / "mallory").exists()


def test_an_edit_of_a_word_makes_no_list(team):
    """What costs nothing is not made: neither a word nor another page's title is in the lists of a
    name they are not of.
    """
    team.publish(a="---\nowner: Ann\n---\n# A\n\nText.\n", b="---\nowner: Ben\n---\n# B\n")
    assert set(team.publish(a="---\nowner: Ann\n---\n# A\n\nText.\n\nMore.\n").changed) == {
        "a.md", "a/index.html",
    }  # fmt: skip
    changed = team.publish(a="---\nowner: Ann\n---\n# Other\n").changed
    assert "owners/ann/index.html" in changed
    assert "owners/ben/index.html" not in changed
    assert "owners/index.html" not in changed


def test_a_name_goes_with_its_last_page(team):
    """An owner who owns nothing any more has no list, and no parts of one."""
    team.publish(a="---\nowner: Ann\n---\n# A\n")
    built = team.publish(a="---\nowner: Ben\n---\n# A\n")
    assert "owners/ann/index.html" in built.removed
    assert "owners/ann/" not in team.read("owners/index.html")


def test_nothing_is_kept_of_names_that_are_gone(team):
    """A process that builds for months knows the names there are, not all there ever were."""
    works = team.publish(a="---\nowner: Ann\n---\n# A\n", b="---\nowner: Ben\n---\n# B\n").works
    for number in range(5):
        team.pages["site/a.md"] = f"---\nowner: Owner {number}\n---\n# A\n"
        pages, _ = team.sources({})
        told = Touched(
            {page.page_path: page for page in pages if page.page_path == "site/a.md"}, {}
        )
        made = site.rebuild(works, told, target=team.target, previous=team.site.current())
        team.site.switch(made.manifest, since=made.since)
        works = made.works
    assert set(works.lists._titles) == {"owners/owner-4/", "owners/ben/"}
    team.pages.pop("site/b.md")
    made = site.rebuild(
        works, Touched({"site/b.md": None}, {}), target=team.target, previous=team.site.current()
    )
    assert set(made.works.lists._titles) == {"owners/owner-4/"}


def test_a_page_of_the_team_keeps_its_address(team):
    """A page at the address of a list is the team's; other lists are there."""
    team.publish(owners__ann="---\nowner: Ann\n---\n# All about Ann\n", owners__index="# Who\n")
    assert "All about Ann" in team.read("owners/ann/index.html")
    assert "Who" in team.read("owners/index.html")


def test_a_long_list_of_a_name_is_divided(team, monkeypatch):
    """Thousands of pages of one status are listed by folder, as all pages are."""
    monkeypatch.setattr(lists, "_LONG", 3)
    made = {f"f{n % 2}__p{n}": "---\nstatus: draft\n---\n# P\n" for n in range(6)}
    team.publish(**made)
    assert 'href="../../statuses/draft/f0/"' in team.read("statuses/draft/index.html")
    assert team.read("statuses/draft/f1/index.html").count('<tr><td><a href="../../../f1/') == 3


def test_a_long_list_of_names_is_divided(team, monkeypatch):
    """Thousands of owners are listed by letter, each part at an address that no name has; an owner more
    or less is in its part, and a short list is whole again.
    """
    monkeypatch.setattr(lists, "_LONG", 4)
    names = ("Ann", "amy", "Ben", "Жанна", "7up", "--a")
    made = {f"p{n}": f"---\nowner: {json.dumps(name)}\n---\n# P\n" for n, name in enumerate(names)}
    team.publish(**made)
    listed = team.read("owners/index.html")
    parts = dict(re.findall(r'<a href="\.\./(owners/--[^"]+)">([^<]+)</a></td><td>', listed))
    assert list(parts.values()) == ["0-9", "A", "B", "Other", "Ж"]
    assert "owners/ann/" not in listed
    part = team.read("owners/--a/index.html")
    assert re.findall(r'<tr><td><a href="\.\./\.\./(owners/[^"]+)">', part) == [
        "owners/amy/",
        "owners/ann/",
    ]
    assert "<title>Owners – A" in part
    assert "Ben" in team.read("owners/--b/index.html")
    assert "https://prd.example/owners/--a/" in team.read("sitemap.xml")
    made["p1"] = made["p1"].replace("amy", "Ada")
    team.publish(**made)
    assert "owners/ada/" in team.read("owners/--a/index.html")
    made |= {"p2": "# P\n", "p3": "# P\n"}
    removed = team.publish(**made).removed
    assert {"owners/--a/index.html", "owners/--b/index.html"} <= set(removed)
    assert "owners/ann/" in team.read("owners/index.html")
