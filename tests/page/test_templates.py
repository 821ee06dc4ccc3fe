"""Templates, shipped and a team's own."""

import pytest

from prdgen.page import checks, facts, templates
from prdgen.page.errors import BadTemplate, UnknownTemplate

SHIPPED = templates.list_(templates.SHIPPED)
VALUES = {"title": 'Pay: "1-click" #now', "owner": "Ann", "date": "2026-01-02"}


def test_the_shipped_ones_begin_with_feature():
    names = [template.name for template in SHIPPED]
    assert names == ["feature", "api", "epic", "experiment", "one-pager"]
    assert all(template.title and template.description for template in SHIPPED)


@pytest.mark.parametrize("template", SHIPPED, ids=lambda template: template.name)
def test_a_filled_template_says_what_was_put_in(template):
    """Whatever the title holds, YAML reads it back."""
    found = facts.of("a.md", templates.fill(template, VALUES))
    assert (found.title, found.owner, found.status) == (VALUES["title"], "Ann", "draft")
    assert found.problems == []
    assert found.front_matter["date"] == "2026-01-02"


@pytest.mark.parametrize(
    "title", ["true", "- a", "a: b", "#x", "{{owner}}", "naïve", "1.10", "'", "@x"]
)
def test_awkward_titles_survive(title):
    text = templates.fill("---\ntitle: {{title}}\n---\n", {"title": title})
    assert facts.of("a.md", text).title == title


def test_an_untouched_template_is_full_of_things_to_write():
    text = templates.fill(SHIPPED[0], VALUES)
    assert {problem.code for problem in checks.check("a.md", text)} >= {"empty-section"}


def test_unknown_template_names_the_known_ones(tmp_path):
    (tmp_path / "mine.md").write_text("# {{title}}\n", "utf-8")
    with pytest.raises(UnknownTemplate) as caught:
        templates.find(tmp_path, "../mine")
    assert "mine" in caught.value.message


def test_a_link_is_no_template(tmp_path):
    """A push can make a link; it never shows another file."""
    (tmp_path / "secret").write_text("secret", "utf-8")
    folder = tmp_path / "prd-templates"
    folder.mkdir()
    (folder / "leak.md").symlink_to(tmp_path / "secret")
    assert templates.list_(folder) == []
    with pytest.raises(BadTemplate):
        templates.find(folder, "leak")


def test_bytes_that_are_not_text_are_no_template(tmp_path):
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    assert templates.list_(tmp_path) == []


def test_the_example_is_six_clean_linked_pages():
    """What `prdgen init --example` lays passes its own checks."""
    pages = {path.name: path.read_text("utf-8") for path in templates.EXAMPLE.glob("*.md")}
    found = {name: facts.of(name, text) for name, text in pages.items()}
    defined = {each.id: name for name, page in found.items() for each in page.requirements}
    for name, text in pages.items():
        assert checks.check(name, text, pages, known_files=pages, defined=defined) == []
    linked = {link.target for page in found.values() for link in page.links if link.kind == "page"}
    assert len(pages) == 6
    assert linked == set(pages)
    assert {each.notation for page in found.values() for each in page.requirements} == {
        "list",
        "strictdoc",
    }
