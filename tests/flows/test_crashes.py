"""`kill -9` at the worst moments, saves in between, and databases that vanish: once is once."""

import asyncio
import os

import psycopg
import pytest

from prdgen.files import disk
from prdgen.flows import edit, merge_base, pull
from prdgen.flows.live import content_hash
from prdgen.git import index
from prdgen.git.repository import Repository
from prdgen.store import conflicts
from prdgen.store.errors import AgreedPointMoved, StoreUnavailable

from .conftest import ONE
from .harness import blame, fsck, until, vim


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


@pytest.fixture
def restart(houses):
    """`await restart(house)`: kill it, and open another one on the same clone and services."""

    async def again(house):
        await house.crash()
        houses.opened.remove(house)
        second = house.second()
        houses.opened.append(second)
        return await second.open()

    return again


def fails(*_args, **_options):
    raise StoreUnavailable(got="it was killed")


async def back(house, editor):
    """The browser connects again with what it has."""
    await editor.open(house, house.people[editor.name.lower()])
    await editor.until(lambda: editor.saved)


async def test_killed_between_the_file_and_its_record(house, repo, page, restart, monkeypatch):
    """Trap 1: our own write is met again after a kill, and is ours."""
    ann = await house.editor()
    with monkeypatch.context() as broken:
        broken.setattr(edit, "_file_point", fails)
        await ann.write("typed\n")
        await until(lambda: page.read_text() == ONE + "typed\n")
        house = await restart(house)
    await back(house, ann)
    await until(lambda: not house.live().dirty_since)
    assert house.text() == ann.text == page.read_text() == ONE + "typed\n"


async def test_killed_after_typing_on_top_of_an_unrecorded_file(house, page, restart, monkeypatch):
    """The file is ours at one text, the document has another in its place: it does not come back."""
    ann = await house.editor()
    with monkeypatch.context() as broken:
        broken.setattr(edit, "_file_point", fails)
        await ann.write("typed\n")
        await until(lambda: page.read_text() == ONE + "typed\n")
        await ann.replace("typed", "better")
        house = await restart(house)
    await back(house, ann)
    await until(lambda: page.read_text() == ONE + "better\n")
    assert house.text() == ann.text == ONE + "better\n"


async def test_killed_between_the_commit_and_its_record(house, repo, restart, monkeypatch):
    """The commit is in Git, the store does not know: it is not made, nor taken in, again."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("by ann\n")
    await bob.until(lambda: bob.text == ann.text)
    await bob.write("by bob\n")
    with monkeypatch.context() as broken:
        broken.setattr(edit.documents, "move_tip_point", fails)
        with pytest.raises(StoreUnavailable):
            await house.save("ann")
        house = await restart(house)
    await back(house, ann)
    await back(house, bob)
    assert (await house.save("ann")).commits == ()
    assert repo.git("log", "--format=%an").split() == ["Bob", "Ann", "Eve"]
    assert ann.text == bob.text == ONE + "by ann\nby bob\n"


@pytest.mark.parametrize("hooks", [False, True])
async def test_killed_between_two_peoples_commits(house, repo, restart, monkeypatch, hooks):
    """Without hooks the branch moves once, over both: killed before, it has none of them. With hooks
    Ann's part is committed, Bob's not yet. Afterwards each is, under their own name, once.
    """
    if hooks:
        repo.hook("pre-commit", "true")
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write(" by ann", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    await bob.write(" by bob", after="third line")
    moved = edit.commits._move

    def only_once(*args, **options):
        broken.setattr(edit.commits, "_move", fails)
        return moved(*args, **options) if hooks else fails()

    with monkeypatch.context() as broken:
        broken.setattr(edit.commits, "_move", only_once)
        with pytest.raises(StoreUnavailable):
            await house.save("ann")
        assert repo.git("log", "--format=%an", "main").split() == ["Ann", "Eve"][not hooks :]
        house = await restart(house)
    await back(house, ann)
    await house.save("ann")
    assert repo.git("log", "--format=%an").split() == ["Bob", "Ann", "Eve"]
    assert ("Ann", "first line by ann") in blame(repo)
    assert ("Bob", "third line by bob") in blame(repo)


async def test_what_a_killed_server_had_not_written_is_written_by_the_next(
    houses, repo, page, restart
):
    """Typed, stored, killed before the file: the next server writes it, with nobody in the page."""
    house = await houses(repo, write_seconds=3600.0)
    ann = await house.editor()
    await ann.write("typed\n")
    house.settings = house.second(write_seconds=0.02).settings
    house = await restart(house)
    await until(lambda: page.read_text() == ONE + "typed\n")
    await house.save("ann")
    assert blame(repo)[-1] == ("Ann", "typed")


@pytest.mark.parametrize("brought", [1, 6])
async def test_killed_after_a_stash_and_a_push(house, repo, page, restart, brought):
    """The file went back to the tip, the tip moved (by so many commits at once), and the server died
    before it looked.
    """
    ann = await house.editor()
    await ann.write(" typed", after="first line")
    await until(lambda: page.read_text() == ann.text)
    await until(lambda: not house.live().dirty_since)
    async with house.live().lock:
        repo.git("stash", "-q")
        repo.git("branch", "pushed")
        for number in range(brought):
            text = ONE.replace("third line", f"third line pushed{' by many' * number}")
            new = repo.save({"one.md": text}, branch="pushed")
        with index.following(repo.opened, "main", repo.tip(), new):
            repo.git("update-ref", "-m", "push", "refs/heads/main", new)
        await pull.tip(house.app, house.live())
        assert await merge_base.was_tip(house.app, house.live(), content_hash(ONE))
        house = await restart(house)
    await back(house, ann)
    want = text.replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


async def test_somebody_commits_the_file_that_a_killed_server_had_not_written(houses, repo, page):
    """What it had committed is not in their text, which is an older commit's; that is no revert."""
    house = await houses(repo, write_seconds=3600.0)
    ann = await house.editor()
    await ann.write(" typed", after="first line")
    async with house.live().lock:
        await edit.commit(house.app, house.live(), None, None)
    await house.crash()
    houses.opened.remove(house)
    assert page.read_text() == ONE
    repo.git("commit", "--quiet", "--message", "In the terminal", "--", "one.md")
    assert repo.git("show", "main:one.md") == ONE.rstrip("\n")
    house = house.second(write_seconds=0.1)
    houses.opened.append(house)
    await house.open()
    await back(house, ann)
    await until(lambda: "first line typed\n" in page.read_text())
    assert ann.text == house.text() == page.read_text()


