"""Several servers on one clone: one of them writes a page, and a lease that moved is fenced."""

from __future__ import annotations

import pytest

from prdgen.flows import context, edit, lease, made_from, pull, rename, roll, servers, status
from prdgen.flows import open as open_flow
from prdgen.flows.errors import AlreadyServed, NotHere, OtherClone, OtherServices
from prdgen.settings import Settings
from prdgen.store import documents
from prdgen.store.errors import LeaseLost

from . import pushing
from .conftest import ONE
from .harness import blame, fsck, until

LEFT = ".one.md.0123abcd.prdgen~"


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


@pytest.fixture
async def beside(houses):
    """`await beside(house)`: another server on the same clone, with the same services."""

    async def second(house, **options):
        made = await house.second(**options).open()
        houses.opened.append(made)
        return made

    return second


async def moved(house, other):
    """The lease on the page runs out while `house` is not looking, and `other` takes it."""
    live = house.live()
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET lease_until = now() WHERE id = %s", [live.id])
    assert await other.app.keeper.hold(live.document) is not None
    return live


async def test_one_of_two_servers_writes_the_page(house, beside, repo, page):
    """People on both see each other; the file and the commits are one server's, in both's names."""
    other = await beside(house)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("by ann\n")
    await bob.until(lambda: "by ann" in bob.text)
    await bob.write("by bob\n")
    await until(lambda: page.read_text() == ONE + "by ann\nby bob\n")
    assert ann.text == bob.text
    assert other.app.keeper.all() == []
    await house.save("ann")
    assert blame(repo)[-2:] == [("Ann", "by ann"), ("Bob", "by bob")]
    assert fsck(repo) == ""


async def test_who_comes_and_goes_is_recorded_on_every_server(house, beside, eventually):
    """Also on one that does not write the page."""
    other = await beside(house)
    await house.editor("ann")
    bob = await other.editor("bob")
    await bob.leave()

    async def both():
        found = [type_ for type_, _ in await house.events("user.joined", "user.left")]
        return sorted(found) == ["user.joined", "user.joined", "user.left"]

    await eventually(both)


async def test_a_page_people_have_open_is_kept_though_its_server_stopped(
    house, beside, repo, monkeypatch
):
    """Nobody types: what comes by Git is in the page all the same, at once."""
    other = await beside(house)

    async def later():
        """Not in this test."""

    monkeypatch.setattr(other.app.keeper, "sweep", later)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    assert other.app.keeper.all() == []
    await ann.leave()
    await house.close()
    await until(other.app.keeper.all)
    repo.commit("In a terminal", one=ONE + "by carl\n")
    await bob.until(lambda: "by carl" in bob.text)


async def test_a_page_whose_lease_ran_out_is_kept_by_who_has_people_in_it(
    house, beside, monkeypatch
):
    """It was not told to anybody that the lease is free."""
    other = await beside(house)
    await house.editor("ann")
    await other.editor("bob")
    monkeypatch.setattr(other.app.keeper.adopter, "freed", lambda document_id: None)
    await house.close()
    assert other.app.keeper.all() == []
    await other.app.keeper.sweep()
    await until(other.app.keeper.all)


async def test_who_saves_a_version_elsewhere_gets_the_lease(house, beside, repo, page):
    """Saving works on every server; the one that had the lease gives it, and writes no more."""
    other = await beside(house)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("by ann\n")
    await bob.until(lambda: "by ann" in bob.text)
    assert len((await other.save("bob")).commits) == 1
    assert house.app.keeper.all() == []
    await ann.write("more\n")
    await until(lambda: page.read_text() == ONE + "by ann\nmore\n")
    assert (await house.save("ann")).commits
    assert repo.status() == ""


async def test_a_server_that_lost_its_lease_writes_no_file(house, beside, page):
    """It slept for longer than its lease; what it would have written stands in the store."""
    other = await beside(house)
    ann = await house.editor()
    live = await moved(house, other)
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ONE + "typed\n")
    await ann.write("after\n")
    with pytest.raises(LeaseLost):
        await edit._record_intent(house.app, live, live.room.heads, live.room.text)
    with pytest.raises(LeaseLost):
        async with lease.writing(house.app, live):
            pass
    await until(lambda: page.read_text() == ONE + "typed\nafter\n")
    await until(lambda: house.app.keeper.all() == [])


