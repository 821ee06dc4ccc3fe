"""`git push` to the running server: open documents, files, index, and who may (traps 7, 10, 11, 14)."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from git.repos import ANN, Repo

from prdgen.files import disk
from prdgen.flows import checked_out, drafts, edit, landing, pull, watch
from prdgen.git import checkout, commits
from prdgen.git.errors import Locked

from . import pushing
from .conftest import ONE
from .harness import fsck, recovered, until


@pytest.fixture
async def server(house, tmp_path):
    async with pushing.serving(house, tmp_path / "clones") as found:
        yield found


async def test_a_push_reaches_open_editors_files_and_status(server, house, repo):
    """A moment later everybody has it; the server's folder is as clean as before."""
    editor = await house.editor()
    bob = await server.clone()
    bob.commit("Edit", one=ONE.replace("second", "pushed"), new="# New\n")
    done = await bob.push()
    assert done.ok, done.said
    assert "pushed line" in house.text()
    await editor.until(lambda: "pushed line" in editor.text, 1)
    await until(lambda: "pushed line" in (repo.path / "one.md").read_text())
    assert (repo.path / "new.md").read_text() == "# New\n"
    assert repo.tip() == bob.git("rev-parse", "HEAD")
    await until(lambda: repo.status() == "")
    assert fsck(repo) == ""


async def test_live_text_meets_the_push(server, house):
    """What is being typed and what is pushed both stand; nothing was committed for the push."""
    editor = await house.editor()
    bob = await server.clone()
    await editor.write(" typed", after="first line")
    bob.commit("Edit", one=ONE.replace("third", "pushed"))
    assert (await bob.push()).ok
    await editor.until(lambda: "first line typed" in editor.text and "pushed line" in editor.text)
    assert house.repo.git("log", "--format=%an", "main").split("\n")[0] == "Eve"


ONE_AFTER_ANOTHER = {
    "extend": ("second line and cheap", "second line and free"),
    "insert": ("second good line", "second better line"),
    "shorten": ("second line and one more thing to say", "second line and"),
    "rewrite": ("2nd", "second is no line any more"),
    "back": ("second line and cheap", "second line"),
}


@pytest.mark.parametrize("typing", [False, True])
@pytest.mark.parametrize("name", ONE_AFTER_ANOTHER)
async def test_pushes_of_one_line_one_after_another_replace_each_other(
    server, house, repo, name, typing
):
    """Each was made from the one before: nobody wrote two versions of it."""
    editor = await house.editor()
    bob = await server.clone()
    text = ONE
    for words in ONE_AFTER_ANOTHER[name]:
        bob.commit("Edit", one=text.replace("second line", words))
        assert (await bob.push()).ok
        if typing:
            await editor.write("typed ", after="third ")
            text = ONE
    want = ONE.replace("second line", words)
    if typing:
        want = want.replace("third ", "third typed typed ")
    await editor.until(lambda: editor.text == want)
    await until(lambda: (repo.path / "one.md").read_text() == want)


async def test_a_pushed_mode_reaches_a_page_that_is_open(server, house, repo):
    """Its document writes only what it says; `git commit -a` in the folder would take the mode back."""
    editor = await house.editor()
    bob = await server.clone()
    await editor.write(" typed", after="first line")
    (bob.path / "one.md").chmod(0o755)
    bob.git("commit", "-qam", "Mode")
    assert (await bob.push()).ok
    await until(lambda: os.access(repo.path / "one.md", os.X_OK) or None)
    await house.save()
    await until(lambda: repo.status() == "")
    assert repo.git("ls-tree", "main", "one.md").startswith("100755")


async def test_a_mode_that_cannot_be_set_keeps_no_other_file_back(server, house, repo, monkeypatch):
    """Another owner's file, say."""
    await house.editor()
    bob = await server.clone()
    chmod = Path.chmod

    def denied(self, mode, **options):
        if self == repo.path / "one.md":
            raise PermissionError(1, "Operation not permitted", str(self))
        chmod(self, mode, **options)

    monkeypatch.setattr(Path, "chmod", denied)
    os.chmod(bob.path / "one.md", 0o755)  # noqa: PTH101 - the other one is taken away
    bob.put({"other.md": "# Other\n\nnew\n"})
    bob.git("commit", "-qam", "Mode")
    assert (await bob.push()).ok
    await until(lambda: (repo.path / "other.md").read_text() == "# Other\n\nnew\n")


