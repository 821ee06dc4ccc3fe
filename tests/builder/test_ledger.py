"""The ledger: what is public is found at once by every process, and each change costs what changed."""

import sqlite3
from dataclasses import replace

from prdgen.builder import ledger
from prdgen.builder.manifest import Difference
from prdgen.builder.publication import Site


def rows(team, question):
    """What another program reads in the ledger's file."""
    with sqlite3.connect(team.site.state / "published.db") as database:
        return database.execute(question).fetchall()


def test_what_is_read_is_what_was_published(team):
    """Every field of the manifest comes back, also of its search."""
    team.assets = {"site/a.png": b"\x89PNG"}
    team.publish(a="---\ntags: [x]\n---\n# A\n\n- [REQ-1] Fast. ![](a.png) [gone](b.md)\n")
    shown = team.site.improve()
    assert Site(team.site.state, team.site.public).current() == shown


def test_another_process_finds_one_path_without_the_rest(team):
    """A server asks for the artifact of a path and for a page's address, at any moment."""
    other = Site(team.site.state, team.site.public)
    assert other.get("a/index.html") is None
    assert other.commit() == ""
    team.publish(a="# One\n")
    assert b"One" in other.get("a/index.html")[0]
    team.publish(a="# Two\n")
    assert b"Two" in other.get("a/index.html")[0]
    assert (other.commit(), other.url("site/a.md"), other.url("no.md")) == ("c0ffee", "a/", None)


def test_a_page_is_found_by_its_address(team):
    """What is known of one page is read without that of the others, by an index."""
    other = Site(team.site.state, team.site.public)
    assert (other.page_at("a/"), other.record("site/a.md")) == (None, None)
    team.publish(a="# One\n", b="# Two\n")
    assert (other.page_at("a/"), other.page_at(""), other.page_at("no/")) == (
        "site/a.md",
        "site/index.md",
        None,
    )
    assert other.record("site/a.md") == team.site.current().pages["site/a.md"]
    assert other.record("site/no.md") is None
    (plan,) = rows(team, "EXPLAIN QUERY PLAN SELECT page_path FROM page WHERE url = 'a/'")
    assert "page_url" in plan[-1]
    with sqlite3.connect(team.site.state / "published.db") as database:
        database.execute("UPDATE fact SET value = '0' WHERE name = 'version'")
    assert other.record("site/a.md") is None


def test_a_word_more_writes_few_rows(team):
    """Nothing of pages that stay as they are is written again."""
    team.publish(**{f"p{n}": "# P\n" for n in range(30)})
    before = Site(team.site.state, team.site.public).current()
    after = team.build(p3="# P\n\nMore.\n").manifest
    team.site._ledger.intend(Difference.between(before, after))
    changed = {path for (path,) in rows(team, "SELECT path FROM pending WHERE slot = 'a'")}
    assert {"p3.md", "p3/index.html"} <= changed
    assert "p4/index.html" not in changed


def test_a_slot_lacks_what_changed_until_it_is_filled(team):
    """The slot that readers are in is a build behind, and knows in what."""
    team.publish(a="# One\n")
    team.publish(a="# Two\n")
    shown = team.site.public.resolve().name
    (other,) = {"a", "b"} - {shown}
    assert team.site._ledger.pending(shown) == []
    assert "a.md" in (team.site._ledger.pending(other) or ["a.md"])


def test_a_file_that_was_thrown_away_is_begun_again(team):
    """Who deletes the folder of a running server's site gets it again at the next build."""
    team.publish(a="# A\n")
    for path in team.site.state.glob("published.db*"):
        path.unlink()
    assert team.site.current() is None
    assert len(team.publish().rendered) == 2
    assert "A" in team.read("a/index.html")


def test_a_file_of_another_shape_is_begun_again(team, monkeypatch):
    """After an upgrade that keeps other facts."""
    team.publish(a="# A\n")
    monkeypatch.setattr(ledger, "_SHAPE", ledger._SHAPE + 1)
    assert Site(team.site.state, team.site.public).current() is None


def test_a_file_linked_twice_leaves_nothing_beside_it(team):
    """A switch that is done again after a kill meets files that are there already."""
    team.publish(a="# A\n" + "word " * 400)
    team.site.improve()
    shown = team.site.current()
    for commit in ("one", "two"):
        team.site._ledger.intend(Difference({}, list(shown.files), {}, ()))
        team.site.switch(
            replace(shown, commit=commit, files={**shown.files, commit: shown.files["a.md"]})
        )
    assert not list(team.site.public.resolve().rglob(".new"))
