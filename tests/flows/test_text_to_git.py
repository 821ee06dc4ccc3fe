"""Typed text → store → file → commit, under everyone's own name and nobody else's work touched."""

import asyncio
import time

import pytest

from prdgen.files import disk
from prdgen.flows import create, edit, hooked
from prdgen.flows.errors import WorkTreePaused
from prdgen.store import changes

from .conftest import ONE
from .harness import blame, fsck, until


async def test_typed_text_is_in_its_file_soon(house, repo):
    """What is typed is in the working tree within `write_seconds`, and nowhere else."""
    ann = await house.editor()
    await ann.write("typed\n")
    await until(lambda: (repo.path / "one.md").read_text() == ONE + "typed\n")
    assert repo.status() == " M one.md"


async def test_a_file_that_git_put_back_while_it_was_written_is_written_again(
    house, repo, monkeypatch
):
    """`git stash`, say: the file was away when we wrote, and came back as it was known before."""
    ann, exchange, away = await house.editor(), disk.exchange, []

    def just_then(path, *rest, **options):
        if not away:
            before = path.read_text()
            path.unlink()
            swapped = exchange(path, *rest, **options)
            path.write_text(before)
            away.append(before)
            return swapped
        return exchange(path, *rest, **options)

    monkeypatch.setattr(disk, "exchange", just_then)
    await ann.write("typed\n")
    await until(lambda: away)
    await until(lambda: (repo.path / "one.md").read_text() == ONE + "typed\n")
    assert away == [ONE]


async def test_while_typing_goes_on_the_file_is_written_less_often(houses, repo):
    """And still within the time, so that a long paragraph costs no write for each pause."""
    seconds = 0.1
    house = await houses(repo, write_seconds=seconds)
    ann, began = await house.editor(), time.monotonic()
    seen: list[tuple[float, str]] = []
    for number in range(30):
        await ann.write(f"{number} ")
        await asyncio.sleep(seconds / 2)  # the pace at which someone types
        found = (repo.path / "one.md").read_text()
        if not seen or seen[-1][1] != found:
            seen.append((time.monotonic(), found))
    lasted = time.monotonic() - began
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    assert 2 <= len(seen) <= lasted / (3 * seconds) + 2
    assert house.live().file_due(0.25) - house.live().wrote_at == pytest.approx(0.75)
    assert house.live().file_due(0.5) - house.live().wrote_at == pytest.approx(0.8)


async def test_saved_means_stored(house):
    """When the editor says "Saved", the changes are in the store."""
    ann = await house.editor()
    await ann.write("typed\n")
    async with house.app.store.transaction() as tx:
        stored = await changes.since(tx, ann.claim_id, 0)
    assert {change.hash for change in stored} >= set(ann.heads)


async def test_a_quiet_page_is_committed_by_itself(houses, repo):
    """After `quiet_seconds` without typing the text is committed, once."""
    house = await houses(repo, quiet_seconds=0.15)
    ann = await house.editor()
    await ann.write("typed\n")
    await until(lambda: repo.git("log", "--format=%an", "-1") == "Ann")
    assert repo.git("show", "main:one.md") == (ONE + "typed\n").rstrip("\n")
    assert repo.status() == ""


