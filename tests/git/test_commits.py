"""Commits touch their own paths and nothing else (traps 10, 11)."""

import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from prdgen.git import commits
from prdgen.git.errors import (
    CommitNotFound,
    CommitNotWritten,
    HookRefused,
    Locked,
    NameTaken,
    NotAPage,
    TipMoved,
)
from prdgen.git.repository import Repository
from prdgen.git.values import EXECUTABLE, Signature
from prdgen.ids import BadPagePath

from . import repos
from .repos import ANN, BOB, SERVER

BASE = "".join(f"line {n}\n" for n in range(12))


def test_a_commit_has_author_committer_and_message(repo):
    """Author is who typed, committer is the server."""
    tip = repo.save({"one.md": "new\n"}, message="Checkout: edit Goals\n\nBecause.")
    printed = repo.git("log", "-1", "--format=%H|%an|%ae|%cn|%s|%b|%P")
    parent = repo.git("rev-parse", "main~1")
    assert printed == (f"{tip}|Ann|ann@example.org|prdgen|Checkout: edit Goals|Because.\n|{parent}")


def test_trailers_are_what_git_reads_as_trailers(repo):
    """Own trailers and co-authors in one last paragraph."""
    repo.save(
        {"one.md": "x\n"}, message="Subject\n\nBody", co_authors=[BOB, BOB],
        trailers={"Prdgen-Heads": "aa bb", "Prdgen-Document": "id\n"},
    )  # fmt: skip
    trailers = repo.git("log", "-1", "--format=%(trailers:only,unfold)").splitlines()
    assert trailers == [
        "Prdgen-Heads: aa bb", "Prdgen-Document: id", "Co-authored-by: Bob <bob@example.org>",
    ]  # fmt: skip


def test_a_subject_alone_never_becomes_a_trailer():
    """`Checkout: edit Goals` looks like one; trailers need a paragraph of their own."""
    made = commits.message_with_trailers("Checkout: edit Goals", [BOB], {})
    assert made == "Checkout: edit Goals\n\nCo-authored-by: Bob <bob@example.org>\n"


def test_trailers_join_those_the_person_wrote():
    """Two trailer paragraphs would hide the first from Git."""
    made = commits.message_with_trailers("S\n\nFixes: REQ-1", [], {"Prdgen-Heads": "aa"})
    assert made == "S\n\nFixes: REQ-1\nPrdgen-Heads: aa\n"


def test_blame_is_true_and_the_repository_is_sound(repo):
    """One commit per person, each line under who typed it; `fsck --strict` finds nothing."""
    repo.save({"one.md": "one\nby Ann\nthree\n"})
    repo.save({"one.md": "one\nby Ann\nthree\nby Bob\n"}, author=BOB)
    names = repo.git("blame", "--line-porcelain", "main", "one.md").splitlines()
    assert [line for line in names if line.startswith("author ")] == [
        "author Eve", "author Ann", "author Eve", "author Bob",
    ]  # fmt: skip
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("name", ["A <b> C", "Zoë\nx", "", ". ,", "\0", "\ud800x"])
def test_any_name_makes_a_sound_commit(repo, name):
    """What Git's format cannot hold is left out, as Git itself does."""
    repo.save({"one.md": "x\n"}, author=Signature(name, "<weird>@x"), message="\0\ud800\r\n# a")
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_time_and_zone_are_kept(repo):
    """`when` is the author's time."""
    when = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    repo.save({"one.md": "x\n"}, when=when)
    assert repo.git("log", "-1", "--format=%ai") == "2024-05-06 07:08:09 +0200"
    assert repo.opened.commit_info(repo.tip()).at == when.astimezone(UTC)


def test_the_work_tree_is_clean_when_the_file_has_the_text(repo):
    """Content and times: even plumbing that only compares times sees no difference."""
    repo.write(one="new\n")
    repo.save({"one.md": "new\n"})
    assert repo.git("diff-files", "--name-only") == ""
    assert repo.git("diff-index", "--name-only", "HEAD") == ""


def test_the_index_can_be_told_of_a_file_written_after_its_commit(repo):
    """`sync_index` notes the file's times."""
    repo.save({"new.md": "new\n"})
    repo.write(new="new\n")
    commits.sync_index(repo.opened, "main", "new.md")
    assert repo.git("diff-files", "--name-only") == ""


