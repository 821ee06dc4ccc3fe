"""What happens on disk and in Git → the open browsers: merged, once, and then it is quiet."""

import asyncio
from dataclasses import replace

import pytest

from prdgen import background
from prdgen.files import disk
from prdgen.flows import displaced, edit, merge_base, pull, roll
from prdgen.flows import open as open_flow
from prdgen.flows.errors import NoSuchPage
from prdgen.store import documents

from .conftest import ONE
from .harness import blame, until, vim


@pytest.fixture
async def ann(house):
    return await house.editor("ann")


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


async def test_a_save_in_place_reaches_the_browser(ann, page):
    """VS Code truncates and writes: what it wrote is in the editor."""
    page.write_text(ONE.replace("second", "2nd"))
    await ann.until(lambda: ann.text == ONE.replace("second", "2nd"))


async def test_a_half_written_file_is_not_believed(house, ann, page, monkeypatch):
    """A save seen while it is empty deletes nothing, also while someone types."""
    looks, read = [], disk.read

    def counted(*args, **options):
        looks.append(read(*args, **options))
        return looks[-1]

    with page.open("w") as file:
        monkeypatch.setattr(disk, "read", counted)
        await ann.write(" typed", after="first line")
        await until(lambda: [look.data for look in looks].count(b"") > 1)
        file.write(ONE.replace("third", "3rd"))
    want = ONE.replace("third", "3rd").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    async with house.app.store.transaction() as tx:
        cursor = await tx.execute("SELECT count(*) FROM changes WHERE origin = 'file'")
        assert await cursor.fetchone() == (1,)


async def test_git_that_begins_while_we_look_is_noticed(house, ann, page, repo, monkeypatch):
    """A rebase starts after we asked and before we read: its conflict markers reach no browser."""
    settled = pull.settled

    async def begun(*arguments):
        monkeypatch.setattr(pull, "settled", settled)
        (repo.path / ".git" / "rebase-merge").mkdir()
        vim(page, ONE.replace("second line", "<<<<<<< HEAD"))
        return await settled(*arguments)

    monkeypatch.setattr(pull, "settled", begun)
    async with house.live().lock:
        await pull.file(house.app, house.live())
    assert "rebase" in house.live().paused
    assert house.text() == ONE
    (repo.path / ".git" / "rebase-merge").rmdir()


async def test_a_save_by_rename_reaches_the_browser(ann, page):
    """Vim writes another file and renames it."""
    vim(page, ONE + "by vim\n")
    await ann.until(lambda: ann.text == ONE + "by vim\n")


async def test_a_save_meets_what_is_typed_meanwhile(ann, page):
    """Vim changes one line while Ann changes another: both are in both."""
    ann.type(" typed", ann.text.index("first line") + len("first line"))
    vim(page, ONE.replace("third", "3rd"))
    want = ONE.replace("third", "3rd").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


async def test_both_made_the_same_fix(ann, page):
    """The same fix typed and saved on disk is made once."""
    fixed = ONE.replace("second line", "second, better line")
    ann.type(", better", ann.text.index("second") + len("second"))
    vim(page, fixed)
    await ann.until(lambda: ann.saved and ann.text == fixed)
    await until(lambda: page.read_text() == fixed)


async def test_two_versions_of_one_line_both_stay(house, ann, page):
    """Really different texts in one place: both lines stay, and the event says so."""
    async with house.live().lock:
        await ann.replace("second line", "ANN was here")
        vim(page, ONE.replace("second line", "VIM was here"))
    await ann.until(lambda: "VIM was here" in ann.text)
    lines = ann.text.split("\n")
    assert lines.count("ANN was here") == lines.count("VIM was here") == 1
    await until(lambda: page.read_text() == ann.text)
    assert len(await house.events("git.conflict.detected")) == 1


async def test_a_local_commit_reaches_the_browser(house, repo, ann):
    """`git commit` in a terminal, then quiet: nothing is left to commit."""
    repo.commit("by eve", one=ONE + "by eve\n")
    await ann.until(lambda: ann.text == ONE + "by eve\n")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    await until(lambda: not house.live().uncommitted)
    assert (await house.save("ann")).commits == ()


async def test_committing_the_live_text_in_a_terminal_is_no_news(house, repo, ann, page):
    """`git commit -am` of what the browser typed: the server has nothing left to commit."""
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git("commit", "-qam", "mine")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    assert ann.text == ONE + "typed\n"
    assert (await house.save("ann")).commits == ()