async def test_a_pushed_submodule_has_its_folder(server, repo, tmp_path):
    """Empty, as Git makes it; else `git commit -a` in the folder takes the submodule out again."""
    repo.put({".prdgen/roles.yml": pushing.ROLES})
    repo.git("add", ".prdgen")
    repo.git("commit", "-qm", "Roles")
    inner = Repo(tmp_path / "inner")
    inner.path.mkdir()
    inner.git("init", "-q", "-b", "main")
    inner.commit("Inner", page="# Inner\n")
    olga = await server.clone("olga")
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "lib/sub")
    olga.git(*add)
    olga.git("commit", "-qm", "Submodule")
    done = await olga.push()
    assert done.ok, done.said
    await until(lambda: (repo.path / "lib/sub").is_dir() and repo.status() == "")
    repo.git("commit", "-q", "--allow-empty", "-am", "In the folder")
    assert repo.git("ls-tree", "main", "lib/sub").startswith("160000")
    assert (await olga.run("pull", "-q", "--rebase")).ok
    olga.git("rm", "-qf", "lib/sub")
    olga.git("commit", "-qm", "No submodule")
    assert (await olga.push()).ok
    await until(lambda: not (repo.path / "lib").exists() and repo.status() == "")


BAD = {"bytes": b"\xff\xfe\x00bad\n", "size": b"words of many\n" * 25_000}


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("bad", BAD)
async def test_typing_goes_on_when_a_bad_push_is_put_right(server, house, repo, bad, at_once):
    """While the page cannot be edited, what is typed stays in it; then it is merged, saved and written."""
    editor = await house.editor()
    bob = await server.clone()
    await editor.write(" typed", after="first line")
    bob.put({"one.md": ONE.encode() + BAD[bad]})
    bob.git("commit", "-qam", "Bad")
    if not at_once:
        assert (await bob.push()).ok
        await until(lambda: house.live().paused)
        await editor.write(" more", after="typed")
    bob.put({"one.md": ONE.replace("third", "pushed").encode()})
    bob.git("commit", "-qam", "Good again")
    assert (await bob.push()).ok
    want = ONE.replace("third", "pushed").replace("first line", "first line typed")
    want = want if at_once else want.replace("typed", "typed more")
    await editor.until(lambda: editor.text == want)
    await until(lambda: (repo.path / "one.md").read_text() == want)
    assert not house.live().paused
    await house.save()
    assert repo.git("show", "main:one.md") + "\n" == want


async def test_nobody_is_livelocked_by_typing(server, house, repo):
    """Two people type all the time; five times `pull --rebase && push` is taken at the first try."""
    ann, ben = await house.editor("ann"), await house.editor("bob")
    bob, going, typed = await server.clone("max"), True, {ann: 0, ben: 0}

    async def type_on(editor, after):
        while going:
            typed[editor] += 1
            await editor.write(f" {editor.name}{typed[editor]}", after=after)

    typing = [
        asyncio.create_task(type_on(ann, "first line")),
        asyncio.create_task(type_on(ben, "third line")),
    ]
    for number in range(5):
        bob.write(
            **{
                f"page{number}": f"# Page {number}\n",
                "one": (bob.path / "one.md")
                .read_text()
                .replace("second line", f"second line p{number}"),
            }
        )
        bob.git("add", "--all")
        bob.git("commit", "--quiet", "-m", f"Push {number}")
        assert (pulled := await bob.run("pull", "--rebase", "--quiet")).ok, pulled.said
        assert (done := await bob.push()).ok, done.said
    going = False
    await asyncio.gather(*typing)
    text = house.text()
    assert all(text.count(f"Ann{n}") >= 1 for n in range(1, typed[ann] + 1))
    assert all(f" Bob{n}" in text for n in range(1, typed[ben] + 1))
    assert [text.count(f"p{n}") for n in range(5)] == [1] * 5
    assert ann.text == ben.text == text
    assert fsck(repo) == ""


async def test_a_push_does_not_wait_for_open_pages(server, house, repo, monkeypatch):
    """Git's answer comes when refs and files are there; the pages, the index and the site follow."""
    told, moved = asyncio.Event(), watch.moved

    async def slow(*arguments):
        await told.wait()
        await moved(*arguments)

    editor, bob = await house.editor("ann"), await server.clone("bob")
    monkeypatch.setattr(watch, "moved", slow)
    bob.commit("More", one=f"{ONE}\npushed line\n", two="# Two\n")
    done = await asyncio.wait_for(bob.run("push", "origin", "HEAD"), 30)
    assert done.ok, done.said
    assert (repo.path / "two.md").read_text() == "# Two\n"
    told.set()
    await editor.until(lambda: "pushed line" in editor.text)


