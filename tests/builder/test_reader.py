"""What a reader gets beside the text: where requirements are used, what search is narrowed by."""

import json


def test_requirement_says_where_it_is_used(team):
    """Pages that mention it, as they are called now; nothing of itself, nothing of code."""
    team.publish(
        a="# A\n\n- [REQ-1] Fast.\n\nREQ-1 again.\n", b="# B\n\nREQ-1 holds.\n", c="`REQ-1`\n"
    )
    assert json.loads(team.read("uses.json")) == {"REQ-1": [["B", "b/"]]}
    team.publish(b="# Bee\n\nREQ-1 holds.\n")
    assert json.loads(team.read("uses.json")) == {"REQ-1": [["Bee", "b/"]]}
    team.publish(b="# Bee\n\nNot any more.\n")
    assert json.loads(team.read("uses.json")) == {}


def test_hidden_page_is_no_user(team):
    """A draft that mentions a requirement is not told of."""
    team.publish(a="# A\n\n- [REQ-1] Fast.\n", b="---\ndraft: true\n---\n# Hush\n\nREQ-1.\n")
    assert json.loads(team.read("uses.json")) == {}


def test_search_is_told_status_and_owner(team):
    """Of each page that has them, escaped."""
    built = team.publish(a='---\nstatus: in review\nowner: Ada "A" Byron\n---\n# A\n')
    words = team.site.store.get(built.manifest.pages["site/a.md"].words).decode()
    assert '<meta data-pagefind-filter="status[content]" content="in review">' in words
    assert 'content="Ada &quot;A&quot; Byron">' in words


def test_images_are_loaded_when_they_come_near(team):
    """Also those written as HTML."""
    team.assets["site/i.png"] = b"\x89PNG"
    team.publish(a='# A\n\n![I](i.png)\n\n<img src="i.png" alt="">\n')
    assert team.read("a/index.html").count('loading="lazy"') == 2
