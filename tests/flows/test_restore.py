"""Earlier versions and passages of them come back by an ordinary edit; who wrote what is known."""

from __future__ import annotations

import pytest
from git.repos import ANN, BOB

from prdgen.flows import blame, compare, restore
from prdgen.flows.errors import NoSuchPage, PassageChanged
from prdgen.git.errors import UnknownRevision

from .conftest import ONE
from .harness import until


@pytest.fixture
def versions(repo):
    """Three commits of the page: as it was, two passages changed, one of them again."""
    first = repo.tip()
    second = repo.commit("second", one=ONE.replace("first", "1st").replace("third", "3rd"))
    return first, second


async def test_a_version_is_restored_while_others_type(house, repo, versions):
    """What they typed is in a version before; undo has it; the rest of the history stays."""
    first, _ = versions
    ann = await house.editor("ann")
    await ann.write(" typed", after="second line")
    await restore.version(house.app, "main", "one.md", first, house.people["bob"])
    await ann.until(lambda: ann.text == ONE)
    await until(lambda: (repo.path / "one.md").read_text() == ONE)
    assert repo.git("log", "-2", "--format=%an|%s").splitlines() == [
        f"Bob|Restore the version {first[:10]}", "Ann|One: edit One",
    ]  # fmt: skip
    assert "second line typed" in repo.git("show", "HEAD~1:one.md")
    with pytest.raises(UnknownRevision):
        await restore.version(house.app, "main", "one.md", "0" * 40, house.people["bob"])
    with pytest.raises(NoSuchPage):
        await restore.version(house.app, "main", "none.md", first, house.people["bob"])


async def test_restoring_is_undone_and_what_came_since_stays(house, repo, versions):
    """What others typed before is back, what they typed after it too; the same words changed again: refused."""
    first, _ = versions
    bob, ann = house.people["bob"], await house.editor("ann")
    await ann.write(" typed", after="second line")
    done = await restore.version(house.app, "main", "one.md", first, bob)
    await ann.until(lambda: ann.text == ONE)
    await ann.write("After it.\n", after="third line\n")
    await restore.undo(house.app, "main", "one.md", done.before, done.after, bob)
    want = (
        ONE.replace("first", "1st")
        .replace("third", "3rd")
        .replace("second line", "second line typed")
    )
    await ann.until(lambda: ann.text == want + "After it.\n")
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    done = await restore.version(house.app, "main", "one.md", first, bob)
    await ann.until(lambda: ann.text == ONE)
    await ann.replace("third line", "quite another line")
    before = ann.text
    with pytest.raises(PassageChanged):
        await restore.undo(house.app, "main", "one.md", done.before, done.after, bob)
    assert ann.text == before


async def test_what_restoring_would_change_is_seen_before(house, versions):
    """With what is typed and not committed; nothing happens by looking."""
    first, _ = versions
    ann = await house.editor("ann")
    await ann.write(" typed", after="second line")
    seen = await compare.restoring(house.app, "main", "one.md", first)
    assert "<del> typed</del>" in seen.html
    assert "-second line typed" in seen.source
    assert "+first line" in seen.source
    assert "typed" in ann.text


async def test_a_version_from_before_a_rename(house, repo, versions):
    """The page had another name then."""
    first, _ = versions
    repo.git("mv", "one.md", "renamed.md")
    repo.commit("rename")
    await restore.version(house.app, "main", "renamed.md", first, house.people["ann"])
    assert repo.git("show", "main:renamed.md") + "\n" == ONE


async def test_a_passage_comes_back_alone(house, repo, versions):
    """The other passage, and what is typed meanwhile, stay."""
    first, second = versions
    old, new = ONE, ONE.replace("first", "1st").replace("third", "3rd")
    one, two = restore.passages(old, new)
    assert (one.before, one.after) == ("first line\n", "1st line\n")
    ann = await house.editor("ann")
    await ann.write(" typed", after="second line")
    await restore.passage(
        house.app, "main", "one.md", first, second, two.number, house.people["bob"]
    )
    want = new.replace("3rd", "third").replace("second line", "second line typed")
    await ann.until(lambda: ann.text == want)
    assert repo.git("show", "main:one.md") + "\n" == want


async def test_a_passage_that_was_changed_again_stays(house, versions):
    """It says so, and nothing happens."""
    first, second = versions
    ann = await house.editor("ann")
    await ann.replace("3rd line", "another line")
    before = ann.text
    with pytest.raises(PassageChanged):
        await restore.passage(house.app, "main", "one.md", first, second, 1, house.people["bob"])
    assert ann.text == before


async def test_who_wrote_what(house, repo):
    """From Git for what is committed, by person for what is not, from the disk for nobody."""
    repo.save({"one.md": ONE.replace("second", "2nd")}, author=BOB)
    repo.git("checkout", "-q", "--", "one.md")
    repo.save({"one.md": ONE.replace("second", "2nd") + "last\n"}, author=ANN)
    repo.git("reset", "-q", "--hard")
    found = await blame.of(house.app, "main", "one.md")
    assert [(p.name, p.text.strip()) for p in found] == [
        ("Eve", "# One\n\nfirst line"), ("Bob", "2nd line"), ("Eve", "third line"), ("Ann", "last"),
    ]  # fmt: skip
    bob = await house.editor("bob")
    await bob.write(" typed", after="first line")
    found = await blame.of(house.app, "main", "one.md")
    (fresh,) = [p for p in found if p.commit is None]
    assert (fresh.name, fresh.text, fresh.first_line) == ("Bob", "first line typed", 3)
    assert "".join(p.text + "\n" for p in found)[:-1] == bob.text
    with pytest.raises(NoSuchPage):
        await blame.of(house.app, "main", "none.md")
