"""People rewrite and copy commits in a terminal while somebody types; every word stands once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from prdgen.flows import open as open_flow
from prdgen.flows import watch
from prdgen.flows.errors import WorkTreePaused
from prdgen.git.errors import UnsupportedFormat

from .conftest import ONE
from .harness import fsck, until


@pytest.fixture
async def ann(house):
    return await house.editor("ann")


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


async def typed(ann, page, words=" typed", after="first line"):
    """Ann types, and it is in the file."""
    await ann.write(words, after=after)
    await until(lambda: page.read_text() == ann.text)


async def met(house, repo, branch="main"):
    """The open page has met the branch's tip and its file."""
    await until(lambda: house.live(branch=branch).document.tip_commit == repo.tip(branch))


def committed(repo, branch="main"):
    return repo.git("show", f"{branch}:one.md") + "\n"


async def rest(house, repo, ann, page):
    """Whatever was done, at the end all of it is saved: page, file and commit are one text."""
    await house.save("ann")
    await until(lambda: page.read_text() == ann.text == committed(repo))
    assert repo.status() == ""
    assert fsck(repo) == ""


async def test_an_amended_commit_comes_once(house, repo, ann, page):
    """Amended with another word, and with what Ann typed meanwhile: each stands there once."""
    repo.commit("Edit", one=ONE.replace("third", "3rd"))
    await ann.until(lambda: "3rd line" in ann.text)
    await typed(ann, page)
    page.write_text(ann.text.replace("3rd", "last"))
    repo.git("commit", "-qa", "--amend", "-m", "Edit better")
    await met(house, repo)
    want = ONE.replace("third", "last").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await typed(ann, page, " more", "second line")
    await rest(house, repo, ann, page)
    assert repo.git("rev-list", "--count", "main") == "3"


async def test_a_version_whose_message_is_amended(house, repo, ann, page):
    """It was made here, and is the same text under another name: nothing comes, nothing goes."""
    await typed(ann, page, " saved")
    await house.save("ann", "Say it")
    await typed(ann, page, " typed", "second line")
    repo.git("commit", "-q", "--amend", "-m", "Say it better")
    amended = repo.tip()
    await met(house, repo)
    assert ann.text == ONE.replace("first line", "first line saved").replace(
        "second line", "second line typed"
    )
    await rest(house, repo, ann, page)
    assert repo.git("rev-parse", "main^") == amended


async def test_words_taken_out_by_an_amendment_are_gone(house, repo, ann, page):
    """Somebody removes from the version what was said in it: that is meant; what came since stays."""
    await typed(ann, page, " saved")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    page.write_text(ONE)
    repo.git("commit", "-qa", "--amend", "--allow-empty", "-m", "Say nothing")
    await met(house, repo)
    await ann.until(lambda: ann.text == ONE)
    await typed(ann, page, " typed", "second line")
    await rest(house, repo, ann, page)
    assert "saved" not in ann.text


@pytest.mark.parametrize("how", ["--soft", "--mixed"])
async def test_a_reset_that_leaves_the_files_takes_no_word(house, repo, ann, page, how):
    """The commit is undone to be made again; its words are in the file, and stay in the page."""
    first = repo.tip()
    await typed(ann, page, " saved")
    await house.save("ann")
    await typed(ann, page, " typed", "second line")
    repo.git("reset", "-q", how, "HEAD~1")
    await met(house, repo)
    want = ONE.replace("first line", "first line saved").replace("second line", "second line typed")
    assert ann.text == page.read_text() == want
    await typed(ann, page, " more", "third line")
    await house.save("bob")
    await rest(house, repo, ann, page)
    assert repo.git("log", "--format=%an %P", f"{first}..main") == f"Ann {first}"


@pytest.mark.parametrize("how", ["--hard", "--keep"])
async def test_a_reset_of_the_files_discards_the_commit_only(house, repo, ann, page, how):
    """What was in the commit that somebody threw away is gone; what was never committed stays."""
    await typed(ann, page, " saved")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    if how == "--hard":  # --keep refuses in a folder with edits
        await typed(ann, page, " typed", "second line")
    repo.git("reset", "-q", how, "HEAD~1")
    await met(house, repo)
    if how == "--keep":
        await ann.write(" typed", after="second line")
    want = ONE.replace("second line", "second line typed")
    await ann.until(lambda: ann.text == want)
    await typed(ann, page, " more", "third line")
    await rest(house, repo, ann, page)
    assert "saved" not in ann.text


