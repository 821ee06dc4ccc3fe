"""Building: what is in the site, what is not, and how little an edit costs."""

import json
import re

import pytest

from prdgen.builder import crew, site, sources
from prdgen.builder.publication import Site
from prdgen.builder.sources import Target


def test_page_at_its_address_with_source(team):
    """A page is at its path with a slash, its Markdown beside it (the convention of the field)."""
    team.publish(prds__checkout="---\nstatus: approved\n---\n# Checkout\n\nText.\n")
    html = team.read("prds/checkout/index.html")
    assert "<h1" in html
    assert "prd-status--approved" in html
    assert "Text." in html
    assert team.read("prds/checkout.md").startswith("---\nstatus: approved")


@pytest.mark.parametrize(
    "mark", ["draft: true", "hidden: true", "exclude: true", "published: false"]
)
def test_unpublished_page_is_in_no_artifact(team, mark):
    """A page marked draft, hidden or excluded is nowhere: not in lists, sitemap, llms.txt."""
    team.publish(secret=f"---\n{mark}\ntitle: Hush\ntags: [quiet]\n---\n- [REQ-999] Whisper\n")
    everything = team.everything()
    for word in ("Hush", "Whisper", "quiet", "REQ-999", "secret"):
        assert word not in everything


def test_excluded_docs_and_overrides_are_not_pages(team):
    """What mkdocs.yml excludes, and the theme's own files, are not published as pages."""
    team.publish(overrides__notes="# Notes of the theme\n")
    assert "Notes of the theme" not in team.everything()


def test_body_edit_changes_one_page(team):
    """Trap 20: an edit of a word is one page, its source and nothing else of weight."""
    team.publish(a="# A\n", b="# B\n\nText.\n", c="# C\n")
    built = team.publish(b="# B\n\nText.\n\nMore.\n")
    assert built.rendered == ("site/b.md",)
    assert set(built.changed) == {"b.md", "b/index.html"}


def test_title_edit_costs_about_the_same(team):
    """Trap 20: lists and navigation are made from facts; only neighbours are filled again."""
    team.publish(**{f"p{n:02}": f"# Page {n}\n" for n in range(40)})
    built = team.publish(p20="# Another title\n")
    assert set(built.rendered) <= {"site/p19.md", "site/p20.md", "site/p21.md", "site/index.md"}
    assert len(built.changed) <= 10
    assert "Another title" in team.read("nav.json")
    assert "Another title" in team.read("pages/index.html")
    assert "Another title" in team.read("p19/index.html")


def test_nothing_changed_writes_nothing(team):
    """The same commit again is the same build."""
    first = team.publish(a="# A\n")
    again = team.publish()
    assert again.manifest.id == first.manifest.id
    assert again.rendered == ()


def test_link_turns_when_its_page_comes_and_goes(team):
    """A page that links is rendered again when what it links to appears, moves or goes."""
    team.publish(a="# A\n\n[B](b.md)\n")
    assert any("b.md" in problem["message"] for problem in team.publish().problems)
    built = team.publish(b="# B\n")
    assert "site/a.md" in built.rendered
    assert not built.problems
    assert 'href="../b/"' in team.read("a/index.html")


def test_requirement_mention_leads_to_its_page(team):
    """A requirement's number in any page is a link to where it is defined."""
    team.publish(a="# A\n\nSee REQ-001.\n", b="# B\n\n- [REQ-001] Fast.\n")
    assert 'href="../b/#REQ-001"' in team.read("a/index.html")
    assert "REQ-001" in team.read("requirements/index.html")


def test_deleted_page_is_gone(team):
    """A page that is not in the commit is not on the site."""
    team.publish(a="# Gone soon\n")
    del team.pages["site/a.md"]
    built = team.publish()
    assert "a/index.html" in built.removed
    assert not (team.site.public / "a" / "index.html").exists()