async def test_the_last_one_to_leave_has_it_committed(house, repo):
    """The page is committed when nobody is in it any more, not before."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("typed\n")
    await ann.leave()
    await until(lambda: not house.live().dirty_since)
    assert repo.git("rev-list", "--count", "main") == "1"
    await bob.leave()
    await until(lambda: repo.git("rev-list", "--count", "main") == "2")


async def test_a_shutdown_writes_and_commits_everything(houses, repo):
    """Ctrl-C leaves a clean tree, with everything typed in a commit."""
    house = await houses(repo, write_seconds=3600.0)
    ann, bob = await house.editor("ann"), await house.editor("bob", "other.md")
    await ann.write("by ann\n")
    await bob.write("by bob\n")
    await house.close()
    assert repo.status() == ""
    assert repo.git("show", "main:one.md").endswith("by ann")
    assert repo.git("show", "main:other.md").endswith("by bob")


async def test_saving_a_version_commits_at_once_with_the_message(house, repo):
    """Save version: file and commit are there when it returns, with trailers that name the document."""
    ann = await house.editor()
    await ann.write("typed\n")
    saved = await house.save("ann", "Say more\n\nBecause.")
    body = repo.git("log", "-1", "--format=%an <%ae>%n%B")
    live = house.live()
    assert saved.commits == (repo.tip(),)
    assert body.startswith("Ann <ann@example.org>\nSay more\n\nBecause.\n\n")
    assert f"Prdgen-Document: {live.id}" in body
    assert f"Prdgen-Heads: {' '.join(head.hex() for head in live.room.heads)}" in body
    assert repo.status() == ""
    assert fsck(repo) == ""


async def test_each_person_has_a_commit_and_blame_is_true(house, repo):
    """Two people in one page: one commit each, in order, and every line is its writer's."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write(" by ann", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    await bob.write(" by bob", after="third line")
    await ann.until(lambda: ann.text == bob.text)
    await house.save("ann")
    assert repo.git("log", "--format=%an", "-2").split() == ["Bob", "Ann"]
    assert blame(repo)[2:] == [
        ("Ann", "first line by ann"), ("Eve", ""), ("Eve", "second line"), ("Eve", ""),
        ("Bob", "third line by bob"),
    ]  # fmt: skip


async def test_a_line_two_people_wrote_names_the_other(house, repo):
    """A line belongs to whoever touched it last; the other one is a co-author."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write(" by ann", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    await bob.write(" and bob", after="by ann")
    await house.save("bob")
    assert repo.git("log", "--format=%an", "-2").split() == ["Bob", "Eve"]
    assert "Co-authored-by: Ann <ann@example.org>" in repo.git("log", "-1", "--format=%B")


async def test_who_wrote_the_version_before_is_no_co_author(house, repo):
    """Ann's line is committed already when Bob changes another one."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write(" by ann", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    await house.save("ann")
    await bob.write(" by bob", after="third line")
    await house.save("bob")
    assert repo.git("log", "--format=%an", "-2").split() == ["Bob", "Ann"]
    assert "Co-authored-by" not in repo.git("log", "-1", "--format=%B")


async def test_nothing_changed_makes_no_commit(house, repo):
    """Opening a page, and typing what is taken away again, leave no trace."""
    ann = await house.editor()
    assert (await house.save("ann")).commits == ()
    await ann.write("x")
    ann.delete(len(ann.text) - 1, 1)
    await ann.until(lambda: ann.saved and ann.text == ONE)
    assert (await house.save("ann")).commits == ()
    assert repo.git("rev-list", "--count", "main") == "1"
    assert repo.status() == ""


async def test_what_others_staged_and_changed_stays(house, repo):
    """A commit of one page leaves staged, half-staged and changed other files as they are."""
    repo.put({"other.md": "# Other\n\nother, staged\n", "new.md": "untracked\n"})
    repo.git("add", "other.md")
    repo.put({"other.md": "# Other\n\nother, staged, and more\n"})
    staged, changed = repo.git("diff", "--cached"), repo.git("diff", "--", "other.md")
    ann = await house.editor()
    await ann.write("typed\n")
    await house.save("ann")
    assert repo.git("diff", "--cached") == staged
    assert repo.git("diff", "--", "other.md") == changed
    assert repo.git("show", "--name-only", "--format=", "main") == "one.md"
    assert repo.status() == "MM other.md\n?? new.md"


async def test_a_hunk_staged_of_the_same_page_stays_staged(house, repo):
    """`git add -p` of the page somebody types in: the staged hunk is still staged afterwards."""
    repo.put({"one.md": ONE.replace("first line", "first line, staged")})
    repo.git("add", "one.md")
    ann = await house.editor()
    assert "first line, staged" in ann.text
    await ann.write("typed\n")
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    repo.git("restore", "--staged", "one.md")
    hunk = repo.git("diff", "--", "one.md").split("@@ -5")[0]
    repo.git("apply", "--cached", "--unidiff-zero", "-", data=hunk + "\n", ok=False)
    await house.save("ann")
    assert "staged" in repo.git("show", ":one.md")
    assert repo.status() == ""