async def test_a_revert_is_followed_not_undone(houses, repo):
    """`git revert` of the server's own commit takes the text out of the browser, and it stays out."""
    house = await houses(repo, quiet_seconds=0.2)
    ann = await house.editor()
    for number, word in ((2, "one\n"), (3, "two\n")):
        await ann.write(word)
        await until(lambda count=number: repo.git("rev-list", "--count", "main") == str(count))
        await until(lambda: not house.live().uncommitted and not house.live().dirty_since)
    repo.git("revert", "--no-edit", "HEAD")
    await ann.until(lambda: ann.text == ONE + "one\n")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    await until(lambda: not house.live().uncommitted)
    assert repo.git("rev-list", "--count", "main") == "4"


async def test_a_merged_branch_reaches_the_browser(house, repo, ann, page):
    """`git merge` of a draft while Ann has uncommitted text: both are there."""
    repo.git("branch", "draft")
    await ann.write(" typed", after="first line")
    await until(lambda: page.read_text() == ann.text)
    tree = repo.path.parent / "draft"
    repo.git("worktree", "add", "-q", str(tree), "draft")
    (tree / "other.md").write_text("# Other\n\nmerged\n")
    repo.git("-C", str(tree), "commit", "-qam", "draft")
    repo.git("merge", "-q", "--no-edit", "draft")
    await until(lambda: house.live().document.tip_commit == repo.tip())
    assert ann.text == ONE.replace("first line", "first line typed")
    await until(lambda: page.read_text() == ann.text)


async def test_a_merge_that_changes_the_page_keeps_uncommitted_text(house, repo, ann, page):
    """A ref that moved (as by a push) while the page is dirty: old tip, new tip and live text meet."""
    repo.git("branch", "draft")
    repo.save({"one.md": ONE.replace("third", "3rd")}, branch="draft")
    await ann.write(" typed", after="first line")
    await until(lambda: page.read_text() == ann.text)
    repo.git("update-ref", "refs/heads/main", repo.tip("draft"))
    want = ONE.replace("first line", "first line typed").replace("third", "3rd")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == want


@pytest.mark.parametrize(
    "command", [("checkout", "--", "one.md"), ("stash",), ("reset", "-q", "--hard")]
)
async def test_going_back_to_the_tips_text_deletes_no_live_text(house, repo, ann, page, command):
    """checkout --, stash, reset --hard: typed text stays, and is written again with the next edit."""
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git(*command)
    await until(lambda: house.live().document.file_hash == house.live().document.tip_hash)
    assert ann.text == ONE + "typed\n"
    assert page.read_text() == ONE
    await ann.write("more\n")
    await until(lambda: page.read_text() == ONE + "typed\nmore\n")


async def test_a_popped_stash_is_no_news(house, repo, ann, page):
    """Stash and pop: the text is there once."""
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git("stash")
    await until(lambda: house.live().document.file_hash == house.live().document.tip_hash)
    repo.git("stash", "pop")
    await until(lambda: house.live().document.file_hash != house.live().document.tip_hash)
    assert ann.text == ONE + "typed\n"
    assert page.read_text() == ann.text


async def test_a_rebase_under_way_pauses_the_file(house, repo, ann, page):
    """Conflict markers of a rebase reach no browser; afterwards both sides are there."""
    repo.git("branch", "onto")
    repo.commit("mine", one=ONE.replace("second", "MINE"))
    repo.save({"one.md": ONE.replace("second", "ONTO")}, branch="onto")
    await until(lambda: "MINE" in (ann.text or ""))
    repo.git("rebase", "onto", ok=False)
    await until(lambda: house.live().paused)
    assert "rebase" in house.live().paused
    await ann.write("typed\n")
    assert "<<<<" in page.read_text()
    repo.put({"one.md": ONE.replace("second", "BOTH")})
    repo.git("add", "one.md")
    repo.git("-c", "core.editor=true", "rebase", "--continue")
    want = ONE.replace("second", "BOTH") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    assert house.live().paused is None
    assert repo.git("log", "--format=%an") == "Eve\nprdgen\nEve".replace("prdgen", "Ann")