def test_redirects(team):
    """Old addresses lead to the page."""
    team.publish(new="---\nredirect_from: [/old/place/, prds/older.md]\n---\n# New\n")
    assert 'url=../../new/"' in team.read("old/place/index.html")
    assert "new/" in team.read("prds/older/index.html")


def test_redirect_cannot_leave_the_site(team):
    """A page cannot write outside the public folder."""
    built = team.publish(new="---\nredirect_from: ['../../etc/cron.d/x', '..']\n---\n# New\n")
    assert not [path for path in built.manifest.files if ".." in path]


def test_lists_for_machines(team):
    """Sitemap, feed and llms.txt name the page by its public address."""
    team.publish(a="---\ndescription: About A\n---\n# A & B\n")
    assert "<loc>https://prd.example/a/</loc>" in team.read("sitemap.xml")
    assert "A &amp; B" in team.read("feed.xml")
    assert "- [A & B](https://prd.example/a.md): About A" in team.read("llms.txt")
    assert json.loads(team.read("build.json"))["commit"] == "c0ffee"


def test_absolute_base(team):
    """Served below a path, every link begins with it."""
    team.target = Target(base="/site/")
    team.publish(a="# A\n\n[home](index.md)\n")
    html = team.read("a/index.html")
    assert 'href="/site/"' in html
    assert not re.search(r'(?:href|src)="(?!/site/|#|\.md)/', html)


def test_assets_are_copied_by_kind(team):
    """Images come along; what could run on the site's origin does not."""
    team.assets = {
        "site/img/a.png": b"\x89PNG",
        "site/evil.html": b"<script>1</script>",
        "site/evil.js": b"1",
        "site/.env": b"SECRET=1",
        "site/evil.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
        "site/good.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
        "elsewhere/b.png": b"\x89PNG2",
    }
    built = team.publish(a="# A\n\n![a](img/a.png) ![b](../elsewhere/b.png)\n")
    files = set(built.manifest.files)
    assert {"img/a.png", "good.svg", "elsewhere/b.png"} <= files
    assert not {"evil.html", "evil.js", ".env", "evil.svg"} & files
    assert [p["code"] for p in built.problems] == ["active-svg"]
    assert re.search(r'src="\.\./img/a\.[0-9a-f]{12}\.png"', team.read("a/index.html"))


def test_a_page_shows_the_picture_of_its_own_build(team):
    """Another picture is another name: the page names it, and its older name stays for open pages. A
    link to the file keeps its address.
    """
    team.assets = {"site/a.png": b"\x89PNG one"}
    first = team.publish(a="# A\n\n![a](a.png) [file](a.png)\n", b="# B\n").manifest
    (one,) = first.pictures
    assert f'src="../{one}"' in team.read("a/index.html")
    assert 'href="../a.png"' in team.read("a/index.html")
    team.assets["site/a.png"] = b"\x89PNG two"
    second = team.publish()
    (two,) = second.manifest.pictures
    assert two != one
    assert f'src="../{two}"' in team.read("a/index.html")
    assert second.rendered == ("site/a.md",)
    assert second.manifest.retired[one][0] == first.files[one] != second.manifest.files[two]
    assert (team.site.public / one).read_bytes() == b"\x89PNG one"
    assert (team.site.public / "a.png").read_bytes() == b"\x89PNG two"


def test_pages_with_one_address_are_both_there_and_named(team):
    """A page must not be missing from the site without a word."""
    built = team.publish(**{"crlf": "# Plain\n", "crlf/index": "# Folder\n"})
    assert "Folder" in team.read("crlf/index.html")
    assert "Plain" in team.read("crlf-md/index.html")
    (problem,) = built.problems
    assert (problem["page_path"], problem["code"]) == ("site/crlf.md", "same-address")
    assert "/crlf/" in problem["message"]
    assert "`site/crlf/index.md`" in problem["message"]
    assert "/crlf-md/" in problem["hint"]