def test_what_is_staged_and_changed_elsewhere_stays(repo):
    """Another page half staged with `git add -p`, a new one staged, one deleted, one untracked."""
    repo.commit(part=BASE, gone="gone\n")
    half = BASE.replace("line 1\n", "line 1 staged\n")
    repo.write(part=half)
    repo.git("add", "part.md")
    repo.write(part=half.replace("line 9\n", "line 9 not staged\n"), fresh="f\n", loose="l\n")
    repo.git("add", "fresh.md")
    repo.git("rm", "--quiet", "gone.md")
    before, diff = repo.status(), repo.git("diff", "--cached")
    repo.write(one="new\n")
    repo.save({"one.md": "new\n"})
    assert (repo.status(), repo.git("diff", "--cached")) == (before, diff)
    assert repo.git("show", "--name-only", "--format=").split() == ["one.md"]


def test_a_git_add_between_two_commits_stays(repo):
    """An index read earlier and written back would lose it silently (trap 11)."""
    repo.save({"one.md": "1\n"})
    repo.write(other="staged\n", one="2\n")
    repo.git("add", "other.md")
    repo.save({"one.md": "2\n"})
    assert repo.status() == "M  other.md"


def test_a_hunk_staged_in_the_same_page_stays_staged(repo):
    """`git add -p` on the page people are typing in: the commit goes below what is staged."""
    repo.commit(page=BASE)
    staged = BASE.replace("line 1\n", "line 1 staged\n")
    repo.write(page=staged)
    repo.git("add", "page.md")
    live = BASE.replace("line 9\n", "line 9 live\n")
    repo.save({"page.md": live})
    assert repo.git("show", ":page.md") + "\n" == staged.replace("line 9\n", "line 9 live\n")
    assert repo.git("diff", "--cached", "--stat").count("1 insertion") == 1


def test_a_staged_hunk_that_collides_gives_way_in_the_index_only(repo):
    """It would undo the commit; the person still has it in the file."""
    repo.write(one="one\nstaged\nthree\n")
    repo.git("add", "one.md")
    repo.save({"one.md": "one\nlive\nthree\n"})
    assert repo.git("show", ":one.md") == "one\nlive\nthree"
    assert (repo.path / "one.md").read_text() == "one\nstaged\nthree\n"


def test_what_is_staged_already_and_committed_is_clean(repo):
    """The person staged the very text the server commits."""
    repo.write(one="same\n", new="n\n")
    repo.git("add", "--all")
    repo.save({"one.md": "same\n", "new.md": "n\n"})
    assert repo.status() == ""


def test_a_page_removed_from_the_index_stays_removed(repo):
    """`git rm --cached` is the user's decision."""
    repo.git("rm", "--quiet", "--cached", "one.md")
    repo.save({"one.md": "x\n"})
    assert repo.status() == "D  one.md\n?? one.md"


def test_a_foreign_index_lock_is_waited_for_and_then_said(repo, monkeypatch):
    """Nothing is written then: neither the branch nor the index."""
    tip, lock = repo.tip(), repo.path / ".git" / "index.lock"
    lock.write_bytes(b"")
    with pytest.raises(Locked) as caught:
        repo.save({"one.md": "x\n"})
    assert caught.value.retryable
    assert str(lock) in caught.value.hint
    assert repo.tip() == tip
    assert lock.read_bytes() == b""


def test_a_short_index_lock_is_waited_out(repo):
    """A `git add` takes milliseconds."""
    lock = repo.path / ".git" / "index.lock"
    lock.write_bytes(b"")
    timer = threading.Timer(0.1, lock.unlink)
    timer.start()
    repo.save({"one.md": "x\n"})
    timer.join()
    assert repo.git("show", ":one.md") == "x"


def test_a_moved_tip_is_refused(repo):
    """Two writers: the second learns of it and nothing is written."""
    tip = repo.tip()
    repo.save({"one.md": "first\n"})
    with pytest.raises(TipMoved) as caught:
        repo.save({"one.md": "second\n"}, expected=tip)
    assert caught.value.retryable
    assert repo.git("show", "main:one.md") == "first"


def test_a_commit_made_in_between_is_never_lost(repo):
    """The ref moves by compare and set, however late the other one comes."""
    other = Repository(repo.path)
    tip, made = repo.tip(), []

    def rival(path: str) -> None:
        while True:
            try:
                found = other.tip("main")
                text = (other.read(found, path) or b"") + b"x\n"
                made.append(commits.write(
                    other, "main", found, {path: text},
                    message="m", author=ANN, committer=SERVER,
                ))  # fmt: skip
                return
            except TipMoved:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rival, ["shared.md"] * 24))
    assert repo.git("show", "main:shared.md").split() == ["x"] * 24
    assert repo.git("rev-list", "--count", f"{tip}..main") == "24"
    repo.git("checkout", "--", ".")
    assert repo.status() == ""