async def test_a_rebase_that_begins_before_its_file_was_looked_at(house, repo, ann, page):
    """Two commits of others, one in place of the other: the older one is gone."""
    live = house.live()
    repo.git("branch", "onto")
    repo.save({"one.md": ONE.replace("second", "ONTO")}, branch="onto")
    async with live.lock:
        repo.commit("mine", one=ONE.replace("second", "MINE"))
        await pull.tip(house.app, live)
        repo.git("rebase", "onto", ok=False)
        repo.put({"one.md": ONE.replace("second", "BOTH")})
        repo.git("add", "one.md")
        repo.git("-c", "core.editor=true", "rebase", "--continue")
    await ann.until(lambda: ann.text == ONE.replace("second", "BOTH"))
    await until(lambda: page.read_text() == ann.text)


async def test_nothing_is_committed_during_a_rebase(houses, repo):
    """A branch that is being rebased is not moved under the rebase."""
    house = await houses(repo, quiet_seconds=0.1)
    ann = await house.editor()
    repo.git("branch", "onto")
    repo.commit("mine", one=ONE.replace("second", "MINE"))
    repo.save({"one.md": ONE.replace("second", "ONTO")}, branch="onto")
    repo.git("rebase", "onto", ok=False)
    await ann.write("typed\n")
    before = repo.tip()
    await until(lambda: house.live().paused)
    await house.app.keeper._due(house.live())
    assert repo.tip() == before
    repo.git("rebase", "--abort")
    await until(lambda: repo.git("show", "main:one.md").endswith("typed"))
    assert "MINE" in ann.text


async def test_a_detached_head_stops_the_file_only(house, repo, ann, page):
    """Detached HEAD: the text goes to the branch's ref, the working tree is left alone."""
    repo.git("checkout", "-q", "--detach")
    await ann.write("typed\n")
    await house.save("ann")
    assert page.read_text() == ONE
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    repo.git("checkout", "-q", "main")
    await until(lambda: house.live().document.file_hash == house.live().document.tip_hash)
    assert page.read_text() == ann.text == ONE + "typed\n"
    assert repo.status() == ""


async def test_switching_branches_and_back(house, repo, ann, page):
    """`git switch` takes the file side away and back; no text of one branch gets into the other."""
    repo.git("branch", "draft")
    repo.save({"one.md": ONE.replace("second", "DRAFT")}, branch="draft")
    await ann.write("typed\n")
    await house.save("ann")
    repo.git("switch", "-q", "draft")
    bob = await house.editor("bob", branch="draft")
    await bob.write("drafted\n")
    await ann.write("more\n")
    await until(lambda: page.read_text() == bob.text)
    await house.save("bob", branch="draft")
    await house.save("ann")
    repo.git("switch", "-q", "main")
    await until(lambda: page.read_text() == ann.text)
    assert ann.text == ONE + "typed\nmore\n"
    assert bob.text == ONE.replace("second", "DRAFT") + "drafted\n"
    assert repo.status() == ""


async def test_a_dirty_switch_carries_no_text_over(house, repo, ann, page):
    """`git switch` that carries main's uncommitted text along: it does not become the draft's."""
    repo.git("branch", "draft")
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git("switch", "-q", "draft")
    await house.save("ann")
    repo.git("checkout", "-q", "--", "one.md")
    repo.git("switch", "-q", "main")
    assert ann.text == ONE + "typed\n"
    assert repo.git("show", "draft:one.md") + "\n" == ONE


async def test_a_page_deleted_under_its_writers_stays_open(house, repo, ann, page):
    """Deleted by a commit: the text stays in the browser, nothing brings the page back by itself."""
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-q", "-m", "delete")
    await until(lambda: house.live().gone)
    assert "deleted" in house.live().gone.reason
    await ann.write("more\n")
    await house.app.keeper._due(house.live())
    assert not page.exists()
    assert "deleted" in house.live().paused
    assert (await open_flow.document(house.app, "main", "one.md")).document.id == ann.claim_id


async def test_saving_a_version_restores_a_deleted_page(house, repo, ann, page):
    """ "Save version" brings a deleted page back, as it is in the browser."""
    await ann.write("typed\n")
    repo.git("rm", "-q", "--force", "one.md")
    repo.git("commit", "-q", "-m", "delete")
    await until(lambda: house.live().gone)
    await house.save("ann", "Restore it")
    assert repo.git("show", "main:one.md") + "\n" == ann.text == ONE + "typed\n"
    await until(lambda: page.exists() and page.read_text() == ann.text)
    assert repo.status() == ""
    assert house.live().gone is None