def test_of_pages_with_one_address_the_first_keeps_it(team):
    """The order in which they come changes nothing; a draft takes no address."""
    paths = [
        "site/x.MD",
        "site/x.markdown",
        "site/x/readme.md",
        "site/y/README.md",
        "site/y/index.md",
    ]
    urls = sources.page_urls(paths, "site")
    assert urls == sources.page_urls(paths[::-1], "site")
    assert urls == {
        "site/x.MD": "x/", "site/x.markdown": "x-markdown/", "site/x/readme.md": "x/readme/",
        "site/y/index.md": "y/", "site/y/README.md": "y/README/",
    }  # fmt: skip
    assert sources.clashes(urls, "site") == {"site/x.markdown": ("site/x.MD", "x/")}
    built = team.publish(**{"crlf": "# Plain\n", "crlf/index": "---\ndraft: true\n---\n# Folder\n"})
    assert "Plain" in team.read("crlf/index.html")
    assert built.problems == ()


def test_page_wins_over_our_list(team):
    """A page of the repository at an address of ours is shown there."""
    team.publish(tags="# My own tags\n")
    assert "My own tags" in team.read("tags/index.html")


def test_no_home_page(team):
    """A repository without an index shows the list of its pages."""
    team.pages = {"site/a.md": "# Alone\n"}
    team.publish()
    assert "Alone" in team.read("index.html")


def test_script_in_text_never_runs(team):
    """Titles, descriptions and bodies are text (trap 18)."""
    evil = "<script>alert(1)</script>"
    team.publish(
        a=f"---\ntitle: \"{evil}\"\ndescription: '{evil}'\nowner: '{evil}'\ntags: ['{evil}']\n---\n{evil}\n"
    )
    drawn = [path for ending in ("html", "xml") for path in team.site.public.rglob(f"*.{ending}")]
    assert len(drawn) > 5
    assert not [path for path in drawn if evil in path.read_text("utf-8")]


def test_hundreds_of_pages_go_to_children_and_are_the_same(team, monkeypatch):
    """A large first build is shared out, with the same result as one by one."""
    pages = {f"p{n}": f"# Page {n}\n\n[next](p{n + 1}.md) and `code`\n" for n in range(100)}
    first = team.publish(**pages)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    other = Site(team.site.state.parent / "other", team.site.public.parent / "public2")
    sources = [site.PageSource.of(path, text, None, "") for path, text in team.pages.items()]
    alone = site.build(
        sources, [], frame=team.frame, target=team.target, previous=None, store=other.store
    )
    assert len(first.rendered) == 101
    assert len(first.problems) == len(alone.problems) == 1
    assert "next" in team.read("p5/index.html")


def test_page_with_hide_and_template(team):
    """Material's front matter works: hidden parts and the landing page's template."""
    team.publish(a="---\nhide: [toc]\n---\n# A\n", home="---\ntemplate: home.html\n---\n# Hello\n")
    assert 'data-prd-hide="toc"' in team.read("a/index.html")
    html = team.read("home/index.html")
    assert "team-hero" in html
    assert "prd-card" in html


def test_children_make_the_same_site_as_this_process(team, tmp_path, frame, monkeypatch):
    """Many pages are made by children, a few here; nobody sees which (design: one rendering)."""
    monkeypatch.setattr(crew.os, "cpu_count", lambda: 2)
    texts = {
        f"p{n}": f"---\nstatus: draft\n---\n# Page {n}\n\n- [REQ-{n}] See [next](p{n + 1}.md), REQ-1.\n\n"
        "```rust\nfn main() {}\n```\n" + "Words. " * 100
        for n in range(crew._WORTH_A_CHILD * 2)
    }  # fmt: skip
    by_children = team.publish(**texts).manifest
    monkeypatch.setattr(crew.os, "cpu_count", lambda: 1)
    here = type(team)(tmp_path / "here", frame)
    assert here.publish(**texts).manifest == by_children