async def test_killed_in_the_middle_of_a_swap(house, repo, page, restart):
    """What lay between two names is taken in if it is somebody's save, and is gone in any case."""
    ann = await house.editor()
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ONE + "typed\n")
    await until(lambda: not house.live().trailing)
    stray = [repo.path / f".one.md.0123456{n}.prdgen~" for n in (1, 2)]
    stray[0].write_text(ONE + "typed\n")
    stray[1].write_text(ONE.replace("second", "2nd") + "typed\n")
    house = await restart(house)
    await back(house, ann)
    want = ONE.replace("second", "2nd") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    assert not any(path.exists() for path in stray)
    assert repo.status() == " M one.md"


async def test_a_save_during_our_swap_is_taken_in(house, page, monkeypatch):
    """Trap 6: vim saves between our look and our swap; what comes out of the swap is merged."""
    ann = await house.editor()
    exchange = disk.exchange

    def raced(*args, **options):
        monkeypatch.setattr(edit.disk, "exchange", exchange)
        vim(page, ONE.replace("second", "2nd"))
        return exchange(*args, **options)

    monkeypatch.setattr(edit.disk, "exchange", raced)
    await ann.write("typed\n")
    want = ONE.replace("second", "2nd") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


def saved_during_our_swap(page, monkeypatch, text):
    """From now on, once, vim saves `text` between our look and our swap."""
    exchange = disk.exchange

    def raced(*args, **options):
        monkeypatch.setattr(edit.disk, "exchange", exchange)
        vim(page, text)
        return exchange(*args, **options)

    monkeypatch.setattr(edit.disk, "exchange", raced)


async def test_a_save_during_our_swap_waits_for_the_store(house, page, monkeypatch):
    """Postgres is away just when it is to be merged: it is tried again until it is in."""
    ann = await house.editor()
    tries, merge = [], pull.take_in

    async def away(*args, **options):
        tries.append(1)
        if len(tries) < 3:
            raise StoreUnavailable(got="it was killed")
        return await merge(*args, **options)

    monkeypatch.setattr(pull, "take_in", away)
    saved_during_our_swap(page, monkeypatch, ONE.replace("second", "2nd"))
    await ann.write("typed\n")
    await ann.until(lambda: ann.text == ONE.replace("second", "2nd") + "typed\n")
    assert len(tries) == 3
    await until(lambda: page.read_text() == ann.text)


async def test_killed_before_a_save_during_our_swap_is_taken_in(
    houses, repo, page, restart, monkeypatch
):
    """Our swap took it out of the file, and the file went on: it is merged on what it was made from."""
    house = await houses(repo, settle_seconds=30.0)
    ann = await house.editor()
    saved_during_our_swap(page, monkeypatch, ONE.replace("second", "2nd"))
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ONE + "typed\n")
    await ann.write("more\n")
    await until(lambda: page.read_text() == ONE + "typed\nmore\n")
    house = await restart(house)
    await back(house, ann)
    await ann.until(lambda: ann.text == ONE.replace("second", "2nd") + "typed\nmore\n")
    await until(lambda: page.read_text() == ann.text)
    assert not list((house.app.state_dir / "displaced").glob("*"))