async def test_reset_keep_refuses_while_typed_text_is_in_the_file(house, repo, ann, page):
    """Git itself says so, and nothing moves."""
    repo.commit("Edit", one=ONE.replace("third", "3rd"))
    tip = repo.tip()
    await ann.until(lambda: "3rd line" in ann.text)
    await typed(ann, page)
    assert repo.git("reset", "--keep", "HEAD~1", ok=False) == ""
    assert (repo.tip(), page.read_text()) == (tip, ann.text)


@pytest.fixture
def side(repo):
    """A branch with one commit that changes the third line."""
    repo.opened.create_branch("side", repo.tip())
    return repo.save({"one.md": ONE.replace("third", "3rd")}, "side", message="Side")


@pytest.mark.parametrize("words", [("cherry-pick",), ("merge", "-q"), ("rebase", "-q")])
async def test_git_refuses_over_uncommitted_text_and_works_after_a_version(
    house, repo, ann, page, side, words
):
    """`your local changes would be overwritten`: nothing moves. Once it is saved, all of it is there."""
    await typed(ann, page)
    repo.git(*words, "side", ok=False)
    assert page.read_text() == ann.text == ONE.replace("first line", "first line typed")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    repo.git(*words, "side")
    await met(house, repo)
    want = ONE.replace("third", "3rd").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await typed(ann, page, " more", "second line")
    await rest(house, repo, ann, page)


@pytest.mark.parametrize("words", [("merge", "-q", "--autostash"), ("rebase", "-q", "--autostash")])
async def test_autostash_brings_both(house, repo, ann, page, side, words):
    """Git puts the typed text away and back by itself: it is in the page all the time, and once."""
    await typed(ann, page)
    repo.git(*words, "side")
    await met(house, repo)
    want = ONE.replace("third", "3rd").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await typed(ann, page, " more", "second line")
    await rest(house, repo, ann, page)


@pytest.mark.parametrize("looks", [(), ("stash",), ("merge",), ("stash", "merge")])
async def test_autostash_while_somebody_types_on_in_the_same_line(
    house, repo, ann, page, side, looks
):
    """What was put away is less than what is in the page by now; wherever it was looked at in between,
    it counts as typed once.
    """
    await typed(ann, page)
    live = house.live()
    house.app.settings = replace(house.app.settings, write_seconds=60)
    await ann.write(" more", after="typed")
    await until(lambda: live.room.text == ann.text)
    async with live.lock:
        for words in (("stash",), ("merge", "-q", "side"), ("stash", "pop")):
            repo.git(*words)
            if words[0] in looks or words[-1] == "pop":
                await watch.look(house.app, live)
    house.app.settings = house.settings
    await ann.until(lambda: "3rd" in ann.text)
    assert ann.text == ONE.replace("third", "3rd").replace("first line", "first line typed more")
    await typed(ann, page, " again", "second line")
    await rest(house, repo, ann, page)


async def test_a_picked_version_comes_once(house, repo, ann, page):
    """A version saved in a draft, picked onto main: with its trailers it is news here all the same."""
    repo.git("branch", "draft")
    bob = await house.editor("bob", branch="draft")
    await bob.write(" drafted", after="third line")
    await house.save("bob", branch="draft")
    await typed(ann, page)
    await house.save("ann")
    await until(lambda: repo.status() == "")
    repo.git("cherry-pick", "draft")
    await met(house, repo)
    want = ONE.replace("third line", "third line drafted").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    repo.git("revert", "--no-edit", "HEAD")
    await met(house, repo)
    await ann.until(lambda: ann.text == ONE.replace("first line", "first line typed"))
    await typed(ann, page, " more", "second line")
    await rest(house, repo, ann, page)


@pytest.mark.parametrize("words", [("merge", "-q"), ("cherry-pick",), ("rebase", "-q")])
async def test_markers_of_a_conflict_reach_no_browser(house, repo, ann, page, side, words):
    """While it is under way Ann types on; when it is settled, hers and the settled text are there."""
    await typed(ann, page, " troisième", "third line")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    repo.git(*words, "side", ok=False)
    assert "<<<<<<<" in page.read_text()
    await until(lambda: house.live().paused)
    await ann.write(" typed", after="first line")
    settled = ONE.replace("third line", "3rd line troisième")
    page.write_text(settled)
    repo.git("add", "one.md")
    if words[0] == "merge":
        repo.git("commit", "-q", "--no-edit")
    else:
        repo.git("-c", "core.editor=true", words[0], "--continue")
    want = settled.replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await rest(house, repo, ann, page)
    assert "<<<<<<<" not in repo.git("log", "-p", "main", "--", "one.md")


