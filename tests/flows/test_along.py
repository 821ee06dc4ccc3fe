"""A version of one page moves the branch's tip of every open page: all at once, and only where it may."""

import asyncio

import pytest

from prdgen.flows import along, watch
from prdgen.store import documents

from .conftest import ONE
from .harness import until


@pytest.fixture
async def alone(house):
    """Two open pages that nobody looks at but the test."""
    editors = await house.editor("ann"), await house.editor("bob", "other.md")
    lives = house.live(), house.live("other.md")
    await until(lambda: all(live.dirty_since is None for live in lives))
    return editors, lives


def commit(repo, **pages):
    """A commit that no file of the folder is changed for, so that no file event points to it."""
    tip = repo.save({f"{name}.md": text for name, text in pages.items()}, "main")
    repo.git("checkout", "--quiet", "--", ".")
    return tip


async def test_pages_that_a_commit_leaves_alone_go_along_without_a_look(house, repo, alone):
    """No question to the store for each of them; the page that it changes is to be looked at."""
    _, (one, other) = alone
    async with one.lock, other.lock:  # nobody else looks at them meanwhile
        new = commit(repo, one=ONE.replace("second", "changed"))
        for live in (one, other):
            live.lock = asyncio.Lock()
        assert await along.run(house.app, [one, other]) == [one]
        assert other.document.tip_commit == new != one.document.tip_commit
    async with house.app.store.transaction() as tx:
        assert (await documents.get(tx, other.id)).tip_commit == new


async def test_a_file_that_went_back_is_written_again(house, repo, alone):
    """Git may take away what was just written; with the tip, the file is looked at."""
    (ann, _), _lives = alone
    await ann.write("typed\n", after="first line\n")
    await until(lambda: "typed" in (repo.path / "one.md").read_text())
    commit(repo, other="# Other\n\nmore\n")
    assert "typed" not in (repo.path / "one.md").read_text()
    await watch.moved(house.app, "main")
    await until(lambda: "typed" in (repo.path / "one.md").read_text())
    assert ann.text.count("typed") == 1


async def test_a_commit_from_no_calendar_stops_nobody(house, repo, alone, monkeypatch):
    """Its year has five digits, which Git takes: pages, index and site follow."""
    (ann, _), (one, other) = alone
    monkeypatch.setenv("GIT_AUTHOR_DATE", "@253402300800 +0000")
    repo.commit("From the far future", one=ONE.replace("second", "future"))
    monkeypatch.delenv("GIT_AUTHOR_DATE")
    await ann.until(lambda: "future line" in ann.text)
    await until(lambda: one.document.tip_commit == other.document.tip_commit == repo.tip())
    await watch.branches(house.app)
    await house.work()
    await ann.write("typed\n", after="first line\n")
    await house.save("ann")
    assert "typed" in repo.git("show", "main:one.md")


async def test_a_page_that_went_there_and_back_is_looked_at(house, repo, alone):
    """Two commits at once, the second takes the first one back: the text is the same, what is between is
    for others to judge.
    """
    _, (one, other) = alone
    async with one.lock, other.lock:
        commit(repo, one=ONE.replace("second", "changed"))
        commit(repo, one=ONE)
        met = one.document.tip_commit
    _, untouched = along._untouched(house.app, "main", met, {"one.md", "other.md"})
    assert untouched == {"other.md"}


async def test_history_that_was_rewritten_is_looked_at(house, repo, alone):
    """The agreed tip is on no way to the new one, or not there at all."""
    met = repo.tip()
    repo.git("commit", "--quiet", "--amend", "--message", "Again")
    assert along._untouched(house.app, "main", met, {"one.md"}) == (repo.tip(), set())
    assert along._untouched(house.app, "main", "0" * 40, {"one.md"}) == (repo.tip(), set())


async def test_busy_pages_and_lost_leases_stay_where_they_are(house, repo, alone):
    """Who has the page's lock looks by itself; who has no lease any more may not."""
    _, (one, other) = alone
    met = one.document.tip_commit
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET fence = fence + 1 WHERE id = %s", [other.id])
    async with one.lock:
        new = commit(repo, third="# Three\n")
        await along.run(house.app, [one, other])
        assert one.document.tip_commit == other.document.tip_commit == met
    await watch.moved(house.app, "main")
    assert one.document.tip_commit == new
    assert other.document.tip_commit == met