async def test_a_deleted_page_nobody_needs_is_gone(house, repo, ann, page):
    """Deleted with nothing uncommitted and nobody in it: there is no such page, and it stays so."""
    await ann.leave()
    await until(lambda: not house.live().dirty_since)
    repo.git("rm", "-q", "one.md")
    repo.git("commit", "-q", "-m", "delete")
    await until(lambda: house.live().gone)
    await house.app.keeper._let_go(house.live())
    with pytest.raises(NoSuchPage):
        await open_flow.document(house.app, "main", "one.md")
    assert not page.exists()


async def test_a_deleted_branch_can_be_restored(house, repo):
    """The branch is deleted under its writers: a version brings it back with its history."""
    repo.git("branch", "draft")
    ann = await house.editor("ann", branch="draft")
    await ann.write("drafted\n")
    repo.git("branch", "-D", "draft")
    await until(lambda: house.live(branch="draft").gone)
    await house.save("ann", branch="draft")
    assert repo.git("show", "draft:one.md") + "\n" == ONE + "drafted\n"
    assert repo.git("rev-list", "--count", "draft") == "2"


async def test_a_renamed_page_takes_its_document_along(house, repo, ann, page):
    """`git mv` and commit: the people in the page go on, in the same document, under the new path."""
    await ann.write("typed\n")
    await until(lambda: page.read_text() == ann.text)
    repo.git("mv", "one.md", "two.md")
    repo.git("commit", "-qam", "rename")
    await until(lambda: house.live("two.md").document.tip_commit == repo.tip())
    await ann.write("more\n")
    moved = repo.path / "two.md"
    await until(lambda: moved.read_text() == ONE + "typed\nmore\n")
    assert not page.exists()
    assert house.live("two.md").id == ann.claim_id
    await house.save("ann", page="two.md")
    assert repo.status() == ""


async def test_typing_between_git_mv_and_its_commit_leaves_no_second_file(house, repo, ann, page):
    """The old file was written once more before the rename was committed: it goes away again."""
    repo.git("mv", "one.md", "two.md")
    await ann.write("typed\n")
    await until(lambda: page.exists() and page.read_text() == ann.text)
    repo.git("commit", "-q", "-m", "rename")
    moved = repo.path / "two.md"
    await until(lambda: moved.read_text() == ONE + "typed\n")
    assert not page.exists()
    assert repo.status() == " M two.md"


async def test_a_removed_file_comes_back_with_the_next_edit(house, repo, ann, page):
    """`rm page.md` takes nothing from the browser; the file is made again only when someone types."""
    await until(lambda: not house.live().dirty_since)
    page.unlink()
    house.live().dirty_since = 1.0
    house.live().changed.set()
    await until(lambda: not house.live().dirty_since)
    assert not page.exists()
    assert ann.text == ONE
    await ann.write("typed\n")
    await until(lambda: page.exists() and page.read_text() == ONE + "typed\n")


async def test_stopping_does_not_bring_a_removed_file_back(houses, repo, page):
    """A removed file that nobody edits stays removed when the server stops."""
    house = await houses(repo)
    ann = await house.editor()
    await until(lambda: not house.live().dirty_since)
    page.unlink()
    await ann.leave()
    await house.close()
    assert not page.exists()


async def test_text_of_the_disk_is_committed_by_its_owner(house, repo, ann, page):
    """What was saved on disk is by whoever this clone belongs to; what was typed is its writer's."""
    repo.git("config", "user.name", "Olga")
    repo.git("config", "user.email", "olga@example.org")
    vim(page, ONE + "on disk\n")
    await ann.until(lambda: ann.text.endswith("on disk\n"))
    await ann.write("typed\n")
    await house.save("ann")
    assert blame(repo)[-2:] == [("Olga", "on disk"), ("Ann", "typed")]


async def test_everyone_comes_to_rest(houses, repo, page):
    """Edits from both sides at once, and then nothing moves any more: no echo, no loop."""
    house = await houses(repo, quiet_seconds=0.3)
    ann, bob = await house.editor("ann"), await house.editor("bob")
    for number in range(5):
        ann.type(f"ann {number}\n")
        bob.type(f"bob {number}\n")
        vim(page, page.read_text().replace("first line", f"first line {number}", 1))
        await asyncio.gather(ann.until(lambda: ann.saved), bob.until(lambda: bob.saved))
    live = house.live()
    await until(lambda: not live.uncommitted and not live.dirty_since and not live.lock.locked())
    before = (repo.tip(), page.stat().st_mtime_ns, live.room.last_seq)
    await live.room.edit(lambda _: None, origin="test")
    await asyncio.gather(*live.trailing)
    assert (repo.tip(), page.stat().st_mtime_ns, live.room.last_seq) == before
    assert ann.text == bob.text == live.room.text == page.read_text()
    assert repo.git("show", "main:one.md") + "\n" == ann.text
    for name in ("ann", "bob"):
        assert [ann.text.count(f"{name} {n}\n") for n in range(5)] == [1] * 5