async def test_a_hook_that_refuses_is_said_and_the_text_stays(house, repo):
    """A pre-commit hook says no: its words reach the person, the text stays, nobody is pestered."""
    repo.hook("pre-commit", "echo no numbers please; exit 1")
    ann = await house.editor()
    await ann.write("typed 1\n")
    saved = await house.save("ann")
    assert saved.commits == ()
    assert "no numbers please" in saved.refused
    assert house.live().refused == saved.refused
    assert (repo.path / "one.md").read_text() == ann.text == ONE + "typed 1\n"
    repo.hook("pre-commit", "exit 0")
    assert len((await house.save("ann")).commits) == 1
    assert house.live().refused is None


async def test_a_hook_that_is_too_slow_is_said_once(houses, repo):
    """A hook over its time limit refuses; it is not run again and again behind the person's back."""
    house = await houses(repo, quiet_seconds=0.1, commit_hook_seconds=0.3)
    runs = repo.path / ".git" / "runs"
    repo.hook("pre-commit", f"echo run >>{runs}; sleep 60")
    ann = await house.editor()
    await ann.write("typed\n")
    await until(lambda: house.live().refused)
    live = house.live()
    await until(lambda: not live.lock.locked())
    await edit_again(house, live)
    assert runs.read_text() == "run\n"


async def edit_again(house, live):
    """One more round of the keeper without a change."""
    live.changed.set()
    await house.app.keeper._due(live)


async def test_a_hook_that_rewrites_is_taken_into_the_text(house, repo):
    """What a formatter hook makes of a page is what everybody has: no echo, one commit."""
    script = "sed -i 's/colour/color/' one.md; git add one.md"
    repo.hook("pre-commit", script)
    ann = await house.editor()
    await ann.write("colour\n")
    await house.save("ann")
    want = ONE + "color\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: (repo.path / "one.md").read_text() == want)
    assert repo.git("show", "main:one.md") + "\n" == want
    assert (await house.save("ann")).commits == ()
    assert repo.git("rev-list", "--count", "main") == "2"


@pytest.mark.parametrize("slow", [False, True])
async def test_a_formatting_hook_while_others_type(house, repo, slow):
    """It formats what is committed, not what the file has by then: each word stands once, by whoever typed
    it, and what the hook changed elsewhere is in the folder too.
    """
    script = f"""
        {"sleep 0.4" if slow else ""}
        for page in $(git diff --cached --name-only -- '*.md'); do
          sed -i s/colour/color/ $page; git add $page
        done
        wc -l <one.md >count.txt; git add count.txt
    """
    repo.hook("pre-commit", script)
    ann, bob = await house.editor("ann"), await house.editor("bob")
    going, words = True, []

    async def type_on():
        while going:
            words.append(f" b{len(words)}")
            await bob.write(words[-1], after="third line" if len(words) == 1 else words[-2])
            await asyncio.sleep(0.005)

    typing = asyncio.create_task(type_on())
    for number in range(4):
        await ann.write(f" {number} colour", after="first line")
        await house.save("ann")
    going = False
    await typing
    await house.save("bob")
    want = ONE.replace("first line", "first line 3 color 2 color 1 color 0 color")
    want = want.replace("third line", "third line" + "".join(words))
    await ann.until(lambda: ann.text == bob.text == want)
    await until(lambda: (repo.path / "one.md").read_text() == want)
    assert repo.git("show", "main:one.md") + "\n" == want
    assert dict(reversed(each) for each in blame(repo))[want.split("\n")[-2]] == "Bob"
    await until(lambda: repo.status() == "")
    assert (repo.path / "count.txt").read_text() == repo.git("show", "main:count.txt") + "\n"


COUNTS = "date +%N >count.txt; git add count.txt"


async def test_what_a_hook_changed_follows_when_the_index_is_free(house, repo, monkeypatch):
    """`git commit -a` with an open editor holds index.lock: the version is saved, and nothing stands twice."""
    repo.hook("pre-commit", f"sed -i 's/colour/color/' one.md; git add one.md; {COUNTS}")
    lock, note = repo.path / ".git" / "index.lock", hooked.note

    def locked_then(*arguments):
        lock.touch()  # just when our commit was made
        note(*arguments)

    monkeypatch.setattr(hooked, "note", locked_then)
    ann = await house.editor()
    await ann.write("colour\n")
    assert len((await house.save("ann")).commits) == 1
    assert not (repo.path / "count.txt").exists()
    monkeypatch.undo()
    lock.unlink()
    await until(lambda: (repo.path / "count.txt").exists() and repo.status() == "")
    assert (repo.path / "count.txt").read_text() == repo.git("show", "main:count.txt") + "\n"
    await ann.until(lambda: ann.text == ONE + "color\n")
    assert repo.git("rev-list", "--count", "main") == "2"


