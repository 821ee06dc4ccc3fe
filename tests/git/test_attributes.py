"""Whether a file's bytes are its blob's is remembered, until anything that says so has changed."""

import os

import pytest

from prdgen.git import attributes

from . import repos


def on_disk(repo) -> None:
    repo.put({"a/.gitattributes": "*.md filter=mine\n"})


def in_index(repo) -> None:
    on_disk(repo)
    repo.git("add", "a/.gitattributes")
    (repo.path / "a" / ".gitattributes").unlink()


def at_the_top(repo) -> None:
    repo.put({".gitattributes": "a/b.md ident\n"})


def for_this_clone(repo) -> None:
    repo.put({".git/info/attributes": "*.md working-tree-encoding=UTF-16\n"})


def of_the_person(repo) -> None:
    repo.put({".git/mine": "*.md filter=mine\n"})
    repo.git("config", "core.attributesFile", str(repo.path / ".git" / "mine"))


@pytest.fixture
def repo(tmp_path) -> repos.Repo:
    made = repos.make(tmp_path / "one")
    made.put({"a/b.md": "one\n", "c.md": "one\n"})
    made.commit("first")
    return made


def is_raw(repo, path: str = "a/b.md") -> bool:
    def staged(name: str) -> object:
        return repo.git("ls-files", "--stage", name)

    return attributes.Asked(repo.opened, repo.path, staged).is_raw(path)


@pytest.mark.parametrize("how", [on_disk, in_index, at_the_top, for_this_clone, of_the_person])
def test_what_git_begins_to_convert_is_seen(repo, how):
    """Wherever it is said, also after it was asked before."""
    assert is_raw(repo)
    how(repo)
    assert not is_raw(repo)
    assert not is_raw(repo)


def test_and_what_it_does_no_longer(repo):
    """And a file of the same length in the same place."""
    on_disk(repo)
    assert not is_raw(repo)
    place = repo.path / "a" / ".gitattributes"
    seen = place.stat()
    place.write_text("*.md filter=-ine\n".replace("filter=-ine", "myattr=yes1"))
    os.utime(place, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert is_raw(repo)
    assert is_raw(repo, "c.md")


def test_it_is_asked_once(repo, monkeypatch):
    """Git's library would read the whole index again each time."""
    assert is_raw(repo)
    monkeypatch.setattr(attributes, "_CHANGING", ("never asked",))
    monkeypatch.setattr(type(repo.opened.libgit2), "get_attr", None)
    assert is_raw(repo)


def test_a_push_of_many_pages_asks_one_repository(repo, monkeypatch):
    """Opened for each page, each would read the whole index again: 20 s for 1,000 pages of 10,000."""
    clone, opened = repo.opened, []
    assert clone.libgit2
    real = attributes.pygit2.Repository

    def counted(*arguments):
        opened.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(attributes.pygit2, "Repository", counted)
    asked = attributes.Asked(clone, repo.path, lambda _: None)
    assert all(asked.is_raw(path) for path in ("a/b.md", "c.md", "a/d.md"))
    assert len(opened) == 1


def test_a_push_of_many_pages_looks_once_at_each_folder(repo, monkeypatch):
    """What says how a folder's files are stored is the same for all of them at one moment."""
    looked = []
    real = attributes._stamp
    monkeypatch.setattr(attributes, "_stamp", lambda path: looked.append(path) or real(path))
    asked = attributes.Asked(repo.opened, repo.path, lambda _: None)
    assert all(asked.is_raw(f"a/{number}.md") for number in range(50))
    once = len(looked)
    assert asked.is_raw("a/b.md")
    assert len(looked) == once <= 5
    assert is_raw(repo, "c.md")
    assert len(looked) > once


def test_another_file_of_the_person_is_seen(repo):
    """Set, changed and unset while the page is open."""

    def reason() -> str | None:
        return attributes.read_only_reason(repo.opened, "a/b.md", b"one\n")

    assert reason() is None
    of_the_person(repo)
    assert "filter" in (reason() or "")
    repo.git("config", "--unset", "core.attributesFile")
    assert reason() is None