async def test_open_pages_have_a_wide_push_before_the_files(server, house, repo, monkeypatch):
    """Files of a thousand pages take seconds, in which nobody has to look at an old text."""
    seen, follow = [], checked_out.follow

    def watched(*arguments, **options):
        seen.append("pushed line" in house.text())
        return follow(*arguments, **options)

    monkeypatch.setattr(checked_out, "follow", watched)
    monkeypatch.setattr(landing, "_WIDE", 20)
    monkeypatch.setattr(landing, "_HEAD_START", 30.0)
    editor, bob = await house.editor("ann"), await server.clone("bob")
    many = {f"page{number}": f"# Page {number}\n" for number in range(20)}
    bob.commit("Many", one=f"{ONE}\npushed line\n", **many)
    assert (done := await bob.run("push", "origin", "HEAD")).ok, done.said
    assert seen == [True]
    assert (repo.path / "page19.md").read_text() == "# Page 19\n"
    await editor.until(lambda: "pushed line" in editor.text)


async def test_a_page_that_is_typed_in_has_a_wide_push_before_the_files(
    server, house, repo, monkeypatch
):
    """What was typed waits for the push's end to be written. Whoever waited with the page's lock kept
    the push out of the page until all its files were there.
    """
    editor = await house.editor()
    bob = await server.clone()
    bob.commit("Edit", one=ONE.replace("second", "pushed"), two="# Two\n")
    monkeypatch.setattr(landing, "_WIDE", 1)
    seen, announce, real = [], landing.Landing.announce, checked_out.follow

    async def announced(*arguments):
        await editor.write("typed\n")
        await asyncio.sleep(3 * house.app.settings.write_seconds + 0.3)
        await announce(*arguments)

    def follow(*arguments, **options):
        seen.append("pushed line" in house.text())
        return real(*arguments, **options)

    monkeypatch.setattr(landing.Landing, "announce", announced)
    monkeypatch.setattr(checked_out, "follow", follow)
    assert (await bob.push()).ok
    assert seen == [True]
    await until(lambda: "typed" in (repo.path / "one.md").read_text())
    assert (repo.path / "one.md").read_text() == house.text()


async def test_whoever_pushes_gets_an_answer_whatever_fails_here(server, house, repo, monkeypatch):
    """The branch has moved; the folder follows at the next start, say, and `git push` does not wait for it."""

    def broken(*arguments, **options):
        raise RuntimeError("of a kind that nobody thought of")

    bob = await server.clone("bob")
    bob.commit("Two", two="# Two\n")
    with monkeypatch.context() as patch:
        patch.setattr(checked_out, "follow", broken)
        done = await asyncio.wait_for(bob.run("push", "origin", "HEAD"), 30)
    assert done.ok, done.said
    assert "the server's folder does not follow yet" in done.said
    assert repo.tip() == bob.git("rev-parse", "HEAD")
    await landing.recover(house.app)
    assert (repo.path / "two.md").read_text() == "# Two\n"


async def test_a_folder_that_was_busy_as_the_branch_moved_follows_soon(
    server, house, repo, monkeypatch
):
    """Without a new start: who commits there would take out again what was pushed."""

    def busy(*arguments, **options):
        raise Locked(what="The index", got="another program", how="wait")

    bob = await server.clone("bob")
    bob.commit("Two", two="# Two\n")
    with monkeypatch.context() as patch:
        patch.setattr(checked_out, "follow", busy)
        done = await bob.run("push", "origin", "HEAD")
        assert "does not follow yet" in done.said
        lock = repo.path / ".git/index.lock"
        lock.touch()
    await landing.catch_up(house.app)
    assert not (repo.path / "two.md").exists()
    lock.unlink()
    await until((repo.path / "two.md").exists)
    await until(lambda: repo.git("status", "--porcelain") == "")
    await until(lambda: not list((repo.path / ".git/prdgen/pushes").glob("*.json")))


async def test_a_page_that_takes_long_keeps_no_wide_push_waiting(server, house, repo, monkeypatch):
    """The head start of open pages ends."""
    told = asyncio.Event()

    async def slow(*arguments):
        await told.wait()

    await house.editor("ann")
    monkeypatch.setattr(watch, "moved", slow)
    monkeypatch.setattr(landing, "_WIDE", 1)
    monkeypatch.setattr(landing, "_HEAD_START", 0.1)
    bob = await server.clone("bob")
    bob.commit("Two", two="# Two\n", three="# Three\n")
    assert (done := await bob.run("push", "origin", "HEAD")).ok, done.said
    assert (repo.path / "two.md").read_text() == "# Two\n"
    told.set()


async def test_pushes_at_once_are_taken_one_after_the_other(server, repo):
    """Three clones push to main and to a branch each: one wins main, the others pull and win."""
    clones = [await server.clone("bob") for _ in range(3)]
    for number, clone in enumerate(clones):
        clone.commit(f"Push {number}", **{f"page{number}": f"# Page {number}\n"})
    drafts = [clone.push("origin", f"HEAD:draft/{n}") for n, clone in enumerate(clones)]
    assert all(done.ok for done in await asyncio.gather(*drafts))
    done = await asyncio.gather(*(clone.push() for clone in clones))
    assert [one.ok for one in done].count(True) >= 1
    for clone, one in zip(clones, done, strict=True):
        while not one.ok:
            assert "moved meanwhile" in one.said or "fetch first" in one.said
            assert (await clone.run("pull", "--rebase", "--quiet")).ok
            one = await clone.push()  # noqa: PLW2901
    assert {f"page{n}.md" for n in range(3)} <= set(
        repo.git("ls-tree", "--name-only", "main").split()
    )
    assert (repo.status(), fsck(repo)) == ("", "")