def test_a_new_file_gets_the_plain_mode_and_an_old_one_keeps_its(repo):
    """100644 and 100755."""
    (repo.path / "one.md").chmod(0o755)
    repo.commit()
    tip = repo.save({"one.md": "x\n", "new.md": "n\n"})
    assert repo.opened.mode(tip, "one.md") == EXECUTABLE
    assert repo.git("ls-tree", "main", "new.md").startswith("100644")
    assert stat.S_IMODE((repo.path / "one.md").stat().st_mode) == 0o755


def test_deleting_removes_the_page_and_its_empty_folder(repo):
    """From tree and index; the file is the caller's."""
    repo.commit(a__b__page="x\n")
    tip = repo.save({"a/b/page.md": None, "never.md": None})
    assert [entry.path for entry in repo.opened.files(tip)] == ["one.md", "other.md"]
    assert repo.git("ls-files") == "one.md\nother.md"
    assert (repo.path / "a/b/page.md").exists()


def test_the_last_page_can_be_deleted(tmp_path):
    """An empty tree is a tree."""
    repo = repos.make(tmp_path, only="x\n")
    tip = repo.save({"only.md": None})
    assert repo.opened.files(tip) == []
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_a_rename_is_one_commit(repo):
    """Delete and add together; only the case may differ."""
    tip = repo.save({"one.md": None, "ONE.md": "one\ntwo\nthree\n"})
    assert [c.kind for c in repo.opened.changed(f"{tip}", tip)] == []
    assert repo.git("diff", "--name-status", "-M", "main~1", "main") == "R100\tone.md\tONE.md"


def test_edits_that_change_nothing_make_no_commit(repo):
    """The tip comes back."""
    tip = repo.tip()
    assert repo.save({"one.md": "one\ntwo\nthree\n"}) == tip == repo.tip()


@pytest.mark.parametrize(
    "page_path", ["ONE.md", "docs/Page.md", "Docs/other.md", "DOCS/x/y.md", "straße.md"]
)
def test_a_name_that_only_differs_by_case_is_refused(repo, page_path):
    """One of the two would vanish in a checkout on macOS or Windows."""
    tip = repo.commit(docs__page="x\n", STRASSE="s\n")
    with pytest.raises(NameTaken):
        repo.save({page_path: "y\n"})
    assert repo.tip() == tip


def test_a_name_that_only_differs_by_unicode_form_is_refused(repo):
    """A commit from macOS may hold the decomposed form."""
    repo.put({"e\u0301.md": "x\n"})
    repo.git("-c", "core.precomposeUnicode=false", "add", "--all")
    repo.git("commit", "--quiet", "-m", "nfd")
    with pytest.raises(NameTaken):
        repo.save({"é.md": "y\n"})


@pytest.mark.parametrize(
    "page_path",
    ["../x.md", "/x.md", ".git/config", "a/.GIT/x", "a//b", "git~1/x", ".git /x", ".g\u200cit/x"],
)
def test_paths_that_leave_or_enter_git_are_refused(repo, page_path):
    """Also the spellings macOS and Windows read as `.git`; fsck would complain for ever."""
    with pytest.raises(BadPagePath):
        repo.save({page_path: "x\n"})


def test_links_folders_and_submodules_are_not_replaced(repo, tmp_path):
    """Neither as the page nor as a folder above it."""
    (repo.path / "link.md").symlink_to("one.md")
    (repo.path / "out").symlink_to(tmp_path)
    repo.commit(folder__page="x\n")
    for path in ("link.md", "out/page.md", "folder", "one.md/page.md"):
        with pytest.raises(NotAPage):
            repo.save({path: "y\n"})


def test_a_branch_checked_out_nowhere_goes_straight_to_its_ref(repo):
    """No index, no file."""
    repo.git("branch", "draft")
    tip = repo.save({"one.md": "draft\n"}, branch="draft")
    assert repo.tip("draft") == tip
    assert repo.status() == ""