@pytest.mark.parametrize(
    "saved",
    [
        "first\n# One\n\nfirst line\n\nsecond line\n\nthird line\n",
        ONE + "saved\n",
        ONE.replace("second", "2nd"),
    ],
)
@pytest.mark.parametrize("brought", [False, True])
async def test_a_save_that_only_our_swap_has_outlives_the_database(
    houses, repo, page, restart, monkeypatch, database_url, saved, brought
):
    """Killed before it was taken in, and no database knows what it was made from."""
    house = await houses(repo, settle_seconds=30.0)
    ann = await house.editor()
    saved_during_our_swap(page, monkeypatch, saved)
    await ann.write("typed\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    await ann.write("more\n", after="typed\n")
    await until(lambda: page.read_text() == ann.text)
    await house.crash()
    drop(database_url)
    house.crash = done
    house = await restart(house)
    if brought:
        await back(house, ann)
    else:
        await house.editor("bob")
    want = ["typed", "more", *saved.split("\n")]
    await until(lambda: sorted(page.read_text().split("\n")) == sorted(want), 5, page.read_text)


async def test_killed_in_the_middle_of_writing_our_own_text(house, page, restart):
    """Half a file of ours under its passing name is no save of anybody."""
    ann = await house.editor()
    await ann.write("0123456789 typed\n", after="# One\n\n")
    await until(lambda: page.read_text() == ann.text)
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET intent_heads = heads, intent_hash = file_hash,"
                         " file_heads = tip_heads, file_hash = tip_hash")  # fmt: skip
    half = page.with_name(".one.md.01234567.prdgen~")
    half.write_text(ann.text[:20])
    house = await restart(house)
    await back(house, ann)
    await until(lambda: not half.exists())
    assert house.text() == ann.text == page.read_text()


async def test_an_editor_that_holds_the_old_file_open_is_heard(house, page):
    """A program opened the page before our swap and writes after it: its text is taken in."""
    ann = await house.editor()
    with page.open("r+") as file:
        await ann.write("typed\n")
        await until(lambda: page.read_text() == ONE + "typed\n")
        file.write(ONE.replace("first", "1st").replace("second", "2nd"))
        file.truncate()
    want = ONE.replace("first", "1st").replace("second", "2nd") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


async def test_stopping_waits_for_no_editor_but_looks_once_more(house, page):
    """At a shutdown the displaced file is looked at there and then."""
    ann = await house.editor()
    with page.open("r+") as file:
        await ann.write("typed\n")
        await until(lambda: page.read_text() == ONE + "typed\n")
        file.write(ONE.replace("first", "1st"))
        file.truncate()
    await house.close()
    house.stack = None
    assert page.read_text() == ONE.replace("first", "1st") + "typed\n"


async def test_our_own_writes_are_no_changes(house, page):
    """No echo: after typing, the document has the editor's changes and no others."""
    ann = await house.editor()
    for number in range(3):
        await ann.write(f"{number}\n")
        await until(lambda: page.read_text() == ann.text)
    async with house.app.store.transaction() as tx:
        cursor = await tx.execute("SELECT DISTINCT origin FROM changes")
        assert await cursor.fetchall() == [("peer",)]


async def test_the_same_file_taken_in_twice_is_once(house, page):
    """A retry, or a second process, with the agreed point of before: refused, nothing doubled."""
    ann = await house.editor()
    live = house.live()
    async with live.lock:
        before = live.document
        vim(page, ONE.replace("second", "brave second"))
        await pull.file(house.app, live)
        live.document = before
        with pytest.raises(AgreedPointMoved):
            await pull.file(house.app, live)
        await pull.refresh(house.app, live)
    await ann.until(lambda: ann.text == ONE.replace("second", "brave second"))
    assert house.text() == ann.text


@pytest.mark.parametrize("point", ["tip", "file"])
async def test_an_answer_of_the_store_that_is_lost_keeps_no_page_from_its_file(
    house, repo, page, point
):
    """The agreed point moved, and who moved it stood still for too long to hear so: it is asked again."""
    ann = await house.editor()
    live = house.live()
    async with live.lock:
        before = live.document
        if point == "tip":
            repo.commit("elsewhere", other="# Other\n\nmore\n")
            await pull.tip(house.app, live)
        else:
            vim(page, ONE.replace("second", "brave second"))
            await pull.file(house.app, live)
        live.document = before
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    assert ann.text.count("typed") == 1
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    assert live.document.tip_commit == repo.tip()


async def test_a_force_push_keeps_what_was_never_committed(house, repo, page):
    """History is replaced under a page with typed text: new history and typed text, once."""
    ann = await house.editor()
    repo.commit("to be dropped", other="# Other\n\ndropped\n")
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    other = repo.git("commit-tree", "main^{tree}", "-m", "all new")
    repo.git("update-ref", "refs/heads/main", other)
    await until(lambda: house.live().document.tip_commit == other)
    assert ann.text == ONE + "typed\n"
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text