async def test_a_page_renamed_by_a_push_takes_its_people_along(server, house, repo):
    """The document moves with its typed text; the old file goes."""
    editor = await house.editor()
    bob = await server.clone()
    bob.git("mv", "one.md", "uno.md")
    bob.commit("Rename")
    await editor.write(" typed", after="first line")
    assert (await bob.push()).ok
    await until(lambda: "first line typed" in house.text("uno.md"))
    await until((repo.path / "uno.md").exists)
    await until(lambda: "typed" in (repo.path / "uno.md").read_text())
    await until(lambda: not (repo.path / "one.md").exists())


async def test_a_renamed_page_that_is_typed_in_is_nobodys_fault(server, house, repo, monkeypatch):
    """What its writers have not committed may be in the file by its new name before the files of the
    push are: no reason to tell who pushes.
    """
    editor, leased = await house.editor(), landing._leased
    await editor.write(" typed", after="first line")
    await until(lambda: "typed" in (repo.path / "one.md").read_text())

    async def before_the_document_goes_along(app, branch):
        found = await leased(app, branch)
        await until((repo.path / "uno.md").exists)
        return found

    bob = await server.clone()
    bob.git("mv", "one.md", "uno.md")
    bob.commit("Rename")
    monkeypatch.setattr(landing, "_leased", before_the_document_goes_along)
    done = await bob.push()
    assert "left as they are" not in done.said
    assert "typed" in (repo.path / "uno.md").read_text()
    await until(lambda: not (repo.path / "one.md").exists())


@pytest.mark.parametrize("more", [False, True])
async def test_a_branch_renamed_by_a_push_takes_its_people_along(server, house, repo, more):
    """One push of the new name that deletes the old one, with commits of its own or without; the review
    that nobody said anything in goes along, too.
    """
    draft = await drafts.start(house.app, house.people["ann"], "Plan")
    editor = await house.editor("ann", branch=draft.branch)
    await editor.write(" saved", after="first line")
    await house.save("ann", branch=draft.branch)
    await editor.write(" typed", after="second line")
    bob = await server.clone()
    bob.git("switch", "-q", "-c", "plan", f"origin/{draft.branch}")
    if more:
        bob.commit("More", new="# New\n")
    done = await bob.push("origin", "plan", f":{draft.branch}")
    assert done.ok, done.said
    await until(lambda: house.live(branch="plan").id == editor.claim_id)
    await until(lambda: not house.live(branch="plan").gone)
    assert "second line typed" in house.text(branch="plan")
    assert drafts.find(house.app, "plan").review.id == draft.review.id
    by = repo.git("log", "-1", "--walk-reflogs", "--format=%gn", "plan")
    assert by == "Bob"


@pytest.mark.parametrize("how", ["two pushes", "two new names", "merged"])
async def test_a_branch_deleted_by_a_push_is_no_renamed_one(server, house, repo, how):
    """A copy that was there before, one of two, or one on main's commit: nobody's text goes there."""
    repo.git("branch", "draft")
    editor = await house.editor("ann", branch="draft")
    if how != "merged":
        await editor.write(" saved", after="first line")
        await house.save("ann", branch="draft")
    bob = await server.clone()
    bob.git("branch", "copy", "origin/draft")
    names = ["copy"] if how == "merged" else ["copy", "copy:other"]
    if how == "two pushes":
        assert (await bob.push("origin", "copy")).ok
        names = []
    assert (await bob.push("origin", *names, ":draft")).ok
    await until(lambda: house.live(branch="draft").gone)
    assert "draft was deleted" in house.live(branch="draft").gone.reason


@pytest.mark.parametrize("typed", ["", " more"])
async def test_a_page_that_is_restored_has_its_file_again(server, house, repo, typed):
    """Also when nothing was typed since it was last written; else `git commit -a` in the folder deletes it again."""
    editor = await house.editor()
    bob = await server.clone()
    await editor.write(" typed", after="first line")
    await until(lambda: (repo.path / "one.md").read_text() == editor.text)
    bob.git("rm", "-q", "one.md")
    bob.git("commit", "-qm", "Delete")
    assert (await bob.push()).ok
    await until(lambda: not (repo.path / "one.md").exists())
    if typed:
        await editor.write(typed, after="typed")
    await house.save()
    await until((repo.path / "one.md").exists)
    assert (repo.path / "one.md").read_text() == editor.text
    await until(lambda: repo.status() == "")
    # Removed by somebody in the folder it stays away, as before, until it is edited.
    (repo.path / "one.md").unlink()
    house.live().dirty_since = 0.0
    house.live().changed.set()
    await until(lambda: house.live().dirty_since is None)
    assert not (repo.path / "one.md").exists()


