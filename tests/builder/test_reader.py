"""What a reader gets beside the text: where requirements are used, what search is narrowed by."""

import re


def used(team, path="a"):
    """Titles and addresses behind the requirements of a page, as the published page has them."""
    html = team.read(f"{path}/index.html")
    found = re.findall(r'<span class="requirement-uses">Used in (.*?)</span>', html)
    return [re.findall(r'<a href="([^"]*)">([^<]*)</a>', each) for each in found]


def test_requirement_says_where_it_is_used(team):
    """Pages that mention it, as they are called now; nothing of itself, nothing of code; without a
    script, and not to the search.
    """
    built = team.publish(
        a="# A\n\n- [REQ-1] Fast.\n  - below\n\nREQ-1 again.\n",
        b="# B\n\nREQ-1 holds.\n",
        c="`REQ-1`\n",
    )
    assert used(team) == [[("../b/", "B")]]
    words = team.site.store.get(built.manifest.pages["site/a.md"].words).decode()
    assert "Used in" not in words
    built = team.publish(b="# Bee\n\nREQ-1 holds.\n")
    assert used(team) == [[("../b/", "Bee")]]
    assert set(built.rendered) >= {"site/a.md", "site/b.md"}
    team.publish(b="# Bee\n\nNot any more.\n")
    assert used(team) == []


def test_strictdoc_requirements_say_it_too(team):
    """Behind the words of the requirement, whichever way it is written."""
    team.publish(a="# A\n\n## Speed\n\n**UID**: REQ-7\n\nFast.\n", b="# <B>\n\nREQ-7\n")
    assert used(team)[0][0][0] == "../b/"


def test_a_page_that_uses_nothing_costs_its_own_page(team):
    """Only where a requirement is used otherwise than before is its page made again."""
    team.publish(a="# A\n\n- [REQ-1] Fast.\n", b="# B\n\nREQ-1 holds.\n\nText.\n")
    built = team.publish(b="# B\n\nREQ-1 holds.\n\nMore text.\n")
    assert built.rendered == ("site/b.md",)
    assert team.publish().rendered == ()
    built = team.publish(c="# C\n\nREQ-1.\n")
    assert "site/a.md" in built.rendered
    assert used(team) == [[("../b/", "B"), ("../c/", "C")]]


def test_hidden_page_is_no_user(team):
    """A draft, or a page in no list, that mentions a requirement is not told of."""
    for mark in ("draft: true", "unlisted: true"):
        team.publish(a="# A\n\n- [REQ-1] Fast.\n", b=f"---\n{mark}\n---\n# Hush\n\nREQ-1.\n")
        assert used(team) == []


def test_search_is_told_status_and_owner(team):
    """Of each page that has them, escaped."""
    built = team.publish(a='---\nstatus: in review\nowner: Ada "A" Byron\n---\n# A\n')
    words = team.site.store.get(built.manifest.pages["site/a.md"].words).decode()
    assert '<meta data-pagefind-filter="status[content]" content="in review">' in words
    assert 'content="Ada &quot;A&quot; Byron">' in words


def test_images_are_loaded_when_they_come_near(team):
    """Also those written as HTML; the first is seen at once."""
    team.assets["site/i.png"] = b"\x89PNG"
    team.publish(a='# A\n\n![I](i.png)\n\n<img src="i.png" alt="">\n')
    assert team.read("a/index.html").count('loading="lazy"') == 1


def test_unpublished_page_is_in_nothing_although_it_is_linked(team):
    """Its words, title, path, status, owner, requirement and tag are in no file and no file's name, though
    other pages link to it, mention its requirement and redirect from its place; what was public before
    it was hidden is gone, too.
    """
    secret = "---\ntitle: Hush\nstatus: whispered\nowner: Nobodyatall\ntags: [quiet]\n{}---\n- [REQ-999] Murmur\n"
    other = "---\nredirect_from: [old]\n---\n# A\n\n[words](secretplan.md) and REQ-999.\n"
    team.publish(a=other, secretplan=secret.format(""))
    assert "Murmur" in team.everything()
    built = team.publish(a=other, secretplan=secret.format("draft: true\n"))
    everything = team.everything()
    for word in ("Hush", "whispered", "Nobodyatall", "quiet", "Murmur"):
        assert word not in everything, word
    assert not [path for path in built.manifest.files if "secretplan" in path]
    assert any(problem["code"] == "broken-link" for problem in built.problems)


def test_names_people_give_are_addresses(team):
    """Spaces, `#`, `%`, emoji and right-to-left: each page is there, listed, and reached by its link."""
    for name in ("two words", "c#", "50%", "🎉 party", "שלום"):
        team.pages[f"site/{name}.md"] = f"# Page {name}\n"
    links = "".join(f"- [x](<{name}.md>)\n" for name in ("two words", "🎉 party", "שלום"))
    built = team.publish(a=f"# A\n\n{links}- [c](c%23.md)\n- [p](50%25.md)\n")
    assert not built.problems
    page = team.read("a/index.html")
    for address in ("../two%20words/", "../c%23/", "../50%25/", "../%F0%9F%8E%89%20party/"):
        assert f'href="{address}"' in page
    assert {"c#/index.html", "50%/index.html", "שלום/index.html"} <= built.manifest.files.keys()
    assert "שלום" in team.read("nav.json")