@pytest.mark.parametrize("words", [("merge", "-q"), ("cherry-pick",), ("rebase", "-q")])
async def test_a_conflict_given_up_leaves_everything(house, repo, ann, page, side, words):
    """`--abort`: as if nothing had been, and what was typed meanwhile is written."""
    await typed(ann, page, " troisième", "third line")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    tip = repo.tip()
    repo.git(*words, "side", ok=False)
    await until(lambda: house.live().paused)
    await ann.write(" typed", after="first line")
    repo.git(words[0], "--abort")
    want = ONE.replace("third line", "third line troisième").replace(
        "first line", "first line typed"
    )
    await until(lambda: page.read_text() == ann.text == want)
    assert repo.tip() == tip
    await rest(house, repo, ann, page)


async def test_a_bisect_leaves_the_page_alone(house, repo, ann, page):
    """Old versions come and go in the folder; none reaches the page, and typing is stored."""
    for number in range(4):
        repo.commit(f"Edit {number}", one=ONE + f"{number}\n")
    await ann.until(lambda: ann.text == ONE + "3\n")
    repo.git("bisect", "start", "HEAD", "HEAD~4")
    assert page.read_text() != ann.text
    await until(lambda: house.live().paused)
    await ann.write(" typed", after="first line")
    repo.git("bisect", "bad")
    repo.git("bisect", "reset")
    want = (ONE + "3\n").replace("first line", "first line typed")
    await until(lambda: page.read_text() == ann.text == want)
    await rest(house, repo, ann, page)


async def test_an_old_stash_takes_no_later_word(house, repo, ann, page):
    """Put away, typed on, thrown back and popped: the file lacks what came since, the page does not."""
    await typed(ann, page)
    repo.git("stash", "-q")
    await until(lambda: house.live().document.file_hash == house.live().document.tip_hash)
    await typed(ann, page, " more", "second line")
    repo.git("stash", "pop", "-q", ok=False)  # refused: the file has edits again
    repo.git("checkout", "-q", "--", "one.md")
    repo.git("stash", "pop", "-q")
    want = ONE.replace("first line", "first line typed").replace("second line", "second line more")
    await ann.write(" last", after="third line")
    want = want.replace("third line", "third line last")
    await until(lambda: page.read_text() == ann.text == want)
    await rest(house, repo, ann, page)


@pytest.mark.parametrize("saves", [False, True])
async def test_a_stash_that_does_not_fit_reaches_no_browser(houses, repo, page, saves):
    """`stash pop` over the same words: Git marks both in the file and says so in the index only.
    People type on, nothing is committed, and when it is settled both are there.
    """
    page.write_text(ONE.replace("third line", "3rd line"))
    repo.git("stash", "-q")
    house = await houses(repo, quiet_seconds=0.3)
    ann = await house.editor("ann")
    await typed(ann, page, " typed", "third line")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    tip = repo.tip()
    repo.git("stash", "pop", ok=False)
    assert "<<<<<<<" in page.read_text()
    await until(lambda: house.live().paused)
    assert "two versions" in house.live().paused
    await ann.write(" more", after="first line")
    if saves:
        with pytest.raises(WorkTreePaused, match="two versions"):
            await house.save("ann")
    await asyncio.sleep(0.7)  # longer than quiet: nothing may happen
    assert "<<<<<<<" not in ann.text
    assert (repo.tip(), repo.status()) == (tip, "UU one.md")
    settled = ONE.replace("third line", "3rd line typed")
    page.write_text(settled)
    repo.git("add", "one.md")
    want = settled.replace("first line", "first line more")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await rest(house, repo, ann, page)
    assert "<<<<<<<" not in repo.git("log", "-p", "main", "--", "one.md")


@pytest.mark.parametrize("fence", ["", "```\n"])
@pytest.mark.parametrize("reset", [["restore", "--staged", "one.md"], ["reset", "-q"]])
@pytest.mark.parametrize("how", ["stash", "merge"])
async def test_markers_reach_no_browser_when_the_index_is_put_back(
    houses, repo, page, how, reset, fence
):
    """As `git status` advises: nothing says any more that two versions wait, but the file has them."""
    text = ONE.replace("third line\n", f"{fence}third line\n{fence}")
    repo.commit("Text", one=text)
    theirs = text.replace("third line", "3rd line")
    if how == "merge":
        repo.git("switch", "-qc", "side")
        repo.commit("Theirs", one=theirs)
        repo.git("switch", "-q", "main")
    else:
        page.write_text(theirs)
        repo.git("stash", "-q")
    house = await houses(repo, quiet_seconds=0.3)
    ann = await house.editor("ann")
    await typed(ann, page, " typed", "third line")
    await house.save("ann")
    await until(lambda: repo.status() == "")
    tip = repo.tip()
    repo.git(*(["stash", "pop"] if how == "stash" else ["merge", "side"]), ok=False)
    await until(lambda: house.live().paused)
    repo.git(*reset)
    if how == "merge" and reset[0] == "restore":
        repo.git("merge", "--quit")
    await ann.write(" more", after="first line")
    await asyncio.sleep(0.7)  # longer than quiet: nothing may happen
    assert "two versions" in house.live().paused
    assert "<<<<<<<" not in ann.text
    assert repo.tip() == tip
    settled = text.replace("third line", "3rd line typed")
    page.write_text(settled)
    want = settled.replace("first line", "first line more")
    await ann.until(lambda: ann.text == want)
    await rest(house, repo, ann, page)
    assert "<<<<<<<" not in repo.git("log", "-p", "main", "--", "one.md")