async def test_a_page_deleted_by_a_push_stays_open(server, house, repo):
    """Its text is not lost: whoever is in it may save a version to restore it."""
    editor = await house.editor()
    bob = await server.clone()
    await editor.write(" typed", after="first line")
    bob.git("rm", "--quiet", "one.md", "other.md")
    bob.commit("Delete")
    assert (await bob.push()).ok
    await until(lambda: house.live().gone)
    assert not (repo.path / "other.md").exists()
    assert "typed" in editor.text
    await house.save()
    assert "typed" in repo.git("show", "main:one.md")


async def test_a_forced_push_keeps_what_was_typed(houses, repo, tmp_path):
    """The new history, and on top of it the text nobody had committed."""
    repo.put({".prdgen/roles.yml": pushing.ROLES})
    repo.commit("Roles")
    repo.commit("Gone", other="# Other\n\nrewritten\n")
    house = await houses(repo)
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    async with pushing.serving(house, tmp_path / "clones") as server:
        for name, ok in (("bob", False), ("max", True)):
            clone = await server.clone(name)
            clone.git("reset", "--quiet", "--hard", "HEAD~1")
            clone.commit("Other history", one=ONE.replace("third", f"{name}'s"))
            done = await clone.push("--force", "origin", "HEAD")
            assert done.ok == ok, done.said
            assert ok or "takes the role maintainer" in done.said
    assert "first line typed" in house.text()
    assert "max's line" in house.text()
    assert (repo.path / "other.md").read_text() == "# Other\n\nother\n"


@pytest.mark.parametrize("typing", [False, True])
async def test_a_forced_push_takes_away_what_was_pushed_a_moment_before(
    houses, repo, tmp_path, typing
):
    """On top of the commit that was made in the folder, before the server started: nobody wrote both lines."""
    repo.put({".prdgen/roles.yml": pushing.ROLES})
    repo.commit("Roles", one=ONE)
    house = await houses(repo)
    editor = await house.editor()
    want = ONE.replace("third line", "third new line")
    async with pushing.serving(house, tmp_path / "clones") as server:
        if typing:
            await editor.write(" typed", after="first line")
            want = want.replace("first line", "first line typed")
        max_ = await server.clone("max")
        max_.commit("Old", one=ONE.replace("third line", "third old line"))
        assert (await max_.push()).ok
        await editor.until(lambda: "third old line" in editor.text)
        max_.git("reset", "--quiet", "--hard", "HEAD~1")
        max_.commit("New", one=ONE.replace("third line", "third new line"))
        assert (await max_.push("--force", "origin", "HEAD")).ok
        await editor.until(lambda: editor.text == want)
        await until(lambda: (repo.path / "one.md").read_text() == want)


async def test_foreign_changes_in_the_folder_are_left_and_named(server, house, repo):
    """Files that somebody edited there, and has not committed, stay; the pusher hears which."""
    bob = await server.clone()
    repo.put({"notes.txt": "notes\n"})
    repo.put({"other.md": "# Other\n\nother\n\nby hand\n", "staged.txt": "staged\n"})
    repo.git("add", "staged.txt")
    bob.put({"notes.txt": "pushed\n", "fine.txt": "fine\n"})
    bob.commit("Edit", other="# Other pushed\n\nother\n")
    done = await bob.push()
    assert done.ok, done.said
    assert "notes.txt: changed there and not committed" in done.said
    assert "other.md: changed there" in done.said
    assert (repo.path / "notes.txt").read_text() == "notes\n"
    assert (repo.path / "other.md").read_text().endswith("by hand\n")
    assert (repo.path / "fine.txt").read_text() == "fine\n"
    assert repo.status().split("\n") == [" M notes.txt", " M other.md", "A  staged.txt"]
    # Opened later, the page has both: what was pushed, and what was written by hand.
    editor = await house.editor(page="other.md")
    await editor.until(lambda: "by hand" in editor.text)
    assert "# Other pushed" in editor.text


