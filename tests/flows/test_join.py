"""Another tip is merged into a branch while people type in it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest
from git.repos import ANN, BOB

from prdgen.flows import dispute, join, landing
from prdgen.flows import open as open_flow
from prdgen.flows.errors import SameWords, WorkTreePaused
from prdgen.flows.landing import Landing
from prdgen.git import commits
from prdgen.store import conflicts

from .conftest import ONE
from .harness import until


async def merge(house, branch, theirs, **options):
    return await join.into(
        house.app, branch, house.repo.tip(theirs), message=f"Merge {theirs}", author=ANN, **options
    )


@pytest.fixture
def draft(repo):
    """A branch `draft` on which Bob changed the page and added a picture; made without a checkout."""
    tip = repo.tip()
    repo.opened.create_branch("draft", tip)
    repo.save({"one.md": ONE.replace("second", "2nd"), "new.md": "# New\n", "a.txt": "a\n"},
              "draft", author=BOB)  # fmt: skip
    return "draft"


async def test_a_draft_is_merged_under_typing(house, repo, draft):
    """Main moved as well: one commit with two parents; typed text stays on top, nothing twice."""
    repo.commit("other", other="# Other\n\nchanged\n")
    ann = await house.editor("ann")
    await ann.write(" typed", after="first line")
    landed = await merge(house, "main", "draft")
    want = ONE.replace("second", "2nd").replace("first line", "first line typed")
    await ann.until(lambda: ann.text == want)
    assert repo.git("rev-list", "--parents", "-1", landed.commit).count(" ") == 2
    assert repo.git("show", "main:one.md") + "\n" == ONE.replace("second", "2nd")
    await until(lambda: (repo.path / "one.md").read_text() == want)
    assert (repo.path / "new.md").read_text() == "# New\n"
    assert (repo.path / "a.txt").read_text() == "a\n"
    await house.save("ann")
    assert repo.git("show", "main:one.md") + "\n" == want
    repo.git("fsck", "--strict")
    assert repo.status() == ""


async def test_a_branch_that_is_only_behind_moves(house, repo, draft):
    """No commit is made where none is needed; a second time does nothing."""
    assert (await merge(house, "main", "draft")).commit == repo.tip("draft")
    assert (await merge(house, "main", "draft")).commit == repo.tip("draft")
    assert repo.status() == ""


async def test_squashed_it_is_one_commit_of_one_parent(house, repo, draft):
    """With everything the draft did."""
    old = repo.tip()
    landed = await merge(house, "main", "draft", squash=True)
    assert repo.git("rev-list", "--parents", "-1", landed.commit).split()[1:] == [old]
    assert repo.git("diff", landed.commit, "draft") == ""


async def test_the_same_words_stand_twice_and_are_marked(house, repo, draft):
    """Both versions whole, a conflict in the store and an event; `whole` merges nothing instead."""
    old = repo.commit("German", one=ONE.replace("second", "zweite"))
    with pytest.raises(SameWords) as refused:
        await merge(house, "main", "draft", whole=True)
    assert "one.md" in refused.value.message
    assert repo.tip() == old
    ann = await house.editor("ann")
    await merge(house, "main", "draft")
    await ann.until(lambda: "zweite line\n2nd line\n" in ann.text)
    async with house.app.store.transaction() as tx:
        (found,) = await conflicts.list_open(tx, house.live().id)
    assert (found.ours, found.theirs) == ("zweite line\n", "2nd line\n")
    assert ("git.conflict.detected", "one.md") in await house.events("git.conflict.detected")


@pytest.mark.parametrize("what", ["no text any more", "deleted", "other lines"])
async def test_what_is_committed_right_after_a_merge_hides_no_conflict(
    house, repo, draft, monkeypatch, what
):
    """Places are those of the merge, and each page is marked, whatever became of another one since."""
    repo.save({"other.md": "# Other\n\nandere\n"}, "draft")
    repo.commit("both", one=ONE.replace("second", "zweite"), other="# Other\n\nautre\n")

    async def land(self, branches):
        left = await landed(self, branches)
        if what == "deleted":
            repo.git("rm", "-q", "other.md")
            repo.git("commit", "-q", "-m", "away")
        else:
            data = b"\0\xff" if what == "no text any more" else b"top\n" * 9
            (repo.path / "other.md").write_bytes(data)
            repo.git("commit", "-q", "-a", "-m", what)
        return left

    landed = landing.Landing.land
    monkeypatch.setattr(landing.Landing, "land", land)
    merged = await merge(house, "main", "draft")
    assert merged.commit != repo.tip()
    opened = await open_flow.document(house.app, "main", "one.md")
    async with house.app.store.transaction() as tx:
        (found,) = await conflicts.list_open(tx, opened.document.id)
        rows = await tx.execute(
            "SELECT page_path, data FROM event_log WHERE type = 'git.conflict.detected'"
        )
        told = {page: (data["line"], data["start"]) for page, data in await rows.fetchall()}
    assert (found.ours, found.theirs) == ("zweite line\n", "2nd line\n")
    assert told == {"one.md": (5, 19), "other.md": (3, 9)}


async def test_into_a_branch_that_is_checked_out_nowhere(house, repo, draft):
    """Main into the draft: only the ref moves, and the editor of the draft has it."""
    repo.save({"one.md": ONE.replace("third", "3rd")})
    bob = await house.editor("bob", branch="draft")
    await bob.write(" typed", after="first line")
    await merge(house, "draft", "main")
    want = ONE.replace("second", "2nd").replace("third", "3rd")
    await bob.until(lambda: bob.text == want.replace("first line", "first line typed"))
    assert repo.git("show", "draft:one.md") + "\n" == want


async def test_nothing_is_merged_while_git_is_at_work_there(house, repo, draft):
    """A merge under way in the folder: said, not done."""
    repo.save({"other.md": "x\n"})
    (repo.path / ".git" / "MERGE_HEAD").write_text(repo.tip() + "\n")
    with pytest.raises(WorkTreePaused):
        await merge(house, "main", "draft")


async def test_two_merges_and_a_commit_at_once(house, repo, draft):
    """One after the other; nothing of either is lost."""
    repo.opened.create_branch("two", repo.tip())
    repo.save({"two.md": "# Two\n"}, "two")
    repo.save({"other.md": "# Other\n\nchanged\n"})
    ann = await house.editor("ann")
    await ann.write(" typed", after="third line")
    await asyncio.gather(
        merge(house, "main", "draft"), house.save("ann"), merge(house, "main", "two")
    )
    shown = repo.git("show", "main:one.md") + "\n"
    assert shown == ONE.replace("second", "2nd").replace("third line", "third line typed")
    assert repo.git("show", "main:two.md") == "# Two"
    repo.git("fsck", "--strict")


async def test_a_server_killed_after_the_branch_moved(houses, house, repo, draft, monkeypatch):
    """Files and index follow at the next start."""
    repo.commit("other", other="# Other\n\nchanged\n")

    async def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(landing, "_follow", killed)
        with pytest.raises(KeyboardInterrupt):
            await merge(house, "main", "draft")
    await house.crash()
    house.stack = None
    assert not (repo.path / "new.md").exists()
    await houses(repo)
    assert (repo.path / "new.md").exists()
    assert repo.status() == ""


@pytest.mark.parametrize("moved", [True, False])
async def test_what_a_killed_server_owed_is_marked_at_the_next_start(
    houses, house, repo, draft, monkeypatch, moved
):
    """Both versions stand in the page, so whoever opens it is told where, once; a merge that did not
    come about leaves nothing to look at.
    """
    repo.commit("German", one=ONE.replace("second", "zweite"))

    async def killed(*given):
        if moved:
            await marked(*given)
        raise KeyboardInterrupt

    marked, where = dispute._mark, (dispute, "_mark") if moved else (Landing, "land")
    with monkeypatch.context() as patched:
        patched.setattr(*where, killed)
        if not moved:
            patched.setattr(commits, "advance", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            await merge(house, "main", "draft")
    await house.crash()
    house.stack = None
    after = await houses(repo)
    await until(lambda: list((after.app.state_dir / "disputes").iterdir()) == [])
    told = [page for _, page in await after.events("git.conflict.detected")]
    assert told == (["one.md"] if moved else [])
    if moved:
        await after.editor("ann")
        async with after.app.store.transaction() as tx:
            (found,) = await conflicts.list_open(tx, after.live().id)
        assert (found.ours, found.theirs) == ("zweite line\n", "2nd line\n")


async def test_a_note_that_cannot_be_read_keeps_no_server_from_starting(houses, repo, caplog):
    """A machine that lost its power leaves an empty file; that is said, and the file goes."""
    house = await houses(repo)
    await house.close()
    torn = [house.app.state_dir / folder / "1.json" for folder in ("pushes", "disputes")]
    for note in torn:
        note.parent.mkdir(exist_ok=True)
        note.write_bytes(b"")
    await houses(repo)
    await until(lambda: not any(note.exists() for note in torn))
    assert caplog.text.count("cannot be read") == 2


async def test_what_another_server_marked_already_is_not_marked_again(
    house, repo, draft, monkeypatch
):
    """It came first, after this one's merge: who merges here is not told of a failure."""
    repo.commit("German", one=ONE.replace("second", "zweite"))
    settle = dispute.settle

    async def late(app, noted):
        await settle(app, noted)
        await settle(app, noted)

    monkeypatch.setattr(dispute, "settle", late)
    await merge(house, "main", "draft")
    assert len(await house.events("git.conflict.detected")) == 1


async def test_a_file_somebody_edits_in_the_folder_stays(house, repo, draft):
    """It is named, and as it was."""
    repo.put({"a.txt": "b\n"})
    before = repo.commit("a text")
    repo.opened.create_branch("three", before)
    repo.save({"a.txt": "c\n"}, "three")
    (repo.path / "a.txt").write_text("mine\n")
    landed = await merge(house, "main", "three")
    assert landed.commit != before
    assert (repo.path / "a.txt").read_text() == "mine\n"
    assert any("a.txt" in line for line in landed.left)


def test_a_merge_is_signed_when_commits_are(repo, draft, tmp_path):
    """As `commit.gpgSign` asks for."""
    key = tmp_path / "key"
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", f"{key}.pub")
    repo.git("config", "commit.gpgSign", "true")
    repo.put({"x.txt": "x\n"})
    old = repo.tip()
    tree = repo.git("rev-parse", "draft^{tree}")
    made = commits.join(
        repo.opened, "main", old, [repo.tip("draft")], tree, message="Merge", author=ANN,
        committer=ANN,
    )  # fmt: skip
    assert "gpgsig" in repo.git("cat-file", "commit", made)
    assert repo.git("rev-parse", f"{made}^2") == repo.tip("draft")
