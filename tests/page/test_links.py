"""What a page points to."""

import pytest

from prdgen.page import links, tree


def of(text: str, page_path: str = "docs/a.md") -> list[links.Link]:
    return links.of(tree.parse(text), page_path)


@pytest.mark.parametrize(
    "text, kind, target, fragment",
    [
        ("[x](b.md#c)", "page", "docs/b.md", "c"),
        ("[x](../b.md)", "page", "b.md", ""),
        ("[x](/top.md)", "page", "top.md", ""),
        ("[x](sub/)", "page", "docs/sub", ""),
        ("[x](my%20page.md)", "page", "docs/my page.md", ""),
        ("[x](a.pdf)", "asset", "docs/a.pdf", ""),
        ("![x](a.png)", "asset", "docs/a.png", ""),
        ("[x](#here)", "anchor", "", "here"),
        ("[x](https://example.com/a)", "external", "https://example.com/a", ""),
        ("[x](mailto:a@example.com)", "external", "mailto:a@example.com", ""),
        ("<a href='b.md'>x</a>", "page", "docs/b.md", ""),
        ("see REQ-012 there", "requirement", "REQ-012", "REQ-012"),
        ("[[b]]", "page", "docs/b", ""),
    ],
)
def test_kinds_and_targets(text, kind, target, fragment):
    found = of(text)[0]
    assert (found.kind, found.target, found.fragment) == (kind, target, fragment)


@pytest.mark.parametrize("target", ["../../x.md", "/../x.md", "..\\x.md", "a/../../../x"])
def test_nothing_leads_out_of_the_repository(target):
    assert links.resolve("docs/a.md", target) is None


def test_lines_of_links_in_html_blocks():
    assert [link.line for link in of("\n<p>\n<a href='b.md'>x</a>\n</p>\n")] == [3]


def test_a_definition_is_no_mention():
    assert [link.target for link in of("- [REQ-1] needs REQ-2\n")] == ["REQ-2"]


@pytest.mark.parametrize("text", ["`REQ-1`", "UTF-X", "x-REQ-1", "a/REQ-1", "AB-CD"])
def test_what_is_no_mention(text):
    assert of(text) == []


@pytest.mark.parametrize(
    "written, found",
    [("b.md", "docs/b.md"), ("b", "docs/b.md"), ("sub/", "docs/sub/index.md"),
     ("other", "docs/other/README.md"), ("none.md", None)],
)  # fmt: skip
def test_finding_the_page_a_link_means(written, found):
    known = {"docs/b.md", "docs/sub/index.md", "docs/other/README.md"}
    assert links.find(of(f"[x]({written})")[0], known) == found


def test_a_wiki_link_finds_the_one_page_of_that_name():
    known = ["x/My-Page.md", "y/twice.md", "z/twice.md"]
    assert links.find(of("[[my page]]")[0], known) == "x/My-Page.md"
    assert links.find(of("[[twice]]")[0], known) is None