async def test_a_page_edited_in_the_folder_holds_what_is_pushed_too(server, house, repo):
    """Nobody has it open, so its file is all there is: whoever commits it later takes nothing out.
    Words that both changed are left to them, and the pusher hears of it.
    """
    bob = await server.clone()
    before = time.time() - 10
    for name, words in (("one.md", "by hand"), ("other.md", "mine")):
        page = repo.path / name
        page.write_text(
            page.read_text().replace("third line", words).replace("other\n", f"{words}\n")
        )
        os.utime(page, (before, before))
    pushed = ONE.replace("first line", "pushed")
    bob.commit("Edit", one=pushed, other="# Other\n\ntheirs\n")
    done = await bob.push()
    assert (repo.path / "one.md").read_text() == pushed.replace("third line", "by hand")
    assert (repo.path / "other.md").read_text() == "# Other\n\nmine\n"
    assert "other.md: changed there and not committed, in the same words" in done.said
    assert "one.md" not in done.said
    repo.git("commit", "--quiet", "--all", "--message", "By hand")
    editor = await house.editor()
    assert editor.text == pushed.replace("third line", "by hand")
    await editor.write(" typed", after="pushed")
    await house.save()
    assert house.text() == repo.git("show", "main:one.md") + "\n"
    assert house.text().count("pushed typed") == house.text().count("by hand") == 1


async def test_a_page_edited_in_the_folder_gets_what_is_pushed_once(server, house, repo):
    """Killed after the files, or the index was another program's: what is done again doubles nothing."""
    page, base = repo.path / "one.md", "# Plan\n\n- one\n- two\n\nEnd.\n"
    repo.commit("Plan", one=base)
    bob, old = await server.clone(), repo.tip()
    page.write_text(base.replace("- two\n", ""))
    os.utime(page, (time.time() - 10, time.time() - 10))
    bob.commit("Three", one=base.replace("- two\n", "- two\n- three\n"))
    assert (await bob.push()).ok
    both = page.read_text()
    assert both.count("- three") == 1
    os.utime(page, (time.time() - 10, time.time() - 10))
    note = repo.path / ".git/prdgen/pushes/1.json"
    note.write_text(f'{{"branch": "main", "old": "{old}", "new": "{repo.tip()}"}}')
    await landing.recover(house.app)
    assert page.read_text() == both
    assert not note.exists()


async def test_a_large_file_of_a_push_is_not_read(server, repo, monkeypatch):
    """It is named, and costs no memory: a film of 300 MB took a gigabyte."""
    monkeypatch.setattr(disk, "SIZE_LIMIT", 1_000)
    read, real = [], checkout.raw
    monkeypatch.setattr(checkout, "raw", lambda of, blob: read.append(blob) or real(of, blob))
    bob = await server.clone()
    bob.commit("Film", page="# Page\n", film="x" * 2_000)
    done = await bob.push()
    assert "film.md: it is large" in done.said
    assert bob.git("rev-parse", "HEAD:film.md") not in read
    assert (repo.path / "page.md").exists()


async def test_files_follow_as_git_would_write_them(server, repo):
    """Modes, links, line endings, folders that get empty; nothing is left to say for `git status`."""
    repo.put(
        {
            "run.sh": "#!/bin/sh\n",
            "deep/er/file.txt": "deep\n",
            ".gitattributes": "*.txt eol=crlf\n",
        }
    )
    (repo.path / "to").symlink_to("one.md")
    repo.commit("Files")
    repo.git("rm", "--quiet", "--cached", "-r", ".")
    repo.git("reset", "--quiet", "--hard")
    bob = await server.clone("eve")
    (bob.path / "run.sh").chmod(0o755)
    bob.put({"deep/er/file.txt": "deeper\n", "more.txt": "more\n"})
    (bob.path / "to").unlink()
    (bob.path / "to").symlink_to("other.md")
    bob.commit("Change")
    assert (done := await bob.push()).ok, done.said
    assert (repo.path / "run.sh").stat().st_mode & 0o100
    assert (repo.path / "more.txt").read_bytes() == b"more\r\n"
    assert (repo.path / "to").readlink().name == "other.md"
    bob.git("rm", "--quiet", "-r", "deep", "to")
    bob.commit("Remove")
    assert (done := await bob.push()).ok, done.said
    assert not (repo.path / "deep").exists()
    assert repo.status() == ""


async def test_many_files_follow_by_the_attributes_of_each(server, repo):
    """Asked of Git together, with whatever is in their names."""
    bob = await server.clone("eve")
    names = [f"many {number} é.{ending}" for number in range(9) for ending in ("txt", "bin", "big")]
    bob.put(dict.fromkeys(names, "one\n"))
    # Only owners change attributes by a push.
    repo.put({".gitattributes": "*.txt eol=crlf\n*.bin -text\n*.big filter=lfs\n"})
    repo.commit("Attributes")
    assert (await bob.run("pull", "--quiet")).ok
    bob.git("-c", "filter.lfs.clean=cat", "add", "--all")
    bob.git("commit", "--quiet", "-m", "Many")
    done = await bob.push()
    assert done.ok, done.said
    assert done.said.count("Git keeps it behind the filter lfs") == 9
    written = {path.name: path.read_bytes() for path in repo.path.glob("many *")}
    assert written == {
        name: b"one\r\n" if name.endswith("txt") else b"one\n"
        for name in names
        if not name.endswith("big")
    }