def test_a_linked_work_trees_own_index_follows(repo, tmp_path):
    """The main one's is not touched."""
    repo.git("worktree", "add", "--quiet", "-b", "draft", str(tmp_path / "linked"))
    linked = repos.Repo(tmp_path / "linked")
    linked.write(one="draft\n")
    repo.save({"one.md": "draft\n"}, branch="draft")
    assert linked.status() == repo.status() == ""


def test_the_first_commit_of_all(tmp_path):
    """An unborn branch has no tip to name."""
    repo = repos.make(tmp_path)
    repo.write(one="x\n")
    repo.save({"one.md": "x\n"})
    assert repo.status() == ""
    assert repo.git("rev-list", "--count", "HEAD") == "1"


def test_a_branch_that_exists_is_not_made_again(repo):
    """`None` says there must be none."""
    with pytest.raises(TipMoved):
        repo.save({"one.md": "x\n"}, expected=None)


def test_the_reflog_names_the_commit(repo):
    """`git reflog` is how people find their way back."""
    repo.save({"one.md": "x\n"}, message="Edit Goals")
    assert "commit: Edit Goals" in repo.git("reflog", "-1", "main")
    assert "prdgen" in repo.git("log", "-1", "-g", "--format=%gn", "main")


def test_autocrlf_does_not_make_the_page_differ(repo):
    """The file has CRLF, the blob LF; the index entry is the blob (trap 4)."""
    repo.git("config", "core.autocrlf", "true")
    repo.put({"one.md": b"new\r\n"})
    repo.save({"one.md": "new\n"})
    assert repo.status() == ""


def test_an_unknown_parent_is_said(repo):
    """A tip that is not the branch's is `TipMoved`, whatever it is."""
    with pytest.raises((TipMoved, CommitNotFound)):
        repo.save({"one.md": "x\n"}, expected="0" * 40)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux mounts a disk in memory so simply")
def test_a_full_disk_is_said_by_its_name(small_disk):
    """libgit2 says "no error"; afterwards the same commit is made."""
    repo = repos.make(small_disk / "repo", one="# One\n")
    tip, edits = repo.tip(), {"one.md": b"# Two\n" * 3000}
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass
    with pytest.raises(CommitNotWritten, match="No space left") as caught:
        commits.write(repo.opened, "main", tip, edits, message="x", author=ANN, committer=ANN)
    assert (caught.value.status, caught.value.retryable, repo.tip()) == (503, True, tip)
    ballast.unlink()
    made = commits.write(repo.opened, "main", tip, edits, message="x", author=ANN, committer=ANN)
    assert repo.tip() == made


def several(repo, *steps: tuple[str, Signature]) -> list[str]:
    """Texts of one page that follow each other, each by somebody."""
    wanted = [
        commits.Wanted({"one.md": text.encode()}, f"By {who.name}", who) for text, who in steps
    ]
    return commits.write_several(repo.opened, "main", repo.tip(), wanted, committer=SERVER)


def test_several_commits_move_the_branch_once(repo):
    """`git reset --hard` between them would put a text into the file that nobody ever had: one
    person's words without another's.
    """
    was = repo.tip()
    made = several(repo, ("Ann\n", ANN), ("Ann\nBob\n", BOB))
    assert repo.git("log", "--format=%H %an", f"{was}..main").splitlines() == [
        f"{made[1]} Bob", f"{made[0]} Ann",
    ]  # fmt: skip
    assert repo.git("reflog", "-1", "--format=%H %gs", "main") == f"{made[1]} commit: By Bob"
    assert repo.git("rev-parse", "main@{1}") == was
    repo.put({"one.md": "Ann\nBob\n"})
    assert repo.status() == ""
    assert repo.git("diff", "--cached", "--raw") == ""


def test_several_commits_of_which_one_changes_nothing(repo):
    """It has no commit of its own."""
    made = several(repo, ("Ann\n", ANN), ("Ann\n", BOB), ("Ann\nBob\n", BOB))
    assert made[0] == made[1]
    assert made[2] == repo.tip()
    assert several(repo, ("Ann\nBob\n", ANN)) == [repo.tip()]


def test_what_was_made_before_a_refusal_stays(repo):
    """With hooks Git makes each commit on the branch: what one refuses holds up only what follows."""
    repo.hook("pre-commit", "! git diff --cached | grep -q Bob")
    was = repo.tip()
    with pytest.raises(HookRefused):
        several(repo, ("Ann\n", ANN), ("Ann\nBob\n", BOB))
    assert repo.git("log", "--format=%an", f"{was}..main") == "Ann"