async def test_a_commit_of_live_text_and_a_push_on_top_at_once(house, repo, ann, page):
    """A terminal commits what the browser typed, a push lands on it, Ann types on: all of it once."""
    await ann.write(" typed", after="first line")
    await until(lambda: page.read_text() == ann.text)
    async with house.live().lock:
        repo.git("commit", "-qam", "terminal")
        repo.save({"one.md": ann.text.replace("third line", "third line pushed")})
        await ann.write(" on", after="first line typed")
    want = ONE.replace("first line", "first line typed on").replace(
        "third line", "third line pushed"
    )
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


@pytest.mark.parametrize("first", [edit.write_file, pull.file])
async def test_saves_that_were_committed_in_between_come_in_once(house, repo, ann, page, first):
    """A save, a commit, and a save on top, while nobody looked; or the commit just after the look."""
    live = house.live()
    async with live.lock:
        vim(page, ONE.replace("# One\n", "# One\nsaved\n"))
        repo.git("commit", "--quiet", "--message", "Saved", "--", "one.md")
        vim(page, ONE.replace("# One\n", "# One\nabove\nsaved\nbelow\n"))
        await ann.write("typed\n", after="# One\n")
        await ann.write("more\n", after="# One\ntyped\n\n")
        await first(house.app, live)
        await pull.tip(house.app, live)
    await ann.until(lambda: ann.saved and "saved" in ann.text)
    await house.save("ann")
    assert page.read_text() == ann.text == repo.git("show", "main:one.md") + "\n"
    assert [ann.text.count(word) for word in ("above", "saved", "below", "typed")] == [1] * 4