async def test_readers_do_not_wait_for_the_files_of_a_push(server, house, monkeypatch):
    """While a thousand files are written, open pages have the new text already."""
    editor = await house.editor()
    bob = await server.clone()
    bob.commit("Edit", one=ONE.replace("second", "pushed"), new="# New\n")
    loop = asyncio.get_running_loop()
    written, entered, go_on = checked_out.follow, asyncio.Event(), threading.Event()

    def slow(*arguments, **options):
        loop.call_soon_threadsafe(entered.set)
        assert go_on.wait(30)
        return written(*arguments, **options)

    async def unseen(*_):
        return True

    monkeypatch.setattr(checked_out, "follow", slow)
    # Who watches the folder has thousands of changes to look at.
    monkeypatch.setattr(watch, "files", unseen)
    pushing_it = asyncio.create_task(bob.push())
    try:
        await entered.wait()
        await editor.until(lambda: "pushed line" in editor.text, 1)
    finally:
        go_on.set()
    assert (done := await pushing_it).ok, done.said


async def test_a_push_while_a_rebase_is_under_way_waits_for_its_end(server, repo):
    """A new tip below a rebase would break its end; other branches are taken meanwhile."""
    bob = await server.clone()
    repo.git("switch", "--quiet", "-c", "side", "main")
    repo.commit("Side", other="# Side\n")
    repo.git("switch", "--quiet", "main")
    repo.commit("Main", other="# Main\n")
    assert (await bob.run("pull", "--quiet")).ok
    repo.git("rebase", "side", ok=False)
    bob.commit("Edit", new="# New\n")
    done = await bob.push()
    assert not done.ok
    assert "a rebase is under way" in done.said
    assert (await bob.push("origin", "HEAD:draft")).ok
    repo.git("rebase", "--abort")
    assert (await bob.push()).ok


async def test_a_push_that_a_kill_cut_off_is_followed_at_the_next_start(houses, repo):
    """The branch had moved, the files had not: nobody's next commit may take the push back."""
    old = repo.tip()
    repo.git("switch", "--quiet", "-c", "elsewhere")
    new = repo.commit("Pushed", one=ONE.replace("third", "pushed"), new="# New\n")
    repo.git("switch", "--quiet", "main")
    repo.git("update-ref", "refs/heads/main", new)
    note = repo.path / ".git/prdgen/pushes/1.json"
    note.parent.mkdir(parents=True)
    note.write_text(f'{{"branch": "main", "old": "{old}", "new": "{new}"}}')
    await houses(repo)
    assert "pushed line" in (repo.path / "one.md").read_text()
    assert (repo.status(), note.exists()) == ("", False)


@pytest.mark.parametrize("other", [False, True])
async def test_a_push_reaches_the_file_of_a_page_that_a_killed_server_kept(
    houses, repo, tmp_path, other
):
    """Its right to write it is over with the server at the next start, or with time where another server is left;
    and nobody opens the page.
    """
    house = await houses(repo)
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    await house.crash()
    house = await houses(repo, lease_seconds=2.0)
    if other:  # a machine that died with the page in its hands
        async with house.app.store.transaction() as tx:
            await tx.execute(
                "UPDATE documents SET lease_holder = 'dead', lease_until = now() + interval '2 seconds'"
            )
    async with pushing.serving(house, tmp_path / "clones") as server:
        bob = await server.clone()
        text = (bob.path / "one.md").read_text().replace("third", "pushed")
        bob.commit("Edit", one=text)
        assert (await bob.push()).ok
        await until(lambda: (repo.path / "one.md").read_text() == text)
        await until(lambda: repo.status() == "")


async def test_a_push_is_in_the_index(server, house):
    """Search and the list of pages have it as soon as the worker has done its job."""
    await house.work()
    bob = await server.clone()
    bob.commit("Add a page", found="# Found\n")
    assert (await bob.push()).ok
    await house.work()
    assert ("prd.created", "found.md") in await house.events("prd.created")