async def test_who_loses_a_lease_in_the_middle_of_opening_lets_the_other_keep_it(
    house, beside, page, monkeypatch
):
    """PostgreSQL was away meanwhile, say; nobody is told that there is no such page."""
    other, looked = await beside(house), made_from.remember
    found = await open_flow.document(house.app, "main", "one.md")

    async def slow(app, live):
        await looked(app, live)
        if app is house.app:
            async with app.store.transaction() as tx:
                await tx.execute(
                    "UPDATE documents SET lease_until = now() WHERE id = %s", [live.id]
                )
                await documents.claim_lease(tx, live.id, other.app.process_id, 60)
            page.write_text(ONE + "by hand\n")

    monkeypatch.setattr(made_from, "remember", slow)
    assert await house.app.keeper.hold(found.document) is None
    monkeypatch.undo()
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("typed\n")
    await bob.until(lambda: "typed" in bob.text)
    await until(lambda: {"typed", "by hand"} <= set(page.read_text().split("\n")))


@pytest.mark.parametrize("new", [False, True])
async def test_who_takes_a_lease_knows_what_the_file_had_before(
    houses, beside, repo, tmp_path, new
):
    """Somebody commits the file as it was before we wrote into it what was pushed; a server that keeps
    the page only since then takes none of that out.
    """
    house = await houses(repo, write_seconds=3600.0)
    other, ann = await beside(house, write_seconds=3600.0), await house.editor()
    await ann.write("typed\n", after="first line\n")
    async with house.live().lock:
        await edit.write_file(house.app, house.live())
    async with pushing.serving(house, tmp_path / "clones") as server:
        bob = await server.clone()
        bob.commit("Edit", one=ONE.replace("second line", "second\nfar1"))
        read = repo.git("hash-object", "-w", "one.md")
        assert (await bob.push()).ok
    await ann.until(lambda: "far1" in ann.text)
    live = house.live()
    async with live.lock:
        await edit.write_file(house.app, live)
        assert "far1" in (repo.path / "one.md").read_text()
        repo.git("update-index", "--cacheinfo", f"100644,{read},one.md")
        repo.git("commit", "--quiet", "--message", "In the terminal")
        assert "far1" not in repo.git("show", "main:one.md")
        if new:
            await moved(house, other)
        else:
            await pull.tip(house.app, live)
    kept = other.live() if new else live
    # What it took out is brought back by a commit that may be there by now.
    await until(lambda: kept.document.tip_commit == repo.tip())
    assert (kept.room.text.count("far1"), kept.room.text.count("typed")) == (1, 1)
    await ann.until(lambda: ann.text == kept.room.text)


async def test_a_server_that_lost_its_lease_commits_nothing(house, beside, repo):
    """Not even a text that is right: the branch's tip is the other one's to move."""
    other = await beside(house)
    ann = await house.editor()
    await ann.write("typed\n")
    before = repo.git("rev-parse", "main")
    live = await moved(house, other)
    async with live.lock:
        with pytest.raises(LeaseLost):
            await edit.commit(house.app, live, "Late", None)
    assert repo.git("rev-parse", "main") == before


async def test_a_server_that_lost_its_lease_ends_no_epoch_and_renames_nothing(house, beside, repo):
    """Retiring and moving a document name the fence as well."""
    other = await beside(house)
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    async with house.live().lock:
        successor = await roll.prepare(house.app, house.live())
    live = await moved(house, other)
    with pytest.raises(LeaseLost):
        await roll.go(house.app, live, successor)
    async with other.live().lock:  # which would follow it itself
        repo.git("mv", "one.md", "two.md")
        tip = repo.commit("Rename")
        live.document = other.live().document
        with pytest.raises(LeaseLost):
            await rename.follow(house.app, live, tip)


