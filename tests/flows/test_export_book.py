"""Several pages as one document: which ones, in which order, kept, and told apart."""

import io

import pypdf
import pytest
from git import repos

from prdgen.builder import book, errors
from prdgen.errors import Invalid
from prdgen.flows import clone as clones
from prdgen.flows import export, export_book
from prdgen.flows.errors import NoSuchPage
from prdgen.settings import Settings

FILES = {
    "mkdocs.yml": "site_name: Team PRDs\ndocs_dir: docs\ntheme:\n  language: de\n",
    "docs/index.md": "# Home\n\nTo [ten](b/ten.md) and [data](data.csv).\n",
    "docs/b/ten.md": "# Ten\n\n- [REQ-010] Quick.\n",
    "docs/b/2.md": "# Two\n",
    "docs/a.md": "---\nlang: fr\n---\n# Page A\n",
    "docs/secret.md": "---\ndraft: true\n---\n# Secret\n",
    "docs/data.csv": "1,2\n",
    "docs/na me #1 100%.md": "# Odd name\n",
}


@pytest.fixture
def clone(tmp_path):
    repo = repos.make(tmp_path / "prds")
    repo.put(FILES)
    repo.git("add", "-A"), repo.git("commit", "-qm", "Begin")
    return clones.open_clone(Settings(repository=repo.path))


def wanted(clone, *paths, kind="pdf"):
    return export_book.Wanted("main", clones.tip_of(clone, "main"), kind, paths)


def paths(clone, *asked):
    return [each.page_path for each in export_book.chapters(clone, wanted(clone, *asked))]


def words(data):
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_whole_site_is_in_navigation_order_without_drafts(clone):
    """As the site shows its pages; what is not published is in no book."""
    assert paths(clone) == [
        "docs/index.md", "docs/a.md", "docs/na me #1 100%.md", "docs/b/2.md", "docs/b/ten.md",
    ]  # fmt: skip


def test_pages_are_in_the_order_they_are_named_and_folders_in_theirs(clone):
    """A page that is named twice is there once."""
    asked = paths(clone, "docs/b/ten.md", "docs/b", "docs/a.md")
    assert asked == ["docs/b/ten.md", "docs/b/2.md", "docs/a.md"]


def test_a_path_that_is_nothing_is_said(clone):
    """Neither page nor folder."""
    with pytest.raises(NoSuchPage, match=r"docs/nope\.md"):
        paths(clone, "docs/nope.md")


def test_other_formats_hold_one_page(clone):
    """Markdown of many pages is no document."""
    with pytest.raises(Invalid, match="pdf, docx"):
        export_book.make(clone, wanted(clone, kind="md"))


def test_a_book_says_the_sites_name_and_links_its_pages(clone):
    """Its own name, its language, its pages' texts."""
    made = export_book.make(clone, wanted(clone))
    assert made.file_name == "team-prds.pdf"
    reader = pypdf.PdfReader(io.BytesIO(made.data))
    assert reader.metadata.title == "Team PRDs"
    assert str(reader.trailer["/Root"]["/Lang"]) == "de"
    for said in ("Home", "Ten", "REQ-010", "Odd name"):
        assert said in words(made.data)
    assert "Secret" not in words(made.data)


def test_a_book_is_made_once(clone, monkeypatch):
    """Whoever asks again for the same commit waits for nothing."""
    first = export_book.make(clone, wanted(clone, "docs/b"))
    monkeypatch.setattr(book, "make", None)
    assert export_book.make(clone, wanted(clone, "docs/b")).data == first.data


def test_word_holds_several_pages_too(clone):
    """One document with both titles."""
    import docx

    made = export_book.make(clone, wanted(clone, "docs/b", kind="docx"))
    said = [p.text for p in docx.Document(io.BytesIO(made.data)).paragraphs]
    assert made.file_name == "b.docx"
    assert {"Two", "Ten"} <= set(said)


def single(clone, path, kind="pdf"):
    at = clones.tip_of(clone, "main")
    return export.make(clone, "main", path, clone.repository.read(at, path).decode(), at, kind)


def test_a_page_asked_for_again_is_not_rendered(clone, monkeypatch):
    """The second time nothing is looked at but what was asked."""
    first = single(clone, "docs/index.md")
    monkeypatch.setattr(export, "_plan", None)
    assert single(clone, "docs/index.md").data == first.data


def test_a_commit_elsewhere_makes_no_other_file(clone, monkeypatch):
    """A page's file depends on what it shows."""
    first = single(clone, "docs/index.md")
    repo = repos.Repo(clone.repository.work_tree)
    repo.put({"docs/a.md": "# Page A, changed\n"})
    repo.git("commit", "-qam", "Elsewhere")
    monkeypatch.setattr(export.pdf, "make", None)
    assert single(clone, "docs/index.md").data == first.data


def test_a_page_says_its_language_and_links_to_files_here(clone):
    """`lang` of the page goes before the site's; a file of the repository is no broken link."""
    reader = pypdf.PdfReader(io.BytesIO(single(clone, "docs/a.md").data))
    assert str(reader.trailer["/Root"]["/Lang"]) == "fr"
    home = pypdf.PdfReader(io.BytesIO(single(clone, "docs/index.md").data))
    links = [a.get_object()["/A"]["/URI"] for p in home.pages for a in p.get("/Annots", [])
             if "/A" in a.get_object()]  # fmt: skip
    assert "http://127.0.0.1:8400/raw/main/docs/data.csv" in links
    assert "http://127.0.0.1:8400/p/main/docs/b/ten.md" in links


def test_a_template_that_is_not_there_is_named(tmp_path, clone):
    """The setting names a file of the main branch."""
    from dataclasses import replace

    clone.settings = replace(clone.settings, word_template="brand/house.docx")
    with pytest.raises(
        errors.BadWordTemplate, match=r"brand/house\.docx .* not on the main branch"
    ):
        single(clone, "docs/a.md", "docx")
    assert single(clone, "docs/a.md", "pdf").data


def test_it_is_told_how_far_it_is_from_the_first_page_on(clone):
    """A rendered page counts half; whoever stops it while pages are rendered waits no longer."""
    told = []
    export_book.make(clone, wanted(clone, "docs/b", "docs/a.md"), lambda *said: told.append(said))
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 3), (3, 3))
    assert (1, 3) in told

    def stop(done, _):
        if done:
            raise errors.ExportCancelled(what="the book")

    with pytest.raises(errors.ExportCancelled):
        export_book.make(clone, wanted(clone), stop)


def test_its_name_is_made_of_all_it_depends_on(clone):
    """Pages, order, format, and where links lead; the same for who asks for the same."""
    asked = [wanted(clone), wanted(clone, kind="docx"), wanted(clone, "docs/a.md", "docs/b"),
             wanted(clone, "docs/b", "docs/a.md")]  # fmt: skip
    names = [export_book.name_of(clone, each) for each in asked]
    assert len(set(names)) == 4
    assert export_book.name_of(clone, wanted(clone)) == names[0]
    elsewhere = clones.open_clone(
        Settings(repository=clone.settings.repository, site_url="https://prds.example.org")
    )
    assert export_book.name_of(elsewhere, wanted(clone)) != names[0]