async def test_what_a_hook_changed_follows_though_the_next_ones_part_is_refused(house, repo):
    """The first one's commit stays."""
    repo.hook("pre-commit", f'test "$GIT_AUTHOR_NAME" = Bob && exit 1; {COUNTS}')
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("a ", after="first line")
    await bob.until(lambda: bob.text == ann.text)
    await bob.write(" bbb", after="third line")
    await ann.until(lambda: bob.text == ann.text)
    assert (await house.save("ann")).refused
    assert repo.git("log", "-1", "--format=%an") == "Ann"
    await until((repo.path / "count.txt").exists)
    assert (repo.path / "count.txt").read_text() == repo.git("show", "main:count.txt") + "\n"


async def test_a_new_page_is_as_a_hook_made_it(house, repo):
    """Its file, too, and what else the hook made."""
    script = "for page in $(git diff --cached --name-only -- '*.md'); do echo more >>$page; git add $page; done; "
    repo.hook("pre-commit", script + COUNTS)
    path = await create.page(house.app, "main", "feature", "New", house.people["ann"].id)
    text = repo.git("show", f"main:{path}") + "\n"
    assert text.endswith("\nmore\n")
    assert (repo.path / path).read_text() == text
    await until(lambda: (repo.path / "count.txt").exists() and repo.status() == "")


async def test_a_held_index_lock_only_delays(house, repo):
    """While another Git command holds index.lock nothing is written; then it all is."""
    ann = await house.editor()
    lock = repo.path / ".git" / "index.lock"
    lock.touch()
    await ann.write("typed\n")
    await until(lambda: house.live().paused)
    assert "index.lock" in house.live().paused
    assert (repo.path / "one.md").read_text() == ONE
    lock.unlink()
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    await until(lambda: house.live().paused is None)
    assert len((await house.save("ann")).commits) == 1


async def test_a_page_that_may_not_be_written_is_said(house, repo, caplog):
    """A read-only file: the reason is shown, typing goes on; made writable, it is written. However
    often it is tried, the log has one line of it.
    """
    page = repo.path / "one.md"
    ann = await house.editor()
    page.chmod(0o444)
    await ann.write("typed\n")
    await until(lambda: house.live().paused)
    first = house.live().dirty_since
    await until(lambda: house.live().paused and (house.live().dirty_since or first) != first)
    assert page.read_text() == ONE
    page.chmod(0o644)
    await until(lambda: page.read_text() == ann.text)
    await until(lambda: house.live().paused is None)
    assert [r.message for r in caplog.records if "not in its file yet" in r.message] == [
        "one.md is not in its file yet: one.md cannot be read or written: its mode says read-only."
    ]


async def test_a_branch_checked_out_nowhere_is_committed_straight(house, repo):
    """A draft has no file: its text goes to its ref, and the working tree does not notice."""
    repo.git("branch", "draft")
    ann = await house.editor("ann", branch="draft")
    await ann.write("drafted\n")
    await house.save("ann", branch="draft")
    assert repo.git("show", "draft:one.md") + "\n" == ONE + "drafted\n"
    assert repo.git("show", "main:one.md") + "\n" == ONE
    assert repo.status() == ""


async def test_a_linked_work_tree_is_the_file_side_of_its_branch(house, repo, tmp_path):
    """A branch checked out in a linked work tree is written there, and read from there."""
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "draft", str(linked))
    ann = await house.editor("ann", branch="draft")
    await ann.write("drafted\n")
    page = linked / "one.md"
    await until(lambda: page.read_text() == ONE + "drafted\n")
    page.write_text(page.read_text().replace("first", "1st"))
    await ann.until(lambda: "1st line" in ann.text and "drafted" in ann.text)
    await house.save("ann", branch="draft")
    assert repo.git("-C", str(linked), "status", "--porcelain") == ""
    assert (repo.path / "one.md").read_text() == ONE


