"""A page's past: versions, who wrote what, what a range of commits changed."""

import os

from prdgen.git.values import BlameHunk, FileChange

from . import repos

LONG = "".join(f"line {n}\n" for n in range(20))


def test_versions_follow_a_rename(repo):
    """Newest first, each with the name the page had."""
    repo.commit("write", page=LONG)
    repo.git("mv", "page.md", "new name.md")
    repo.commit("rename")
    repo.put({"new name.md": LONG + "more\n"})
    tip = repo.commit("add")
    found = repo.opened.history(tip, "new name.md")
    assert [(v.subject, v.page_path) for v in found] == [
        ("add", "new name.md"), ("rename", "new name.md"), ("write", "page.md"),
    ]  # fmt: skip


def test_versions_are_paginated_over_other_pages_commits(repo):
    """Commits of other pages in between do not count."""
    for number in range(5):
        repo.commit(f"one {number}", one=str(number))
        tip = repo.commit(f"other {number}", other=str(number))
    pages = [repo.opened.history(tip, "one.md", limit=2, skip=skip) for skip in (0, 2, 4)]
    subjects = [[version.subject for version in page] for page in pages]
    assert subjects == [["one 4", "one 3"], ["one 2", "one 1"], ["one 0", "first"]]


def test_versions_carry_person_and_body(repo):
    """Anything a message may have comes through."""
    tip = repo.commit("Sübject\n\nBody with | and \x1f\n\nmore", one="x")
    version = repo.opened.history(tip, "one.md", limit=1)[0]
    assert (version.author_name, version.author_email) == ("Eve", "eve@example.org")
    assert version.subject == "Sübject"
    assert version.body == "Body with | and \x1f\n\nmore"


def test_a_page_named_like_an_option_is_a_page(repo):
    """Nothing that comes from outside is read as an option of Git."""
    repo.put({"--output=x.md": "a\n", "*.md": "b\n", ":(top)q.md": "c\n"})
    tip = repo.commit("odd")
    for name in ("--output=x.md", "*.md", ":(top)q.md"):
        assert [v.subject for v in repo.opened.history(tip, name)] == ["odd"]
        assert len(repo.opened.blame(tip, name)) == 1
    assert repo.opened.history(tip, "o*.md") == []


def test_foreign_git_variables_do_not_leak_in(repo, tmp_path, monkeypatch):
    """A server started from a Git hook has GIT_DIR and GIT_INDEX_FILE of another place."""
    tip = repo.tip()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setitem(os.environ, "GIT_INDEX_FILE", str(tmp_path / "index"))
    assert len(repo.opened.history(tip, "one.md")) == 1


def test_blame_names_who_typed_each_line(repo):
    """Runs of lines, from the top."""
    first = repo.tip()
    second = repo.save({"one.md": "one\nTWO\nTWO B\nthree\n"})
    assert repo.opened.blame(second, "one.md") == [
        BlameHunk(1, "Eve", "eve@example.org", first),
        BlameHunk(2, "Ann", "ann@example.org", second),
        BlameHunk(1, "Eve", "eve@example.org", first),
    ]


def test_changed_finds_renames(repo):
    """A page moved and edited a little is one change, not two (trap 10)."""
    old = repo.commit(page=LONG)
    repo.git("mv", "page.md", "moved.md")
    repo.put({"moved.md": LONG.replace("line 3\n", "line three\n"), "fresh.md": "new\n"})
    repo.git("rm", "--quiet", "other.md")
    new = repo.commit(one="changed\n")
    assert repo.opened.changed(old, new) == [
        FileChange("added", "fresh.md"), FileChange("renamed", "moved.md", "page.md"),
        FileChange("modified", "one.md"), FileChange("deleted", "other.md"),
    ]  # fmt: skip


def test_changed_from_nothing_adds_everything(repo):
    """The first look at a branch."""
    found = repo.opened.changed(None, repo.tip())
    assert [(c.kind, c.path) for c in found] == [("added", "one.md"), ("added", "other.md")]


def test_a_page_that_becomes_a_link_is_deleted(repo):
    """Links are no pages."""
    old = repo.tip()
    (repo.path / "one.md").unlink()
    (repo.path / "one.md").symlink_to("/etc/passwd")
    assert repo.opened.changed(old, repo.commit()) == [FileChange("deleted", "one.md")]


def test_history_of_a_merge_has_both_sides(tmp_path):
    """A merged draft's commits are the page's versions."""
    repo = repos.make(tmp_path, page=LONG)
    repo.git("switch", "--quiet", "-c", "draft")
    repo.commit("draft", page=LONG + "draft\n")
    repo.git("switch", "--quiet", "main")
    repo.commit("else", other="x")
    repo.git("merge", "--quiet", "--no-edit", "draft")
    assert [v.subject for v in repo.opened.history(repo.tip(), "page.md")] == ["draft", "first"]


def test_a_page_renamed_in_a_branch_keeps_what_was_edited_beside(tmp_path):
    """Not those of another page that took the old name later."""
    repo = repos.make(tmp_path, page=LONG)
    repo.git("switch", "--quiet", "-c", "draft")
    repo.git("mv", "page.md", "other.md")
    repo.commit("rename")
    repo.git("switch", "--quiet", "main")
    for number in range(3):
        repo.commit(f"beside {number}", page=LONG.replace("line 3\n", f"3rd line {number}\n"))
    repo.git("merge", "--quiet", "--no-edit", "draft")
    repo.commit("another page", page="# Another\n")
    tip = repo.commit("last", other=(repo.path / "other.md").read_text() + "last\n")
    found = {v.subject: v.page_path for v in repo.opened.history(tip, "other.md", beside=True)}
    assert found == {
        "last": "other.md", "rename": "other.md", "first": "page.md",
        "beside 2": "page.md", "beside 1": "page.md", "beside 0": "page.md",
    }  # fmt: skip
    parts = [repo.opened.history(tip, "other.md", limit=2, skip=n, beside=True) for n in (0, 2, 4)]
    assert [v.subject for part in parts for v in part] == list(found)
