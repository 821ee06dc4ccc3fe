"""A program read the file, we wrote what was typed into it, and the program saves over that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prdgen.flows import edit, live

from .conftest import ONE
from .harness import until, vim

STALE = ONE.replace("third", "3rd")
BOTH = STALE + "typed\n"


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


@pytest.fixture
async def ann(house, page):
    """Ann, whose word is in the file."""
    editor = await house.editor("ann")
    await editor.write("typed\n")
    await until(lambda: page.read_text() == ONE + "typed\n")
    return editor


async def test_a_save_made_from_an_older_file_deletes_nothing(ann, page):
    """A formatter takes half a second: the words it never saw stay, and so does its work."""
    vim(page, STALE)
    await ann.until(lambda: ann.text == BOTH)
    await until(lambda: page.read_text() == BOTH)


@pytest.mark.parametrize(
    "then", ["committed", "next epoch", "other server", "next epoch, other server"]
)
async def test_whatever_came_between_the_reading_and_the_saving(house, houses, ann, page, then):
    """A commit clears what was written before it; an epoch and a lease take it along."""
    if then == "other server":
        other = await house.second().open()
        houses.opened.append(other)
        await other.save("bob")
    else:
        await house.save("ann")
    if then.startswith("next epoch"):
        before = house.live()
        house.app.settings = replace(house.app.settings, epoch_changes=1)
        before.changed.set()
        await until(lambda: house.live() is not before)
        house.app.settings = replace(house.app.settings, epoch_changes=1000)
        ann = await house.editor("bob")
    if then == "next epoch, other server":
        other = await house.second().open()
        houses.opened.append(other)
        await other.save("bob")
    vim(page, STALE)
    await until(lambda: page.read_text() == BOTH)
    await ann.until(lambda: ann.text == BOTH)


async def test_a_stale_save_that_is_committed_at_once(house, repo, ann, page):
    """The commit came from the same old reading of the file."""
    await house.save("ann")
    async with house.live().lock:
        vim(page, STALE)
        repo.git("commit", "--quiet", "--message", "Format", "--", "one.md")
    await ann.until(lambda: ann.text == BOTH)
    await until(lambda: page.read_text() == BOTH)


@pytest.mark.parametrize("saved", [STALE + "typed\n", ONE + "typed\nsaved\n", ONE + "typed\n"])
async def test_a_commit_of_a_file_that_had_not_got_what_was_committed(
    house, repo, ann, page, saved
):
    """A save was in the way of our write, so that the file lacked what our commit had."""
    await house.save("ann")
    live = house.live()
    async with live.lock:
        await ann.write("more\n", after="first line\n")
        await edit.commit(house.app, live, None, None)
        vim(page, saved)
        repo.git("commit", "--quiet", "--message", "Saved", "--", "one.md")
    want = saved.replace("first line\n", "first line\nmore\n")
    await until(lambda: page.read_text() == ann.text)
    assert ann.text.replace("more\n\n", "more\n") == want.replace("more\n\n", "more\n")


async def test_a_commit_of_a_file_that_was_read_just_before_we_wrote_into_it(
    house, repo, ann, page
):
    """It goes back to an older commit, and nobody meant that: a revert is made from a clean file."""
    await house.save("ann")
    live, before = house.live(), page.read_text()
    async with live.lock:
        await ann.write("more\n", after="first line\n")
        await edit.commit(house.app, live, None, None)
        await edit.write_file(house.app, live)
        repo.save({"one.md": before})
    await house.save("ann")
    assert "more" in ann.text
    assert page.read_text() == ann.text == repo.git("show", "main:one.md") + "\n"


async def test_the_old_text_saved_again_is_no_deletion_either(house, ann, page):
    """After a commit nothing else says that the document had that text."""
    await house.save("ann")
    vim(page, ONE)
    await ann.write("more\n")
    await until(lambda: page.read_text() == ONE + "typed\nmore\n")
    assert ann.text == ONE + "typed\nmore\n"


async def test_what_was_typed_a_while_ago_may_be_deleted_on_disk(house, ann, page, monkeypatch):
    """Then the program has seen it."""
    await house.save("ann")
    monkeypatch.setattr(live, "RECENT_SECONDS", 0.0)
    vim(page, STALE)
    await ann.until(lambda: ann.text == STALE)
    await until(lambda: page.read_text() == STALE)


async def test_older_words_may_be_deleted_beside_new_ones(ann, page):
    """Only what is new is protected: the save is read as made from the nearest text there was."""
    vim(page, ONE.replace("second line\n", ""))
    want = ONE.replace("second line\n", "") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


async def test_a_line_saved_on_disk_and_taken_back_there_is_gone(ann, page):
    """What came from the disk may be deleted on the disk, also while somebody types."""
    saved = page.read_text().replace("second line\n", "second line\n\nmy line\n")
    vim(page, saved)
    await ann.until(lambda: ann.text == saved)
    await ann.write("more\n")
    await until(lambda: page.read_text() == saved + "more\n")
    vim(page, page.read_text().replace("my line\n\n", ""))
    want = ONE + "typed\nmore\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


@pytest.mark.parametrize("displaced", [False, True])
async def test_words_that_a_late_save_takes_out_stand_in_a_version(
    house, repo, ann, page, monkeypatch, displaced
):
    """An editor had the page open for minutes: what it takes out can be brought back from Git."""
    monkeypatch.setattr(live, "RECENT_SECONDS", 0.0)
    if displaced:
        async with house.live().lock:
            await ann.write("more\n")
            real = edit.glance.look

            async def saved_just_then(app, of):
                found = await real(app, of)
                vim(page, STALE)
                return found

            monkeypatch.setattr(edit.glance, "look", saved_just_then)
            await edit.write_file(house.app, house.live())
            monkeypatch.setattr(edit.glance, "look", real)
    else:
        vim(page, STALE)
    await ann.until(lambda: "3rd" in ann.text and "typed" not in ann.text)
    assert "typed" in repo.git("show", "main:one.md")
    assert repo.git("log", "-1", "--format=%an", "main") == "Ann"
    await house.save("ann")
    assert page.read_text() == ann.text == repo.git("show", "main:one.md") + "\n"


async def test_a_save_that_takes_out_nothing_commits_nothing(house, repo, ann, page):
    """Only typed words that would be nowhere else are worth a version."""
    before = repo.tip()
    vim(page, page.read_text().replace("third", "3rd"))
    await ann.until(lambda: "3rd" in ann.text)
    assert repo.tip() == before


async def test_who_rewrites_what_they_saved_makes_no_version_of_it(house, repo, page):
    """An editor that saves by itself, say: only what was typed in our editors would be nowhere."""
    await house.editor("ann")
    before = repo.tip()
    for words in ("The quick fox.\n", "The quick red fox.\n", "A slow dog.\n"):
        vim(page, ONE + words)
        await until(lambda words=words: house.live().room.text == ONE + words)
    assert repo.tip() == before


async def test_words_that_no_commit_takes_are_kept_aside(house, repo, ann, page, monkeypatch):
    """A hook refuses them: they cannot stand in a version, and a save takes them out."""
    monkeypatch.setattr(live, "RECENT_SECONDS", 0.0)
    repo.hook("pre-commit", "echo not today >&2; exit 1")
    vim(page, STALE)
    await ann.until(lambda: "3rd" in ann.text and "typed" not in ann.text)
    kept = [path.read_text() for path in (house.app.state_dir / "kept").iterdir()]
    assert kept == [ONE + "typed\n"]


async def test_what_is_deleted_after_a_stash_stays_deleted(house, repo, ann, page, monkeypatch):
    """Once the file has other text again Git puts nothing back."""
    repo.git("stash", "--quiet")
    await until(lambda: house.live().put_away is not None)
    await ann.write("new\n", after="second line\n")
    await until(lambda: page.read_text() == ann.text)
    await ann.write("more\n")
    await until(lambda: page.read_text() == ann.text)
    monkeypatch.setattr(live, "RECENT_SECONDS", 0.0)
    vim(page, page.read_text().replace("new\n", ""))
    await ann.until(lambda: "new" not in ann.text)
    await until(lambda: page.read_text() == ann.text)