@pytest.mark.parametrize("dirty", [False, True])
async def test_a_commit_of_a_file_that_has_not_got_the_push_yet(houses, repo, tmp_path, dirty):
    """Somebody at the server's folder commits the page between a push and the writing of its file:
    what was pushed is not in their text, and that is no deletion.
    """
    house = await houses(repo, write_seconds=3600.0)
    editor = await house.editor()
    if dirty:
        await editor.write(" typed", after="first line")
        async with house.live().lock:
            await edit.write_file(house.app, house.live())
    async with pushing.serving(house, tmp_path / "clones") as server:
        bob = await server.clone()
        bob.commit(
            "Edit", one=ONE.replace("third", "pushed").replace("second line", "second\nfar1")
        )
        assert (await bob.push()).ok
    await editor.until(lambda: "far1" in editor.text)
    assert "far1" not in (repo.path / "one.md").read_text()
    repo.git("commit", "--quiet", "--message", "In the terminal", "--", "one.md")
    assert "far1" not in repo.git("show", "main:one.md")
    await house.work()
    async with house.live().lock:
        await pull.tip(house.app, house.live())
        await edit.write_file(house.app, house.live())
    assert "far1" in editor.text
    assert "pushed line" in (repo.path / "one.md").read_text()
    await house.save()
    assert repo.git("show", "main:one.md").count("far1") == 1


async def test_a_push_and_such_a_commit_that_are_seen_together(house, repo):
    """The keeper looks only after both, as one of another server does: what was pushed is there."""
    editor = await house.editor()
    pushed = repo.save(
        {"one.md": ONE.replace("second line", "second\nfar1")}, "aside", expected=None
    )
    tip = repo.tip()
    made = commits.join(
        repo.opened, "main", tip, [], repo.git("rev-parse", f"{pushed}^{{tree}}"), message="Far",
        author=ANN, committer=ANN,
    )  # fmt: skip
    async with house.live().lock:
        commits.advance(repo.opened, "main", tip, made, "push")
        repo.git("reset", "--quiet")
        repo.git("commit", "--quiet", "--message", "In the terminal", "--", "one.md")
        assert "far1" not in repo.git("show", "main:one.md")
    async with house.live().lock:
        await pull.tip(house.app, house.live())
    await editor.until(lambda: "far1" in editor.text)
    await house.save()
    assert repo.git("show", "main:one.md").count("far1") == 1


async def test_pushes_that_follow_one_another_while_people_type(houses, repo, tmp_path):
    """The file has had what was typed, no commit has: the next push does not lack it on purpose."""
    house = await houses(repo, write_seconds=3600.0)
    editor = await house.editor()

    async def write() -> None:
        async with house.live().lock:
            await edit.write_file(house.app, house.live())

    async with pushing.serving(house, tmp_path / "clones") as server:
        bob = await server.clone()
        await editor.write(" typed first", after="first line")
        await write()
        house.live().recent.clear()  # as if that was a while ago
        await editor.write(" and much more than that, typed later", after="third line")
        for word in ("far0", "far1"):
            text = (bob.path / "one.md").read_text()
            bob.commit(f"Say {word}", one=text.replace("# One\n", f"# One\n{word}\n"))
            assert (await bob.push()).ok
            await editor.until(lambda word=word: word in editor.text)
            await write()
    for words in ("typed first", "typed later", "far0", "far1"):
        assert editor.text.count(words) == 1
    assert (repo.path / "one.md").read_text() == editor.text


@pytest.mark.parametrize("how", ["stop", "leave", "crash"])
async def test_what_is_typed_in_a_page_that_a_push_made_bad_becomes_a_draft(
    houses, repo, tmp_path, how
):
    """Nobody can commit it to the page, and it is in a commit all the same. Put right, the page has it too."""
    house = await houses(repo, quiet_seconds=2)
    async with pushing.serving(house, tmp_path / "clones") as server:
        editor = await house.editor()
        bob = await server.clone()
        await editor.write(" typed", after="first line")
        bob.put({"one.md": ONE.encode() + BAD["bytes"]})
        bob.git("commit", "-qam", "Bad")
        assert (await bob.push()).ok
        await until(lambda: house.live().paused)
        await editor.write(" more", after="typed")

        def kept():
            return recovered(repo)

        assert not kept()
        if how == "leave":
            await editor.leave()
            await until(kept)
        elif how == "stop":
            await house.close()
        else:
            await house.crash()
            house = await houses(repo, quiet_seconds=2)
            await until(kept)
        (branch,) = kept()
        want = ONE.replace("first line", "first line typed more")
        assert repo.git("show", f"{branch}:one.md") + "\n" == want
        assert repo.git("log", "-1", "--format=%an", branch) == "Ann"
        bob.put({"one.md": ONE.replace("third", "pushed").encode()})
        bob.git("commit", "-qam", "Good again")
        if how == "leave":
            assert (await bob.push()).ok
    if how != "leave":
        repo.git("checkout", "-q", "one.md")
        repo.git("fetch", "-q", str(bob.path), "main")
        repo.git("merge", "-q", "--ff-only", "FETCH_HEAD")
        house = await houses(repo) if how == "stop" else house
    editor = await house.editor("bob")
    want = want.replace("third", "pushed")
    await editor.until(lambda: editor.text == want)
    await house.save("bob")
    assert repo.git("show", "main:one.md") + "\n" == want
    assert fsck(repo) == ""