async def test_a_page_about_conflict_markers_is_a_page(house, repo, ann, page):
    """Markers that Git did not make are text like any other."""
    words = "\n```\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n```\n"
    page.write_text(ONE + words)
    await ann.until(lambda: ann.text == ONE + words)
    await rest(house, repo, ann, page)


@pytest.mark.parametrize("ends", ["--continue", "--quit"])
async def test_a_rebase_that_stops_at_an_old_commit_is_settled_by_hand(
    house, repo, ann, page, side, ends
):
    """The folder has an old version with markers; Ann sees neither, types on, and has all of it when
    it goes on, or when somebody puts the branch where they want it by hand.
    """
    for number in (1, 2, 3):  # the second of them does not fit
        words = {
            1: (" eins", "first line"),
            2: (" zwei", "third line"),
            3: (" drei", "second line"),
        }
        await typed(ann, page, *words[number])
        await house.save("ann")
        await until(lambda: repo.status() == "")
    seen = ann.text
    repo.git("rebase", "-q", "side", ok=False)
    assert "<<<<<<<" in page.read_text()
    assert "drei" not in page.read_text()
    await until(lambda: house.live().paused)
    await ann.write(" typed", after="eins")
    assert ann.text == seen.replace("eins", "eins typed")
    page.write_text(
        ONE.replace("first line", "first line eins").replace("third line", "3rd line zwei")
    )
    repo.git("add", "one.md")
    if ends == "--continue":
        repo.git("-c", "core.editor=true", "rebase", "--continue")
    else:
        repo.git("-c", "core.editor=true", "commit", "-q", "-m", "By hand")
        repo.git("cherry-pick", "main")
        repo.git("rebase", "--quit")
        repo.git("switch", "-q", "-C", "main")
    want = seen.replace("third line", "3rd line").replace("eins", "eins typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await rest(house, repo, ann, page)
    assert "<<<<<<<" not in repo.git("log", "-p", "main", "--", "one.md")


async def test_an_interactive_rebase_that_amends_an_old_commit(house, repo, ann, page):
    """Stopped at it (`edit`), the folder is as old as the commit; the page is not, and ends with the
    amendment and with what was typed meanwhile.
    """
    for number in (1, 2):
        await typed(ann, page, f" {number}", {1: "first line", 2: "second line"}[number])
        await house.save("ann")
        await until(lambda: repo.status() == "")
    seen = ann.text
    repo.git("-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-q", "-i", "HEAD~2", ok=False)
    assert page.read_text() == ONE.replace("first line", "first line 1")
    await until(lambda: house.live().paused)
    await ann.write(" typed", after="third line")
    page.write_text(page.read_text().replace("first line 1", "first line one"))
    repo.git("commit", "-qa", "--amend", "--no-edit")
    assert ann.text == seen.replace("third line", "third line typed")
    repo.git("-c", "core.editor=true", "rebase", "--continue")
    want = seen.replace("line 1", "line one").replace("third line", "third line typed")
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await rest(house, repo, ann, page)


async def test_an_index_that_was_split_while_the_server_runs_is_said_in_words(house, repo):
    """What to do is said where people read it; once it is whole again the words are committed."""
    ann = await house.editor("ann")
    repo.commit("Other", other="# Other\n")
    repo.git("update-index", "--split-index")
    await ann.write(" typed", after="first line")
    await until(lambda: "typed" in (repo.path / "one.md").read_text())
    with pytest.raises(UnsupportedFormat) as refused:
        await house.save("ann")
    assert "a split index" in refused.value.message
    assert "--no-split-index" in refused.value.hint
    with suppress(UnsupportedFormat):  # its thread of the pool may have read the index before
        await open_flow.document(house.app, "main", "other.md")
    repo.git("update-index", "--no-split-index")
    await house.save("ann")
    assert "first line typed" in repo.git("show", "main:one.md")