@pytest.mark.parametrize("saved_on", [False, True])
async def test_a_commit_that_came_in_before_its_file_comes_in_once(
    house, repo, ann, page, saved_on
):
    """Our own commit is on top of it by the time the file is looked at."""
    live = house.live()
    await ann.write("typed\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    async with live.lock:
        save_and_commit(repo, page)
        await type_around(ann)
        await edit.commit(house.app, live, None, None)
        await ann.until(lambda: "saved" in ann.text)
        await ann.write("later\n", after="# One\n")
        if saved_on:
            vim(page, page.read_text().replace("saved\n", "above\nsaved\nbelow\n"))
        await pull.file(house.app, live)
    await until(lambda: page.read_text() == live.room.text == ann.text)
    words = ["saved", "over", "under", "later", *(["above", "below"] if saved_on else [])]
    assert [ann.text.count(word) for word in words] == [1] * len(words)


async def test_a_commit_met_by_a_server_that_loses_the_lease_comes_in_once(
    house, houses, repo, ann, page
):
    """The next one finds our commit on top of it, and the file as it was."""
    other, live = await house.second().open(), house.live()
    houses.opened.append(other)
    bob = await other.editor("bob")
    async with live.lock:
        save_and_commit(repo, page)
        await type_around(ann)
        await edit.commit(house.app, live, None, None)
        async with house.app.store.transaction() as tx:
            await documents.release_lease(tx, live.id, house.app.process_id, live.fence)
        await other.app.keeper.hold(live.document)
    await until(lambda: page.read_text() == bob.text == ann.text)
    assert [bob.text.count(word) for word in ("saved", "over", "under")] == [1] * 3


async def test_a_committed_save_that_our_write_displaced_comes_in_once(house, repo, ann, page):
    """It was saved and committed between our look at the file and our swap."""
    live, before = house.live(), page.read_bytes()
    async with live.lock:
        save_and_commit(repo, page)
        saved = page.read_bytes()
        await type_around(ann)
        await pull.tip(house.app, live)
        await ann.until(lambda: "saved" in ann.text)
        await displaced.merge(house.app, live, before, saved)
    await ann.until(lambda: ann.saved)
    assert [live.room.text.count(word) for word in ("saved", "over", "under")] == [1] * 3


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_commit_of_a_file_that_has_not_got_ours_deletes_nothing(
    house, repo, ann, page, written, goes_on
):
    """It was not written yet, or `git checkout -- page` had put it back: who commits it never had what we
    committed. Who had it all the time may go on from there, and brings nothing twice.
    """
    live = house.live()
    async with live.lock:
        await ann.write("typed\n", after="# One\n")
        if written:
            await edit.write_file(house.app, live)
            repo.git("checkout", "--", "one.md")
        await edit.commit(house.app, live, None, None)
        repo.git("commit", "--quiet", "--message", "In the terminal", "--", "one.md")
        assert "typed" not in repo.git("show", "main:one.md")
        await pull.tip(house.app, live)
        if goes_on:
            await ann.write("above\n\n", after="# One\n")
            theirs = ONE.replace("# One\n", "# One\nfar\ntyped\n")
            vim(page, theirs)
            repo.git("commit", "--quiet", "--message", "On the first one", "--", "one.md")
            made_from = await merge_base.of_commit(house.app, live, repo.tip(), theirs)
            assert made_from == theirs.replace("far\n", "")
            await pull.tip(house.app, live)
    await until(lambda: page.read_text() == ann.text)
    words = ["typed\n", *(["above\n", "far\n"] if goes_on else [])]
    assert [ann.text.count(word) for word in words] == [1] * len(words)


async def test_git_stash_between_our_look_and_our_swap_deletes_nothing(house, ann, page):
    """What the swap takes out is the branch's own text, which nobody saved."""
    await ann.write("typed\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    live = house.live()
    async with live.lock:
        await displaced.merge(house.app, live, page.read_bytes(), ONE.encode())
    await ann.write("more\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    assert "more\ntyped\n" in ann.text


async def test_a_commit_while_git_switch_is_on_its_way_is_not_taken_back(
    house, repo, ann, page, eventually
):
    """Git looked up the branch before we moved it: file and index have the text of before, and HEAD names
    the branch as it is now."""
    repo.git("switch", "--quiet", "--create", "aside")
    live = house.live()
    await ann.write("typed\n", after="first line\n")
    async with live.lock:
        await edit.commit(house.app, live, None, None)
        assert "typed" in repo.git("show", "main:one.md")
        repo.git("symbolic-ref", "HEAD", "refs/heads/main")
        assert "-typed" in repo.git("diff", "--cached")
    await until(lambda: page.read_text() == ann.text)
    await eventually(lambda: repo.git("diff", "--cached") == "")
    repo.git("checkout", "--", "one.md")
    assert "typed" in page.read_text()


async def test_what_was_staged_and_is_put_back_between_our_look_and_our_swap_deletes_nothing(
    house, repo, ann, page
):
    """`git checkout -- page` puts back what was staged: a text that we wrote before the last commit."""

    async def written(word):
        await ann.write(f"{word}\n", after="first line\n")
        await until(lambda: page.read_text() == ann.text)

    await written("typed")
    repo.git("add", "one.md")
    staged = page.read_bytes()
    await written("more")
    looked_at = page.read_bytes()
    await house.save("ann")
    await written("on")
    live = house.live()
    async with live.lock:
        await displaced.merge(house.app, live, looked_at, staged)
    await ann.write("last\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    assert "last\non\nmore\ntyped\n" in ann.text


async def test_a_commit_between_the_file_and_the_next_epoch_comes_in_once(
    house, repo, ann, page, monkeypatch
):
    """It is taken in with the old document, and met in the file with the new one."""
    await ann.write("typed\n", after="first line\n")
    await until(lambda: page.read_text() == ann.text)
    write_file, before = edit.write_file, house.live()

    async def then_saved(app, live):
        await write_file(app, live)
        if live is before and "saved" not in page.read_text():
            save_and_commit(repo, page)
            await type_around(ann)

    async with before.lock:
        monkeypatch.setattr(edit, "write_file", then_saved)
        house.app.settings = replace(house.app.settings, epoch_changes=1)
        before.changed.set()
    await until(lambda: house.live() is not before)
    house.app.settings = replace(house.app.settings, epoch_changes=1000)
    await until(lambda: page.read_text() == house.live().room.text)
    assert [page.read_text().count(word) for word in ("saved", "over", "under")] == [1] * 3


def save_and_commit(repo, page):
    """A line saved on disk at the top, and committed in a terminal."""
    vim(page, page.read_text().replace("# One\n", "# One\nsaved\n"))
    repo.git("commit", "--quiet", "--message", "Saved", "--", "one.md")


async def type_around(ann):
    """Where the save has its line the document has two: the same lines stand apart then."""
    await ann.write("over\n", after="# One\n")
    await ann.write("under\n", after="# One\nover\n\n")


async def test_a_stash_and_a_push_at_once_lose_nothing(house, repo, ann, page):
    """The file went back to the tip, and the tip moved on, before anybody looked."""
    await ann.write(" typed", after="first line")
    await until(lambda: page.read_text() == ann.text)
    async with house.live().lock:
        repo.git("stash", "-q")
        repo.save({"one.md": ONE.replace("third line", "third line pushed")})
    want = ONE.replace("first line", "first line typed").replace("third line", "third line pushed")
    await ann.until(lambda: ann.text == want)
    await ann.write(" on", after="first line typed")
    await until(lambda: page.read_text() == ann.text)
    assert ann.text == want.replace("typed", "typed on")


@pytest.fixture
def meanwhile(monkeypatch, repo):
    """`meanwhile(flow, name)`: somebody commits in a terminal as that function is just done, once."""

    def during(flow, name):
        begun = getattr(flow, name)

        async def slowly(*args, **options):
            result = await begun(*args, **options)
            monkeypatch.undo()
            repo.commit("In a terminal", one=(repo.path / "one.md").read_text() + "meanwhile\n")
            await asyncio.sleep(0.3)
            return result

        monkeypatch.setattr(flow, name, slowly)

    return during


async def test_what_is_committed_while_a_document_is_begun(houses, repo, meanwhile):
    """Nobody keeps the page in that moment, and nobody else comes back to it."""
    house = await houses(repo, lease_seconds=600.0)
    meanwhile(pull, "file")
    await house.editor()
    await until(lambda: "meanwhile" in house.text(), 5)


async def test_what_is_committed_while_an_epoch_is_begun(houses, repo, meanwhile):
    """The document that ended does not take it any more."""
    house = await houses(repo, epoch_changes=12, epoch_idle_changes=10, lease_seconds=600.0)
    editor = await house.editor()
    meanwhile(roll, "go")
    for number in range(14):
        await editor.write(f"w{number}\n")
    await until(lambda: house.live().id != editor.claim_id)
    await until(lambda: "meanwhile" in house.text(), 5)


async def test_a_page_that_somebody_is_long_at_keeps_no_other_one_waiting(houses, repo):
    """A commit hook may take seconds."""
    house = await houses(repo, lease_seconds=600.0)
    one, other = await house.editor(page="one.md"), await house.editor(page="other.md")
    await until(lambda: not any(live.dirty_since for live in house.app.keeper.all()))
    async with house.live().lock:
        vim(repo.path / "one.md", ONE + "late\n")
        await asyncio.sleep(0.2)
        vim(repo.path / "other.md", "# Other\n\nat once\n")
        await other.until(lambda: "at once" in other.text, 5)
        assert "late" not in one.text
    await one.until(lambda: "late" in one.text)


async def at_rest(house):
    """Nothing waits to be written, which would have the server look."""
    await until(lambda: not house.live().dirty_since)
    async with house.live().lock:
        pass


async def test_what_no_event_told_is_found_all_the_same(houses, repo):
    """A system has only so many events to give, and some file systems give none."""
    house = await houses(repo, lease_seconds=1.0)
    editor = await house.editor()
    await background.end(t for t in asyncio.all_tasks() if t.get_name() == "watch")
    await at_rest(house)
    repo.commit("In a terminal", one=ONE + "committed\n")
    await editor.until(lambda: "committed" in editor.text)
    await at_rest(house)
    vim(repo.path / "one.md", ONE + "committed\nsaved\n")
    await editor.until(lambda: "saved" in editor.text)


async def test_a_watch_that_ended_is_followed_by_one_that_looks_at_everything(houses, repo):
    """What happened between the two was told to nobody."""
    house = await houses(repo, lease_seconds=600.0)  # it does not look by the clock
    ann = await house.editor("ann")
    await at_rest(house)
    (task,) = [t for t in asyncio.all_tasks() if t.get_name() == f"watch {repo.path}"]
    task.cancel()
    repo.commit("In a terminal", one=ONE + "committed\n")
    await ann.until(lambda: "committed" in ann.text)
