"""The navigation, from facts alone."""

import json

from prdgen.builder import navigation, sources
from prdgen.builder.manifest import PageFacts


def make(*paths: str, nav=None, **changes):
    pages = {
        path: PageFacts(
            page_path=path, blob="", title=path.rpartition("/")[2], **changes.get(path, {})
        )
        for path in paths
    }
    urls = sources.page_urls(list(pages), "docs")
    return navigation.tree(pages, urls, nav, "docs")


def test_folders_by_name_and_number():
    """Numbers count as numbers; a folder with a page of its own is both."""
    tree = make(
        "docs/index.md",
        "docs/p10.md",
        "docs/p9.md",
        "docs/user-data/index.md",
        "docs/user-data/a.md",
    )
    assert [node.url for node in tree] == ["", "p9/", "p10/", "user-data/"]
    assert [child.url for child in tree[3].children] == ["user-data/a/"]


def test_folder_without_page_is_named_after_itself():
    """`user-data` reads as “User data” and is no link."""
    (folder,) = make("docs/user-data/a.md")
    assert (folder.title, folder.url) == ("User data", None)


def test_weight_and_unlisted():
    """sidebar_position orders, unlisted pages are left out."""
    tree = make(
        "docs/a.md",
        "docs/b.md",
        "docs/c.md",
        **{"docs/b.md": {"weight": 1}, "docs/c.md": {"listed": False}},
    )
    assert [node.url for node in tree] == ["b/", "a/"]


def test_nav_of_mkdocs():
    """`nav` of mkdocs.yml decides order, titles and groups; unknown entries are left out."""
    tree = make("docs/a.md", "docs/b.md", nav=[{"Group": [{"Bee": "b.md"}, "missing.md"]}, "a.md"])
    assert [(node.title, node.url) for node in tree] == [("Group", None), ("a.md", "a/")]
    assert tree[0].children[0].title == "Bee"


def test_nav_may_lead_elsewhere():
    """A link to another site stands in the navigation, and in nobody's reading order."""
    blog = "https://example.org/blog?x=1"
    tree = make("docs/a.md", "docs/b.md", nav=["a.md", {"Blog": blog}, "javascript:x", "b.md"])
    assert [(node.title, node.url) for node in tree[1:2]] == [("Blog", blog)]
    assert len(tree) == 3
    around = navigation.neighbours(navigation.line(tree))
    assert blog not in around
    assert around["a/"][1].url == "b/"


def test_neighbours_in_reading_order():
    """Previous and next follow the navigation, over folder borders."""
    around = navigation.neighbours(navigation.line(make("docs/a.md", "docs/b/c.md", "docs/d.md")))
    order = [around["b/c/"][0].url, around["b/c/"][1]]
    assert around["a/"][0] is None
    assert order[0] == "d/" or order[0] == "a/"


def test_artifact_is_small():
    """A folder of 600 pages is some tens of kilobytes, once for the whole site."""
    data = navigation.to_json(make(*(f"docs/{n:04}-some-page.md" for n in range(600))))
    assert len(data) < 60_000
    assert json.loads(data)[0] == {"t": "0000-some-page.md", "u": "0000-some-page/"}


def test_path_links_only_pages():
    """In the way to a page, folders without a page of their own are no links."""
    html = navigation.path_html("a/b/c/", "../../../", {"a/": True}, "Home")
    assert 'href="../../../a/"' in html
    assert html.count("<a ") == 2


def test_large_folders_of_a_large_site_have_files_of_their_own():
    """No page loads the navigation of ten thousand others; small sites stay in one file."""
    paths = [f"docs/f{n % 9}/p{n}.md" for n in range(1200)] + ["docs/top.md"]
    tree = make(*paths)
    apart = navigation.split(tree)
    assert apart["f1/"] == 134
    drawn = json.loads(navigation.to_json(tree, apart))
    assert drawn[2] == {"t": "F1", "p": "f1/", "n": 134, "f": navigation.file_of("f1/")}
    (inside,) = [node for node in tree if node.path == "f1/"]
    assert len(json.loads(navigation.to_json(inside.children, apart))) == 134
    assert navigation.split(make(*paths[:900])) == {}