async def test_one_tree_under_way_does_not_pause_another(house, repo, tmp_path):
    """A merge under way in a linked work tree pauses its branch only."""
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "draft", str(linked))
    (repo.path / ".git/worktrees/linked/MERGE_HEAD").write_text(repo.tip() + "\n")
    ann, bob = await house.editor("ann"), await house.editor("bob", branch="draft")
    await ann.write("typed\n")
    await bob.write("drafted\n")
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    await until(lambda: house.live(branch="draft").paused)
    assert (linked / "one.md").read_text() == ONE
    with pytest.raises(WorkTreePaused):
        await house.save("bob", branch="draft")


async def test_a_new_page_on_disk_keeps_its_bytes_when_it_is_committed(house, repo):
    """A page not in Git yet, with BOM and CRLF: its first commit has them too."""
    repo.put({"new.md": b"\xef\xbb\xbf# New\r\n\r\nline\r\n"})
    ann = await house.editor("ann", "new.md")
    await ann.write(" typed", after="line")
    await house.save("ann", page="new.md")
    want = b"\xef\xbb\xbf# New\r\n\r\nline typed\r\n"
    assert (repo.path / "new.md").read_bytes() == want
    assert repo.opened.read(repo.tip(), "new.md") == want
    assert repo.status() == ""


async def test_a_kept_page_goes_on_after_its_lease_was_lost(house, repo):
    """Another process had the lease for a while: coming back, the page is written again."""
    ann = await house.editor()
    live = house.live()
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET fence = fence + 1, lease_holder = 'other'")
    await ann.write("typed\n")
    await until(lambda: house.app.keeper.find(live.id) is None)
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET lease_until = now()")
    await house.app.keeper.sweep()
    await until(lambda: (repo.path / "one.md").read_text() == ann.text)
    await house.save("ann")
    assert blame(repo)[-1] == ("Ann", "typed")


async def test_an_old_writer_is_refused_by_its_fence(house, repo):
    """Two writers: the one whose lease ran out changes no file."""
    ann = await house.editor()
    live = house.live()
    async with house.app.store.transaction() as tx:
        await tx.execute("UPDATE documents SET fence = fence + 1, lease_holder = 'other'")
    await ann.write("typed\n")
    await until(lambda: house.app.keeper.find(live.id) is None)
    assert (repo.path / "one.md").read_text() == ONE


async def test_saves_at_once_make_each_text_once(house, repo):
    """Two people press Ctrl-S at once while a third typed: nothing is committed twice."""
    ann, bob = await house.editor("ann"), await house.editor("bob")
    await ann.write("by ann\n")
    await bob.write("by bob\n")
    await ann.until(lambda: ann.text == bob.text)
    await asyncio.gather(house.save("ann"), house.save("bob"), house.save("ann"))
    text = repo.git("show", "main:one.md")
    assert text.count("by ann") == text.count("by bob") == 1
    assert repo.git("rev-list", "--count", "main") == "3"


async def test_a_commit_made_meanwhile_is_met_not_overwritten(house, repo, monkeypatch):
    """A terminal commits between our look at the tip and our commit: both are in the history."""
    ann = await house.editor()
    await ann.write("typed\n")
    load = edit.signatures.load

    async def commit_first(*arguments):
        monkeypatch.setattr(edit.signatures, "load", load)
        repo.put({"other.md": "# Other\n\nchanged\n"})
        repo.git("commit", "-q", "-m", "elsewhere", "--", "other.md")
        return await load(*arguments)

    monkeypatch.setattr(edit.signatures, "load", commit_first)
    await house.save("ann")
    assert repo.git("log", "--format=%s", "-2").split("\n")[1] == "elsewhere"
    assert repo.git("show", "main:one.md") + "\n" == ONE + "typed\n"
    assert repo.git("show", "main:other.md") == "# Other\n\nchanged"
    assert repo.status() == ""


async def test_typed_text_is_told_as_content_changed(house):
    """One event per document and flush, however many keys were pressed."""
    ann = await house.editor("ann")
    for letter in "abc":
        await ann.write(letter)
    await until(lambda: (house.repo.path / "one.md").read_text().endswith("abc"))
    assert await house.events("content.changed") == [("content.changed", "one.md")]