async def test_a_page_opens_though_git_lost_its_commit(house, repo, page, restart):
    """The agreed tip was dropped and pruned while the server was down: nothing typed is lost."""
    ann = await house.editor()
    repo.commit("to be dropped", one=ONE + "dropped\n")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    await house.crash()
    repo.git("update-ref", "refs/heads/main", "main^")
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.git("gc", "-q", "--prune=now")
    house.crash = done
    house = await restart(house)
    await back(house, ann)
    assert "typed\n" in house.text()
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text


async def done():
    """It is killed already."""


@pytest.mark.parametrize("offline", [False, True], ids=["online", "typed offline too"])
async def test_a_dropped_database_loses_and_doubles_nothing(
    house, repo, page, restart, database_url, offline
):
    """Text partly committed, partly in the file, partly in the browser; then no database at all."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("committed\n")
    await house.save("ann")
    await ann.write("in the file\n")
    await bob.until(lambda: bob.text == ann.text)
    await until(lambda: page.read_text() == ann.text)
    await house.crash()
    if offline:
        ann.type("offline ann\n")
        bob.type("offline bob\n", 0)
    drop(database_url)
    house.crash = done
    house = await restart(house)
    await back(house, ann)
    await back(house, bob)
    await ann.until(lambda: ann.text == bob.text == house.text())
    want = ONE + "committed\nin the file\n"
    assert ann.text == ("offline bob\n" + want + "offline ann\n" if offline else want)
    await until(lambda: page.read_text() == ann.text)
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    assert fsck(repo) == ""


async def test_after_a_dropped_database_two_servers_merge_one_after_the_other(
    houses, repo, page, database_url
):
    """Each editor comes back to a server of its own, with text of its own and what both had."""
    house, other = await houses(repo), await houses(repo)
    ann, bob = await house.editor("ann"), await other.editor("bob")
    await ann.write("from before\n")
    await bob.until(lambda: bob.text == ann.text)
    await until(lambda: page.read_text() == ann.text)
    await house.crash()
    await other.crash()
    for number in range(20):
        ann.type(f"ann {number}\n")
        bob.type(f"bob {number}\n", 0)
    drop(database_url)
    house, other = await houses(repo), await houses(repo)
    await asyncio.gather(back(house, ann), back(other, bob))

    def say():
        return {e.name: (e.saved, e.serving, e.text) for e in (ann, bob)}

    await until(lambda: ann.saved and bob.saved and ann.text == bob.text, 30, say)
    words = ["from before", *(f"{who} {n}" for who in ("ann", "bob") for n in range(20))]
    assert sorted(ann.text.splitlines()) == sorted([*ONE.splitlines(), *words])
    await until(lambda: page.read_text() == ann.text)


def drop(database_url):
    """DROP DATABASE, and an empty one under its name."""
    name = database_url.split("@/")[1].split("?")[0]
    with psycopg.connect(database_url.replace(name, "prdgen", 1), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")


async def test_a_restart_finds_gits_index_as_it_was(house, repo, restart):
    """An index.lock that a killed commit of ours left does not stand in anybody's way."""
    house = await restart(house)
    lock = repo.path / ".git" / "index.lock"
    lock.write_bytes(b"prdgen main\n" + repo.tip().encode() + b"\n")
    os.utime(lock)
    await restart(house)
    assert not lock.exists()
    repo.git("add", "--all")
    assert isinstance(house.app.repository, Repository)


async def test_a_line_changed_offline_and_on_disk_is_a_conflict_that_is_marked(
    houses, repo, eventually
):
    """Both versions stand, and someone is asked, though nobody was there when they met."""
    house = await houses(repo)
    ann = await house.editor("ann")
    await ann.write("The total is 10.\n")
    await until(lambda: house.live().document.file_heads == house.live().room.heads)
    assert (repo.path / "one.md").read_text().endswith("10.\n")
    await ann.leave()
    await house.crash()
    at = ann.text.index("10.")
    ann.delete(at, 2), ann.type("20", at)
    path = repo.path / "one.md"
    path.write_text(path.read_text().replace("10.", "30."))
    house = await houses(repo)
    bob = await house.editor("bob")
    await bob.until(lambda: "30." in bob.text)
    await ann.open(house, house.people["ann"])
    await bob.until(lambda: "20." in bob.text and "30." in bob.text)

    async def marked():
        async with house.app.store.transaction() as tx:
            return await conflicts.list_open(tx, house.live().id)

    found = await eventually(marked)
    assert [(one.ours, one.theirs) for one in found] == [
        ("The total is 30.\n", "The total is 20.\n")
    ]
