"""A page renamed by an amended commit, or while nobody looked: one document, one page, every word."""

from __future__ import annotations

import pytest

from .conftest import ONE
from .harness import fsck, until
from .test_crashes import restart

__all__ = ["restart"]
BLOCK = "\n\n## New block\n\nAlpha beta gamma.\n"
MORE = "\n## Other block\n\nOmega psi chi.\n"


def renamed(repo, *, amend=True):
    """In a terminal: the page gets another name and a block more, in the commit that is there."""
    repo.git("mv", "one.md", "two.md")
    page = repo.path / "two.md"
    page.write_text(page.read_text() + MORE)
    repo.git("commit", "-qa", "-m", "Rename", *(["--amend"] if amend else []))


async def settled(house, repo, editor, words):
    """Everybody has the page under its new name, with each word once; the old one is nowhere."""
    await until(lambda: editor.text == house.text("two.md") == (repo.path / "two.md").read_text())
    await house.save("ann", page="two.md")
    await until(lambda: repo.git("show", "main:two.md") + "\n" == editor.text)
    assert [editor.text.count(word) for word in words] == [1] * len(words)
    assert not (repo.path / "one.md").exists()
    assert (repo.status(), fsck(repo)) == ("", "")


@pytest.mark.parametrize("when", ["before", "with", "after"])
async def test_a_rename_in_an_amended_commit_takes_every_block_along(house, repo, when):
    """Typed before the amendment, in the file or not yet there, and after it."""
    ann = await house.editor("ann")
    repo.commit("Edit", one=ONE + BLOCK)
    await ann.until(lambda: "Alpha" in ann.text)
    if when != "after":
        await ann.write(" typed", after="first line")
    if when == "before":
        await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    renamed(repo)
    if when == "after":
        await ann.write(" typed", after="first line")
    await ann.until(lambda: "Omega" in ann.text)
    await settled(house, repo, ann, ["Alpha", "Omega", "typed"])


async def test_opened_by_its_new_name_before_anybody_looked(house, repo, restart):
    """The server was killed with a word that was in no file; the page's first reader after the
    restart comes by the new name, and is in the document that has the word.
    """
    ann = await house.editor("ann")
    repo.commit("Edit", one=ONE + BLOCK)
    await ann.until(lambda: "Alpha" in ann.text)
    known = house.live().id
    await ann.write(" typed", after="first line")
    await house.crash()
    house.crash = nothing
    renamed(repo)
    house = await restart(house)
    bob = await house.editor("bob", page="two.md")
    assert house.live("two.md").id == known
    await bob.until(lambda: "typed" in bob.text)
    await settled(house, repo, bob, ["Alpha", "Omega", "typed"])


async def nothing():
    """It is dead already."""


async def test_a_rename_that_no_open_document_saw(house, repo, restart):
    """Nobody was in the page; it is the same document for whoever opens it under its new name."""
    ann = await house.editor("ann")
    known = house.live().id
    await ann.leave()
    await house.crash()
    house.crash = nothing
    renamed(repo, amend=False)
    house = await restart(house)
    ann = await house.editor("ann", page="two.md")
    assert house.live("two.md").id == known
    await settled(house, repo, ann, ["first", "Omega"])


async def test_the_file_goes_along_when_nobody_made_the_new_one(house, repo):
    """Only the branch moved (`git update-ref`; a push, whose files follow a moment later): the file
    with what was typed lies under the new name, and not under none.
    """
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    repo.git(
        "update-index",
        "--add",
        "--cacheinfo",
        f"100644,{repo.git('rev-parse', 'main:one.md')},two.md",
    )
    repo.git("update-index", "--force-remove", "one.md")
    new = repo.git("commit-tree", repo.git("write-tree"), "-p", "main", "-m", "Rename")
    repo.git("update-ref", "refs/heads/main", new)
    await until(lambda: house.live("two.md").kept)
    await until((repo.path / "two.md").exists)
    await settled(house, repo, ann, ["typed"])


async def test_one_file_by_both_names_stays(house, repo):
    """As it is where upper and lower case are one name; here both are links to one file."""
    await house.editor("ann")
    page = repo.path / "one.md"
    (repo.path / "two.md").hardlink_to(page)
    repo.git("add", "two.md")
    repo.git("rm", "-q", "--cached", "one.md")
    repo.git("commit", "-qm", "Rename")
    await until(lambda: house.live("two.md").kept)
    assert (page.exists(), (repo.path / "two.md").read_text()) == (True, ONE)


async def test_another_page_of_the_same_words_is_a_document_of_its_own(house, repo):
    """A copy is no rename."""
    await house.editor("ann")
    known = house.live().id
    repo.commit("Copy", two=ONE)
    await house.editor("bob", page="two.md")
    assert house.live("two.md").id != known