async def test_a_lease_does_not_move_in_the_middle_of_a_write(house, beside):
    """The writer may have been stopped there; its lease moves when it is through, or dead."""
    other = await beside(house)
    await house.editor()
    live = house.live()
    async with lease.page(house.app, "main", "one.md"):
        async with house.app.store.transaction() as tx:
            await tx.execute("UPDATE documents SET lease_until = now() WHERE id = %s", [live.id])
        assert await other.app.keeper.hold(live.document) is None
    assert await other.app.keeper.hold(live.document) is not None


async def test_a_server_that_stopped_begins_to_keep_nothing(house):
    """What still looks for work then, as the sweep does, would hold a lease that nobody uses."""
    await (await house.editor()).leave()
    row, keeper = house.live().document, house.app.keeper
    await keeper.close()
    assert await keeper.hold(row) is None
    with pytest.raises(NotHere):
        await keeper.get(row.branch, row.page_path)
    async with house.app.store.transaction() as tx:
        assert (await documents.get(tx, row.id)).lease_holder is None


async def test_what_a_killed_server_left_between_two_names_is_taken_in(house, beside, page):
    """A save that its swap took out and it did not look at any more (trap 6)."""
    other = await beside(house)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ONE + "typed\n")
    (page.parent / LEFT).write_text(ONE.replace("first", "saved") + "typed\n")
    await moved(house, other)
    await bob.until(lambda: "saved line" in bob.text)
    await until(lambda: page.read_text() == bob.text)
    assert not (page.parent / LEFT).exists()


async def test_what_git_stash_put_back_as_a_server_was_killed_deletes_nothing(house, beside, page):
    """Its swap took out the branch's own text: nobody had saved that."""
    other = await beside(house)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("typed\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    (page.parent / LEFT).write_text(ONE)
    await moved(house, other)
    await until(lambda: not (page.parent / LEFT).exists())
    await bob.write("more\n")
    await until(lambda: page.read_text() == bob.text)
    assert bob.text.count("typed\n") == bob.text.count("more\n") == 1


async def test_a_server_that_starts_lets_the_others_keep_their_leases(house, beside):
    """Only what dead ones held is taken over."""
    ann = await house.editor()
    fence = house.live().fence
    await beside(house)
    await ann.write("typed\n")
    assert house.live().fence == fence


async def test_why_the_file_waits_is_said_on_every_server(house, beside, repo, eventually):
    """Only the server that writes the page knows; people are on others too."""
    other = await beside(house)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    (repo.path / ".git" / "index.lock").touch()
    await bob.write("typed\n")
    await until(lambda: house.live().paused)
    row = house.live().document

    async def said():
        return (await status.of(other.app, row)).paused

    assert await eventually(said) == house.live().paused
    (repo.path / ".git" / "index.lock").unlink()
    await eventually(lambda: not house.live().paused)
    assert (await status.of(other.app, row)).people == ("Bob",)
    assert (await status.of(house.app, row)).people == ("Ann",)
    await ann.leave()


def test_who_may_join(repo, database_url, redis_url):
    """One server with services of its own, or several that share theirs."""
    alone = Settings(repository=repo.path)
    shared = Settings(repository=repo.path, database_url=database_url, redis_url=redis_url)
    with context.joined(shared), context.joined(shared):
        with pytest.raises(AlreadyServed), context.joined(alone):
            pass
        elsewhere = Settings(
            repository=repo.path, database_url="postgresql://db/x", redis_url="redis://c"
        )
        with pytest.raises(OtherServices), context.joined(elsewhere):
            pass
    with context.joined(alone), pytest.raises(AlreadyServed), context.joined(shared):
        pass


def test_a_copy_of_a_clone_is_another_clone(tmp_path):
    """Its branches go their own way; the folder itself may be moved."""
    first = servers.clone_id(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "moved")
    assert servers.clone_id(tmp_path / "moved") == first
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "clone").write_bytes((tmp_path / "moved" / "clone").read_bytes())
    assert servers.clone_id(tmp_path / "copy") != first


async def test_a_database_belongs_to_one_clone_at_a_time(house, repo, tmp_path, monkeypatch):
    """The tips of two clones differ: one would take the other's commits back."""
    monkeypatch.setattr(lease, "_LINGER_SECONDS", 0.3)
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "clone"))
    made = house.second(repository=tmp_path / "clone")
    with pytest.raises(OtherClone):
        await made.open()
    await made.stack.aclose()
